//go:build rig

package enable

import (
	"maps"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"aadssh/test/lib/box"
	"aadssh/test/lib/roots"
	"aadssh/test/lib/scene"
	"aadssh/test/lib/stage"
)

// TestSecondEnable traces an enable on a healthy machine.
func TestSecondEnable(t *testing.T) {
	t.Parallel()
	s := stage.New(t, scene.Options{})
	s.SSHD()
	s.Want(0)
	s.Packages.Forget()
	before, asked := s.Snapshot(), len(s.Metadata.Requests())

	calls := trace(t, s, 0)

	var wrote, reached, ran []string
	for _, c := range calls {
		switch {
		case c.writes():
			wrote = append(wrote, c.name+" "+c.args)
			if i := slices.IndexFunc(c.paths(), func(p string) bool { return !mayWrite(p) }); i >= 0 {
				t.Errorf("it wrote: %s(%s)", c.name, c.args)
			}
		case c.name == "connect":
			reached = append(reached, c.args)
			if !strings.Contains(c.args, `sin_port=htons(80), sin_addr=inet_addr("`+box.Metadata+`")`) && !sorting(c) {
				t.Errorf("it connected elsewhere: %s", c.args)
			}
		case c.name == "execve":
			program := c.paths()[0]
			ran = append(ran, program)
			if !slices.Contains([]string{"/usr/bin/dpkg-query", "/usr/sbin/sshd"}, program) {
				t.Errorf("it ran: %s", c.args)
			}
		case strings.HasPrefix(c.name, "send"):
			// What goes over a TCP connection was checked when it was opened.
			if !regexp.MustCompile(`^\d+<(TCP|NETLINK)`).MatchString(c.args) {
				t.Errorf("it sent: %s(%s)", c.name, c.args)
			}
		case c.name == "bind":
			if !strings.Contains(c.args, "AF_NETLINK") {
				t.Errorf("it listened: %s", c.args)
			}
		case c.name == "pidfd_send_signal" && strings.Contains(c.args, ", 0, NULL, 0"):
			// Go's os package tests once whether the kernel has the call.
		case c.name == "kill" || c.name == "pidfd_send_signal" || c.name == "execveat":
			t.Errorf("it called %s(%s)", c.name, c.args)
		}
	}
	// The trace contains what must be there, so it would contain more if there were more.
	if len(wrote) == 0 || len(reached) == 0 || !slices.Contains(ran, "/usr/bin/dpkg-query") || !slices.Contains(ran, "/usr/sbin/sshd") {
		t.Errorf("the trace is not of an enable: wrote %q, reached %q, ran %q", wrote, reached, ran)
	}
	if n := slices.DeleteFunc(slices.Clone(ran), func(p string) bool { return p != "/usr/bin/dpkg-query" }); len(n) != 1 {
		t.Errorf("the package database was asked %d times", len(n))
	}
	if r := s.Packages.Requests(); len(r) > 0 {
		t.Errorf("the repository was asked: %v", r)
	}
	if n := len(s.Metadata.Requests()) - asked; n > 2 {
		t.Errorf("the metadata service was asked %d times", n)
	}
	s.Unchanged(before)
	later := s.Snapshot()
	for _, p := range []string{stage.Home + "/status/0.status", stage.Logs + "/handler.log"} {
		if before[p] == later[p] {
			t.Errorf("%s was not written", p)
		}
	}
	for p, was := range before { // of our own folders: only these two
		if (strings.HasPrefix(p, stage.Home+"/config/") || strings.HasPrefix(p, stage.Logs+"/events/")) && later[p] != was {
			t.Errorf("%s was changed", p)
		}
	}
}

