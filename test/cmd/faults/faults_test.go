//go:build rig

package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"

	"aadssh/test/lib/agentrun"
	"aadssh/test/lib/roots"
	"aadssh/test/lib/scene"
)

// productLayers is the folder of the machines on which cases of the product begin.
var productLayers = sync.OnceValues(func() (string, error) { return os.MkdirTemp("", "faults.") })

func TestMain(m *testing.M) {
	code := m.Run()
	if dir, err := productLayers(); err == nil {
		os.RemoveAll(dir)
	}
	os.Exit(code)
}

// TestSample runs the point in the middle of every scenario: the same one each time, as long
// as the handler makes the same calls. On other families than the first it runs two of the
// four in which the package manager does different things. With SCENARIOS=all, two points of
// each scenario are run, on every family.
func TestSample(t *testing.T) {
	if os.Getenv("SCENARIOS") == "all" {
		sample(t, matrix{pick: func(_ scenario, all []point) []point { return spread(2)(all) }}, 60)
		return
	}
	first := personas()[0].Name
	others := map[roots.Family][]string{roots.Dnf: {"install", "migration"}, roots.Zypper: {"upgrade", "uninstall"}}
	middle := func(_ scenario, all []point) []point { return all[len(all)/2:][:min(1, len(all))] }
	sample(t, matrix{pick: middle, skip: func(sc scenario) bool {
		return sc.persona.Name != first && !slices.Contains(others[sc.persona.Family], sc.name)
	}}, 15)
}

// TestErrorsSample makes a few system calls of every scenario fail, and those after which
// the product was wrong once. Without SCENARIOS=all, only the first family is played, and of
// those calls each in one scenario.
func TestErrorsSample(t *testing.T) {
	const least = 80
	first, all := personas()[0].Name, os.Getenv("SCENARIOS") == "all"
	home := agentrun.Dir(scene.HandlerVersion)
	wrongOnce := []string{
		"setup: ENOSPC at make folder /var/lib/aadsshlogin-handler (1)",                             // no status
		"uninstall: EDQUOT from create /etc/systemd/system/.aadsshlogin-handler.timer.* (1)",        // setup without its watch, reported as a success
		"uninstall: ENOSPC at create /etc/systemd/system/.aadsshlogin-handler-repair.service.* (1)", // the same
		"uninstall: EIO at read /var/lib/aadsshlogin-handler/receipt.json (9)",                      // setup's receipt taken for a damaged one
		"uninstall: EMFILE from open a pipe or a socket (13)",                                       // setup left without its path unit for good
		"install: EACCES at open /var/lib/aadsshlogin-handler/owner.json (3)",                       // setup's receipt lost
		"enable: EIO at open /var/lib/aadsshlogin-handler/receipt.json (3)",                         // what was in place of the copy was not saved
		"enable: EMFILE at open a pipe or a socket (14)",                                            // the watch was removed
		"remove: EMFILE from open a pipe or a socket (2)",                                           // a timer without its files continued
		"install: EIO from write /var/lib/aadsshlogin-handler/.receipt.json.* (4)",                  // whether a newer version was searched for
		"setup: ENFILE from open /var/lib/aadsshlogin-handler/packages (1)",                         // a package without its repository
		"remove: EACCES at remove /run/aadsshlogin-handler.transaction (5)",                         // a record that nobody removes
		"remove: EACCES from open /etc/hosts.deny (2)",                                              // "not a distribution that the extension knows any more"
		"setup: EACCES from remove /run/aadsshlogin-handler.transaction (4)",                        // a success on a machine that could no longer be judged
		"enable: EACCES at open /lib/x86_64-linux-gnu/security/pam_nologin.so (1)",                  // "not installed", and a line of PAM to take out
		"enable: EACCES at open " + home + "/config/0.settings (1)",                                 // as if the settings were wrong
		"enable: EACCES at open " + home + "/config/0.settings (2)",                                 // the same, by azure-extension-foundation
		"enable: EIO at open " + home + "/bin/HandlerEnvironment.json (1)",                          // "cannot be used"
		"enable: EMFILE at open " + home + "/HandlerEnvironment.json (1)",                           // the same
	}
	played := map[string]bool{}
	sample(t, matrix{errors: true, skip: func(sc scenario) bool { return !all && sc.persona.Name != first }, pick: func(sc scenario, points []point) []point {
		some := spreadErrors(3)(points)
		if sc.repeats { // these need no new machine for each case
			some = spreadErrors(20)(points)
		}
		for _, p := range points {
			if name := p.String(); slices.Contains(wrongOnce, name) && (all || !played[name]) && !slices.Contains(some, p) {
				some = append(some, p)
				played[name] = true
			}
		}
		return some
	}}, least)
}

// sample runs a part of the matrix: all of it must end as it should.
func sample(t *testing.T, m matrix, least int) {
	t.Helper()
	var out bytes.Buffer
	m.jobs, m.logs, m.out = max(2, runtime.NumCPU()), true, &out
	var err error
	if m.layers, err = productLayers(); err == nil {
		err = m.run(t.Context())
	}
	t.Logf("%s\n%s", out.String(), m.table())
	if err != nil {
		t.Fatal(err)
	}
	if n := m.failed(); n > 0 {
		t.Errorf("%d cases did not end as they should", n)
	}
	if n := m.cases(); n < least {
		t.Errorf("%d cases, want %d and more", n, least)
	}
}

