package misc_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
)

type template struct {
	Parameters map[string]struct {
		Type         string
		DefaultValue any
		Metadata     struct{ Description string }
	}
	Resources []resource
	Outputs   map[string]struct{ Value string }
}

type resource struct {
	Type, APIVersion, Name, Location string
	Properties                       map[string]any
}

func armTemplates(t *testing.T) map[string]template {
	t.Helper()
	all := map[string]template{}
	for file, content := range documents(t, "arm/*.json", 3) {
		validate(t, "arm.schema.json", file, content)
		var parsed template
		if err := json.Unmarshal(content, &parsed); err != nil {
			t.Fatal(err)
		}
		checkParameters(t, file, string(content), keys(parsed.Parameters), template{})
		all[strings.TrimSuffix(filepath.Base(file), ".json")] = parsed
	}
	return all
}

func TestARMTemplates(t *testing.T) {
	for name, a := range armTemplates(t) {
		settings := a.Parameters["settings"].DefaultValue
		if m, ok := settings.(map[string]any); !ok || len(m) != 0 {
			t.Errorf("%s: settings are %v where {} is needed for a status", name, settings)
		}
		for parameter, want := range map[string]any{"publisher": publisher, "extensionType": kind, "extensionName": kind} {
			if got := a.Parameters[parameter].DefaultValue; got != want {
				t.Errorf("%s: %s is %v unless it is given, want %v", name, parameter, got, want)
			}
		}
	}
}

// The Bicep files say what the ARM templates say: the same parameters with the
// same defaults, and the same resource.
func TestBicepAgreesWithARM(t *testing.T) {
	templates := armTemplates(t)
	files := documents(t, "bicep/*.bicep", 3)
	if len(files) != len(templates) {
		t.Errorf("%d Bicep files and %d ARM templates", len(files), len(templates))
	}
	for file, content := range files {
		a, ok := templates[strings.TrimSuffix(filepath.Base(file), ".bicep")]
		if !ok {
			t.Errorf("%s has no ARM template", file)
			continue
		}
		b := parseBicep(t, file, string(content))
		for name, p := range a.Parameters {
			got, ok := b.params[name]
			want := bicepParam{p.Type, bicepValue(p.DefaultValue), p.Metadata.Description}
			if !ok || got != want {
				t.Errorf("%s: parameter %s is %+v, in ARM %+v", file, name, got, want)
			}
		}
		if len(b.params) != len(a.Parameters) {
			t.Errorf("%s has the parameters %v", file, slices.Sorted(maps.Keys(b.params)))
		}
		r := a.Resources[0]
		first := "parameters('" + b.parentName + "')"
		if b.kind != r.Type || b.version != r.APIVersion || b.parentKind+"/extensions" != r.Type || b.parentVersion != r.APIVersion ||
			r.Name != "[format('{0}/{1}', "+first+", parameters('"+b.name+"'))]" {
			t.Errorf("%s: %+v, in ARM %+v", file, b, r)
		}
		if got, want := b.top["location"], bicepValue(orNil(r.Location)); got != want {
			t.Errorf("%s: location is %q, in ARM %q", file, got, want)
		}
		want := map[string]string{}
		for k, v := range r.Properties {
			want[k] = bicepValue(v)
		}
		if !reflect.DeepEqual(b.properties, want) {
			t.Errorf("%s: properties are\n%v\nin ARM\n%v", file, b.properties, want)
		}
	}
}

func orNil(s string) any {
	if s == "" {
		return nil
	}
	return s
}

// bicepValue writes a value of an ARM template as Bicep does.
func bicepValue(v any) string {
	switch v := v.(type) {
	case nil:
		return ""
	case bool:
		return fmt.Sprint(v)
	case map[string]any:
		return "{}"
	case []any:
		return "[]"
	case string:
		if m := regexp.MustCompile(`^\[parameters\('(\w+)'\)\]$`).FindStringSubmatch(v); m != nil {
			return m[1]
		}
		if after, ok := strings.CutPrefix(v, "["); ok {
			return strings.TrimSuffix(after, "]")
		}
		return "'" + v + "'"
	}
	return fmt.Sprintf("?%v", v)
}

type bicepParam struct{ kind, value, description string }

// bicepFile is what our Bicep files consist of, and nothing else.
type bicepFile struct {
	params                            map[string]bicepParam
	parent, parentKind, parentVersion string
	parentName, kind, version, name   string
	top, properties                   map[string]string
}

// parseBicep reads the few constructs that our files use, line by line. Any other line is
// an error, so nothing is overlooked.
func parseBicep(t *testing.T, file, text string) bicepFile {
	t.Helper()
	b := bicepFile{params: map[string]bicepParam{}, top: map[string]string{}, properties: map[string]string{}}
	param := regexp.MustCompile(`^param (\w+) (\w+)(?: = (.+))?$`)
	description := regexp.MustCompile(`^@description\('((?:[^'\\]|\\.)*)'\)$`)
	start := regexp.MustCompile(`^resource (\w+) '([\w./]+)@([\d-]+)' (existing )?= \{$`)
	property := regexp.MustCompile(`^( +)(\w+): (.+)$`)
	said, depth, existing := "", 0, false
	for i, line := range strings.Split(text, "\n") {
		bad := func() { t.Errorf("%s:%d: not understood: %s", file, i+1, line) }
		switch m := property.FindStringSubmatch(line); {
		case line == "" || strings.HasPrefix(line, "//"):
		case strings.TrimSpace(line) == "}":
			if depth--; depth < 0 {
				bad()
			}
		case depth == 0 && description.MatchString(line):
			said = strings.ReplaceAll(description.FindStringSubmatch(line)[1], `\'`, `'`)
		case depth == 0 && param.MatchString(line):
			p := param.FindStringSubmatch(line)
			b.params[p[1]] = bicepParam{p[2], p[3], said}
			said = ""
		case depth == 0 && line == "output extensionId string = signIn.id":
		case depth == 0 && start.MatchString(line):
			r := start.FindStringSubmatch(line)
			depth, existing = 1, r[4] != ""
			if existing {
				b.parent, b.parentKind, b.parentVersion = r[1], r[2], r[3]
			} else {
				b.kind, b.version = r[2], r[3]
			}
		case m == nil || len(m[1]) != 2*depth:
			bad()
		case depth == 1 && m[2] == "properties" && m[3] == "{":
			depth = 2
		case depth == 1 && existing && m[2] == "name":
			b.parentName = m[3]
		case depth == 1 && m[2] == "parent" && m[3] == b.parent:
		case depth == 1 && m[2] == "name":
			b.name = strings.Trim(m[3], "'")
		case depth == 1:
			b.top[m[2]] = m[3]
		case depth == 2:
			b.properties[m[2]] = m[3]
		}
	}
	if depth != 0 {
		t.Errorf("%s: a brace is open", file)
	}
	return b
}

