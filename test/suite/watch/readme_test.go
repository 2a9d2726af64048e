//go:build rig

package watch_test

import (
	"regexp"
	"strings"
	"testing"

	"aadssh/internal/names"
	"aadssh/test/lib/agentrun"
	"aadssh/test/lib/source"
)

// microsofts registers Microsoft's extension as its agent does.
func (s *booted) microsofts(version, state string) (dir string) {
	s.T.Helper()
	dir = "/var/lib/waagent/" + names.Microsoft().Full() + "-" + version
	s.Must(s.WriteFile(dir+"/config/HandlerState", []byte(state), 0o600))
	s.Must(s.WriteFile(dir+"/HandlerEnvironment.json", []byte(agentrun.Environment(version)), 0o600))
	return dir
}

// vendor installs the vendor's package without this program.
func (s *booted) vendor() {
	s.T.Helper()
	program := s.program("1.0.0.0")
	s.run(0, program+" setup") // only to get the package's file
	s.Do("cp /var/lib/aadsshlogin-handler/packages/aadsshlogin[_-]1* /root/")
	s.run(0, program+" remove")
	s.Do("cd /root && if ls *.deb >/dev/null 2>&1; then dpkg -i aadsshlogin_*.deb; else rpm -U --nosignature aadsshlogin-1*.rpm; fi >/dev/null")
	// A reload removes sshd's pid file; nobody can sign in until it exists again.
	s.Do("file=$(stat -c %i%z /run/sshd.pid); systemctl reload ssh 2>/dev/null || systemctl reload sshd; while [ \"$(stat -c %i%z /run/sshd.pid 2>/dev/null)\" = \"$file\" ]; do sleep 0.05; done")
	s.Await("[ -s /run/sshd.pid ]")
}

// TestReadmeDoctor runs the first recipe of README.md on a machine with Microsoft's
// extension: the program is fetched, verified, and nothing is changed. If the sign-in is
// broken there, the command is for that extension.
func TestReadmeDoctor(t *testing.T) {
	_, rest, found := strings.Cut(source.Read(t, "README.md"), "\n    curl -fsSLO $url/")
	recipe, _, ended := strings.Cut("curl -fsSLO $url/"+rest, "\n\n")
	if recipe = strings.ReplaceAll(recipe, "\n    ", "\n"); !found || !ended || strings.Count(recipe, "\n") != 1 || !strings.HasSuffix(recipe, " doctor") {
		t.Fatalf("README.md has another recipe: %q", recipe)
	}
	for _, p := range families() {
		t.Run(p.Name, func(t *testing.T) {
			s := bootPersona(t, p)
			s.vendor()
			s.microsofts("1.0.3162.1", "Enabled")
			fill := s.release("1.0.0.0", binary(t, "1.0.0.0"))
			s.Do("mkdir /opt/typed; aaduseradd " + person)
			if !s.signIn() {
				t.Fatal("the person does not get in")
			}
			s.goneHome()
			before := s.inventory()
			doctor := func(want int, options string) string {
				t.Helper()
				return s.run(want, "cd /opt/typed && set -e; "+fill(recipe)+options)
			}
			if out := doctor(0, " --all --skip network-role-check,network-login"); !strings.Contains(out, names.Microsoft().Full()+", version 1.0.3162.1 (another program's handler)") {
				t.Errorf("doctor does not say whose handler is there:\n%s", out)
			}
			s.Do(resetSSH)
			out := strings.Join(strings.Fields(doctor(21, " --skip network-role-check,network-login")), " ")
			if !strings.Contains(out, "; Microsoft's extension 1.0.3162.1)") {
				t.Errorf("on a broken machine doctor does not say whose extension is there:\n%s", out)
			}
			// The plan repeats the next step, so it is shown only with --all.
			all := strings.Join(strings.Fields(doctor(21, " --all --skip network-role-check,network-login")), " ")
			for _, want := range []string{"setup of this program would change this machine in ", " would do is not known."} {
				if !strings.Contains(all, want) || strings.Contains(out, want) {
					t.Errorf("on a broken machine doctor says %q in its report, or does not in the whole one:\n%s", want, all)
				}
			}
			if strings.Contains(out, "az vm extension set") || strings.Contains(out, " settings ") || strings.Contains(out, " proxy ") {
				t.Errorf("something is promised for Microsoft's handler, or its settings are judged:\n%s", out)
			}
			if plan := s.run(0, "/opt/typed/aadsshlogin-handler-* plan"); !strings.HasPrefix(plan, "This is what setup of this program would do ") {
				t.Errorf("plan does not say whose it is:\n%s", plan)
			}
			remotely := s.run(0, fill(sent(t, "docs/troubleshooting.md", "remotely")))
			if !strings.HasPrefix(remotely, "FAIL ") || len(remotely) > 4096 {
				t.Errorf("by Run Command, %d bytes:\n%s", len(remotely), remotely)
			}
			s.Do("rm -r /opt/typed/*")
			if after := s.inventory(); difference(before, after) != "" && !strings.Contains(difference(before, after), "sshd_config") {
				t.Errorf("doctor changed something:\n%s", difference(before, after))
			}
			repair := regexp.MustCompile(`Run: sudo (\S+ setup|apt-get .*? aadsshlogin|[a-z-]+ .*? aadsshlogin)[ .]`).FindStringSubmatch(out)
			if repair == nil {
				t.Fatalf("no command to run:\n%s", out)
			}
			t.Log(repair[1])
			s.Do("mkdir -p /opt/typed; cd /opt/typed; " + fill(recipe[:strings.LastIndexByte(recipe, '\n')]))
			s.run(0, repair[1])
			if !s.signIn() {
				t.Error("the command of doctor did not help")
			}
		})
	}
}
