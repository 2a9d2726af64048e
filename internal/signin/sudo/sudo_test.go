package sudo

import (
	"io/fs"
	"path"
	"slices"
	"strings"
	"testing"
	"time"

	"aadssh/internal/signin/gate"
)

func machine(files map[string]string, modes map[string]fs.FileMode) Machine {
	return Machine{Host: "web1",
		File: func(p string) gate.File {
			text, ok := files[p]
			if !ok {
				return gate.File{Err: fs.ErrNotExist}
			}
			mode := fs.FileMode(0o440)
			if m, ok := modes[p]; ok {
				mode = m
			}
			return gate.File{Text: []byte(text), Mode: mode}
		},
		List: func(pattern string) (found []string) {
			for p := range files {
				if ok, _ := path.Match(pattern, p); ok {
					found = append(found, p)
				}
			}
			slices.Sort(found)
			return found
		}}
}

const (
	mainFile = "/etc/sudoers"
	ruleFile = "/etc/sudoers.d/aad_admins"
	rule     = "%aad_admins ALL=(ALL) NOPASSWD: ALL\n"
	includes = "root ALL=(ALL:ALL) ALL\n%sudo ALL=(ALL:ALL) ALL\n@includedir /etc/sudoers.d\n"
)

func TestAdministrators(t *testing.T) {
	for _, c := range []struct {
		title string
		files map[string]string
		says  string // "free", "password", "nothing"
		at    string
	}{
		{"as the package leaves it", map[string]string{mainFile: includes, ruleFile: rule}, "free", "aad_admins:1"},
		{"the older word", map[string]string{mainFile: "#includedir /etc/sudoers.d\n", ruleFile: rule}, "free", "aad_admins:1"},
		{"relative", map[string]string{mainFile: "@includedir sudoers.d\n", ruleFile: rule}, "free", "aad_admins:1"},
		{"not included", map[string]string{mainFile: "# includedir /etc/sudoers.d\n", ruleFile: rule}, "nothing", ""},
		{"capitals", map[string]string{mainFile: includes, ruleFile: "%AAD_Admins ALL=(ALL) NOPASSWD: ALL\n"}, "free", "aad_admins:1"},
		{"capitals, which count", map[string]string{mainFile: includes + "Defaults !case_insensitive_group\n", ruleFile: "%AAD_Admins ALL=(ALL) NOPASSWD: ALL\n"}, "nothing", ""},
		{"a group without passwords", map[string]string{mainFile: includes, ruleFile: "Defaults exempt_group=aad_admins\n%aad_admins ALL=(ALL) PASSWD: ALL\n"}, "free", "aad_admins:2"},
		{"a password", map[string]string{mainFile: includes, ruleFile: "%aad_admins ALL=(ALL) PASSWD: ALL\n"}, "password", "aad_admins:1"},
		{"the older package's rule", map[string]string{mainFile: includes, ruleFile: "%aad_admins ALL=(ALL) ALL\n"}, "password", "aad_admins:1"},
		{"PASSWD wins over a default", map[string]string{mainFile: "Defaults !authenticate\n" + includes, ruleFile: "%aad_admins ALL=(ALL) PASSWD: ALL\n"}, "password", "aad_admins:1"},
		{"a default without, and no tag", map[string]string{mainFile: "Defaults !authenticate\n" + includes, ruleFile: "%aad_admins ALL=(ALL) ALL\n"}, "free", "aad_admins:1"},
		{"a later file takes it back", map[string]string{mainFile: includes, ruleFile: rule, "/etc/sudoers.d/zz-cis": "ALL ALL=(ALL) PASSWD: ALL\n"}, "password", "zz-cis:1"},
		{"an earlier one does not", map[string]string{mainFile: includes, ruleFile: rule, "/etc/sudoers.d/10-cis": "ALL ALL=(ALL) PASSWD: ALL\n"}, "free", "aad_admins:1"},
		{"SUSE's rule for all stands before", map[string]string{mainFile: "Defaults targetpw\nALL ALL=(ALL) ALL\n@includedir /etc/sudoers.d\n", ruleFile: rule}, "free", "aad_admins:1"},
		{"and behind", map[string]string{mainFile: "@includedir /etc/sudoers.d\nALL ALL=(ALL) ALL\n", ruleFile: rule}, "password", "sudoers:2"},
		{"a name with a dot", map[string]string{mainFile: includes, ruleFile + ".disabled": rule}, "nothing", ""},
		{"a single command later keeps the rest", map[string]string{mainFile: includes, ruleFile: rule, "/etc/sudoers.d/zz": "%aad_admins ALL=(ALL) PASSWD: /usr/bin/su\n"}, "free", "aad_admins:1"},
		{"everything is forbidden later", map[string]string{mainFile: includes, ruleFile: rule, "/etc/sudoers.d/zz": "%aad_admins ALL=(ALL) !ALL\n"}, "nothing", "zz:1"},
		{"for another group", map[string]string{mainFile: includes, ruleFile: "%admins ALL=(ALL) NOPASSWD: ALL\n"}, "nothing", ""},
		{"for another host", map[string]string{mainFile: includes, ruleFile: "%aad_admins db1=(ALL) NOPASSWD: ALL\n"}, "nothing", ""},
		{"for this host", map[string]string{mainFile: includes, ruleFile: "%aad_admins web1 = (ALL) NOPASSWD: ALL\n"}, "free", "aad_admins:1"},
		{"as another user", map[string]string{mainFile: includes, ruleFile: "%aad_admins ALL=(www-data) NOPASSWD: ALL\n"}, "nothing", ""},
		{"as root by default", map[string]string{mainFile: includes, ruleFile: "%aad_admins ALL=NOPASSWD: ALL\n"}, "free", "aad_admins:1"},
		{"tags in front of a tag", map[string]string{mainFile: includes, ruleFile: "%aad_admins ALL=(ALL:ALL) NOEXEC: NOPASSWD: SETENV: ALL\n"}, "free", "aad_admins:1"},
		{"a tag holds for what follows", map[string]string{mainFile: includes, ruleFile: "%aad_admins ALL=(ALL) NOPASSWD: /bin/a, ALL\n"}, "free", "aad_admins:1"},
		{"aliases", map[string]string{mainFile: "User_Alias ADMINS = root, \\\n  %aad_admins : X = bob\nCmnd_Alias EVERYTHING = ALL\nADMINS ALL = (root) NOPASSWD: EVERYTHING\n"}, "free", "sudoers:4"},
		{"an alias without the group", map[string]string{mainFile: "User_Alias ADMINS = ALL, !%aad_admins\nADMINS ALL = (root) NOPASSWD: ALL\n"}, "nothing", ""},
		{"two hosts' rules in one line", map[string]string{mainFile: "%aad_admins db1 = ALL : web1 = NOPASSWD: ALL\n"}, "free", "sudoers:1"},
		{"nobody has to show who he is", map[string]string{mainFile: "Defaults:%aad_admins !authenticate\n" + includes, ruleFile: "%aad_admins ALL=(ALL) ALL\n"}, "free", "aad_admins:1"},
		{"others do not", map[string]string{mainFile: "Defaults:bob !authenticate\n" + includes, ruleFile: "%aad_admins ALL=(ALL) ALL\n"}, "password", "aad_admins:1"},
		{"a comment behind it", map[string]string{mainFile: includes, ruleFile: "# %aad_admins ALL=(ALL) ALL\n%aad_admins ALL=(ALL) NOPASSWD: ALL # for Entra ID\n"}, "free", "aad_admins:2"},
		{"a digest", map[string]string{mainFile: includes, ruleFile: rule, "/etc/sudoers.d/zz": "%aad_admins ALL = sha224:0GomF8mNN3wlDt1HD9XldjJ3SNgpFdbjO1+NsQ== /bin/ls\n"}, "free", "aad_admins:1"},
		{"the vendor's file", map[string]string{"/usr/etc/sudoers": includes, ruleFile: rule}, "free", "aad_admins:1"},
	} {
		got := Evaluate(machine(c.files, nil), "aad_admins")
		says := "nothing"
		if got.Grants {
			says = map[bool]string{true: "password", false: "free"}[got.Password]
		}
		if place := path.Base(got.Rule.File) + ":" + string(rune('0'+got.Rule.Line)); says != c.says || c.at != "" && place != c.at || got.Broken != nil {
			t.Errorf("%s: %s by %s (broken: %v), want %s by %s", c.title, says, place, got.Broken, c.says, c.at)
		}
	}
}

