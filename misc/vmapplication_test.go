package misc_test

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
)

// TestVMApplication: the three commands are short enough for the platform, both templates
// take them from their files, and a failure is not reported as success. test/suite/watch
// runs the commands.
func TestVMApplication(t *testing.T) {
	const dir = "vm-application/"
	read := func(name string) string {
		t.Helper()
		b, err := os.ReadFile(dir + name)
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	bicep, terraform := read("gallery.bicep"), read("main.tf")
	if _, problems := hclsyntax.ParseConfig([]byte(terraform), "main.tf", hcl.InitialPos); problems.HasErrors() {
		t.Error(problems)
	}
	for _, command := range []string{"install", "update", "remove"} {
		if n := len(read(command)); n > 4096 { // Microsoft Learn, VM applications
			t.Errorf("%s has %d characters", command, n)
		}
		if !strings.Contains(bicep, command+": loadTextContent('"+command+"')") {
			t.Errorf("gallery.bicep does not take %s from its file", command)
		}
		if !strings.Contains(strings.Join(strings.Fields(terraform), " "), command+` = file("${path.module}/`+command+`")`) {
			t.Errorf("main.tf does not take %s from its file", command)
		}
	}
	if strings.Contains(read("update"), " remove") {
		t.Error("update removes first")
	}
	for name, text := range map[string]string{"gallery.bicep": bicep, "main.tf": terraform} {
		if !strings.Contains(text, "treatFailureAsDeploymentFailure") {
			t.Errorf("%s would report a failing command as a success", name)
		}
	}
	if strings.Count(terraform, "= local.profile") != 2 {
		t.Error("main.tf assigns the application to something else than VMs and scale sets")
	}
}

// TestGalleryBicep: every name in gallery.bicep is declared and used, a child has its
// parent's type and API version, and each loaded file exists. There is no Bicep compiler in
// these tests; TestBicepTypes checks the properties.
func TestGalleryBicep(t *testing.T) {
	content, err := os.ReadFile("vm-application/gallery.bicep")
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	for line := range strings.Lines(string(content)) {
		if code := strings.TrimSpace(line); !strings.HasPrefix(code, "//") && !strings.HasPrefix(code, "@description(") {
			lines = append(lines, line)
		}
	}
	text := strings.Join(lines, "")
	for _, m := range regexp.MustCompile(`loadTextContent\('([^']+)'\)`).FindAllStringSubmatch(text, -1) {
		if _, err := os.Stat("vm-application/" + m[1]); err != nil {
			t.Error(err)
		}
	}
	kinds := map[string][2]string{}
	for _, m := range regexp.MustCompile(`(?m)^resource (\w+) '([\w./]+)@([\d-]+)' = \{\n(?:  parent: (\w+)\n)?`).FindAllStringSubmatch(text, -1) {
		kinds[m[1]] = [2]string{m[2], m[3]}
		above, nested := m[2][:strings.LastIndexByte(m[2], '/')], strings.Count(m[2], "/") > 1
		if parent := kinds[m[4]]; nested && parent != [2]string{above, m[3]} {
			t.Errorf("%s is of type %s, and its parent %q of %v", m[1], m[2], m[4], parent)
		}
	}
	declared := regexp.MustCompile(`(?m)^(?:param|resource|var) (\w+)`).FindAllStringSubmatch(text, -1)
	if len(kinds) != 3 || len(declared) < 8 {
		t.Fatalf("%v, %v: not understood", kinds, declared)
	}
	words := regexp.MustCompile(`'[^']*'`).ReplaceAllString(text, "''")
	known := map[string]bool{}
	for _, m := range declared {
		known[m[1]] = true
		if n := len(regexp.MustCompile(`\b`+m[1]+`\b`).FindAllString(words, -1)); n < 2 {
			t.Errorf("%s is declared and not used", m[1])
		}
	}
	for _, name := range []string{"string", "object", "null", "true", "resourceGroup", "empty", "loadTextContent"} {
		known[name] = true
	}
	// What stands behind a colon, an equals sign, a bracket or an operator is a name.
	for _, m := range regexp.MustCompile(`[:=?(] ?([a-zA-Z]\w*)`).FindAllStringSubmatch(words, -1) {
		if !known[m[1]] {
			t.Errorf("%s is not declared", m[1])
		}
	}
	for open, close := range map[string]string{"{": "}", "[": "]", "(": ")"} {
		if strings.Count(words, open) != strings.Count(words, close) {
			t.Errorf("a %s is open", open)
		}
	}
}
