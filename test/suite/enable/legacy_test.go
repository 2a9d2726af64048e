//go:build rig

package enable

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"aadssh/internal/fault"
	"aadssh/test/lib/agentrun"
	"aadssh/test/lib/fixtures"
	"aadssh/test/lib/pkghost"
	"aadssh/test/lib/scene"
)

const legacyVersion = "1.0.015280001"

// withLegacy installs the older product from its package files.
func withLegacy(failing bool) func(*machine) {
	return func(s *machine) {
		s.T.Helper()
		specs := []fixtures.Spec{
			{Name: fixtures.Legacy, Version: legacyVersion, FailPre: failing},
			{Name: fixtures.LegacySELinux, Version: legacyVersion},
		}
		build, install := fixtures.RPMs, []string{"rpm", "-i", "--nodeps", "--nosignature"}
		if s.apt() {
			build, install = fixtures.Debs, []string{"dpkg", "--install"}
		}
		files, err := build(s.T.Context(), s.Cache, specs...)
		s.Must(err)
		for i, f := range files {
			path := fmt.Sprintf("/tmp/legacy%d%s", i, f[strings.LastIndexByte(f, '.'):])
			s.Must(s.CopyIn(f, path, 0o644))
			install = append(install, path)
		}
		s.Sh(strings.Join(install, " "))
		if got := s.older(); got != 2 {
			s.T.Fatalf("%d of 2 older packages are installed", got)
		}
	}
}

// older is the number of installed packages of the older product.
func (s *machine) older() (n int) {
	s.T.Helper()
	for _, name := range []string{fixtures.Legacy, fixtures.LegacySELinux} {
		if s.Installed(name) != "" {
			n++
		}
	}
	return n
}

// people are the accounts of the older product.
const people = "anna@example.com:x:51001:51001::/home/anna@example.com:/bin/bash\nben@example.com:x:51002:51002::/home/ben:/bin/bash\n"

// signedIn makes a person of /etc/aadpasswd run a process.
func signedIn(s *machine) {
	s.T.Helper()
	s.Write("/etc/aadpasswd", people)
	_, err := s.Start(nil, "setpriv", "--reuid=51001", "--clear-groups", "sleep", "6000")
	s.Must(err)
	s.Await("ps -o comm= -u 51001 | grep sleep")
}

// signedInByLogind has a session that no process of its person shows: after "exec sudo -i"
// only root's sshd is left.
func signedInByLogind(s *machine) {
	s.T.Helper()
	s.Write("/etc/aadpasswd", people)
	_, err := s.Start(nil, "sh", "-c", "echo $$ > /run/leader; exec sleep 6000")
	s.Must(err)
	s.Await("[ -s /run/leader ]")
	s.Write("/run/systemd/sessions/4", "# This is private data. Do not parse.\nUID=51001\nUSER=anna@example.com\nACTIVE=1\nSTATE=active\nREMOTE=1\nTYPE=tty\nCLASS=user\nLEADER="+s.read("/run/leader"))
}

// signsInMeanwhile makes a person sign in while the new package is downloaded.
func signsInMeanwhile(s *machine) {
	s.T.Helper()
	s.Unforeseen("somebody signs in while the new package is downloaded")
	s.Write("/etc/aadpasswd", people)
	manager := s.Do("readlink -f $(command -v apt-get || command -v dnf || command -v zypper)")
	s.Sh("mv " + manager + " " + manager + ".real")
	s.WriteMode(manager, "#!/bin/sh\n"+manager+".real \"$@\"; rc=$?\n"+
		"case \"$*\" in *--download*only*) setsid setpriv --reuid=51001 --clear-groups sleep 6000 >/dev/null 2>&1 & until ps -o comm= -u 51001 | grep -q sleep; do sleep 0.05; done;; esac\nexit $rc\n", 0o755)
}

// registered is the older extension as the agent records it.
func registered(state string) func(*machine) {
	return func(s *machine) {
		s.Write(legacyDir+"/config/HandlerState", state)
		s.Write(legacyDir+"/HandlerManifest.json", "[]")
	}
}

const legacyDir = agentrun.Lib + "/Microsoft.Azure.ActiveDirectory.LinuxSSH.AADLoginForLinux-1.0.1588.3"

