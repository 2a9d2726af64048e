//go:build rig

package doctor_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"unicode"

	"aadssh/test/lib/agentrun"
	"aadssh/test/lib/box"
	"aadssh/test/lib/metadata"
	"aadssh/test/lib/roots"
	"aadssh/test/lib/scene"
	"aadssh/test/lib/stage"
)

// evil is a word that clears a terminal, reverses the direction of the text, begins a new
// line and, pasted into a shell, writes a file.
const evil = "x\x1b[2J\u202e\u009b1m$(:>/owned)`:>/owned`';:>/owned;\"\nall is well"

// short is evil within 15 bytes, and evilName a file name, which cannot contain a slash: it
// writes into the root folder.
const short, evilName = "\x1b[2J$(:>owned)", "x\x1b[2J\u202e$(:>owned)`:>owned`';:>owned;'"

// wordsOfStrangers are machines on which a name that somebody else chose is part of the
// finding; code is what enable ends with.
func wordsOfStrangers() []broken {
	named := metadata.VM()
	named.Name, named.Group = evil, evil
	lock := func(s *machine) {
		s.Write("/opt/holder", "import ctypes, fcntl, time\nctypes.CDLL(None).prctl(15, b'"+strings.ReplaceAll(short, "\x1b", `\x1b`)+"', 0, 0, 0)\n"+
			"f = open('/var/lib/dpkg/lock-frontend', 'w')\nfcntl.lockf(f, fcntl.LOCK_EX)\nopen('/run/held', 'w').close()\ntime.sleep(600)\n")
		_, err := s.Start(box.Environment(), "python3", "/opt/holder")
		s.Must(err)
		s.Await("[ -e /run/held ]")
	}
	put := func(path, content string) func(*machine) {
		return func(s *machine) {
			s.Write(path, content)
		}
	}
	settings := func(public map[string]any) func(*machine) {
		return func(s *machine) {
			b, err := json.Marshal(public)
			s.Must(err)
			s.WriteMode(stage.Home+"/config/0.settings", agentrun.Public(string(b)), 0o600)
		}
	}
	line := strings.NewReplacer("\n", " ", "\"", "").Replace(evil)
	return []broken{
		{machine: "os-release has it in its name and version", options: jammy(), fresh: true,
			breakIt: put("/etc/os-release", "ID=ubuntu\nVERSION_ID=\"22.04\"\nVERSION_CODENAME=jammy\nPRETTY_NAME='"+strings.NewReplacer("'", "").Replace(line)+"'\nVARIANT='"+strings.ReplaceAll(line, "'", "")+"'\n")},
		{machine: "os-release has it as the distribution", options: jammy(), fresh: true, code: 51,
			breakIt: put("/etc/os-release", "ID='"+strings.ReplaceAll(line, "'", "")+"'\nVERSION_ID='"+strings.ReplaceAll(line, "'", "")+"'\n")},
		{machine: "the machine and its group are called so", options: jammy(), fresh: true, code: 22,
			breakIt: func(s *machine) {
				s.Metadata.Always(metadata.ComputePath, metadata.JSON(named)).Always(metadata.TokenPath, metadata.NoIdentity())
			}},
		{machine: "the metadata service says it", options: jammy(), fresh: true, code: 29, slow: true,
			breakIt: token(metadata.Status(403, evil, evil))},
		{machine: "a program called so holds the lock", options: jammy(), fresh: true, code: 25, slow: true, breakIt: lock},
		{machine: "a file of sources is called so, and nothing verifies it", options: scene.Options{Persona: roots.RHEL("9.4")}, fresh: true, code: 27,
			breakIt: put("/etc/yum.repos.d/"+evilName+".repo", "[p]\nname=p\nbaseurl=https://packages.microsoft.com/rhel/9/prod\nenabled=1\ngpgcheck=0\n")},
		{machine: "a file of sources holds it", options: scene.Options{Persona: roots.RHEL("9.4")}, fresh: true,
			breakIt: put("/etc/yum.repos.d/p.repo", "[p"+strings.NewReplacer("[", "", "]", "").Replace(line)+"]\nname="+line+"\nbaseurl=https://packages.microsoft.com/rhel/9/prod\nenabled=1\ngpgcheck=1\ngpgkey=file:///etc/"+line+"\n")},
		{machine: "an entry of apt names such a key", options: jammy(), fresh: true, code: 27,
			breakIt: put("/etc/apt/sources.list.d/p.sources", "Types: deb\nURIs: https://packages.microsoft.com/ubuntu/22.04/prod\nSuites: jammy\nComponents: main\nSigned-By: /etc/"+line+"\n")},
		{machine: "a drop-in of sshd is called so", options: jammy(), code: 21,
			breakIt: put("/etc/ssh/sshd_config.d/0$(:>owned).conf", "Match User *@*\nPubkeyAuthentication no\n")},
		{machine: "sshd is to run such a program", options: jammy(), code: 21,
			breakIt: editSSHD("ForceCommand /opt/" + strings.ReplaceAll(line, "'", ""))},
		{machine: "sshd does not know the word", options: jammy(), code: 21, breakIt: editSSHD(strings.ReplaceAll(line, "'", "") + " yes")},
		{machine: "PAM is to load such a module", options: jammy(), code: 21,
			breakIt: script(`f=/etc/pam.d/common-account; { printf 'account required pam_x\033[2J$(:>owned).so\n'; cat $f; } > /run/x && cat /run/x > $f`)},
		{machine: "nsswitch.conf names such a service", options: jammy(), code: 21,
			breakIt: script(`sed -i 's/^passwd:.*/passwd: files x\x1b[2J$(:>owned) [NOTFOUND=return] aad/' /etc/nsswitch.conf`)},
		{machine: "somebody called so was refused", options: jammy(),
			breakIt: authLog("sshd[77]: pam_aad(sshd:account): AadAuthorize, Version: 1.0.033070001; CorrelationId: 0e2f", "sshd[77]: pam_aad(sshd:account): Access denied for "+line+": Azure role not assigned.",
				"sshd[78]: User "+line+" from 10.0.0.9 not allowed because not listed in AllowUsers", "sshd[79]: Invalid user "+line+" from 10.0.0.9 port 22")},
		{machine: "the settings have it as a version", options: jammy(), fresh: true, code: 53, breakIt: settings(map[string]any{"packageVersion": evil})},
		{machine: "the settings have it as a name", options: jammy(), fresh: true, breakIt: settings(map[string]any{evil: 1})},
		{machine: "the settings have it as an address", options: jammy(), fresh: true, code: 53,
			breakIt: settings(map[string]any{"repository": map[string]any{"mode": "mirror", "baseUrl": "https://mirror.example/" + evil}})},
		{machine: "the agent has it as a proxy", options: jammy(), fresh: true, env: []string{"https_proxy=http://" + strings.ReplaceAll(line, " ", "") + ":3128"}},
		{machine: "an older extension's folder is called so", options: jammy(), fresh: true, code: 23,
			breakIt: func(s *machine) {
				s.Write(agentrun.Lib+"/Microsoft.Azure.ActiveDirectory.LinuxSSH.AADLoginForLinux-"+evilName+"/config/HandlerState", "Enabled")
			}},
	}
}

