//go:build rig

package e2e

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

// TestScenarios runs the scripts under each release of the agent. A script
// whose comment says "Agents:" runs under those only. With -short, only the
// first release runs all of them.
func TestScenarios(t *testing.T) {
	b, g := &builds{made: map[string][]byte{}}, &gallery{path: "../../docs/portal.md"}
	for _, a := range agents() {
		t.Run(a.name, func(t *testing.T) {
			t.Parallel()
			testscript.Run(t, testscript.Params{
				Files: scripts(t, a),
				Cmds:  commands(b, g),
				Setup: func(env *testscript.Env) error {
					ctx, cancel := context.WithTimeout(context.Background(), patience)
					defer cancel()
					s, err := set(ctx, a)
					if err != nil {
						return err
					}
					env.Values[stageKey{}] = s
					env.Defer(func() {
						if err := s.strike(); err != nil {
							t.Errorf("%v", err)
						}
					})
					return nil
				},
			})
		})
	}
}

func scripts(t *testing.T, a linuxAgent) []string {
	t.Helper()
	all, err := filepath.Glob("scenarios/*.txtar")
	if err != nil || len(all) == 0 {
		t.Fatalf("%q, %v", all, err)
	}
	var mine []string
	for _, path := range all {
		content, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		_, only, restricted := strings.Cut(string(content), "# Agents: ")
		only, _, _ = strings.Cut(only, "\n")
		if !restricted || strings.Contains(" "+only+" ", " "+a.name+" ") {
			mine = append(mine, path)
		}
	}
	return mine
}
