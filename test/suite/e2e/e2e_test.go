//go:build rig

package e2e

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

func TestMain(m *testing.M) {
	flag.Parse()
	if err := flag.Set("test.parallel", machines().parallel); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(m.Run())
}

// TestScenarios runs the scripts with each release of the agent. A script whose comment
// says "Agents:" only runs with those.
func TestScenarios(t *testing.T) {
	g := &gallery{path: "../../../docs/portal.md"}
	for _, a := range machines().agents {
		t.Run(a.name, func(t *testing.T) {
			t.Parallel()
			testscript.Run(t, testscript.Params{
				Files: scripts(t, a),
				Cmds:  commands(g),
				Setup: func(env *testscript.Env) error {
					env.Values[scenarioKey{}] = begin(env.T().(testing.TB), a)
					return nil
				},
			})
		})
	}
}

func scripts(t *testing.T, a linuxAgent) []string {
	t.Helper()
	paths, err := filepath.Glob("scenarios/*.txtar")
	if err != nil || len(paths) == 0 {
		t.Fatalf("%q, %v", paths, err)
	}
	for _, name := range a.scripts {
		if !slices.Contains(paths, "scenarios/"+name+".txtar") {
			t.Errorf("%s is to run %s, which is not there", a.name, name)
		}
	}
	var mine []string
	for _, path := range paths {
		content, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		_, only, restricted := strings.Cut(string(content), "# Agents: ")
		only, _, _ = strings.Cut(only, "\n")
		if restricted && !strings.Contains(" "+only+" ", " "+a.name+" ") {
			continue
		}
		name := strings.TrimSuffix(filepath.Base(path), ".txtar")
		if a.scripts == nil || slices.Contains(a.scripts, name) {
			mine = append(mine, path)
		}
	}
	return mine
}