// Terraform: the files parse, each resource has what its kind needs, and every
// variable is declared and used.
func TestTerraform(t *testing.T) {
	needs := map[string][]string{
		"azurerm_virtual_machine_extension":           {"auto_upgrade_minor_version", "count", "name", "publisher", "settings", "type", "type_handler_version", "virtual_machine_id"},
		"azurerm_virtual_machine_scale_set_extension": {"auto_upgrade_minor_version", "count", "name", "provision_after_extensions", "publisher", "settings", "type", "type_handler_version", "virtual_machine_scale_set_id"},
		"azurerm_arc_machine_extension":               {"arc_machine_id", "count", "location", "name", "publisher", "settings", "type", "type_handler_version"},
	}
	declared, used, seen := map[string]bool{}, map[string]bool{}, map[string]bool{}
	for file, content := range documents(t, "terraform/*.tf", 3) {
		parsed, problems := hclsyntax.ParseConfig(content, file, hcl.InitialPos)
		if problems.HasErrors() {
			t.Errorf("%s: %v", file, problems)
			continue
		}
		for _, block := range parsed.Body.(*hclsyntax.Body).Blocks {
			switch block.Type {
			case "variable":
				declared[block.Labels[0]] = true
				if name := block.Labels[0]; strings.HasSuffix(name, "_id") {
					t.Errorf("%s: %s: a bare id may be unknown when count is planned; make it an object", file, name)
				}
			case "resource":
				seen[block.Labels[0]] = true
				if got := slices.Sorted(maps.Keys(block.Body.Attributes)); !slices.Equal(got, needs[block.Labels[0]]) {
					t.Errorf("%s: %s has %v, should have %v", file, block.Labels[0], got, needs[block.Labels[0]])
				}
				for attribute, want := range map[string]string{"publisher": "var.publisher", "type": "var.extension_type", "name": "var.extension_name", "settings": "jsonencode(var.settings)", "type_handler_version": `"1.0"`} {
					if a := block.Body.Attributes[attribute]; a == nil || string(a.Expr.Range().SliceBytes(content)) != want {
						t.Errorf("%s: %s of %s is not %s", file, attribute, block.Labels[0], want)
					}
				}
				for _, a := range block.Body.Attributes {
					for _, traversal := range a.Expr.Variables() {
						if traversal.RootName() == "var" {
							used[traversal[1].(hcl.TraverseAttr).Name] = true
						}
					}
				}
			}
		}
	}
	if len(seen) != len(needs) || !maps.Equal(declared, used) {
		t.Errorf("resources %v; variables declared %v, used %v", seen, declared, used)
	}
}

// The queries: one statement each over a table that is known, brackets and
// quotes in pairs, operators that exist, and the names of this extension.
func TestQueries(t *testing.T) {
	tables := []string{"resources", "AzureActivity", "Syslog"}
	operators := []string{"where", "extend", "project", "join", "summarize", "order"}
	for file, content := range documents(t, "kql/*.kql", 5) {
		var code []string
		for _, line := range strings.Split(string(content), "\n") {
			if !strings.HasPrefix(strings.TrimSpace(line), "//") && strings.TrimSpace(line) != "" {
				code = append(code, line)
			}
		}
		if !slices.Contains(tables, code[0]) {
			t.Errorf("%s begins with %q", file, code[0])
		}
		pairs := map[rune]rune{')': '(', ']': '[', '}': '{'}
		var open []rune
		quoted := false
		for _, r := range strings.Join(code, "\n") {
			switch {
			case r == '\'':
				quoted = !quoted
			case quoted:
			case r == '(' || r == '[' || r == '{':
				open = append(open, r)
			case pairs[r] != 0:
				if len(open) == 0 || open[len(open)-1] != pairs[r] {
					t.Fatalf("%s: %c has no beginning", file, r)
				}
				open = open[:len(open)-1]
			}
		}
		if quoted || len(open) > 0 {
			t.Errorf("%s: a quote or bracket is open", file)
		}
		for _, line := range code[1:] {
			if word, ok := strings.CutPrefix(strings.TrimSpace(line), "| "); ok && !slices.Contains(operators, strings.Fields(word)[0]) {
				t.Errorf("%s: no such operator: %s", file, line)
			}
		}
		if text := string(content); !strings.Contains(text, "AADSSHLogin") && !strings.Contains(text, "AADLoginForLinux") && !strings.Contains(text, "aadsshlogin-handler") {
			t.Errorf("%s is not about this extension", file)
		}
	}
	if _, err := os.Stat("../docs/fleet.md"); err != nil {
		t.Error(err)
	}
}
