package doctor

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"aadsshlogin-handler/internal/agent"
	"aadsshlogin-handler/internal/check"
	"aadsshlogin-handler/internal/fault"
	"aadsshlogin-handler/pkgmgr"
)

// What was asked for by name and needs the package is answered without it too.
func TestOnlyWithoutThePackage(t *testing.T) {
	var m machine
	m.Target.Packages.Login = "aadsshlogin"
	m.Facts.Packages = map[string]pkgmgr.Package{}
	for _, name := range []string{"sshd-groups", "pam-account"} {
		got := Options{Only: []string{name}}.notLookedAt(m, nil)
		if len(got) != 1 || got[0].Name != name || got[0].Answer != "unknown" || !strings.Contains(got[0].Text, "aadsshlogin is not installed") {
			t.Errorf("%s: %+v", name, got)
		}
	}
	if got := (Options{Only: []string{"clock", "network"}}).notLookedAt(m, nil); got != nil {
		t.Errorf("clock and network: %+v", got)
	}
	if got := (Options{Only: []string{"sshd-config"}}).notLookedAt(m, []Check{{Name: "sshd-config"}}); got != nil {
		t.Errorf("answered twice: %+v", got)
	}
}

// Names are exact, and those of checks; what is near is named, and of a group or
// a section its checks.
func TestOnlyTakesExactNames(t *testing.T) {
	for name, near := range map[string]string{"sshd-comand": "sshd-command", "sudoku": "sudo", "version": "", "frobnicate": "", "sshd-": "sshd-config", "": "", " clock": "clock",
		"sshd": "sshd-config,sshd-command,sshd-command-user,cert-handler", "machine": "settings,distro,memory", "history": "sign-in-errors", "sign-in": "nologin,ssh-service"} {
		for _, o := range []Options{{Only: []string{"clock", name}}, {Skip: []string{name}}} {
			f := fault.Of(o.known())
			if f == nil || f.Code != fault.Usage || (near != "") != strings.Contains(f.Next, "Did you mean") || !strings.Contains(f.Next, near) {
				t.Errorf("%q: %v", name, f)
			}
		}
	}
	for _, name := range Names() {
		if err := (Options{Only: []string{name}}).known(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// brokenBy is what breaks a machine for the checks that tests know by what they
// say, and not by name.
func brokenBy() map[string]string {
	return map[string]string{
		"resources": "EMFILE", "package-files": "md5sums", "ssh-service": "sshService(",
		"sshd-rsa-size": "RequiredRSASize", "sshd-tries": "MaxAuthTries", "sshd-refuse": "RefuseConnection", "sshd-kinds": "Match Address",
		"sshd-transport": "Ciphers", "sshd-force-command": "ForceCommand", "sshd-chroot": "ChrootDirectory", "sshd-sessions": "MaxSessions",
		"sshd-grace-time": "LoginGraceTime", "sshd-hosts": "hosts.deny", "sshd-reachable": "ListenAddress",
		"sshd-reload": "AssessReload(", "user-add": "aaduseradd",
	}
}

// The table of checks and the code agree: each check that is given stands in the
// table with what it asks, each row is given by some code, and some test breaks
// a machine that way.
func TestEveryCheckIsInTheTable(t *testing.T) {
	code, tests := map[string]bool{}, map[string]bool{}
	var broken strings.Builder // what the tests do to machines
	literal := regexp.MustCompile(`"([a-z]+(?:-[a-z]+)*)"`)
	given := regexp.MustCompile(`(?:(?:Result|Finding)\{Name: |Gate: |const name = |\.assess\(|\{)"([a-z]+(?:-[a-z]+)*)"(?:, ask|,? |$|,|\})`)
	must := func(err error) {
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, root := range []string{"../signin", "../preflight", "../doctor", "../watch", "../../test/suite"} {
		must(filepath.WalkDir(root, func(path string, d os.DirEntry, err error) error {
			if err != nil || d.IsDir() || d.Name() == "only_test.go" {
				return err
			}
			b, err := os.ReadFile(path)
			must(err)
			if !strings.HasSuffix(path, ".go") {
				if strings.Contains(path, "testdata") {
					broken.Write(b)
				}
				return nil
			}
			into := code
			if strings.HasSuffix(path, "_test.go") {
				into = tests
			}
			for _, m := range literal.FindAllStringSubmatch(string(b), -1) {
				into[m[1]] = true
			}
			if strings.HasSuffix(path, "_test.go") {
				broken.Write(b)
				return nil
			}
			for line := range strings.Lines(string(b)) {
				m := given.FindStringSubmatch(strings.TrimSpace(line))
				if m == nil || strings.HasPrefix(strings.TrimSpace(line), "{") && !strings.Contains(line, ", ask") {
					continue
				}
				if _, ok := check.Find(m[1]); !ok && strings.Contains(line, "Gate: ") || !ok && strings.Contains(line, "Finding{Name: ") || !ok && strings.Contains(line, ", ask") {
					t.Errorf("%s gives the check %s, which the table of checks does not have", path, m[1])
				}
			}
			return nil
		}))
	}
	seen := map[string]bool{}
	for _, r := range check.Table() {
		if seen[r.Name] || r.Asks == "" || !strings.HasSuffix(r.Asks, "?") {
			t.Errorf("%s: twice, or without what it asks", r.Name)
		}
		seen[r.Name] = true
		if !code[r.Name] {
			t.Errorf("%s: no code gives it", r.Name)
		}
		if by, known := brokenBy()[r.Name]; !tests[r.Name] && !(known && strings.Contains(broken.String(), by)) {
			t.Errorf("%s: no test breaks a machine that way", r.Name)
		}
	}
}

// The command that is advised keeps the settings that the machine has.
func TestSetExtensionKeepsSettings(t *testing.T) {
	set := agent.Defaults()
	set.Monitor = 60
	empty := agent.Defaults()
	empty.Sent = true
	for name, c := range map[string]struct {
		m    machine
		says string
	}{
		"no extension":    {machine{root: true}, " --settings '{}' --force-update"},
		"not to be seen":  {machine{}, " --settings settings.json --force-update"},
		"empty settings":  {machine{root: true, extension: &extension{settings: empty}}, " --settings '{}' --force-update"},
		"some settings":   {machine{root: true, extension: &extension{settings: set}}, " --settings settings.json --force-update"},
		"unknown setting": {machine{root: true, extension: &extension{settings: empty, unknown: []string{"x"}}}, " --settings settings.json --force-update"},
	} {
		if got := c.m.setExtension(); !strings.Contains(got, c.says) {
			t.Errorf("%s: %s", name, got)
		}
	}
}
