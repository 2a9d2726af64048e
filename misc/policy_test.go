// Package misc_test checks the templates, policies and queries as far as that
// can be done without Azure; docs/fleet.md says what each check covers.
package misc_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

const (
	publisher = "Microsoft.Azure.ActiveDirectory" // the default of the templates
	kind      = "AADSSHLoginForLinux"
)

// documents reads the files of a folder, which must not be fewer than least.
func documents(t *testing.T, pattern string, least int) map[string][]byte {
	t.Helper()
	files, err := filepath.Glob(pattern)
	if err != nil || len(files) < least {
		t.Fatalf("%s: %d files, %v", pattern, len(files), err)
	}
	all := map[string][]byte{}
	for _, f := range files {
		b, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		all[f] = b
	}
	return all
}

func validate(t *testing.T, schema, file string, content []byte) any {
	t.Helper()
	compiled, err := jsonschema.NewCompiler().Compile(filepath.Join("testdata", schema))
	if err != nil {
		t.Fatal(err)
	}
	document, err := jsonschema.UnmarshalJSON(strings.NewReader(string(content)))
	if err != nil {
		t.Fatalf("%s: %v", file, err)
	}
	if err := compiled.Validate(document); err != nil {
		t.Errorf("%s: %v", file, err)
	}
	return document
}

type definition struct {
	Name       string
	Properties struct {
		Parameters map[string]struct {
			AllowedValues []any
			DefaultValue  any
		}
		PolicyRule struct {
			If   json.RawMessage
			Then struct {
				Effect  string
				Details struct {
					Type               string
					ExistenceCondition json.RawMessage
					Deployment         struct {
						Properties struct {
							Template   template
							Parameters map[string]any
						}
					}
				}
			}
		}
		PolicyDefinitions []struct {
			PolicyDefinitionReferenceID string
			PolicyDefinitionID          string
			Parameters                  map[string]struct{ Value any }
		}
	}
}

func definitions(t *testing.T) map[string]definition {
	t.Helper()
	all := map[string]definition{}
	for file, content := range documents(t, "policy/*.json", 9) {
		validate(t, "policy.schema.json", file, content)
		var d definition
		if err := json.Unmarshal(content, &d); err != nil {
			t.Fatal(err)
		}
		if want := "aadsshlogin-" + strings.TrimSuffix(filepath.Base(file), ".json"); d.Name != want && file != "policy/initiative.json" {
			t.Errorf("%s is called %s", file, d.Name)
		}
		all[d.Name] = d
	}
	return all
}

func TestPolicies(t *testing.T) {
	for name, d := range definitions(t) {
		rule, err := json.Marshal(d.Properties.PolicyRule)
		if err != nil {
			t.Fatal(err)
		}
		if len(d.Properties.PolicyDefinitions) > 0 {
			continue
		}
		checkParameters(t, name, string(rule), keys(d.Properties.Parameters), d.Properties.PolicyRule.Then.Details.Deployment.Properties.Template)
		then := d.Properties.PolicyRule.Then
		if strings.HasPrefix(name, "aadsshlogin-audit-") || strings.HasPrefix(name, "aadsshlogin-deploy-") {
			// The machine's own type is audited, or corrected by its extension.
			if resource := strings.TrimSuffix(then.Details.Type, "/extensions"); !strings.Contains(string(d.Properties.PolicyRule.If), `"`+resource+`"`) {
				t.Errorf("%s: its condition is not about %s", name, resource)
			}
			for _, want := range []string{then.Details.Type + "/type", then.Details.Type + "/publisher", then.Details.Type + "/provisioningState", "[parameters('extensionType')]", "[parameters('publisher')]", "Succeeded"} {
				if !strings.Contains(string(then.Details.ExistenceCondition), `"`+want+`"`) {
					t.Errorf("%s: its existence condition does not have %s", name, want)
				}
			}
		}
		if strings.Contains(name, "scale-set") && !strings.Contains(string(d.Properties.PolicyRule.If), "aks-managed-poolName") {
			t.Errorf("%s does not leave the scale sets of AKS out", name)
		}
		if strings.HasPrefix(name, "aadsshlogin-deploy-") {
			p := then.Details.Deployment.Properties
			if got, want := keys(p.Parameters), keys(p.Template.Parameters); !slices.Equal(got, want) {
				t.Errorf("%s: its template wants %v and is given %v", name, want, got)
			}
			r := p.Template.Resources[0]
			if r.Type != then.Details.Type || len(r.Properties["settings"].(map[string]any)) != 0 {
				t.Errorf("%s deploys %s with settings %v", name, r.Type, r.Properties["settings"])
			}
		}
	}
}