// TestWordsOfStrangers: a name that somebody else chose is shown by doctor, plan, status,
// the log, the status file and on standard output as a word on its line, without characters
// that a terminal interprets, and quoted in a command.
func TestWordsOfStrangers(t *testing.T) {
	l := newLayers(t)
	for _, b := range wordsOfStrangers() {
		t.Run(b.machine, func(t *testing.T) {
			t.Parallel()
			s := b.set(t, l)
			if !s.Exists(stage.Home) {
				s.Must(s.MkdirAll(stage.Home+"/config", 0o755))
			}
			var pasted []string
			for _, args := range [][]string{{"doctor", "--all"}, {"doctor", "--brief"}, {"doctor", "--json"}, {"plan"}, {"plan", "--json"}, {"status"}, {"status", "--json"}} {
				r := s.runs(args...)
				shown := r.Output()
				if args[len(args)-1] == "--json" {
					texts, next := words(t, r.Stdout)
					shown = strings.Join(texts, "\n")
					pasted = append(pasted, next...)
				}
				plain(t, strings.Join(args, " "), shown)
			}
			if !b.slow {
				goal := s.Goal()
				if text, err := s.ReadFile(stage.Home + "/config/0.settings"); err == nil {
					goal.Settings = string(text)
				}
				report, err := s.Agent.Apply(t.Context(), goal)
				s.Must(err)
				for _, run := range report.Runs {
					plain(t, run.Operation, run.Stdout+run.Stderr)
				}
				if last := report.Runs[len(report.Runs)-1]; last.Operation == "enable" && last.ExitCode != b.code {
					t.Errorf("enable ended with %d, not %d: %s", last.ExitCode, b.code, last.Stdout)
				}
				plain(t, "handler.log", s.HandlerLog())
				plain(t, "the status file", report.Extension.Message)
				said := strings.SplitN(report.Runs[len(report.Runs)-1].Stdout, "\n", 2)
				pasted = append(pasted, said[1:]...)
			}
			for _, text := range pasted {
				for _, part := range parts(text) {
					_, err := s.Run(t.Context(), []string{"PATH=/nowhere"}, "/bin/sh", "-c", "cd / && { "+part+"\n}")
					s.Must(err)
					if s.Exists("/owned") {
						t.Fatalf("pasted, this does what a stranger wants: %s", part)
					}
				}
			}
		})
	}
}

// plain fails the test if a text has characters that a terminal interprets, or a line that
// a stranger wrote.
func plain(t *testing.T, where, shown string) {
	t.Helper()
	for line := range strings.Lines(shown) {
		line = strings.TrimSuffix(line, "\n")
		if strings.ContainsFunc(line, func(r rune) bool { return r != '\t' && !unicode.IsPrint(r) }) {
			t.Errorf("%s shows %q", where, line)
		}
		if strings.HasPrefix(strings.TrimSpace(line), "all is well") {
			t.Errorf("%s has a line that somebody else wrote", where)
		}
	}
}

// words are all texts in a JSON document, and those that people paste.
func words(t *testing.T, document []byte) (all, next []string) {
	t.Helper()
	var doc any
	if err := json.Unmarshal(document, &doc); err != nil {
		t.Fatalf("%v\n%s", err, document)
	}
	var walk func(key string, v any)
	walk = func(key string, v any) {
		switch v := v.(type) {
		case string:
			all = append(all, v)
			if slices.Contains([]string{"next", "commands"}, key) {
				next = append(next, v)
			}
		case []any:
			for _, of := range v {
				walk(key, of)
			}
		case map[string]any:
			for name, of := range v {
				all = append(all, name)
				walk(name, of)
			}
		}
	}
	walk("", doc)
	return all, next
}

// parts are what a person may take for the command in a text: all of it if it is not a
// sentence, what follows a colon, and its sentences.
func parts(text string) (all []string) {
	if text != "" && unicode.IsLower(rune(text[0])) {
		all = append(all, text)
	}
	for _, by := range []string{": ", ". ", "Run: ", "; then "} {
		for i, part := range strings.Split(text, by) {
			if i > 0 {
				all = append(all, part)
			}
		}
	}
	return all
}
