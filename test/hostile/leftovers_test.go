//go:build rig

package hostile

import (
	"strings"
	"testing"

	"aadsshlogin-handler/test/fixtures"
	"aadsshlogin-handler/test/roots"
	"aadsshlogin-handler/test/scene"
)

const page = "<html><head><title>Sign in to the network</title></head><body>404</body></html>\n"

// sources are the files that an earlier installation of ours, or of the
// vendor's, may have left broken.
func sources(f roots.Family) []string {
	switch f {
	case roots.Apt:
		return []string{"/etc/apt/sources.list.d/aadsshlogin.list", "/etc/apt/sources.list.d/microsoft-prod.list"}
	case roots.Zypper:
		return []string{"/etc/zypp/repos.d/aadsshlogin.repo", "/etc/zypp/repos.d/microsoft-prod.repo"}
	}
	return []string{"/etc/yum.repos.d/aadsshlogin.repo", "/etc/yum.repos.d/microsoft-prod.repo"}
}

// TestBrokenRepositoryFile: a definition of the repository that is empty or
// holds an HTML page, as a failed download writes it, is in nobody's way.
func TestBrokenRepositoryFile(t *testing.T) {
	families(t, func(t *testing.T, p roots.Persona) {
		for _, file := range sources(p.Family) {
			for name, content := range map[string]string{"empty": "", "a page": page, "half": "deb [arch=amd64 signed-by=/usr/share/keyri"} {
				t.Run(file[strings.LastIndexByte(file, '/')+1:]+" "+name, func(t *testing.T) {
					s := newStage(t, scene.Options{Persona: p, Packages: []fixtures.Spec{login(newer)}})
					s.write(file, content)
					s.want(0)
					s.has(newer)
				})
			}
		}
	})
}

// TestHalfConfigured: what an interrupted package manager left of our package
// is finished.
func TestHalfConfigured(t *testing.T) {
	s := newStage(t, scene.Options{Packages: []fixtures.Spec{login(newer)}})
	debs, err := fixtures.Debs(t.Context(), s.Cache, login(newer))
	s.must(err)
	s.must(s.CopyIn(debs[0], "/tmp/login.deb", 0o644))
	s.sh("dpkg --unpack /tmp/login.deb; mkdir -p /var/lib/dpkg/updates; touch /var/lib/dpkg/updates/0001")
	s.want(0)
	s.has(newer)
	if out := s.sh("dpkg --audit"); out != "" {
		t.Errorf("dpkg --audit: %s", out)
	}
}

// TestStaleLocks: lock files whose owner is dead hold up nobody.
func TestStaleLocks(t *testing.T) {
	for name, c := range map[string]struct {
		persona roots.Persona
		script  string
	}{
		"zypp pid file": {roots.SLES("15.6"), "echo 4194300 > /run/zypp.pid"},
		"yum pid file":  {roots.RHEL("7.9"), "mkdir -p /var/run; echo 4194300 > /run/yum.pid"},
		"rpm lock":      {roots.RHEL("9.4"), "touch /var/lib/rpm/.rpm.lock; echo 4194300 > /var/cache/dnf/download_lock.pid || true"},
		"rpm regions":   {roots.RHEL("7.9"), "head -c 24K /dev/zero > /var/lib/rpm/__db.001"},
		"dpkg locks":    {roots.Ubuntu("22.04"), "touch /var/lib/dpkg/lock-frontend /var/lib/dpkg/lock /var/lib/apt/lists/lock"},
		"our own":       {roots.Ubuntu("22.04"), `echo 'process 4194300, install of version 1.0' > /run/aadsshlogin-handler.lock; echo '{"pid":4194300,"start":"1","command":"apt-get"}' > /run/aadsshlogin-handler.transaction`},
	} {
		t.Run(name, func(t *testing.T) {
			s := newStage(t, scene.Options{Persona: c.persona, Packages: []fixtures.Spec{login(newer)}})
			s.sh("%s", c.script)
			s.want(0)
			s.has(newer)
		})
	}
}

// TestFailedUpgrade: the script of a newer package fails. The older version
// goes on working, or is put back from its kept file, without network.
func TestFailedUpgrade(t *testing.T) {
	families(t, func(t *testing.T, p roots.Persona) {
		s := newStage(t, scene.Options{Persona: p, Packages: []fixtures.Spec{login(older)}})
		s.want(0)
		s.has(older)
		s.offer(login(older), fixtures.Spec{Name: fixtures.Login, Version: newer, FailPost: true})
		goal := s.Goal()
		goal.Version, goal.Sequence = "1.0.2.0", 1
		report, err := s.Agent.Apply(t.Context(), goal)
		s.must(err)
		last := report.Runs[len(report.Runs)-1]
		s.Packages.Down()
		t.Cleanup(func() { s.must(s.Packages.Up()) })
		if got := s.version(); got == "" {
			t.Errorf("no version is left that works\n%s\n%s", last.Stdout, s.changes())
		}
		if last.Operation != "enable" || report.Extension == nil {
			t.Fatalf("%+v", report)
		}
		if last.ExitCode == 0 && report.Extension.Status != "success" || last.ExitCode != 0 && report.Extension.Status != "error" {
			t.Errorf("exit %d, but the status is %s", last.ExitCode, report.Extension.Status)
		}
		if last.ExitCode == 0 {
			if out := s.sh("sshd -T -C user=someone@example.com,host=h,addr=127.0.0.1 | grep -i aad_certhandler || true"); out == "" {
				t.Error("success, but sshd does not ask for keys")
			}
		}
		t.Logf("the version is %s, and enable said %d: %s", s.version(), last.ExitCode, last.Stdout)
	})
}
