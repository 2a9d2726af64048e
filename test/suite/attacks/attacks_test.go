// Package attacks has attempts to trick the handler, which is root on every machine. Each
// test first shows, if possible, that the attack works against a naive version of the step,
// and then that it does not work against ours.
package attacks

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"aadssh/internal/agent"
	"aadssh/internal/fault"
	"aadssh/internal/host"
	"aadssh/internal/logging"
	"aadssh/test/lib/golden"
)

// attack is one attempt.
type attack struct {
	by    string // who attacks
	what  string
	holds string // what stops it
	// works tries it against a naive version of the step; nil if that cannot be shown
	// without the program itself (a package manager of another distribution).
	works func(w *world) bool
	// held tries it against the product; an error says how it succeeded.
	held func(w *world) error
	// environment says that it changes the environment of this process.
	environment bool
}

// world is the folder and the machine of one attempt.
type world struct {
	t    *testing.T
	dir  string
	host *host.Host // its root is dir
}

func all() []attack {
	var all []attack
	for _, some := range [][]attack{settings(), links(), network(), arc(), local(), words(), others()} {
		all = append(all, some...)
	}
	return all
}

func TestAttacks(t *testing.T) {
	shown := 0
	for _, a := range all() {
		if a.works != nil {
			shown++
		}
		t.Run(a.by+": "+a.what, func(t *testing.T) {
			if !a.environment {
				t.Parallel() // some wait for what hangs
			}
			if a.works != nil && !a.works(newWorld(t)) {
				t.Fatal("it does not work against the naive version either, so nothing is shown")
			}
			if err := a.held(newWorld(t)); err != nil {
				t.Errorf("it got through: %v", err)
			}
		})
	}
	if len(all()) < 60 || shown < 45 {
		t.Errorf("%d attacks, %d of them shown to work against a naive version", len(all()), shown)
	}
}

// TestTable keeps the list in docs up to date.
func TestTable(t *testing.T) {
	var b strings.Builder
	b.WriteString("# Attacks that are tested\n\n<!-- Rendered by UPDATE_GOLDEN=1 go test ./test/suite/attacks -->\n\n" +
		"Each row is a test in `test/suite/attacks`. \"Shown\" says that the test first shows the attack to work against a naive\nversion of the step. [security.md](security.md) says who may do what, and what is not defended.\n\n" +
		"| by | attack | shown | what holds |\n|---|---|---|---|\n")
	for _, a := range all() {
		shown := ""
		if a.works != nil {
			shown = "yes"
		}
		fmt.Fprintf(&b, "| %s | %s | %s | %s |\n", a.by, strings.ReplaceAll(a.what, "|", "\\|"), shown, strings.ReplaceAll(a.holds, "|", "\\|"))
	}
	golden.Compare(t, "../../../docs/attacks.md", b.String())
}

func newWorld(t *testing.T) *world {
	dir := t.TempDir()
	return &world{t: t, dir: dir, host: &host.Host{Root: dir, Log: logging.Discard()}}
}

// path is a path on the machine; its parent folders are created.
func (w *world) path(name string) string {
	full := filepath.Join(w.dir, name)
	w.must(os.MkdirAll(filepath.Dir(full), 0o755))
	return full
}

func (w *world) put(name, content string) string {
	full := w.path(name)
	w.must(os.WriteFile(full, []byte(content), 0o644))
	return full
}

func (w *world) link(target, name string) string {
	full := w.path(name)
	w.must(os.Symlink(target, full))
	return full
}

func (w *world) read(full string) string {
	b, err := os.ReadFile(full)
	if err != nil {
		return ""
	}
	return string(b)
}

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

// unchanged is an error if a file does not have its original content.
func (w *world) unchanged(full, content string) error {
	if got := w.read(full); got != content {
		return fmt.Errorf("%s holds %.100q", full, got)
	}
	return nil
}

// refused is nil if settings end with 53.
func (w *world) refused(public string) error {
	_, _, err := w.settings(public)
	var f *fault.Fault
	if !errors.As(err, &f) || f.Code != fault.SettingsInvalid {
		return fmt.Errorf("%s was taken: %v", public, err)
	}
	if strings.ContainsAny(f.What+f.Remedy(), "\x1b\n\x00") {
		return fmt.Errorf("the refusal shows %q", f.What)
	}
	return nil
}

func (w *world) settings(public string) (agent.Settings, []string, error) {
	w.put("config/0.settings", `{"runtimeSettings":[{"handlerSettings":{"publicSettings":`+public+`}}]}`)
	return agent.ReadSettings(context.Background(), w.host, agent.Environment{ConfigFolder: filepath.Join(w.dir, "config"), BaseDir: w.dir}, 0)
}

// holds is nil if ok is true.
func holds(ok bool, format string, args ...any) error {
	if ok {
		return nil
	}
	return fmt.Errorf(format, args...)
}