func TestModesOfRuleFiles(t *testing.T) {
	files := map[string]string{mainFile: includes, ruleFile: rule}
	for mode, read := range map[fs.FileMode]bool{0o440: true, 0o400: true, 0o644: true, 0o460: true, 0o666: false, 0o442: false} {
		got := Evaluate(machine(files, map[string]fs.FileMode{ruleFile: mode}), "aad_admins")
		if got.Grants != read || slices.Contains(got.Files, ruleFile) != read || !read && (len(got.Skipped) != 1 || !strings.Contains(got.Skipped[0].Text, "others may write")) {
			t.Errorf("%04o: %+v", mode, got)
		}
	}
}

func TestBrokenLineAndRequiretty(t *testing.T) {
	got := Evaluate(machine(map[string]string{mainFile: "Defaults env_reset, requiretty\nthis is nothing\n" + rule}, nil), "aad_admins")
	if got.TTY == nil || got.TTY.Line != 1 || got.Broken == nil || got.Broken.Line != 2 || !got.Grants {
		t.Errorf("%+v", got)
	}
	if got := Evaluate(machine(map[string]string{mainFile: "@include /etc/sudoers\n@include /etc/sudoers\n"}, nil), "aad_admins"); len(got.Skipped) == 0 {
		t.Error("a file that includes itself is followed for ever")
	}
}

