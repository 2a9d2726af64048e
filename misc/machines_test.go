package misc_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"aadssh/internal/names"
)

// Compiled once, because thousands of rows are read with them: a key of a path in brackets,
// a word of a condition, and a parameter in place of a value.
var (
	inBrackets = regexp.MustCompile(`\['([^']*)'\]`)
	parameter  = regexp.MustCompile(`^\[parameters\('(\w+)'\)\]$`)
	token      = regexp.MustCompile(`'[^']*'|=~|!~|==|in~|[\w.]+(?:\['[^']*'\])?|[(),]`)
)

// column is the value at a path of a resource, such as properties.osName or tags['name'];
// nil if there is none. The names of tags are compared exactly, as Resource Graph does.
func column(row map[string]any, path string) any {
	path = inBrackets.ReplaceAllString(path, "\x00$1")
	var at any = row
	for _, key := range strings.FieldsFunc(path, func(r rune) bool { return r == '.' || r == 0 }) {
		inside, ok := at.(map[string]any)
		if !ok {
			return nil
		}
		at = inside[key]
	}
	return at
}

// text is a value as tostring() shows it.
func text(v any) string {
	switch v := v.(type) {
	case nil:
		return ""
	case string:
		return v
	}
	b, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return string(b)
}

// field is the value of an alias of Azure Policy in a resource: its type first, and then
// the path below properties.
func field(row map[string]any, name string) any {
	if tag, is := strings.CutPrefix(name, "tags['"); is { // compared without regard to case
		tags, _ := row["tags"].(map[string]any)
		for key, value := range tags {
			if strings.EqualFold(key, strings.TrimSuffix(tag, "']")) {
				return value
			}
		}
		return nil
	}
	if path, is := strings.CutPrefix(strings.ToLower(name), strings.ToLower(row["type"].(string))+"/"); is {
		return column(row, "properties."+name[len(name)-len(path):])
	}
	return column(row, name)
}

// meets reports whether a resource meets a condition of a policy. It panics on a condition
// that it does not know.
func meets(row map[string]any, condition any, parameters map[string]string) bool {
	c := condition.(map[string]any)
	for key, quantifier := range map[string]func(func(any) bool, []any) bool{
		"allOf": func(of func(any) bool, all []any) bool {
			return !slices.ContainsFunc(all, func(c any) bool { return !of(c) })
		},
		"anyOf": func(of func(any) bool, all []any) bool { return slices.ContainsFunc(all, of) },
	} {
		if list, is := c[key]; is {
			return quantifier(func(c any) bool { return meets(row, c, parameters) }, list.([]any))
		}
	}
	value := field(row, c["field"].(string))
	for operator, of := range map[string]func(want string) bool{
		"equals":      func(want string) bool { return strings.EqualFold(text(value), want) },
		"contains":    func(want string) bool { return strings.Contains(strings.ToLower(text(value)), strings.ToLower(want)) },
		"notContains": func(want string) bool { return !strings.Contains(strings.ToLower(text(value)), strings.ToLower(want)) },
		"exists":      func(want string) bool { return (value != nil) == (want == "true") },
	} {
		if want, is := c[operator]; is {
			return of(parameter.ReplaceAllStringFunc(want.(string), func(p string) string {
				return parameters[strings.TrimSuffix(strings.TrimPrefix(p, "[parameters('"), "')]")]
			}))
		}
	}
	panic(fmt.Sprintf("not understood: %v", c))
}

