package doctor

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"aadsshlogin-handler/internal/agent"
	"aadsshlogin-handler/pkgmgr"
)

// What was asked for by name and needs the package is answered without it too.
func TestOnlyWithoutThePackage(t *testing.T) {
	var m machine
	m.Target.Packages.Login = "aadsshlogin"
	m.Facts.Packages = map[string]pkgmgr.Package{}
	for _, name := range []string{"sshd-groups", "sshd", "pam"} {
		got := Options{Only: []string{name}}.notLookedAt(m, nil)
		if len(got) != 1 || got[0].Name != name || got[0].Answer != "unknown" || !strings.Contains(got[0].Text, "aadsshlogin is not installed") {
			t.Errorf("%s: %+v", name, got)
		}
	}
	if got := (Options{Only: []string{"clock", "network"}}).notLookedAt(m, nil); got != nil {
		t.Errorf("clock and network: %+v", got)
	}
	if got := (Options{Only: []string{"sshd"}}).notLookedAt(m, []Check{{Name: "sshd-config"}}); got != nil {
		t.Errorf("answered twice: %+v", got)
	}
}

// The names that may be asked for are those that package sshd gives.
func TestSSHDChecksAreListed(t *testing.T) {
	files, err := filepath.Glob("../signin/sshd/*.go")
	files = append(files, "../signin/door/assess.go")
	if err != nil {
		t.Fatal(err)
	}
	var given []string
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		content, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range regexp.MustCompile(`"(sshd-[a-z]+)"`).FindAllStringSubmatch(string(content), -1) {
			given = append(given, m[1])
		}
	}
	slices.Sort(given)
	if given = slices.Compact(given); !slices.Equal(given, sshdChecks()) {
		t.Errorf("sshd gives %q, listed are %q", given, sshdChecks())
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
