//go:build rig

package hostile

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"aadssh/internal/fault"
	"aadssh/test/lib/agentrun"
	"aadssh/test/lib/box"
	"aadssh/test/lib/fixtures"
	"aadssh/test/lib/load"
	"aadssh/test/lib/roots"
	"aadssh/test/lib/scene"
	"aadssh/test/lib/stage"
)

// endless are the ways in which a program does not end, as shell scripts that replace it.
func endless() map[string]string {
	return map[string]string{
		"it sleeps":                              "exec sleep 5000",
		"it ignores signals":                     "trap '' HUP INT TERM; while :; do sleep 5000; done",
		"a child of it holds the pipe too":       "trap '' TERM; setsid sleep 5000 & sleep 5000",
		"it is gone, and a child holds the pipe": "setsid sleep 5000 & exit 0",
		"it prints for ever":                     "while sleep 0.2; do echo; done",
		"it says half a line and hangs":          "printf 'port'; exec sleep 5000",
	}
}

// bound is how long anything that a person or the agent starts may take because of one
// program that hangs, on an idle machine.
func bound() time.Duration { return load.Scaled(2 * time.Minute) }

// hung is a machine on which people can sign in, and one of whose programs hangs.
func hung(t *testing.T, p roots.Persona, layer, program, script string) *machine {
	t.Helper()
	s := newMachine(t, scene.Options{Persona: p, Packages: []fixtures.Spec{login(newer)}, Box: box.Options{Layers: []string{layer}}})
	s.SSHD()
	s.replace(program, script)
	return s
}

// replace replaces a program by a script. Running processes of it continue, from a file
// without a name, as after an upgrade.
func (s *machine) replace(program, script string) {
	s.T.Helper()
	path := strings.TrimSpace(s.Shf("readlink -f $(command -v %s || echo /usr/bin/%[1]s)", program))
	s.Shf("if [ -e %[1]s ]; then cp -a %[1]s %[1]s.real; fi", path)
	s.Must(s.WriteFile(path+".new", []byte("#!/bin/sh\n"+script+"\n"), 0o755))
	s.Shf("mv %[1]s.new %[1]s", path)
}

// healthy is a machine of the family with the extension, saved.
func healthy(t *testing.T, p roots.Persona) (layer string) {
	t.Helper()
	s := newMachine(t, scene.Options{Persona: p, Packages: []fixtures.Spec{login(newer)}})
	s.SSHD()
	s.Want(0).First("People can sign in")
	layer = t.TempDir()
	s.Must(s.Save(t.Context(), layer))
	return layer
}

// TestHangs: a program that hangs is named and not waited for, whoever started it, and
// nothing is promised that depends on it.
func TestHangs(t *testing.T) {
	for _, p := range []roots.Persona{roots.Ubuntu("22.04"), roots.RHEL("9.4"), roots.SLES("15.6")} {
		t.Run(string(p.Family), func(t *testing.T) {
			layer := healthy(t, p)
			query := "rpm"
			if p.Family == roots.Apt {
				query = "dpkg-query"
			}
			for way, script := range endless() {
				t.Run("sshd/"+way, func(t *testing.T) { t.Parallel(); hung(t, p, layer, "sshd", script).undecided("sshd") })
				t.Run(query+"/"+way, func(t *testing.T) { t.Parallel(); hung(t, p, layer, query, script).undecided(query) })
				if p.Family != roots.Apt {
					break // it is the same for all ways
				}
			}
			if p.Family != roots.Apt {
				return
			}
			for _, program := range []string{"journalctl", "nft", "iptables", "iptables-save", "ip6tables-save", "systemctl", "apt-config", "apt-get", "openssl", "aad_certhandler", "unshare", "mount"} {
				t.Run(program, func(t *testing.T) {
					t.Parallel()
					hung(t, p, layer, program, endless()["a child of it holds the pipe too"]).bounded(program)
				})
			}
		})
	}
}

// people are the commands that take no lock, and the check of the watch.
func people() []string {
	return []string{"doctor", "doctor --json", "status", "plan", "plan --newest", "support-bundle --output /dev/shm/bundle", "watch"}
}

