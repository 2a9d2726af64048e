package pkgmgr

import (
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"aadssh/distro"
	"aadssh/internal/fault"
	"aadssh/internal/host/hosttest"
	"aadssh/test/lib/recording"
)

// onTheMachine is the fault of a recorded run on a machine that has the file in its scene:
// # PATH: "content".
func onTheMachine(t *testing.T, m *Manager, note string, r recording.Run) *fault.Fault {
	t.Helper()
	h := hosttest.New(t).Host()
	name, quoted, _ := strings.Cut(note, ": ")
	content, err := strconv.Unquote(quoted)
	if err != nil {
		t.Fatalf("%s: %v", note, err)
	}
	for file, text := range map[string]string{name: content, "/etc/zypp/repos.d/good.repo": "[good]\nname=good\nenabled=1\nautorefresh=0\nbaseurl=file:///srv/x/\ngpgcheck=0\n"} {
		full := filepath.Join(h.Root, file)
		if err := os.MkdirAll(filepath.Dir(full), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(full, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	d := m.diagnose(r.Command, r.Result)
	if d.look != nil {
		if f := d.look(t.Context(), h, Source{ID: "aadsshlogin"}); f != nil {
			return f
		}
	}
	return d.fault
}

// Each definition with which the real zypper did nothing at all is named, with its line,
// whether zypper names it or not.
func TestDefinitionThatEndsZypper(t *testing.T) {
	for _, file := range []string{"zypper-1.14.42", "zypper-1.14.89"} {
		ended := 0
		for _, s := range scenes(t, file) {
			if !strings.HasPrefix(s.Name, "definition: ") {
				continue
			}
			for _, r := range s.Runs {
				if r.Result.ExitCode != 1 {
					continue
				}
				ended++
				f := onTheMachine(t, manager(t, distro.Zypper), s.Runs[0].Note, r)
				if f == nil || f.Code != fault.PackageManagerFailed || !strings.Contains(f.What, "The repository file /etc/zypp/repos.d/third.repo cannot be read") ||
					!strings.Contains(strings.ToLower(f.What), "line ") || !strings.Contains(f.Remedy(), "/etc/zypp/repos.d/third.repo") {
					t.Errorf("%s, %s: %v", file, s.Name, f)
				}
			}
		}
		if ended < 30 {
			t.Errorf("%s: %d commands ended by a definition, want 30", file, ended)
		}
	}
}

// The lock that the real zypper met is named, and the next step finds it in the list of
// locks.
func TestLockByPattern(t *testing.T) {
	want := map[string]string{
		"pattern":                    "-e '| aad* '",
		"of a repository":            "-e '| aad* '",
		"of two types":               "-e '| aad* '",
		"of versions":                "-e '| aadsshlogin '",
		"regular expression":         "-e '| ^aad '",
		"part of the name":           "-e '| SSHLOGIN '",
		"file without words for how": "-e '| SSHLOGIN '",
		"exact":                      "-e '| aadsshlogin '",
		"two at once":                "-e '| a* ' -e '| aadsshlogin '",
		"on the installed package":   "-e '| aad* '",
		"of somebody else's package": "",
	}
	for _, file := range []string{"zypper-1.14.42", "zypper-1.14.89"} {
		var seen []string
		for _, s := range scenes(t, file) {
			name, ok := strings.CutPrefix(s.Name, "lock: ")
			if !ok {
				continue
			}
			seen = append(seen, name)
			for _, r := range s.Runs {
				if slices.Contains(r.Command.Args, "removelock") {
					continue
				}
				f := onTheMachine(t, manager(t, distro.Zypper), s.Runs[0].Note, r)
				switch {
				case want[name] == "" && f != nil:
					t.Errorf("%s, %s: %v", file, name, f)
				case want[name] != "" && (f == nil || !strings.Contains(f.Remedy(), "grep -F "+want[name]+" |")):
					t.Errorf("%s, %s: %v", file, name, f)
				}
			}
		}
		if len(seen) != len(want) {
			t.Errorf("%s has the scenes %q", file, seen)
		}
	}
}