// TestProcessesOfAHealthyEnable counts the programs that a whole enable starts on a healthy
// machine: the package database, and sshd twice with -T.
func TestProcessesOfAHealthyEnable(t *testing.T) {
	for _, c := range []struct {
		persona roots.Persona
		starts  map[string]int
	}{
		{roots.Ubuntu("22.04"), map[string]int{"/usr/bin/dpkg-query": 1, "/usr/sbin/sshd": 2}},
		{roots.RHEL("9.4"), map[string]int{"/usr/bin/rpm": 1, "/usr/sbin/sshd": 2}},
		{roots.SLES("15.6"), map[string]int{"/usr/bin/rpm": 1, "/usr/sbin/sshd": 2}},
	} {
		t.Run(c.persona.Name, func(t *testing.T) {
			s := stage.New(t, scene.Options{Persona: c.persona})
			s.SSHD()
			s.Want(0)
			starts := map[string]int{}
			for _, c := range trace(t, s, 0) {
				if c.name == "execve" {
					starts[c.paths()[0]]++
				}
			}
			if !maps.Equal(starts, c.starts) {
				t.Errorf("it started %v, want %v", starts, c.starts)
			}
		})
	}
}

// sorting is how getaddrinfo(3) orders addresses, here sshd's own listen addresses:
// connecting a datagram socket sends nothing.
func sorting(c call) bool {
	return regexp.MustCompile(`^\d+<UDP`).MatchString(c.args) &&
		regexp.MustCompile(`sa_family=AF_UNSPEC|inet_addr\("0\.0\.0\.0"\)|AF_INET6, "::"`).MatchString(c.args)
}

// TestTraceShowsAChange is the counter-check: the same trace of an enable that changes
// something contains what TestSecondEnable forbids.
func TestTraceShowsAChange(t *testing.T) {
	t.Parallel()
	s := stage.New(t, scene.Options{})
	s.SSHD()
	s.Deliver()
	s.WriteMode(stage.Home+"/config/0.settings", s.Goal().Settings, 0o600)
	calls := trace(t, s, 0)
	var wrote, ran, reached bool
	for _, c := range calls {
		wrote = wrote || c.writes() && slices.Contains(c.paths(), "/etc/apt/sources.list.d/aadsshlogin.list")
		ran = ran || c.name == "execve" && c.paths()[0] == "/usr/bin/apt-get"
		reached = reached || c.name == "connect" && strings.Contains(c.args, box.Packages)
	}
	if !wrote || !ran || !reached {
		t.Errorf("the trace lacks what was done: wrote our list %v, ran apt-get %v, reached the repository %v", wrote, ran, reached)
	}
}

// mayWrite are the files that an enable of a healthy machine may write.
func mayWrite(p string) bool {
	status := stage.Home + "/status"
	switch p {
	case "", status, status + "/0.status", stage.Logs + "/handler.log", "/run/aadsshlogin-handler.lock", "/dev/null":
		return true
	}
	return path.Dir(p) == status && strings.HasPrefix(path.Base(p), ".0.status.")
}

// trace runs enable as the agent does, under strace.
func trace(t *testing.T, s *stage.Stage, code int) []call {
	t.Helper()
	program, out := stage.Home+"/bin/aadsshlogin-handler", filepath.Join(t.TempDir(), "trace")
	args := append([]string{"-f", "-yy", "-s", "256", "-o", out, "-e", "trace=" + traced}, s.Argv(program, "enable")...)
	cmd := exec.CommandContext(t.Context(), "strace", args...)
	cmd.Env = []string{"PATH=" + box.Path, "LANG=C.UTF-8", "ConfigSequenceNumber=0",
		"AZURE_GUEST_AGENT_EXTENSION_PATH=" + stage.Home, "AZURE_GUEST_AGENT_EXTENSION_VERSION=" + scene.HandlerVersion}
	cmd.Dir = "/"
	said, err := cmd.CombinedOutput()
	if got := cmd.ProcessState.ExitCode(); got != code || (err != nil && code == 0) {
		t.Fatalf("enable under strace: %v, exit %d\n%s", err, got, said)
	}
	if code == 0 && !strings.Contains(string(said), "People can sign in") {
		t.Fatalf("enable said: %s", said)
	}
	return readTrace(t, out, program)
}
