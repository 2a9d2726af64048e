//go:build rig

// Package templates makes the real terraform read the modules in misc/ and plan them, with
// stand-ins for the providers (test/lib/azureprovider).
package templates

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"aadssh/internal/names"
	"aadssh/test/lib/executable"
	"aadssh/test/lib/source"
	"aadssh/test/lib/stage"
)

const subscription = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/rg-web/providers/"

// module is a copy of a module with the stand-ins.
type module struct {
	t              *testing.T
	dir, providers string
}

// standins builds the providers in the folder where terraform expects them.
func standins(t *testing.T, top string) (dir string) {
	t.Helper()
	if _, err := exec.LookPath("terraform"); err != nil {
		t.Fatalf("%v: these tests need terraform (1.5 or later)", err)
	}
	dir = t.TempDir()
	program := filepath.Join(dir, "provider")
	stage.Must(t, executable.Build(t.Context(), filepath.Join(top, "test/lib/azureprovider"), program))
	for _, p := range []struct{ source, name, version string }{{"hashicorp/azurerm", "azurerm", "4.31.0"}, {"azure/azapi", "azapi", "2.0.1"}} {
		place := filepath.Join(dir, "registry.terraform.io", p.source, p.version, "linux_amd64")
		stage.Must(t, os.MkdirAll(place, 0o755))
		script := fmt.Sprintf("#!/bin/sh\nSTANDIN=%s exec %s \"$@\"\n", p.name, program)
		stage.Must(t, executable.Write(filepath.Join(place, "terraform-provider-"+p.name+"_v"+p.version), []byte(script)))
	}
	return dir
}

// open copies a module of misc/, with further files, and initializes it.
func open(t *testing.T, providers string, files map[string][]byte) module {
	t.Helper()
	m := module{t, t.TempDir(), providers}
	for name, content := range files {
		stage.Must(t, os.MkdirAll(filepath.Dir(filepath.Join(m.dir, name)), 0o755))
		stage.Must(t, os.WriteFile(filepath.Join(m.dir, name), content, 0o644))
	}
	if out, err := m.terraform("init", "-backend=false", "-input=false", "-no-color", "-plugin-dir="+providers); err != nil {
		t.Fatalf("init: %v\n%s", err, out)
	}
	return m
}

// files are the files in a folder.
func files(t *testing.T, top, folder string) map[string][]byte {
	t.Helper()
	all := map[string][]byte{}
	entries, err := os.ReadDir(filepath.Join(top, folder))
	stage.Must(t, err)
	for _, e := range entries {
		content, err := os.ReadFile(filepath.Join(top, folder, e.Name()))
		stage.Must(t, err)
		all[e.Name()] = content
	}
	return all
}

func (m module) terraform(args ...string) (string, error) {
	cmd := exec.CommandContext(m.t.Context(), "terraform", args...)
	cmd.Dir = m.dir
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + m.dir, "CHECKPOINT_DISABLE=1", "TF_IN_AUTOMATION=1"}
	out, err := cmd.CombinedOutput()
	return strings.Join(strings.Fields(strings.NewReplacer("│", " ", "╷", " ", "╵", " ").Replace(string(out))), " "), err
}

// planned are the values of the resources that a plan would create, by address.
func (m module) planned(vars ...string) (map[string]map[string]any, string) {
	m.t.Helper()
	args := []string{"plan", "-input=false", "-no-color", "-out=plan"}
	for _, v := range vars {
		args = append(args, "-var="+v)
	}
	if out, err := m.terraform(args...); err != nil {
		return nil, out
	}
	show := exec.CommandContext(m.t.Context(), "terraform", "show", "-json", "plan")
	show.Dir, show.Env = m.dir, []string{"PATH=" + os.Getenv("PATH"), "HOME=" + m.dir, "CHECKPOINT_DISABLE=1"}
	out, err := show.Output()
	stage.Must(m.t, err)
	var plan struct {
		ResourceChanges []struct {
			Address string
			Change  struct{ After map[string]any }
		} `json:"resource_changes"`
	}
	stage.Must(m.t, json.Unmarshal(out, &plan))
	all := map[string]map[string]any{}
	for _, r := range plan.ResourceChanges {
		all[r.Address] = r.Change.After
	}
	return all, ""
}

