package repo

import (
	"strings"
	"testing"

	"aadssh/distro"
)

// TestDialects compares the managers' readings of the same lines. dnf and zypper gave these
// results themselves (test/suite/pkgmgr runs them on generated files); yum and tdnf follow
// their sources and recordings.
func TestDialects(t *testing.T) {
	const head = "[x]\nbaseurl=http://h.invalid/r\ngpgcheck=1\n"
	managers := []distro.Manager{distro.Dnf, distro.Yum, distro.Tdnf, distro.Zypper}
	for _, c := range []struct {
		name, text string
		want       string // of dnf, yum, tdnf, zypper: + it is on, 0 it is off, - nothing of the file is used, . the section is left out, ? not known
	}{
		{"on", head + "enabled=1\n", "++++"},
		{"nothing said", head, "++0+"},
		{"empty", head + "enabled=\n", "+.00"},
		{"a note behind it", head + "enabled=0 # off\n", "+.00"},
		{"a note behind a one", head + "enabled=1 # on\n", "+.0+"},
		{"yes", head + "enabled=yes\n", "++0+"},
		{"on as a word", head + "enabled=on\n", "+.0+"},
		{"enable", head + "enabled=enable\n", "+.00"},
		{"always", head + "enabled=always\n", "+.0+"},
		{"quoted", head + "enabled=\"0\"\n", "0.00"},
		{"in capitals", head + "ENABLED=0\n", "+00+"},
		{"a colon", head + "name=x\nenabled:0\n", "-00-"},
		{"a junk line", head + "junk\nenabled=1\n", "--+-"},
		{"text before the first section", "junk\n" + head + "enabled=1\n", "--+-"},
		{"a setting before the first section", "a=b\n" + head + "enabled=1\n", "--+-"},
		{"include before the first section", "include=file:///x\n" + head + "enabled=1\n", "-++-"},
		{"a page", "<html>\n</html>\n", "--.-"},
		{"an indented heading", "  " + head + "enabled=1\n", "++++"},
		{"a heading that is not closed", "[x\n" + head[4:] + "enabled=1\n", "--+-"},
		{"words behind a heading", "[x] words\n" + head[4:] + "enabled=1\n", "--++"},
		{"a byte order mark", "\ufeff" + head + "enabled=1\n", "+?.-"},
		{"line ends of Windows", strings.ReplaceAll(head+"enabled=1\n", "\n", "\r\n"), "++0-"},
		{"a name with a blank", "[a b]\n" + head[4:] + "enabled=1\n", "..++"},
		{"no scheme", "[x]\nbaseurl=h.invalid/r\nenabled=1\n", "+++-"},
		{"no port", "[x]\nbaseurl=http://h.invalid:/r\nenabled=1\n", "++++"},
		{"the last port", "[x]\nbaseurl=http://h.invalid:65535\nenabled=1\n", "++++"},
		{"a port behind a password", "[x]\nbaseurl=http://u:p@h.invalid:80/r\nenabled=1\n", "++++"},
		{"a port behind numbers", "[x]\nbaseurl=http://[::1]:80/r\nenabled=1\n", "++++"},
		{"words behind numbers", "[x]\nbaseurl=http://[::1]x/r\nenabled=1\n", "+++-"},
		{"a port in words", "[x]\nbaseurl=http://h.invalid:8x/r\nenabled=1\n", "+++-"},
		{"a port that is too large", "[x]\nbaseurl=http://h.invalid:99999/r\nenabled=1\n", "+++-"},
		{"port 0", "[x]\nbaseurl=http://h.invalid:0/r\nenabled=1\n", "+++-"},
		{"a port that is no octal number", "[x]\nbaseurl=http://h.invalid:080/r\nenabled=1\n", "+++-"},
		{"two ports", "[x]\nbaseurl=http://h:1:80/r\nenabled=1\n", "+++-"},
	} {
		for i, m := range managers {
			entries, problems := ParseRepo(m, "x.repo", []byte(c.text), true)
			got := "."
			switch {
			case len(problems) > 0 && problems[0].Refused:
				got = "-"
			case len(entries) > 0 && entries[0].Enabled:
				got = "+"
			case len(entries) > 0:
				got = "0"
			}
			if want := c.want[i : i+1]; got != want && want != "?" {
				t.Errorf("%s, %s: %s, want %s (%+v, %+v)", c.name, m, got, want, entries, problems)
			}
		}
	}
}

// TestOwnersFileStays: a file that its manager rejects because of one line is not a
// leftover of an installation that may be removed.
func TestOwnersFileStays(t *testing.T) {
	h := machine(t, map[string]string{"/etc/yum.repos.d/microsoft-prod.repo": rhel9 + "junk\n[other]\nbaseurl=https://other.invalid/\n"})
	entries, problems := Entries(h, distro.Dnf)
	if len(entries) > 0 || len(problems) != 1 || problems[0].Leftover || !problems[0].Refused || !strings.HasSuffix(problems[0].Place(), " line 8") {
		t.Errorf("entries %+v, problems %+v", entries, problems)
	}
}
