//go:build rig

// Package watch_test tests the watch on throw-away machines with real systemd, sshd and
// package managers.
package watch_test

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"aadssh/status"
	"aadssh/test/lib/agentrun"
	"aadssh/test/lib/keys"
	"aadssh/test/lib/roots"
	"aadssh/test/lib/scene"
	"aadssh/test/lib/stage"
	"aadssh/test/lib/wire"
)

// person is a person of the directory with a role for the machine.
const person = "someone@example.com"

// booted is a machine with systemd and the extension, and a person who wants to sign in.
type booted struct {
	*scene.Booted
	stage.Shell
	keys    string // folder on the host
	dir     string // of the version of the extension
	written string // the last content of the status file
}

// boot prepares an Ubuntu machine, booted, without an agent.
func boot(t *testing.T) *booted {
	t.Helper()
	return bootPersona(t, roots.Ubuntu("22.04"))
}

// bootPersona boots a machine that identifies with its os-release.
func bootPersona(t *testing.T, p roots.Persona) *booted {
	t.Helper()
	s := &booted{Booted: scene.NewBooted(t, p), keys: t.TempDir(), dir: agentrun.Dir(scene.HandlerVersion)}
	s.Shell = stage.Shell{T: t, Exec: s.Run, Log: func() string { return s.sh("tail -n 60 /var/log/azure/*/handler.log") }}
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("journal:\n%s", s.sh("journalctl --no-pager -o short-monotonic -t aadsshlogin-handler -t systemd | grep -i aadssh | tail -n 60"))
		}
	})
	s.Must(keys.Certificate{Principal: person}.Write(t.Context(), filepath.Join(s.keys, "user")))
	return s
}

// signIn connects from outside with the certificate.
func (s *booted) signIn() bool {
	s.T.Helper()
	in := s.signInAt(wire.Guest, 22)
	s.Do("journalctl --sync") // so that its log lines can be read
	return in
}

// sh runs a script, whatever its result, and returns its output.
func (s *booted) sh(script string) string {
	s.T.Helper()
	return strings.TrimSpace(s.Try(script).Output())
}

// version is that of the folder that the test works in.
func (s *booted) version() string { return strings.TrimPrefix(s.dir, agentrun.Dir("")) }

// deliver unpacks the extension as the agent does; settings is the content of the settings
// file.
func (s *booted) deliver(settings string) {
	s.T.Helper()
	s.Must(s.Deliver(s.T.Context(), s.version(), settings))
}

// operate runs one operation as the agent does and expects this exit code.
func (s *booted) operate(operation string, sequence, want int, env ...string) string {
	s.T.Helper()
	argv := append([]string{"env", "-i", "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LANG=C.UTF-8", fmt.Sprintf("ConfigSequenceNumber=%d", sequence)}, env...)
	r, err := s.Run(s.T.Context(), append(argv, "setsid", "-w", s.dir+"/bin/aadsshlogin-handler", operation)...)
	if err != nil || r.ExitCode != want {
		s.T.Fatalf("%s: %v, exit %d\n%s\n%s", operation, err, r.ExitCode, r.Output(), s.sh("tail -n 60 /var/log/azure/*/handler.log"))
	}
	return r.Output()
}

// enabled is a machine whose install and enable have passed.
func enabled(t *testing.T, settings string) *booted {
	t.Helper()
	return enabledPersona(t, roots.Ubuntu("22.04"), settings)
}

func enabledPersona(t *testing.T, p roots.Persona, settings string) *booted {
	t.Helper()
	s := bootPersona(t, p)
	s.deliver(settings)
	s.operate("install", 0, 0)
	s.state("Installed")
	s.operate("enable", 0, 0)
	s.state("Enabled")
	s.Do("aaduseradd " + person)
	if !s.signIn() {
		t.Fatal("a healthy machine does not let the person in")
	}
	return s
}

// state records a state of the version, as the agent does after its command.
func (s *booted) state(text string) {
	s.T.Helper()
	s.Must(agentrun.Record(s.Machine, s.version(), text))
}

// status is the status file of a sequence number.
func (s *booted) status(sequence int) status.Report {
	s.T.Helper()
	b, err := s.ReadFile(fmt.Sprintf("%s/status/%d.status", s.dir, sequence))
	s.Must(err)
	var all []struct {
		Status struct {
			Status, Operation string
			Code              int
			FormattedMessage  struct{ Message string }
			Substatus         []struct {
				Name, Status     string
				FormattedMessage struct{ Message string }
			}
		}
	}
	s.Must(json.Unmarshal(b, &all))
	in := all[0].Status
	r := status.Report{Operation: in.Operation, Level: status.Level(in.Status), Code: in.Code, Message: in.FormattedMessage.Message}
	for _, sub := range in.Substatus {
		r.Substatuses = append(r.Substatuses, status.Substatus{Name: sub.Name, Level: status.Level(sub.Status), Message: sub.FormattedMessage.Message})
	}
	s.written = string(b)
	return r
}

// monitor are all texts about the watch itself.
func monitor(r status.Report) string {
	var all []string
	for _, sub := range r.Substatuses {
		if sub.Name == "monitor" {
			all = append(all, string(sub.Level)+" "+sub.Message)
		}
	}
	return strings.Join(all, "\n")
}

// await waits until the status file is as a test wants it. The printed time is only for
// information; the limit is far above it.
func (s *booted) await(what string, sequence int, is func(status.Report) bool) status.Report {
	s.T.Helper()
	began := time.Now()
	for time.Since(began) < 10*time.Minute {
		if r := s.status(sequence); is(r) {
			s.T.Logf("%s after %s: %s %d: %s", what, time.Since(began).Round(100*time.Millisecond), r.Level, r.Code, r.Message)
			if m := monitor(r); m != "" {
				s.T.Logf("  monitor: %s", m)
			}
			return r
		}
		time.Sleep(100 * time.Millisecond)
	}
	s.T.Fatalf("the status never was: %s. It is:\n%s", what, s.written)
	return status.Report{}
}

// check runs the timer's unit, as the timer does, and waits for its end and for that of a
// repair that it started.
func (s *booted) check() {
	s.T.Helper()
	s.Do("systemctl start aadsshlogin-handler.service")
	s.rest()
}

// rest waits until no check and no repair is running.
func (s *booted) rest() {
	s.T.Helper()
	for range 6000 {
		jobs := s.sh("systemctl list-jobs --no-legend 'aadsshlogin*'")
		busy := s.sh("systemctl show -p ActiveState --value aadsshlogin-handler.service aadsshlogin-handler-repair.service")
		if !strings.Contains(jobs, "aadsshlogin") && !strings.Contains(strings.ReplaceAll(busy, "inactive", ""), "activ") {
			return
		}
		time.Sleep(100 * time.Millisecond)
	}
	s.T.Fatal("the units of the watch do not come to rest")
}
