//go:build rig

package doctor_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"aadssh/internal/fault"
	"aadssh/test/lib/box"
)

// TestOnlyAndSkip: --only and --skip leave out the work too: an endpoint that is not needed
// gets no request.
func TestOnlyAndSkip(t *testing.T) {
	s := healthy(t, jammy())
	sections := func(args ...string) []string {
		t.Helper()
		report, _ := s.examine(nil, args...)
		var all []string
		for _, c := range report.Checks {
			all = append(all, c.Section)
		}
		slices.Sort(all)
		return slices.Compact(all)
	}
	asked := len(s.Metadata.Requests())
	if got := sections("--only", "sshd-config,pam-account"); !slices.Equal(got, []string{"sign-in"}) {
		t.Errorf("--only sshd-config,pam-account: %v", got)
	}
	if got := sections("--skip", "identity,network-repository,network-role-check,network-login"); slices.Contains(got, "network") || !slices.Contains(got, "machine") {
		t.Errorf("--skip: %v", got)
	}
	if len(s.endpoints.asked()) != 0 || len(s.Metadata.Requests()) != asked {
		t.Errorf("asked %v and the metadata service %d times", s.endpoints.asked(), len(s.Metadata.Requests())-asked)
	}
	if got := sections("--only", "network-role-check"); !slices.Equal(got, []string{"network"}) || !slices.Equal(s.endpoints.asked(), []string{"pas.windows.net"}) {
		t.Errorf("--only network-role-check: %v, asked %v", got, s.endpoints.asked())
	}
	if report, _ := s.examine(nil, "--only", "clock"); len(report.Checks) != 1 || report.Checks[0].Answer != "pass" {
		t.Errorf("--only clock: %+v", report.Checks)
	}
	if report, _ := s.examine(nil, "--only", "network-repository"); len(report.Checks) != 1 || report.Checks[0].Name != "network-repository" {
		t.Errorf("--only network-repository: %+v", report.Checks)
	}
	r := s.runs("doctor", "--only", "sshd-config,frobnicate")
	if r.ExitCode != 2 || !strings.Contains(string(r.Stderr), "frobnicate") || !strings.Contains(string(r.Stderr), "network-role-check") {
		t.Errorf("an unknown name: exit %d, %s", r.ExitCode, r.Output())
	}
}

// TestTerminal: only on a terminal the output has colours and is wrapped to its width.
func TestTerminal(t *testing.T) {
	s := healthy(t, jammy())
	if out := s.Do(program + " doctor"); strings.Contains(out, "\x1b") {
		t.Errorf("escape sequences in a pipe: %q", out)
	}
	in := func(env string) string {
		return s.Do("python3 - <<'END'\nimport os, pty\nos.environ.update(" + env + ")\npty.spawn(['/bin/sh', '-c', 'stty cols 100; exec " + program + " doctor'])\nEND")
	}
	out := in("{'TERM': 'xterm'}")
	if !strings.Contains(out, "\x1b[32mOK") || !strings.Contains(out, "waiting for the metadata service") {
		t.Errorf("on a terminal: %q", out)
	}
	if out := in("{'TERM': 'xterm', 'NO_COLOR': '1'}"); strings.Contains(out, "\x1b[32m") {
		t.Errorf("NO_COLOR: %q", out)
	}
}

// TestCost: without its network checks, doctor takes at most three times as long as enable
// on a healthy machine.
func TestCost(t *testing.T) {
	s := healthy(t, jammy())
	best := func(what func()) time.Duration {
		least := time.Hour
		for range 7 {
			began := time.Now()
			what()
			least = min(least, time.Since(began))
		}
		return least
	}
	enable := best(func() { s.Want(fault.OK) })
	doctor := best(func() {
		s.Do(program + " doctor --skip network-repository,network-role-check,network-login")
	})
	t.Logf("enable %s, doctor without network %s", enable, doctor)
	if doctor > 3*enable {
		t.Errorf("doctor takes %s where a healthy enable takes %s", doctor, enable)
	}
}

// TestEndpointsAreAskedInParallel: doctor waits for endpoints that never answer in
// parallel: all of them take as long as one.
func TestEndpointsAreAskedInParallel(t *testing.T) {
	took := func(lost ...string) time.Duration {
		s := healthy(t, jammy())
		for _, name := range lost {
			s.Do("sed 's/\\b" + name + "\\b/unused.invalid/' /etc/hosts > /run/hosts; echo '" + box.BlackHole + " " + name + "' >> /run/hosts; cat /run/hosts > /etc/hosts")
		}
		began := time.Now()
		report, _ := s.examine(nil)
		elapsed := time.Since(began)
		silent := 0
		for _, c := range report.Checks {
			if strings.HasPrefix(c.Name, "network-") && c.Answer != "pass" {
				silent++
			}
		}
		if silent != len(lost) {
			t.Errorf("%d endpoints are silent, %d were lost: %+v", silent, len(lost), report.Checks)
		}
		return elapsed
	}
	// Other work on the host may slow down one of the two measurements. If doctor waited
	// for one endpoint after the other, every try would be too slow.
	var one, all time.Duration
	for range 3 {
		one, all = took("pas.windows.net"), took("pas.windows.net", "login.microsoftonline.com", "packages.microsoft.com")
		t.Logf("one %s, three %s", one, all)
		if all <= one*3/2 {
			return
		}
	}
	t.Errorf("one silent endpoint costs %s, three %s", one, all)
}
