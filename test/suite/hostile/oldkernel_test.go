//go:build rig

package hostile

import (
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"aadssh/test/lib/executable"
	"aadssh/test/lib/fixtures"
	"aadssh/test/lib/roots"
	"aadssh/test/lib/scene"
	"aadssh/test/lib/source"
	"aadssh/test/lib/stage"
)

// TestOldKernel: the program, and what it starts, does all of its work if every system call
// added after Linux 3.10 fails with ENOSYS: it falls back to older ones. (EL7 itself is not
// available.)
func TestOldKernel(t *testing.T) {
	if runtime.GOARCH != "amd64" {
		t.Fatal("the list of system calls is amd64's")
	}
	old := filepath.Join(t.TempDir(), "oldkernel")
	stage.Must(t, executable.Build(t.Context(), source.Path(t, "test/cmd/oldkernel"), old))
	for _, p := range []roots.Persona{roots.Ubuntu("22.04"), roots.RHEL("7.9")} {
		t.Run(p.Name, func(t *testing.T) {
			s := newMachine(t, scene.Options{Persona: p, Packages: []fixtures.Spec{login(older)}})
			s.SSHD()
			s.Must(s.CopyIn(old, "/dev/oldkernel", 0o755))
			s.Deliver()
			s.Shf("mv %[1]s/bin/aadsshlogin-handler %[1]s/bin/real; printf '#!/bin/sh\\nexec /dev/oldkernel -random %[1]s/bin/real \"$@\"\\n' > %[1]s/bin/aadsshlogin-handler; chmod 755 %[1]s/bin/aadsshlogin-handler", stage.Home)
			s.Want(0).First("People can sign in")
			s.Has(fixtures.Login, older)
			for _, command := range []string{"doctor", "plan", "status", "support-bundle --output /dev/shm/bundle", "watch"} {
				s.says(command)
			}
			s.Want(0).First("People can sign in")
			// Our own program then reads its random numbers elsewhere, for TLS too.
			for _, command := range []string{"version", "explain 22", "doctor --only network-repository"} {
				if out := s.Shf("/dev/oldkernel %s/bin/real %s 2>&1 || [ $? -lt 99 ]", stage.Home, command); strings.Contains(out, "goroutine ") || strings.Contains(out, "fatal") {
					t.Errorf("%s: %s", command, out)
				}
			}
			if v := s.uninstall(); v.ExitCode != 0 {
				t.Errorf("uninstall ends with %d: %s", v.ExitCode, v.Stdout)
			}
			s.Has(fixtures.Login, "")
		})
	}
}
