//go:build rig

package hostile

import (
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"aadssh/internal/fault"
	"aadssh/test/lib/fixtures"
	"aadssh/test/lib/roots"
	"aadssh/test/lib/scene"
)

const page = "<html><head><title>Sign in to the network</title></head><body>404</body></html>\n"

// sources are the files that an earlier installation of ours, or of the vendor's, may have
// left damaged.
func sources(f roots.Family) []string {
	switch f {
	case roots.Apt:
		return []string{"/etc/apt/sources.list.d/aadsshlogin.list", "/etc/apt/sources.list.d/microsoft-prod.list"}
	case roots.Zypper:
		return []string{"/etc/zypp/repos.d/aadsshlogin.repo", "/etc/zypp/repos.d/microsoft-prod.repo"}
	}
	return []string{"/etc/yum.repos.d/aadsshlogin.repo", "/etc/yum.repos.d/microsoft-prod.repo"}
}

// bare is the package manager's command line as a person would use it.
func bare(f roots.Family) string {
	return map[roots.Family]string{roots.Apt: "apt-get", roots.Dnf: "dnf -y", roots.Zypper: "zypper --non-interactive"}[f]
}

// TestBrokenRepositoryFile: a definition of the repository that is empty, truncated or an
// HTML page, as written by a failed download, does no harm.
func TestBrokenRepositoryFile(t *testing.T) {
	refresh := map[roots.Family]string{roots.Apt: "update", roots.Dnf: "repolist --all", roots.Zypper: "refresh"}
	complaint := map[roots.Family]*regexp.Regexp{
		roots.Apt:    regexp.MustCompile(`list of sources could not be read`),
		roots.Dnf:    regexp.MustCompile(`failed loading`),
		roots.Zypper: regexp.MustCompile(`contains garbage|no alias defined`),
	}
	families(t, func(t *testing.T, p roots.Persona) {
		for _, file := range sources(p.Family) {
			for name, content := range map[string]string{"empty": "", "a page": page, "half": "deb [arch=amd64 signed-by=/usr/share/keyri"} {
				t.Run(file[strings.LastIndexByte(file, '/')+1:]+" "+name, func(t *testing.T) {
					s := newMachine(t, scene.Options{Persona: p, Packages: []fixtures.Spec{login(newer)}})
					s.Write(file, content)
					// The result of the package manager itself.
					out := s.Shf("%s %s 2>&1 || echo failed: $?", bare(p.Family), refresh[p.Family])
					if said := complaint[p.Family].MatchString(out); said != (content != "") {
						t.Fatalf("the package manager complains: %v\n%s", said, out)
					}
					s.Want(0)
					s.Has(fixtures.Login, newer)
					// It is the machine's own file, even if it is damaged.
					_, err := s.Agent.Uninstall(t.Context(), s.Goal())
					s.Must(err)
					if back, err := s.ReadFile(file); err != nil || string(back) != content {
						t.Errorf("after uninstall it is %q, %v", back, err)
					}
					s.Has(fixtures.Login, "")
				})
			}
		}
	})
}

