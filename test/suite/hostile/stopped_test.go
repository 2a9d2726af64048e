//go:build rig

package hostile

import (
	"strings"
	"testing"
	"time"

	"aadssh/test/lib/fixtures"
	"aadssh/test/lib/roots"
	"aadssh/test/lib/scene"
)

// hold is the file that the package's script waits for to be gone. It does not
// lie in /tmp, of which newer versions of rpm give scripts one of their own.
const hold = "/run/hold"

// holding is a login package whose installation takes as long as hold is there.
func holding(version string) fixtures.Spec {
	return fixtures.Spec{Name: fixtures.Login, Version: version, Hold: hold}
}

// scriptRuns says whether the installation script of the login package waits.
func (s *machine) scriptRuns() bool {
	s.T.Helper()
	return strings.TrimSpace(s.Shf("ps -eo args= | grep -E '^/bin/sh (/var/lib/dpkg/info/aadsshlogin.postinst|/var/tmp/rpm-tmp)' || true")) != ""
}

// inBackground has the agent process a goal state; the answer comes when it is done.
func (s *machine) inBackground() <-chan error {
	done := make(chan error, 1)
	go func() {
		_, err := s.Agent.Apply(s.T.Context(), s.Goal())
		done <- err
	}()
	return done
}

// installations counts the transactions that were to install the package.
func (s *machine) installations() (n int) {
	for line := range strings.Lines(s.HandlerLog()) {
		if strings.Contains(line, "started: transaction") && strings.Contains(line, " install ") {
			n++
		}
	}
	return n
}

// TestGroupIsKilled: the agent kills the process group in the middle of the
// package's script, as it does at its time limit. The package manager finishes,
// and the next enable finds its work done.
func TestGroupIsKilled(t *testing.T) {
	families(t, func(t *testing.T, p roots.Persona) {
		s := newMachine(t, scene.Options{Persona: p, Packages: []fixtures.Spec{holding(newer)}})
		s.Deliver()
		s.Write(hold, "")
		done := s.inBackground()
		s.Until("the package's script runs", s.scriptRuns)
		s.Shf("kill -9 -$(ps -o pgid= -p $(pgrep -x aadsshlogin-han) | tr -d ' ')")
		s.Must(<-done)
		s.Until("the handler is gone", func() bool { return strings.TrimSpace(s.Shf("pgrep -x aadsshlogin-han || true")) == "" })
		if !s.scriptRuns() {
			t.Fatalf("the package's script died with the handler:\n%s", s.Shf("ps -eo pid,pgid,sid,args; tail -20 /var/lib/aadsshlogin-handler/transaction.log"))
		}
		s.Must(s.Remove(hold))
		s.Want(0)
		s.Has(fixtures.Login, newer)
		if n := s.installations(); n != 1 {
			t.Errorf("%d transactions were run; the first was to be waited for", n)
		}
	})
}

// TestBudgetEndsFirst: the transaction takes longer than the handler may. It
// says so, and the next enable waits for it and reports the success.
func TestBudgetEndsFirst(t *testing.T) {
	families(t, func(t *testing.T, p roots.Persona) {
		// Ten seconds of it are kept for the verdict, so this is long enough
		// to get to the package's script.
		s := newMachine(t, scene.Options{Persona: p, Packages: []fixtures.Spec{holding(newer)}, Timeout: 30 * time.Second})
		s.Deliver()
		s.Write(hold, "")
		v := s.Want(31).First("goes on")
		if !strings.Contains(v.Next(), "transaction.log") {
			t.Errorf("the next step does not say where to look: %s", v.Next())
		}
		if !s.scriptRuns() {
			t.Fatal("the transaction was not left running")
		}
		done := s.inBackground()
		s.Until("the next run waits", func() bool { return strings.Contains(s.HandlerLog(), "wait for the transaction of an earlier run") })
		s.Must(s.Remove(hold))
		s.Must(<-done)
		s.Want(0)
		s.Has(fixtures.Login, newer)
		if n := s.installations(); n != 1 {
			t.Errorf("%d transactions were run; the first was to be waited for", n)
		}
	})
}