// TestNoInPlaceWrite shows that the matrix detects a handler that never overwrites an
// existing status: on a disk that is full after the placeholder, its exit code and its status
// disagree.
func TestNoInPlaceWrite(t *testing.T) {
	m := matrix{jobs: 2, only: "ubuntu22.04 enable", errors: true,
		handler: broken(t, "status/write.go", "	if f.overwrite(r, now) == nil {\n		return nil\n	}\n", "")}
	var out bytes.Buffer
	m.out = &out
	m.pick = func(_ scenario, all []point) (some []point) {
		for _, p := range all {
			if p.On && p.Fault == "ENOSPC" && strings.HasPrefix(p.Point, "write /var/lib/aadsshlogin-handler/.receipt") {
				some = append(some, p)
			}
		}
		return some[:min(2, len(some))]
	}
	if err := m.run(t.Context()); err != nil {
		t.Fatalf("%v\n%s", err, out.String())
	}
	if m.cases() == 0 {
		t.Fatal("no case was played")
	}
	for _, r := range m.rows {
		for _, o := range r.outcomes {
			if o.err != nil || o.missed || len(o.wrong) == 0 {
				t.Errorf("%s: the matrix does not see that the status was not written: %v, %v", o.point, o.err, o.wrong)
			}
		}
	}
}

// TestUpdateIsKilled: if update is killed after its placeholder, the agent finds "did not
// finish", and neither the older version's success nor nothing. A handler whose update
// writes no placeholder is detected.
func TestUpdateIsKilled(t *testing.T) {
	for name, c := range map[string]struct {
		handler []byte
		wrong   bool
	}{
		"as it is":              {nil, false},
		"without a placeholder": {broken(t, "handler/run.go", "!r.op.replaces && !r.op.decides", "!r.op.decides"), true},
	} {
		t.Run(name, func(t *testing.T) {
			var out bytes.Buffer
			m := matrix{jobs: 2, only: "ubuntu22.04 upgrade", handler: c.handler, out: &out}
			m.pick = func(_ scenario, all []point) (some []point) {
				for _, p := range all {
					if p.holdsPlace() {
						some = append(some, p)
					}
				}
				return some[max(len(some)-3, 0):]
			}
			if err := m.run(t.Context()); err != nil {
				t.Fatalf("%v\n%s", err, out.String())
			}
			if m.cases() == 0 {
				t.Fatal("no case was played")
			}
			if caught := m.failed() > 0; caught != c.wrong {
				t.Errorf("%d of %d cases are wrong\n%s", m.failed(), m.cases(), out.String())
			}
		})
	}
}

// TestDistinct: points with the same state of the machine are run once, and points with a
// command between them are not the same.
func TestDistinct(t *testing.T) {
	at := func(name string, after bool) point {
		return point{Operation: "enable", Point: name, Nth: 1, After: after}
	}
	all := []point{at("write x", false), at("write x", true), at("start command", false), at("start command", true), at("wait for command", false), at("wait for command", true), at("exit", false)}
	want := []point{at("write x", false), at("start command", false), at("start command", true), at("wait for command", false), at("wait for command", true), at("exit", false)}
	if got := distinct(all); !slices.Equal(got, want) {
		t.Errorf("%v", got)
	}
}

// TestBrokenMarker shows that the matrix detects a handler that does not record that a reload
// is due.
func TestBrokenMarker(t *testing.T) {
	const kept = "	_, err := h.EnsureFile(pendingFile, []byte(\"reload sshd\\n\"), 0o600)\n	return err\n"
	m := matrix{jobs: 2, only: "ubuntu22.04 enable", handler: broken(t, "internal/state/pending.go", kept, "	return nil\n")}
	var out bytes.Buffer
	m.out = &out
	// From where the packages are changed and sshd is not yet reloaded: that is when the
	// record of the transaction has been removed for the last time.
	m.pick = func(_ scenario, all []point) (some []point) {
		for _, p := range all {
			// What is after it is the same as before the next point, where it is run.
			if strings.HasSuffix(p.Point, ".transaction") && strings.HasPrefix(p.Point, "remove") {
				if some = nil; !p.After {
					continue
				}
			}
			some = append(some, p)
		}
		return some[:min(4, len(some))]
	}
	if err := m.run(t.Context()); err != nil {
		t.Fatalf("%v\n%s", err, out.String())
	}
	if m.cases() == 0 {
		t.Fatal("no case was played")
	}
	for _, r := range m.rows {
		for _, o := range r.outcomes {
			if o.err != nil || o.missed {
				t.Errorf("%s was not run: %v", o.point, o.err)
			} else if !strings.Contains(strings.Join(append(o.wrong, o.worse...), "\n"), "sshd runs with another configuration") {
				t.Errorf("%s: the matrix does not see that sshd was never told, but %q and %q", o.point, o.wrong, o.worse)
			}
		}
	}
}

// broken is the handler with a piece of one file replaced.
func broken(t *testing.T, file, old, replacement string) []byte {
	t.Helper()
	top, err := scene.Top(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(top, file)
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(b), old) {
		t.Fatalf("%s does not hold %q any more: correct this test", file, old)
	}
	dir := t.TempDir()
	patched, overlay := filepath.Join(dir, "patched.go"), filepath.Join(dir, "overlay.json")
	text, err := json.Marshal(map[string]map[string]string{"Replace": {path: patched}})
	if err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string]string{patched: strings.Replace(string(b), old, replacement, 1), overlay: string(text)} {
		if err := os.WriteFile(name, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	p := handlerUnderTest("-overlay", overlay)
	if p.err != nil {
		t.Fatal(p.err)
	}
	return p.binary
}