// The last line that sets something counts, also where it takes it back.
func TestSettings(t *testing.T) {
	for text, want := range map[string]struct {
		refuses bool
		pam     string
	}{
		"Defaults runcwd=/gone\n":                              {true, ""},
		"Defaults runchroot=\"/gone\"\n":                       {true, ""},
		"Defaults:%aad_admins env_reset, runcwd = /gone\n":     {true, ""},
		"Defaults:bob runcwd=/gone\n":                          {false, ""},
		"Defaults runcwd=/gone\nDefaults !runcwd\n":            {false, ""},
		"Defaults runcwd=/gone\nDefaults runcwd=~\n":           {false, ""},
		"Defaults runcwd=/etc/sudoers\n":                       {true, ""},
		"Defaults runcwd=~nobody-here/x\n":                     {true, ""},
		"Defaults runcwd=~/x\n":                                {false, ""},
		"Defaults runas_check_shell\n":                         {false, ""},
		"Defaults rlimit_as=100000\n":                          {true, ""},
		"Defaults rlimit_nofile=\"3,4096\"\n":                  {true, ""},
		"Defaults rlimit_stack=8388608,infinity\n":             {false, ""},
		"Defaults rlimit_as=default,rlimit_data=infinity\n":    {false, ""},
		"Defaults rlimit_core=0,rlimit_cpu=1,rlimit_fsize=0\n": {false, ""},
		"Defaults runcwd=*, runcwd=~\n":                        {false, ""},
		"Defaults pam_service=site\n":                          {false, "site"},
		"Defaults pam_service=a\nDefaults pam_service=b\n":     {false, "b"},
		"Defaults requiretty\nDefaults !requiretty\n":          {false, ""},
	} {
		got := Evaluate(machine(map[string]string{mainFile: text + rule}, nil), "aad_admins")
		if (got.Refuses != nil) != want.refuses || got.PAM.Text != want.pam || got.TTY != nil || !got.Grants {
			t.Errorf("%q: %+v", text, got)
		}
	}
}

func FuzzAdministrators(f *testing.F) {
	f.Add("User_Alias A = %aad_admins, !bob : B = A\nA ALL = (ALL:ALL) NOPASSWD: ALL, !/bin/x : web1 = PASSWD: ALL # x\nDefaults:A !authenticate\n")
	f.Add("@include /etc/sudoers\nX = Y\n(=:\n")
	f.Fuzz(func(t *testing.T, text string) {
		got := Evaluate(machine(map[string]string{mainFile: text}, nil), "aad_admins")
		if lines := strings.Count(text, "\n") + 1; got.Grants && (got.Rule.Line < 1 || got.Rule.Line > lines) {
			t.Errorf("%+v", got.Rule)
		}
	})
}

// TestRuleOptions: the expected results were measured with sudo on the machines sudo-rule-*
// and sudo-not-* of the sign-in matrix.
func TestRuleOptions(t *testing.T) {
	for options, want := range map[string]struct{ untimely, refuses string }{
		"NOTAFTER=20200101000000Z":                       {"NOTAFTER=20200101000000Z", ""},
		"NOTAFTER=2020010100":                            {"NOTAFTER=2020010100", ""},
		"NOTAFTER=29990101000000Z":                       {"", ""},
		"NOTBEFORE=299901010000+0200":                    {"NOTBEFORE=299901010000+0200", ""},
		"NOTBEFORE=20200101000000.5Z":                    {"", ""},
		"NOTBEFORE=20200101000000Z NOTAFTER=2021010100Z": {"NOTAFTER=2021010100Z", ""},
		"CWD=/gone":                {"", "CWD /gone is not there"},
		"CWD=/etc":                 {"", ""},
		"CWD=*":                    {"", ""},
		"CHROOT=/etc":              {"", "CHROOT /etc has no programs"},
		"CHROOT=/":                 {"", ""},
		"TIMEOUT=1h ROLE=sysadm_r": {"", ""},
	} {
		m := machine(map[string]string{mainFile: "%aad_admins ALL=(ALL) " + options + " NOPASSWD: ALL\n", "/": "", "/etc": "", "/bin": ""},
			map[string]fs.FileMode{"/": fs.ModeDir, "/etc": fs.ModeDir, "/bin": fs.ModeDir})
		m.Now = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
		got, untimely, refuses := Evaluate(m, "aad_admins"), "", ""
		if got.Untimely != nil {
			untimely = got.Untimely.Text
		}
		if got.Refuses != nil {
			refuses = got.Refuses.Text
		}
		if untimely != want.untimely || refuses != want.refuses || got.Grants == (untimely != "") || got.Password {
			t.Errorf("%s: %+v, %s, %s", options, got, untimely, refuses)
		}
	}
}
