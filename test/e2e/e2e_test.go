//go:build rig

package e2e

import (
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

// TestMain: the scenarios mostly wait for the agent, which sleeps two seconds at
// each command, so more of them run at once than there are processors.
func TestMain(m *testing.M) {
	flag.Parse()
	if err := flag.Set("test.parallel", "6"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(m.Run())
}

// TestScenarios runs the scripts under each release of the agent. A script
// whose comment says "Agents:" runs under those only. With E2E=all in the
// environment every release runs every script; without it the first does, and
// the others run those of representative.
func TestScenarios(t *testing.T) {
	b, g := &builds{made: map[string][]byte{}}, &gallery{path: "../../docs/portal.md"}
	for _, a := range agents() {
		t.Run(a.name, func(t *testing.T) {
			t.Parallel()
			testscript.Run(t, testscript.Params{
				Files: scripts(t, a, os.Getenv("E2E") == "all"),
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
							t.Errorf("%s: %v", filepath.Base(env.WorkDir), err)
						}
					})
					return nil
				},
			})
		})
	}
}

// representative are the scripts that show how a release of the agent differs:
// the whole life, a failure's report, both directions of an update, Fast Track.
func representative() []string {
	return []string{"terraform", "identity", "upgrade", "fast-track"}
}

func scripts(t *testing.T, a linuxAgent, all bool) []string {
	t.Helper()
	paths, err := filepath.Glob("scenarios/*.txtar")
	if err != nil || len(paths) == 0 {
		t.Fatalf("%q, %v", paths, err)
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
		if all || a.name == agents()[0].name || slices.Contains(representative(), name) {
			mine = append(mine, path)
		}
	}
	return mine
}