func TestLegacy(t *testing.T) {
	for _, p := range machines() {
		t.Run(p.Name, func(t *testing.T) {
			for _, c := range []struct {
				name    string
				prepare []func(*machine)
				code    fault.Code
				words   []string
			}{
				{name: "clean", prepare: []func(*machine){withLegacy(false)}},
				// If install could not do anything, enable alone has to succeed.
				{name: "clean, by enable alone", prepare: []func(*machine){withLegacy(false), func(s *machine) { s.Deliver() }}},
				{name: "failing script", prepare: []func(*machine){withLegacy(true)}},
				{name: "left behind by an extension that is gone", prepare: []func(*machine){withLegacy(false), registered("NotInstalled")}},
				{name: "somebody signed in", prepare: []func(*machine){withLegacy(false), signedIn}, code: fault.LegacyInstalled,
					words: []string{"anna@example.com", "sleep", "who -u"}},
				{name: "somebody signed in, as logind has it", prepare: []func(*machine){withLegacy(false), signedInByLogind}, code: fault.LegacyInstalled,
					words: []string{"anna@example.com", "session 4", "who -u"}},
				{name: "somebody signs in during the download", prepare: []func(*machine){withLegacy(false), signsInMeanwhile}, code: fault.LegacyInstalled,
					words: []string{"anna@example.com", "sleep", "who -u"}},
				{name: "registered", prepare: []func(*machine){withLegacy(false), registered("Enabled")}, code: fault.LegacyInstalled,
					words: []string{legacyDir, "az vm extension delete -g rg-web --vm-name web1 -n AADLoginForLinux"}},
				{name: "registered without packages", prepare: []func(*machine){registered("Installed")}, code: fault.LegacyInstalled,
					words: []string{legacyDir, "az vm extension delete"}},
				{name: "the manager changes nothing", prepare: []func(*machine){withLegacy(false), changesNothing}, code: fault.PackageManagerFailed},
				{name: "download fails", prepare: []func(*machine){withLegacy(false), noPackages}, code: fault.RepositoryUnreachable},
			} {
				t.Run(c.name, func(t *testing.T) {
					s := newMachine(t, scene.Options{Persona: p, Timeout: 90 * time.Second}, c.prepare...)
					old := s.older()
					e := s.Want(c.code, c.words...)
					if c.code != fault.OK {
						if got := s.older(); got != old {
							t.Errorf("%d of %d older packages are left", got, old)
						}
						if c.code == fault.LegacyInstalled && !strings.Contains(c.name, "during") {
							s.unchanged(s.before)
							e.Never("ben@example.com")
						}
						return
					}
					s.replaced(c.name == "failing script")
				})
			}
		})
	}
}

// changesNothing makes the package manager refuse or leave out each transaction, after the
// download.
func changesNothing(s *machine) {
	switch {
	case s.apt():
		s.Write("/etc/apt/apt.conf.d/90hook", "DPkg::Pre-Invoke { \"false\"; };\n")
	case s.zypper():
		s.Write("/etc/zypp/zypp.conf", "[main]\ncommit.downloadMode = DownloadOnly\n")
	default:
		s.Write("/etc/dnf/dnf.conf", "[main]\ngpgcheck=1\ntsflags=test\n")
	}
}

// noPackages: the host has the index, but not the packages in it.
func noPackages(s *machine) {
	for _, dir := range []string{"/pool/...", "/Packages/..."} {
		s.Packages.Trouble(s.below(dir), pkghost.Status(403, 0))
	}
}

// replaced checks that the new product has replaced the old one, and that nothing is left
// of it.
func (s *machine) replaced(lowLevel bool) {
	s.T.Helper()
	if n := s.older(); n != 0 {
		s.T.Errorf("%d older packages are still there", n)
	}
	if s.Installed(fixtures.Login) == "" {
		s.T.Error("the new package is not there")
	}
	for line := range strings.Lines(s.read("/etc/nsswitch.conf")) {
		if n := strings.Count(line, " aad"); strings.HasPrefix(line, "passwd:") && n != 1 {
			s.T.Errorf("aad is %d times in %s", n, line)
		}
	}
	for _, stack := range []string{"common-auth", "common-account", "password-auth", "system-auth"} {
		lines := map[string]int{}
		for line := range strings.Lines(s.read("/etc/pam.d/" + stack)) {
			if words := strings.Fields(line); strings.Contains(line, "pam_aad.so") {
				lines[words[0]]++
			}
		}
		for kind, n := range lines {
			if n != 1 {
				s.T.Errorf("pam_aad.so is there %d times for %s in %s", n, kind, stack)
			}
		}
	}
	log := s.read("/var/lib/aadsshlogin-handler/transaction.log")
	var together, apart, low int
	for line := range strings.Lines(log) {
		words := strings.Fields(strings.ReplaceAll(line, "'", ""))
		switch {
		case len(words) == 0 || words[0] != "---":
		case slices.Contains(words, "install"):
			together++
		case slices.Contains(words, "aadlogin") && (slices.Contains(words, "--purge") || slices.Contains(words, "--noscripts")):
			low++
		case slices.Contains(words, "aadlogin"):
			apart++
		}
	}
	if apart != 0 || lowLevel != (low == 1) || !lowLevel && together != 1 {
		s.T.Errorf("%d installations, %d separate removals, %d without scripts:\n%s", together, apart, low, log)
	}
	for _, path := range []string{"/usr/share/pam-configs/aadlogin", "/var/lib/dpkg/info/aadlogin.prerm"} {
		if s.Exists(path) {
			s.T.Errorf("%s is left", path)
		}
	}
}

// TestAccountsThatClash: what the older product left of a person's account is reported,
// because that person's next sign-in fails because of it.
func TestAccountsThatClash(t *testing.T) {
	for _, p := range machines() {
		t.Run(p.Name, func(t *testing.T) {
			s := newMachine(t, scene.Options{Persona: p, Timeout: time.Minute}, withLegacy(false), func(s *machine) {
				s.Write("/etc/aadpasswd", "anna@example.com:x:51001:51001:5f8ccee9-0000-0000-0000-000000000001:/home/anna:/bin/bash\n"+
					"anna@example.com:x:51002:51002:5f8ccee9-0000-0000-0000-000000000002:/home/anna1:/bin/bash\n")
			})
			s.Want(fault.OK).Warns("nss", "anna@example.com", "/etc/aadpasswd:2", "line 1 has the same name")
		})
	}
}
