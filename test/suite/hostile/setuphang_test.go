//go:build rig

package hostile

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"aadssh/internal/fault"
	"aadssh/test/lib/box"
	"aadssh/test/lib/fixtures"
	"aadssh/test/lib/roots"
	"aadssh/test/lib/scene"
	"aadssh/test/lib/stage"
)

// alone is a person's copy of the program.
const alone = "/root/aadsshlogin-handler"

// person runs a command of the program, which must end in time.
func (s *machine) person(command string) (fault.Code, string) {
	s.T.Helper()
	ctx, cancel := context.WithTimeout(s.T.Context(), bound())
	defer cancel()
	began := time.Now()
	r, err := s.Run(ctx, nil, "sh", "-c", alone+" "+command)
	if err != nil || ctx.Err() != nil {
		s.T.Errorf("%s: %v after %s\n%s", command, err, time.Since(began), r.Output())
	}
	return fault.Code(r.ExitCode), r.Output()
}

// setUp is a machine of the family that a person has set up, saved.
func setUp(t *testing.T, p roots.Persona) (layer string) {
	t.Helper()
	s := newMachine(t, scene.Options{Persona: p, Packages: []fixtures.Spec{login(newer)}})
	s.SSHD()
	binary, _, err := scene.Build(t.Context())
	s.Must(err)
	s.Must(s.WriteFile(alone, binary, 0o755))
	if code, said := s.person("setup"); code != fault.OK || !strings.Contains(said, "People can sign in") {
		t.Fatalf("setup ends with %d: %s", code, said)
	}
	layer = t.TempDir()
	s.Must(s.Save(t.Context(), layer))
	return layer
}

// TestSetupHangs: setup and remove name a program that hangs, and do not wait for it. What
// could not be determined is not promised, and what could not be removed is removed once
// the program works again.
func TestSetupHangs(t *testing.T) {
	families(t, func(t *testing.T, p roots.Persona) {
		layer := setUp(t, p)
		query := "rpm"
		if p.Family == roots.Apt {
			query = "dpkg-query"
		}
		for _, program := range []string{"sshd", query} {
			t.Run(program, func(t *testing.T) {
				t.Parallel()
				s := hung(t, p, layer, program, endless()["a child of it holds the pipe too"])
				if code, said := s.person("setup"); code != fault.OK || strings.Contains(said, "People can sign in") || !strings.Contains(said, program) {
					t.Errorf("%s hangs, and setup ends with %d: %s", program, code, said)
				}
				code, said := s.person("remove")
				if program == query {
					if code != fault.PackageManagerFailed || !strings.Contains(said, program) {
						t.Errorf("%s hangs, and remove ends with %d: %s", program, code, said)
					}
					s.back(program)
					code, said = s.person("remove")
				}
				if code != fault.OK || !strings.HasPrefix(said, "Uninstalled") || s.Exists("/usr/sbin/aad_certhandler") {
					t.Errorf("remove ends with %d: %s", code, said)
				}
			})
		}
		t.Run("first", func(t *testing.T) {
			t.Parallel()
			s := newMachine(t, scene.Options{Persona: p, Packages: []fixtures.Spec{login(newer)}})
			s.SSHD()
			binary, _, err := scene.Build(t.Context())
			s.Must(err)
			s.Must(s.WriteFile(alone, binary, 0o755))
			s.replace(query, endless()["it ignores signals"])
			if code, said := s.person("setup"); code != fault.PackageManagerFailed || !strings.Contains(said, query) {
				t.Errorf("%s hangs, and setup ends with %d: %s", query, code, said)
			}
			s.back(query)
			if code, said := s.person("setup"); code != fault.OK || !strings.Contains(said, "People can sign in") {
				t.Errorf("then setup ends with %d: %s", code, said)
			}
		})
	})
}

// back makes a program work again.
func (s *machine) back(program string) {
	s.T.Helper()
	s.Shf("f=$(readlink -f $(command -v %s)); mv $f.real $f", program)
}

// silent are the ways in which systemd does not answer: what a listener in its place does
// with a connection.
func silent() map[string]func(net.Conn) {
	return map[string]func(net.Conn){
		"it accepts and says nothing": func(net.Conn) {},
		"it answers no question": func(c net.Conn) {
			for in := bufio.NewScanner(c); in.Scan(); { // the handshake of the D-Bus specification
				switch said := strings.Trim(in.Text(), "\x00\r"); {
				case said == "AUTH":
					fmt.Fprint(c, "REJECTED EXTERNAL\r\n")
				case strings.HasPrefix(said, "AUTH EXTERNAL"):
					fmt.Fprint(c, "OK 0123456789abcdef0123456789abcdef\r\n")
				case said == "NEGOTIATE_UNIX_FD":
					fmt.Fprint(c, "AGREE_UNIX_FD\r\n")
				}
			}
		},
	}
}

// silence replaces systemd's socket by a listener that never answers.
func (s *machine) silence(with func(net.Conn)) {
	s.T.Helper()
	s.Sh("mkdir -p /run/systemd/system")
	l, err := net.Listen("unix", filepath.Join(s.Root(), "/run/systemd/private"))
	s.Must(err)
	s.T.Cleanup(func() { l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go with(c) // it ends with the client
		}
	}()
}

// TestSystemdDoesNotAnswer: every command ends in time, and those that need systemd report
// that it does not answer. A machine on which people can sign in does not fail because of
// it.
func TestSystemdDoesNotAnswer(t *testing.T) {
	p := roots.Ubuntu("22.04")
	extension, person := healthy(t, p), setUp(t, p)
	const named = "systemd does not answer"
	for way, with := range silent() {
		on := func(t *testing.T, layer string) *machine {
			s := newMachine(t, scene.Options{Persona: p, Packages: []fixtures.Spec{login(newer)}, Box: box.Options{Layers: []string{layer}}})
			s.SSHD()
			s.silence(with)
			return s
		}
		t.Run("extension/"+way, func(t *testing.T) {
			t.Parallel()
			s := on(t, extension)
			s.each(func(command, said string) {
				if strings.HasPrefix(command, "doctor") && !strings.Contains(said, named) {
					t.Errorf("%s says: %s", command, said)
				}
			})
			v := s.reenable()
			if status, err := os.ReadFile(filepath.Join(s.Root(), stage.Home, "status/0.status")); v.ExitCode != 0 || err != nil || !strings.Contains(string(status), named) {
				t.Errorf("enable ends with %d: %s\n%s", v.ExitCode, v.Stdout, status)
			}
			gone := s.uninstall() // sshd cannot be reloaded after the removal
			if gone.Elapsed > bound() || fault.Code(gone.ExitCode) != fault.VerificationFailed || !strings.Contains(gone.Stdout, named) {
				t.Errorf("uninstall took %s and ended with %d: %s", gone.Elapsed, gone.ExitCode, gone.Stdout)
			}
		})
		t.Run("setup/"+way, func(t *testing.T) {
			t.Parallel()
			s := on(t, person)
			if code, said := s.person("setup"); code != fault.OK || !strings.Contains(said, "People can sign in") {
				t.Errorf("setup ends with %d: %s", code, said)
			}
			if code, said := s.person("remove"); code != fault.VerificationFailed || !strings.Contains(said, named) {
				t.Errorf("remove ends with %d: %s", code, said)
			}
		})
	}
}
