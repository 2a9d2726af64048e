package pkgmgr

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"aadssh/distro"
	"aadssh/internal/fault"
	"aadssh/internal/host"
	"aadssh/test/lib/golden"
	"aadssh/test/lib/recording"
)

// recordedPrograms are the programs with recorded scenes, by their file in testdata/scenes.
func recordedPrograms() map[string]distro.Manager {
	return map[string]distro.Manager{
		"yum-3.4.3":  distro.Yum,
		"tdnf-3.5.2": distro.Tdnf, "tdnf-3.5.8": distro.Tdnf, "tdnf-3.6.0": distro.Tdnf,
		"dnf-4.14": distro.Dnf, "dnf5-5.4.6": distro.Dnf,
		"zypper-1.14.42": distro.Zypper, "zypper-1.14.89": distro.Zypper,
		"apt-1.2.35": distro.Apt, "apt-1.6.18": distro.Apt, "apt-2.0.10": distro.Apt, "apt-2.6": distro.Apt,
	}
}

// TestScenes renders what each command of each recorded scene means to the handler: the
// code, the first line and the next step that a person gets. "nothing wrong" is the meaning
// of the output; a session also asks the package database. If a file of the machine was
// recorded too, the machine has it.
func TestScenes(t *testing.T) {
	for file, name := range recordedPrograms() {
		t.Run(file, func(t *testing.T) {
			m := manager(t, name)
			var got strings.Builder
			for _, s := range scenes(t, file) {
				fmt.Fprintf(&got, "### %s\n", s.Name)
				for _, r := range s.Runs {
					if r.Note != "" {
						fmt.Fprintf(&got, "# %s\n", r.Note)
					}
					if classified(r.Command) {
						got.WriteString(row(t, m, s, r))
					}
				}
			}
			golden.Compare(t, filepath.Join("testdata", "scenes", file+".golden"), got.String())
		})
	}
}

// row is one command with what it means.
func row(t *testing.T, m *Manager, s recording.Scene, r recording.Run) string {
	t.Helper()
	head := fmt.Sprintf("$ %s (%d)\n", strings.Join(words(r.Command), " "), r.Result.ExitCode)
	f := m.Classify(r.Command, r.Result)
	if note := s.Runs[0].Note; strings.Contains(note, `: "`) && m.Name != distro.Apt { // apt's pins are for apt itself to read
		f = onTheMachine(t, m, note, r)
	}
	if r.Result.ExitCode < 0 { // it was waiting when it was killed
		head = fmt.Sprintf("$ %s (killed)\n", strings.Join(words(r.Command), " "))
		c := r.Command
		c.Changes = true
		f = fault.Of((&Session{Manager: m}).unended(c, r.Result, context.DeadlineExceeded))
	}
	if f == nil {
		return head + "    nothing wrong\n"
	}
	if strings.ContainsAny(f.What+f.Remedy(), "\n\r\x1b") || f.What == "" || f.Remedy() == "" {
		t.Errorf("%s: not one line and one line: %q, %q", s.Name, f.What, f.Remedy())
	}
	return head + fmt.Sprintf("    %d %s\n    %s\n", f.Code, f.What, f.Remedy())
}

// classified: what only asks is read by other functions.
func classified(c host.Command) bool {
	switch c.Name {
	case "rpm":
		return slices.ContainsFunc(c.Args, func(a string) bool { return a == "-e" || a == "-U" })
	case "zypper":
		return !slices.Contains(c.Args, "search")
	case "find", "rpmkeys", "dpkg-query", "apt-cache", "apt-mark", "ls", "cat":
		return false
	}
	return true
}

// words are the words of a command without the options that it always has.
func words(c host.Command) []string {
	list := []string{c.Name}
	for i, a := range c.Args {
		if a == "-o" || i > 0 && c.Args[i-1] == "-o" { // apt's way to set an option
			continue
		}
		if !strings.HasPrefix(a, "--setopt=") && !strings.HasPrefix(a, "--disablerepo=") && !strings.HasPrefix(a, "--enablerepo=") {
			list = append(list, a)
		}
	}
	return list
}

// TestScenesAreMany counts the rows that say what is wrong.
func TestScenesAreMany(t *testing.T) {
	failures := 0
	for file := range recordedPrograms() {
		table, err := os.ReadFile(filepath.Join("testdata", "scenes", file+".golden")) // TestScenes compares it
		if err != nil {
			t.Fatal(err)
		}
		failures += len(failure.FindAll(table, -1))
	}
	if failures < 300 {
		t.Errorf("%d recorded failures are classified, want 300", failures)
	}
}

// failure matches the line of a row of TestScenes that has an exit code.
var failure = regexp.MustCompile(`(?m)^    [1-9][0-9]* `)