// TestTerraformExtension: the real terraform plans the module, and its preconditions reject
// what could not work before anything is set.
func TestTerraformExtension(t *testing.T) {
	top := source.Path(t, "")
	providers := standins(t, top)
	m := open(t, providers, files(t, top, "misc/terraform"))
	for _, command := range [][]string{{"validate", "-no-color"}, {"fmt", "-check", "-diff", "-no-color"}} {
		if out, err := m.terraform(command...); err != nil {
			t.Errorf("%s: %v\n%s", command[0], err, out)
		}
	}
	vm, set, arc := subscription+"Microsoft.Compute/virtualMachines/web1", subscription+"Microsoft.Compute/virtualMachineScaleSets/shop", subscription+"Microsoft.HybridCompute/machines/db1"
	object := func(variable, id string, more ...string) string {
		return fmt.Sprintf("%s={%s}", variable, strings.Join(append([]string{`id="` + id + `"`}, more...), ","))
	}
	for _, c := range []struct {
		name, given, refused, address string
	}{
		{"nothing", "settings={}", "", ""},
		{"a VM", object("virtual_machine", vm), "", "azurerm_virtual_machine_extension.sign_in[0]"},
		{"a VM with the identity", object("virtual_machine", vm, `identity_type="SystemAssigned"`), "", "azurerm_virtual_machine_extension.sign_in[0]"},
		{"a VM with both identities", object("virtual_machine", vm, `identity_type="SystemAssigned, UserAssigned"`), "", "azurerm_virtual_machine_extension.sign_in[0]"},
		{"a VM with another identity", object("virtual_machine", vm, `identity_type="UserAssigned"`), "no system-assigned identity", ""},
		{"a VM without an agent", object("virtual_machine", vm, "provision_vm_agent=false"), "has no agent", ""},
		{"a VM that allows no extensions", object("virtual_machine", vm, "allow_extension_operations=false"), "does not allow extensions", ""},
		{"a scale set", object("scale_set", set, `identity_type="SystemAssigned"`), "", "azurerm_virtual_machine_scale_set_extension.sign_in[0]"},
		{"a scale set with another identity", object("scale_set", set, `identity_type="UserAssigned"`), "no system-assigned identity", ""},
		{"a scale set without an agent", object("scale_set", set, "provision_vm_agent=false"), "has no agent", ""},
		{"a scale set that allows no extensions", object("scale_set", set, "extension_operations_enabled=false"), "does not allow extensions", ""},
		{"an Arc-enabled server", object("arc_machine", arc, `location="westeurope"`), "", "azurerm_arc_machine_extension.sign_in[0]"},
		{"an Arc-enabled server without a region", object("arc_machine", arc), "location", ""},
		{"a bare id", `virtual_machine="` + vm + `"`, "object required", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			resources, why := m.planned(c.given)
			switch {
			case c.refused != "":
				if !strings.Contains(why, c.refused) {
					t.Errorf("it should be refused with %q: %v %s", c.refused, resources, why)
				}
			case why != "":
				t.Errorf("it is refused: %s", why)
			case c.address == "":
				if len(resources) > 0 {
					t.Errorf("there are %v", resources)
				}
			default:
				r := resources[c.address]
				if len(resources) != 1 || r["publisher"] != names.Microsoft().Publisher || r["type"] != names.Microsoft().Type || r["settings"] != "{}" {
					t.Errorf("there are %v", resources)
				}
			}
		})
	}
}

// TestTerraformCalled: the module is called as shown in docs/fleet.md, for a machine that
// does not exist yet: its ID is unknown when the plan is made.
func TestTerraformCalled(t *testing.T) {
	top := source.Path(t, "")
	all := map[string][]byte{"main.tf": []byte(`
resource "terraform_data" "machine" {}
module "sign_in" {
  source          = "./sign-in"
  virtual_machine = { id = terraform_data.machine.id, identity_type = "SystemAssigned" }
}
`)}
	for name, content := range files(t, top, "misc/terraform") {
		all["sign-in/"+name] = content
	}
	m := open(t, standins(t, top), all)
	if resources, why := m.planned(); why != "" || resources["module.sign_in.azurerm_virtual_machine_extension.sign_in[0]"] == nil {
		t.Errorf("%v %s", resources, why)
	}
	// A name that the provider does not know would be detected.
	all["sign-in/main.tf"] = []byte(strings.Replace(string(all["sign-in/main.tf"]), "auto_upgrade_minor_version", "auto_upgrade_minor", 1))
	m = open(t, m.providers, all)
	if out, err := m.terraform("validate", "-no-color"); err == nil {
		t.Errorf("an attribute that does not exist is accepted: %s", out)
	}
}

// TestTerraformApplication: gallery, application, version with the three commands, and the
// assignment, which reports failures and keeps the machine's other applications.
func TestTerraformApplication(t *testing.T) {
	top := source.Path(t, "")
	all := files(t, top, "misc/vm-application")
	m := open(t, standins(t, top), all)
	given := []string{"resource_group=rg-web", "location=westeurope", "gallery_name=ours", "package_url=https://example.com/x.tar.gz",
		`virtual_machines={web1="` + subscription + `Microsoft.Compute/virtualMachines/web1"}`, `scale_sets={shop="` + subscription + `Microsoft.Compute/virtualMachineScaleSets/shop"}`,
		`other_applications=[{packageReferenceId="` + subscription + `Microsoft.Compute/galleries/theirs/applications/x/versions/1.0.0"}]`}
	if out, err := m.terraform("fmt", "-check", "-diff", "-no-color"); err != nil {
		t.Errorf("fmt: %v\n%s", err, out)
	}
	if _, why := m.planned(append(given, "application_version=1.0")...); !strings.Contains(why, "three numbers") {
		t.Errorf("a version of two numbers: %s", why)
	}
	resources, why := m.planned(append(given, "application_version=1.0.1")...)
	if why != "" || len(resources) != 5 {
		t.Fatalf("%v %s", resources, why)
	}
	version := resources["azurerm_gallery_application_version.this"]
	action := version["manage_action"].([]any)[0].(map[string]any)
	for _, command := range []string{"install", "update", "remove"} {
		if action[command] != string(all[command]) {
			t.Errorf("%s is %v", command, action[command])
		}
	}
	// What is unknown before it is created is left out of the plan's values.
	if _, known := resources["azapi_update_resource.virtual_machine[\"web1\"]"]; !known {
		t.Errorf("there are %v", resources)
	}
}