// timed runs a command of the handler, which must end in time.
func (s *machine) timed(command string) string {
	s.T.Helper()
	ctx, cancel := context.WithTimeout(s.T.Context(), bound())
	defer cancel()
	began := time.Now()
	r, err := s.Run(ctx, nil, "sh", "-c", fmt.Sprintf("%s/bin/aadsshlogin-handler %s", stage.Home, command))
	if err != nil || ctx.Err() != nil {
		s.T.Errorf("%s: %v after %s\n%s", command, err, time.Since(began), r.Output())
	}
	return r.Output()
}

// each runs the commands of people in parallel.
func (s *machine) each(check func(command, said string)) {
	s.T.Helper()
	var all sync.WaitGroup
	for _, command := range people() {
		all.Go(func() { check(command, s.timed(command)) })
	}
	all.Wait()
}

// bounded: nothing takes too long because of a program that decides nothing.
func (s *machine) bounded(program string) {
	s.T.Helper()
	s.each(func(string, string) {})
	if v := s.reenable(); v.ExitCode != 0 {
		s.T.Errorf("%s hangs, and enable ends with %d: %s", program, v.ExitCode, v.Stdout)
	}
	if v := s.uninstall(); v.TimedOut {
		s.T.Errorf("uninstall took %s", v.Elapsed)
	}
}

// undecided: if a program hangs that shows whether people can sign in, the result is
// unknown, and the program is named.
func (s *machine) undecided(program string) {
	s.T.Helper()
	promise := func(said string) bool { return strings.Contains(said, "People can sign in") }
	s.each(func(command, said string) {
		if strings.HasPrefix(command, "status") || strings.HasPrefix(command, "support-bundle") || command == "watch" {
			return // they repeat the last verdict
		}
		verdict, _, _ := strings.Cut(said, `"checks"`) // enable's last verdict is among them
		if promise(verdict) || !strings.Contains(said, program) {
			s.T.Errorf("%s hangs, and %s says: %s", program, command, said)
		}
	})
	v := s.reenable()
	if promise(v.Stdout) || !strings.Contains(v.Stdout, program) {
		s.T.Errorf("%s hangs, and enable says: %s", program, v.Stdout)
	}
	// A working machine does not fail because of it.
	if v.ExitCode != 0 {
		s.T.Errorf("%s hangs, and enable ends with %d: %s", program, v.ExitCode, v.Stdout)
	}
	removed := s.uninstall()
	if removed.Elapsed > bound() {
		s.T.Errorf("uninstall took %s", removed.Elapsed)
	}
	if program != "sshd" && (fault.Code(removed.ExitCode) != fault.PackageManagerFailed || !strings.Contains(removed.Stdout, program)) {
		s.T.Errorf("%s hangs, and uninstall ends with %d: %s", program, removed.ExitCode, removed.Stdout)
	}
}

// reenable makes the agent run enable again, as after its own restart.
func (s *machine) reenable() stage.Verdict {
	s.T.Helper()
	v := s.Apply()
	if v.Elapsed > bound() {
		s.T.Errorf("enable took %s", v.Elapsed)
	}
	return v
}

// uninstall makes the agent remove the extension.
func (s *machine) uninstall() agentrun.Run {
	s.T.Helper()
	report, err := s.Agent.Uninstall(s.T.Context(), s.Goal())
	s.Must(err)
	return report.Runs[len(report.Runs)-1]
}

// TestManagerHangs: a package manager that hangs before anything is installed is named with
// code and text, and nothing is promised.
func TestManagerHangs(t *testing.T) {
	for p, program := range map[string]string{"ubuntu": "apt-get", "rhel": "dnf", "sles": "zypper"} {
		t.Run(p, func(t *testing.T) {
			t.Parallel()
			persona := map[string]roots.Persona{"ubuntu": roots.Ubuntu("22.04"), "rhel": roots.RHEL("9.4"), "sles": roots.SLES("15.6")}[p]
			s := newMachine(t, scene.Options{Persona: persona, Packages: []fixtures.Spec{login(newer)}, Timeout: 40 * time.Second})
			s.SSHD()
			s.Deliver()
			s.replace(program, endless()["a child of it holds the pipe too"])
			v := s.Apply()
			if code := fault.Code(v.ExitCode); code != fault.RepositoryUnreachable && code != fault.StillRunning || !strings.Contains(v.Stdout, program) {
				t.Errorf("%s hangs, and enable ends with %d: %s", program, v.ExitCode, v.Stdout)
			}
			if v.Elapsed > bound() {
				t.Errorf("enable took %s", v.Elapsed)
			}
			s.Has(fixtures.Login, "")
		})
	}
}
