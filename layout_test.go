package main

import (
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

const module = "aadsshlogin-handler"

// pkg is one package of the module, as go list describes it.
type pkg struct {
	ImportPath string
	Imports    []string
}

func packages(t *testing.T, patterns ...string) []pkg {
	t.Helper()
	out, err := exec.Command("go", append([]string{"list", "-json=ImportPath,Imports"}, patterns...)...).Output()
	if err != nil {
		t.Fatal(err)
	}
	var all []pkg
	for d := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p pkg
		if err := d.Decode(&p); errors.Is(err, io.EOF) {
			return all
		} else if err != nil {
			t.Fatal(err)
		}
		all = append(all, p)
	}
}

// product are the packages that are shipped.
func product(t *testing.T) []pkg {
	all := packages(t, "./...")
	return slices.DeleteFunc(all, func(p pkg) bool {
		return strings.HasPrefix(p.ImportPath, module+"/test") || p.ImportPath == module+"/internal/host/hosttest"
	})
}

// The rules of the layout: docs/architecture.md says why.
func TestImportsKeepTheLayout(t *testing.T) {
	// only are imports that one package hides from all others.
	only := map[string]string{
		"os/exec":                    module + "/internal/host",
		"github.com/sirupsen/logrus": module + "/internal/logging",
		"github.com/Azure/azure-extension-foundation": module + "/internal/agent",
		"github.com/Azure/go-autorest":                module + "/internal/identity",
		"github.com/golang-jwt/jwt":                   module + "/internal/identity",
		"github.com/coreos/go-systemd":                module + "/internal/systemd",
		"github.com/godbus/dbus":                      module + "/internal/systemd",
		"github.com/ProtonMail/go-crypto":             module + "/internal/trust",
		"github.com/spf13/cobra":                      module + "/internal/cli",
	}
	// forbidden are imports that a package must not have.
	forbidden := map[string][]string{
		module + "/distro":             {module},
		module + "/internal/fault":     {module},
		module + "/internal/names":     {module},
		module + "/status":             {module},
		module + "/internal/preflight": {"os", "net"},

		module + "/internal/signin/gate": {"os", "net"},
	}
	// leaf is a table without imports, which the others may read.
	const leaf = module + "/internal/names"
	// handlerMay are the packages that may use the handler.
	handlerMay := []string{module, module + "/internal/cli", module + "/internal/doctor"}
	seen := map[string]bool{}
	for _, p := range product(t) {
		for _, imported := range p.Imports {
			for library, owner := range only {
				if within(imported, library) {
					seen[library] = true
					if p.ImportPath != owner {
						t.Errorf("%s imports %s: only %s may", p.ImportPath, imported, owner)
					}
				}
			}
			for _, f := range forbidden[p.ImportPath] {
				if within(imported, f) && imported != leaf {
					t.Errorf("%s imports %s", p.ImportPath, imported)
				}
			}
			if imported == module+"/handler" && !slices.Contains(handlerMay, p.ImportPath) {
				t.Errorf("%s imports the handler", p.ImportPath)
			}
			if within(imported, module+"/test") {
				t.Errorf("%s imports the test rig", p.ImportPath)
			}
		}
	}
	for library := range only {
		if !seen[library] {
			t.Errorf("nothing imports %s: the rule about it is stale", library)
		}
	}
}

func within(path, parent string) bool {
	return path == parent || strings.HasPrefix(path, parent+"/")
}