// played are machines of every kind that the conditions distinguish, with the extension in
// every state, and with other publishers' extensions.
func played() (all []map[string]any) {
	ms := names.Microsoft()
	type object = map[string]any
	id := func(kind, name string) string {
		return "/subscriptions/0000/resourceGroups/RG/providers/" + kind + "/" + name
	}
	linux := []object{
		{"osProfile": object{"linuxConfiguration": object{}}, "storageProfile": object{"osDisk": object{"osType": "Linux"}}},
		{"storageProfile": object{"osDisk": object{"osType": "Linux"}}}, // from a specialised disk
		{"osProfile": object{"linuxConfiguration": object{}}},
		{"osProfile": object{"windowsConfiguration": object{}}, "storageProfile": object{"osDisk": object{"osType": "Windows"}}},
		{"storageProfile": object{"osDisk": object{"osType": "Windows"}}},
	}
	identities := []any{nil, object{"type": "None"}, object{"type": "SystemAssigned"}, object{"type": "UserAssigned"}, object{"type": "SystemAssigned, UserAssigned"}}
	tags := []any{nil, object{"aks-managed-poolName": "pool1"}, object{"AKS-managed-poolname": "pool1"}, object{"aks-managed-poolName": ""}, object{"owner": "me"}}
	extensions := [][]object{
		nil,
		{{"publisher": ms.Publisher, "type": ms.Type, "provisioningState": "Succeeded"}},
		{{"publisher": ms.Publisher, "type": ms.Type, "provisioningState": "Failed"}},
		{{"publisher": strings.ToUpper(ms.Publisher), "type": strings.ToLower(ms.Type), "provisioningState": "succeeded"}},
		{{"publisher": "Contoso", "type": ms.Type, "provisioningState": "Succeeded"}},
		{{"publisher": ms.Publisher, "type": "Other", "provisioningState": "Succeeded"}},
		{{"publisher": names.Older().Publisher, "type": names.Older().Type, "provisioningState": "Succeeded"}, {"publisher": ms.Publisher, "type": ms.Type, "provisioningState": "Succeeded"}},
	}
	for _, kind := range []string{"Microsoft.Compute/virtualMachines", "Microsoft.Compute/virtualMachineScaleSets", "Microsoft.HybridCompute/machines"} {
		systems := linux
		if kind == "Microsoft.HybridCompute/machines" {
			systems = []object{{"osName": "linux"}, {"osName": "Linux"}, {"osName": "windows"}, {}}
		}
		for s, system := range systems {
			for i, identity := range identities {
				for tg, tag := range tags {
					for x, there := range extensions {
						name := fmt.Sprintf("m%d%d%d%d", s, i, tg, x)
						row := object{"id": id(kind, name), "name": name, "type": strings.ToLower(kind), "properties": system}
						if kind == "Microsoft.Compute/virtualMachineScaleSets" {
							var inProfile []any
							for _, e := range there {
								inProfile = append(inProfile, object{"name": "e", "properties": e})
							}
							profile := object{"extensionProfile": object{"extensions": inProfile}}
							maps.Copy(profile, system)
							row["properties"] = object{"virtualMachineProfile": profile}
						}
						if identity != nil {
							row["identity"] = identity
						}
						if tag != nil {
							row["tags"] = tag
						}
						all = append(all, row)
						for n, e := range there {
							all = append(all, object{"id": fmt.Sprintf("%s/extensions/e%d", id(kind, name), n), "name": fmt.Sprintf("e%d", n), "type": strings.ToLower(kind) + "/extensions", "properties": e})
						}
					}
				}
			}
		}
	}
	return all
}

// marked are the machines that a policy acts on.
func marked(t *testing.T, d definition, all []map[string]any) (ids []string) {
	t.Helper()
	rule := d.Properties.PolicyRule
	var applies, complies any
	if err := errors.Join(json.Unmarshal(rule.If, &applies), json.Unmarshal(rule.Then.Details.ExistenceCondition, &complies)); err != nil {
		t.Fatal(err)
	}
	extensions := map[string][]map[string]any{}
	for _, row := range all {
		if owner, _, is := strings.Cut(row["id"].(string), "/extensions/"); is {
			extensions[owner] = append(extensions[owner], row)
		}
	}
	parameters := map[string]string{"publisher": names.Microsoft().Publisher, "extensionType": names.Microsoft().Type}
	for _, row := range all {
		id := row["id"].(string)
		if strings.Contains(id, "/extensions/") || !meets(row, applies, parameters) {
			continue
		}
		if !slices.ContainsFunc(extensions[id], func(e map[string]any) bool { return meets(e, complies, parameters) }) {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	return ids
}

// TestPoliciesMeanTheSameMachines evaluates the policies and the queries on the same
// machines: the audited ones are those that missing.kql and failed.kql name together, and
// of these the ones with an identity get a deployment.
func TestPoliciesMeanTheSameMachines(t *testing.T) {
	all, definitions := played(), definitions(t)
	read := func(name string) []string {
		t.Helper()
		content, err := os.ReadFile("kql/" + name)
		if err != nil {
			t.Fatal(err)
		}
		return parseQuery(string(content)).rows(all)
	}
	var named []string
	for _, id := range read("failed.kql") {
		owner, _, _ := strings.Cut(id, "/extensions/")
		named = append(named, owner)
	}
	missing := read("missing.kql")
	var audited, ready, deployed []string
	for _, kind := range []string{"vm", "scale-set", "arc"} {
		audit := marked(t, definitions["aadsshlogin-audit-"+kind], all)
		audited = append(audited, audit...)
		deployed = append(deployed, marked(t, definitions["aadsshlogin-deploy-"+kind], all)...)
		for _, row := range all {
			identity, _ := row["identity"].(map[string]any)
			if id := row["id"].(string); slices.Contains(audit, id) && (kind == "arc" || strings.Contains(text(identity["type"]), "SystemAssigned")) {
				ready = append(ready, id)
			}
		}
	}
	inScope := func(ids []string) (some []string) { // failed.kql names what is failed, wherever it is
		for _, id := range ids {
			if slices.Contains(audited, id) {
				some = append(some, id)
			}
		}
		return some
	}
	same(t, "audited", audited, "named by missing.kql and failed.kql", append(missing, inScope(named)...))
	same(t, "deployed to", deployed, "audited and with the identity", ready)
	if len(missing) < 50 || len(deployed) < 50 || len(inScope(named)) < 10 {
		t.Errorf("%d missing, %d deployed to, %d failed: this plays the wrong machines", len(missing), len(deployed), len(named))
	}
}

// same compares two sets.
func same(t *testing.T, what string, a []string, other string, b []string) {
	t.Helper()
	for _, side := range []struct {
		what, other string
		a, b        []string
	}{{what, other, a, b}, {other, what, b, a}} {
		for _, id := range side.a {
			if !slices.Contains(side.b, id) {
				t.Errorf("%s is %s, and not %s", id, side.what, side.other)
			}
		}
	}
}