// The initiative names each of our definitions, passes each only parameters that it has,
// and has the identity before what needs it.
func TestInitiative(t *testing.T) {
	all := definitions(t)
	initiative := all["aadsshlogin"]
	uses := regexp.MustCompile(`^\[parameters\('(\w+)'\)\]$`)
	var order, seen, used []string
	for _, ref := range initiative.Properties.PolicyDefinitions {
		order = append(order, ref.PolicyDefinitionReferenceID)
		name := ref.PolicyDefinitionID[strings.LastIndex(ref.PolicyDefinitionID, "/")+1:]
		d, ours := all[name]
		if ours {
			seen = append(seen, name)
		} else if !slices.Contains(builtIn(), name) {
			t.Errorf("%s names %s, which is neither ours nor a known built-in one", ref.PolicyDefinitionReferenceID, name)
		}
		for parameter, v := range ref.Parameters {
			m := uses.FindStringSubmatch(v.Value.(string))
			if m == nil {
				t.Errorf("%s: %v", name, v.Value)
				continue
			}
			used = append(used, m[1])
			from, to := initiative.Properties.Parameters[m[1]], d.Properties.Parameters[parameter]
			for _, value := range from.AllowedValues {
				if !slices.Contains(to.AllowedValues, value) {
					t.Errorf("%s may be given %v as %s", name, value, parameter)
				}
			}
		}
	}
	for name := range all {
		if name != "aadsshlogin" && !slices.Contains(seen, name) {
			t.Errorf("the initiative leaves %s out", name)
		}
	}
	slices.Sort(used)
	if got, want := slices.Compact(used), keys(initiative.Properties.Parameters); !slices.Equal(got, want) {
		t.Errorf("it has the parameters %v and uses %v", want, got)
	}
	if len(slices.Compact(slices.Sorted(slices.Values(order)))) != len(order) {
		t.Errorf("a reference id is there twice: %v", order)
	}
	identity, deploy := slices.Index(order, "identity-scale-set"), slices.Index(order, "deploy-vm")
	if identity < 0 || deploy < identity {
		t.Errorf("the order is %v", order)
	}
}

// builtIn are the built-in definitions that the initiative refers to
// (Azure/azure-policy: Guest Configuration, AddSystemIdentityWhenNone and
// AddSystemIdentityWhenUser prerequisites, AADDisableLocalAuth_Linux).
func builtIn() []string {
	return []string{"3cf2ab00-13f1-4d0c-8971-2ac904541a7e", "497dff13-db2a-4c0f-8603-28fa3b331ab6", "fad40cac-a972-4db0-b204-f1b15cced89a"}
}

func keys[V any](m map[string]V) []string {
	var all []string
	for k := range m {
		all = append(all, k)
	}
	slices.Sort(all)
	return all
}

// checkParameters: what an expression names is declared, and what is declared is used. A
// nested template has its own parameters.
func checkParameters(t *testing.T, name, text string, declared []string, nested template) {
	t.Helper()
	find := regexp.MustCompile(`parameters\('(\w+)'\)`)
	own := map[string]bool{}
	for _, m := range find.FindAllStringSubmatch(text, -1) {
		own[m[1]] = true
	}
	inner := keys(nested.Parameters)
	for p := range own {
		if !slices.Contains(declared, p) && !slices.Contains(inner, p) {
			t.Errorf("%s uses the parameter %s and does not declare it", name, p)
		}
	}
	for _, p := range append(slices.Clone(declared), inner...) {
		if !own[p] {
			t.Errorf("%s declares the parameter %s and does not use it", name, p)
		}
	}
}
