//go:build rig

package hostile

import (
	"net/http"
	"strings"
	"syscall"
	"testing"
	"time"

	"aadssh/status"
	"aadssh/test/lib/box"
	"aadssh/test/lib/fixtures"
	"aadssh/test/lib/metadata"
	"aadssh/test/lib/roots"
	"aadssh/test/lib/scene"
	"aadssh/test/lib/stage"
)

// hold is the file for whose removal the package's script waits. It is not in /tmp, because
// newer versions of rpm give scripts a private /tmp.
const hold = "/run/hold"

// holding is a login package whose installation takes as long as hold exists.
func holding(version string) fixtures.Spec {
	return fixtures.Spec{Name: fixtures.Login, Version: version, Hold: hold}
}

// scriptRuns reports whether the installation script of the login package is waiting.
func (s *machine) scriptRuns() bool {
	s.T.Helper()
	return strings.TrimSpace(s.Shf("ps -eo args= | grep -E '^/bin/sh (/var/lib/dpkg/info/aadsshlogin.postinst|/var/tmp/rpm-tmp)' || true")) != ""
}

// inBackground makes the agent process a goal state; the channel gets the result when it is
// done.
func (s *machine) inBackground() <-chan error {
	done := make(chan error, 1)
	go func() {
		_, err := s.Agent.Apply(s.T.Context(), s.Goal())
		done <- err
	}()
	return done
}

// installations counts the transactions for installing the package.
func (s *machine) installations() (n int) {
	for line := range strings.Lines(s.HandlerLog()) {
		if strings.Contains(line, "started: transaction") && strings.Contains(line, " install ") {
			n++
		}
	}
	return n
}

// begin starts enable in the background, as the agent does.
func (s *machine) begin() *box.Process {
	s.T.Helper()
	s.WriteMode(stage.Home+"/config/0.settings", s.Goal().Settings, 0o600)
	p, err := s.Start([]string{"PATH=" + box.Path, "LANG=C.UTF-8", "ConfigSequenceNumber=0"}, stage.Home+"/bin/aadsshlogin-handler", "enable")
	s.Must(err)
	return p
}

// status is the current content of the status file.
func (s *machine) status() status.Report {
	s.T.Helper()
	r, err := status.Read(s.Root()+stage.Home+"/status", 0)
	s.Must(err)
	return r
}

// TestKilledInTransaction: the agent kills the process group in the middle of the package's
// script, as at its time limit. The status says so, the package manager finishes, and the
// next enable finds the work done.
func TestKilledInTransaction(t *testing.T) {
	families(t, func(t *testing.T, p roots.Persona) {
		s := newMachine(t, scene.Options{Persona: p, Packages: []fixtures.Spec{holding(newer)}})
		s.Deliver()
		s.Write(hold, "")
		done := s.inBackground()
		s.Until("the package's script runs", s.scriptRuns)
		if r := s.status(); r.Level != status.Failure || r.Code != 31 {
			t.Errorf("during the transaction the status is %s %d", r.Level, r.Code)
		}
		s.Shf("kill -9 -$(ps -o pgid= -p $(pgrep -x aadsshlogin-han) | tr -d ' ')")
		s.Must(<-done)
		s.Until("the handler is gone", func() bool { return strings.TrimSpace(s.Shf("pgrep -x aadsshlogin-han || true")) == "" })
		if r := s.status(); r.Level != status.Failure || r.Code != 31 || !strings.Contains(r.Message, "did not finish") {
			t.Errorf("after the kill the status is %s %d: %s", r.Level, r.Code, r.Message)
		}
		if manager := s.Do("pgrep -f 'apt-ge[t]|dn[f]|zyppe[r]' || true"); !s.scriptRuns() || manager == "" {
			t.Fatalf("the package's script or its manager (%q) died with the handler:\n%s", manager, s.Shf("ps -eo pid,pgid,sid,args; tail -20 /var/lib/aadsshlogin-handler/transaction.log"))
		}
		s.Must(s.Remove(hold))
		s.Want(0)
		s.Has(fixtures.Login, newer)
		if n := s.installations(); n != 1 {
			t.Errorf("%d transactions were run; the first was to be waited for", n)
		}
	})
}

