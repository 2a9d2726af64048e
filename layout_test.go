package main

import (
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

const module = "aadssh"

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

// product are the packages of the product.
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
	// forbidden are imports that a package must not have, with exceptions. Leaves import
	// nothing of ours but leaves.
	leaf := rule{forbidden: []string{module}, may: leaves()}
	// What is pure looks at nothing; taking an address apart is no look.
	pure := rule{forbidden: []string{"os", "net"}, may: []string{"net/url", "net/netip"}}
	rules := map[string]rule{
		module + "/internal/preflight":   pure,
		module + "/internal/decide":      pure,
		module + "/internal/signin/gate": pure,
		module + "/internal/signin/pam":  pure,
	}
	for _, p := range append(leaves(), module+"/distro", module+"/internal/fault", module+"/status") {
		rules[p] = leaf
	}
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
			if rules[p.ImportPath].broken(imported) {
				t.Errorf("%s imports %s", p.ImportPath, imported)
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

// leaves are packages that any other may use.
func leaves() []string {
	return []string{module + "/internal/text", module + "/internal/names", module + "/internal/az", module + "/internal/atomicfile", module + "/internal/order"}
}

// rule is what a package must not import.
type rule struct{ forbidden, may []string }

func (r rule) broken(imported string) bool {
	under := func(parent string) bool { return within(imported, parent) }
	return slices.ContainsFunc(r.forbidden, under) && !slices.Contains(r.may, imported)
}

// The packages at the root are fixed: a new package goes below internal.
func TestTheRootDoesNotGrow(t *testing.T) {
	rooms := []string{"handler", "distro", "pkgmgr", "status", "misc", "test", "internal"}
	seen := map[string]bool{}
	for _, p := range packages(t, "-tags", "rig,vm", "./...") {
		room, _, _ := strings.Cut(strings.TrimPrefix(strings.TrimPrefix(p.ImportPath, module), "/"), "/")
		seen[room] = true
		if room != "" && !slices.Contains(rooms, room) {
			t.Errorf("%s: a package belongs below internal, not in a new folder of the root", p.ImportPath)
		}
	}
	for _, room := range rooms {
		if !seen[room] {
			t.Errorf("%s has no package: the list is stale", room)
		}
	}
	entries, err := os.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if name := e.Name(); e.IsDir() && !strings.HasPrefix(name, ".") && !slices.Contains(append(rooms, "docs", "build", "tools"), name) {
			t.Errorf("%s: a new folder at the root", name)
		}
		if name := e.Name(); strings.HasSuffix(name, ".go") && !strings.HasSuffix(name, "_test.go") && name != "main.go" {
			t.Errorf("%s: a new file beside main.go", name)
		}
	}
}

func within(path, parent string) bool {
	return path == parent || strings.HasPrefix(path, parent+"/")
}
