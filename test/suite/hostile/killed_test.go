//go:build rig

package hostile

import (
	"strings"
	"syscall"
	"testing"

	"aadssh/status"
	"aadssh/test/lib/box"
	"aadssh/test/lib/fixtures"
	"aadssh/test/lib/metadata"
	"aadssh/test/lib/scene"
	"aadssh/test/lib/stage"
)

// begin starts enable in the background, as the agent does.
func begin(t *testing.T, s *stage.Stage) *box.Process {
	t.Helper()
	s.WriteMode(stage.Home+"/config/0.settings", s.Goal().Settings, 0o600)
	p, err := s.Start([]string{"PATH=" + box.Path, "LANG=C.UTF-8", "ConfigSequenceNumber=0"}, stage.Home+"/bin/aadsshlogin-handler", "enable")
	s.Must(err)
	return p
}

// told is the status as it is in the file at this moment.
func told(t *testing.T, s *stage.Stage) status.Report {
	t.Helper()
	r, err := status.Read(s.Root()+stage.Home+"/status", 0)
	s.Must(err)
	return r
}

// TestKilledInTransaction: the agent kills enable while the package manager is
// at work. The status says so, the transaction is not touched, and the next
// enable finds it finished.
func TestKilledInTransaction(t *testing.T) {
	t.Parallel()
	s := stage.New(t, scene.Options{Packages: []fixtures.Spec{{Name: fixtures.Login, Version: scene.Version, Hold: hold}}})
	s.Deliver()
	s.Write(hold, "")
	p := begin(t, s)
	inScript(t, s, fixtures.Login)
	if r := told(t, s); r.Level != status.Failure || r.Code != 31 {
		t.Errorf("in the middle of the transaction the status is %s %d", r.Level, r.Code)
	}
	s.Must(p.Signal(syscall.SIGKILL))
	_, err := p.Wait(t.Context())
	s.Must(err)
	if r := told(t, s); r.Level != status.Failure || r.Code != 31 || !strings.Contains(r.Message, "did not finish") {
		t.Errorf("after the kill the status is %s %d: %s", r.Level, r.Code, r.Message)
	}
	s.Sh("pgrep -x apt-get; " + script(fixtures.Login)) // they go on
	s.Must(s.Remove(hold))
	s.Want(0)
}

// TestKilledWithTransaction: everything dies in the middle, as at a power
// failure. The next enable repairs what that left.
func TestKilledWithTransaction(t *testing.T) {
	t.Parallel()
	s := stage.New(t, scene.Options{Packages: []fixtures.Spec{{Name: fixtures.Login, Version: scene.Version, Hold: hold}}})
	s.Deliver()
	s.Write(hold, "")
	p := begin(t, s)
	inScript(t, s, fixtures.Login)
	s.Must(p.Signal(syscall.SIGKILL))
	s.Sh("kill -9 $(pgrep -x 'apt-get|dpkg'; " + script(fixtures.Login) + ")")
	_, err := p.Wait(t.Context())
	s.Must(err)
	if r := told(t, s); r.Level != status.Failure || r.Code != 31 {
		t.Errorf("the status is %s %d", r.Level, r.Code)
	}
	if got := state(t, s, fixtures.Login); got == "install ok installed" {
		t.Fatalf("nothing was interrupted: %s", got)
	}
	s.Must(s.Remove(hold))
	s.Want(0)
}

// TestTerminated: the agent's service is stopped while the metadata service
// does not answer. A success of an earlier run must not stand then.
func TestTerminated(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name  string
		first bool // there was a success before
	}{{"first run", false}, {"after a success", true}} {
		t.Run(c.name, func(t *testing.T) {
			s := stage.New(t, scene.Options{})
			if c.first {
				s.Want(0)
				// So that the run has something to decide: the package is gone.
				s.Sh("dpkg --purge " + fixtures.Login)
			} else {
				s.Deliver()
			}
			asked := len(s.Metadata.Requests())
			s.Metadata.Always(metadata.ComputePath, metadata.Silence())
			p := begin(t, s)
			s.Until("the metadata service is asked", func() bool { return len(s.Metadata.Requests()) > asked })
			s.Sh("kill -TERM $(pgrep -x aadsshlogin-han)")
			r, err := p.Wait(t.Context())
			s.Must(err)
			if r.ExitCode != 31 {
				t.Errorf("exit %d\n%s", r.ExitCode, r.Output())
			}
			if got := told(t, s); got.Level != status.Failure || got.Code != r.ExitCode {
				t.Errorf("exit %d, and the status is %s %d: %s", r.ExitCode, got.Level, got.Code, got.Message)
			}
		})
	}
}