// TestKilledWithTransaction: everything is killed in the middle, as by a power failure. The
// next enable repairs the result.
func TestKilledWithTransaction(t *testing.T) {
	t.Parallel()
	s := newMachine(t, scene.Options{Packages: []fixtures.Spec{holding(newer)}})
	s.Deliver()
	s.Write(hold, "")
	p := s.begin()
	s.Await(script(fixtures.Login))
	s.Must(p.Signal(syscall.SIGKILL))
	s.Sh("kill -9 $(pgrep -x 'apt-get|dpkg'; " + script(fixtures.Login) + ")")
	_, err := p.Wait(t.Context())
	s.Must(err)
	if r := s.status(); r.Level != status.Failure || r.Code != 31 {
		t.Errorf("the status is %s %d", r.Level, r.Code)
	}
	if got := s.state(fixtures.Login); got == "install ok installed" {
		t.Fatalf("nothing was interrupted: %s", got)
	}
	s.Must(s.Remove(hold))
	s.Want(0)
}

// TestTerminated: the agent's service is stopped while the metadata service does not
// answer. The status file must not keep the success of an earlier run.
func TestTerminated(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name  string
		first bool // there was a success before
	}{{"first run", false}, {"after a success", true}} {
		t.Run(c.name, func(t *testing.T) {
			s := newMachine(t, scene.Options{})
			if c.first {
				s.Want(0)
				// Without the package the run has something to decide.
				s.Sh("dpkg --purge " + fixtures.Login)
			} else {
				s.Deliver()
			}
			asked := len(s.Metadata.Requests())
			s.Metadata.Always(metadata.ComputePath, metadata.Silence())
			p := s.begin()
			s.Until("the metadata service is asked", func() bool { return len(s.Metadata.Requests()) > asked })
			s.Sh("kill -TERM $(pgrep -x aadsshlogin-han)")
			r, err := p.Wait(t.Context())
			s.Must(err)
			if r.ExitCode != 31 {
				t.Errorf("exit %d\n%s", r.ExitCode, r.Output())
			}
			if got := s.status(); got.Level != status.Failure || got.Code != r.ExitCode {
				t.Errorf("exit %d, and the status is %s %d: %s", r.ExitCode, got.Level, got.Code, got.Message)
			}
		})
	}
}

// TestTerminatedDuringADownload: the agent's service is stopped while the package host does
// not answer: neither the network nor the package manager is blamed.
func TestTerminatedDuringADownload(t *testing.T) {
	t.Parallel()
	for _, what := range []string{"/keys/...", "the repository"} {
		t.Run(what, func(t *testing.T) {
			s := newMachine(t, scene.Options{})
			s.Deliver()
			asked := make(chan struct{}, 1)
			place := what
			if what == "the repository" {
				place = s.Target.Repository.Path + "..."
			}
			s.Packages.Trouble(place, func(_ http.ResponseWriter, r *http.Request, _ http.Handler) {
				select {
				case asked <- struct{}{}:
				default:
				}
				<-r.Context().Done()
			})
			p := s.begin()
			<-asked
			s.Sh("kill -TERM $(pgrep -x aadsshlogin-han)")
			r, err := p.Wait(t.Context())
			s.Must(err)
			if got := s.status(); r.ExitCode != 31 || got.Code != 31 {
				t.Errorf("exit %d, status %d %s\n%s", r.ExitCode, got.Code, got.Message, r.Output())
			}
		})
	}
}

// TestBudgetEndsFirst: the transaction takes longer than the handler's budget. The handler
// says so, and the next enable waits for the transaction and reports the success.
func TestBudgetEndsFirst(t *testing.T) {
	families(t, func(t *testing.T, p roots.Persona) {
		// Ten seconds of it are kept for the verdict, so this is long enough to reach the
		// package's script.
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