// TestStaleLocks: lock files of a dead process do not block anybody. Those of a running
// process do: they are held, and the holder is named.
func TestStaleLocks(t *testing.T) {
	const dead = "4194300"
	for name, c := range map[string]struct {
		persona roots.Persona
		dead    string     // leaves the lock behind
		alive   string     // becomes a process that holds it
		held    string     // succeeds once it is held
		code    fault.Code // of enable, then
		says    string     // that enable says then
	}{
		"zypp pid file": {roots.SLES("15.6"), "echo " + dead + " > /run/zypp.pid",
			"sleep 1000 | zypper shell", "[ -s /run/zypp.pid ]", fault.PackageManagerBusy, "zypper"},
		"yum pid file": {roots.RHEL("7.9"), "echo " + dead + " > /run/yum.pid",
			"echo $$ > /run/yum.pid; exec sleep 1000", "grep -qx sleep /proc/$(cat /run/yum.pid)/comm", fault.PackageManagerBusy, "sleep"},
		"dnf pid file": {roots.RHEL("9.4"), "mkdir -p /var/cache/dnf; touch /var/lib/rpm/.rpm.lock; echo " + dead + " > /var/cache/dnf/download_lock.pid",
			"mkdir -p /var/cache/dnf; echo $$ > /var/cache/dnf/download_lock.pid; exec sleep 1000", "grep -qx sleep /proc/$(cat /var/cache/dnf/download_lock.pid)/comm", fault.PackageManagerBusy, "sleep"},
		"dpkg locks": {roots.Ubuntu("22.04"), "touch /var/lib/dpkg/lock-frontend /var/lib/dpkg/lock /var/lib/apt/lists/lock",
			// struct flock of fcntl(2): a write lock on the whole file.
			`exec perl -e 'open F, "+>", "/var/lib/dpkg/lock-frontend"; $whole = pack "ssx4qqi", 1, 0, 0, 0, 0; fcntl F, 6, $whole or die $!; open G, ">", "/run/held"; sleep 1000'`, "[ -e /run/held ]", fault.PackageManagerBusy, "/var/lib/dpkg/lock-frontend"},
		"our own": {roots.Ubuntu("22.04"), `echo 'process ` + dead + `, install of version 1.0' > /run/aadsshlogin-handler.lock; echo '{"pid":` + dead + `,"start":"1","command":"apt-get"}' > /run/aadsshlogin-handler.transaction`,
			"exec flock /run/aadsshlogin-handler.lock sleep 1000", "! flock -n /run/aadsshlogin-handler.lock true", fault.StillRunning, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Run("owner is dead", func(t *testing.T) {
				s := newMachine(t, scene.Options{Persona: c.persona, Packages: []fixtures.Spec{login(newer)}})
				s.Fails("kill -0 " + dead)
				s.Shf("%s", c.dead)
				s.Want(0)
				s.Has(fixtures.Login, newer)
			})
			t.Run("owner lives", func(t *testing.T) {
				s := newMachine(t, scene.Options{Persona: c.persona, Packages: []fixtures.Spec{login(newer)}, Timeout: 20 * time.Second})
				s.Deliver()
				p, err := s.Start(nil, "sh", "-c", c.alive)
				s.Must(err)
				defer p.Signal(syscall.SIGKILL) //nolint:errcheck // it ends with the machine too
				s.Await(c.held)
				says := []string{c.says}
				if c.code == fault.PackageManagerBusy {
					says = append(says, "(process ")
				}
				if pid := s.Do("pgrep -x perl || true"); pid != "" {
					says = append(says, "perl (process "+pid)
				}
				s.Want(c.code, says...)
				s.Has(fixtures.Login, "")
			})
		})
	}
}

// TestFailedUpgrade: the script of a newer package fails. The older version continues to
// work, or is reinstalled from its kept file, without network.
func TestFailedUpgrade(t *testing.T) {
	families(t, func(t *testing.T, p roots.Persona) {
		s := newMachine(t, scene.Options{Persona: p, Packages: []fixtures.Spec{login(older)}})
		s.Want(0)
		s.Has(fixtures.Login, older)
		s.Offer(login(older), fixtures.Spec{Name: fixtures.Login, Version: newer, FailPost: true})
		goal := s.Goal()
		goal.Version, goal.Sequence = "1.0.2.0", 1
		report, err := s.Agent.Apply(t.Context(), goal)
		s.Must(err)
		last := report.Runs[len(report.Runs)-1]
		s.Packages.Down()
		t.Cleanup(func() { s.Must(s.Packages.Up()) })
		if got := s.Installed(fixtures.Login); got == "" {
			t.Errorf("no version is left that works\n%s\n%s", last.Stdout, s.Changes())
		}
		if last.Operation != "enable" || report.Extension == nil {
			t.Fatalf("%+v", report)
		}
		if last.ExitCode == 0 && report.Extension.Status != "success" || last.ExitCode != 0 && report.Extension.Status != "error" {
			t.Errorf("exit %d, but the status is %s", last.ExitCode, report.Extension.Status)
		}
		if last.ExitCode == 0 {
			if out := s.Shf("sshd -T -C user=someone@example.com,host=h,addr=127.0.0.1 | grep -i aad_certhandler || true"); out == "" {
				t.Error("success, but sshd does not ask for keys")
			}
		}
		t.Logf("the version is %s, and enable said %d: %s", s.Installed(fixtures.Login), last.ExitCode, last.Stdout)
	})
}
