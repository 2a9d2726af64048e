//go:build rig

package hostile

import (
	"strings"
	"testing"

	"aadssh/test/lib/fixtures"
	"aadssh/test/lib/roots"
	"aadssh/test/lib/scene"
	"aadssh/test/lib/stage"
)

// TestDiskFull: at whatever step the disk becomes full, enable says that it is the disk and
// which one, and succeeds once there is space.
func TestDiskFull(t *testing.T) {
	families(t, func(t *testing.T, p roots.Persona) {
		for _, room := range []string{"0", "40K", "400K"} {
			t.Run(room+" left", func(t *testing.T) {
				s := newMachine(t, scene.Options{Persona: p, Packages: []fixtures.Spec{login(newer)}, Box: small("200m")})
				s.Deliver()
				// The agent and the logs have separate file systems, or the handler could
				// not even be run.
				s.Shf("mount -t tmpfs tmpfs /var/log; cp -a /var/lib/waagent /run/; mount --bind /run/waagent /var/lib/waagent; mkdir -p %s/events", stage.Logs)
				s.Shf("dd if=/dev/zero of=/fill bs=64K 2>/dev/null || true; dd if=/dev/zero bs=1K >> /fill 2>/dev/null || true; s=$(stat -c %%s /fill); truncate -s $((s - $(numfmt --from=iec %s))) /fill", room)
				s.Fails("dd if=/dev/zero of=/more bs=1M count=1")
				s.Shf("rm -f /more")
				report, err := s.Agent.Apply(t.Context(), s.Goal())
				s.Must(err)
				last := report.Runs[len(report.Runs)-1]
				said := last.Stdout + last.Stderr
				if last.ExitCode != 30 {
					t.Errorf("enable ended with %d, want 30: %s\n%s", last.ExitCode, said, s.Changes())
				}
				if !strings.Contains(said, "df -h") {
					t.Errorf("nothing says how to see what is full: %s", said)
				}
				s.Must(s.Remove("/fill"))
				s.Want(0)
				s.Has(fixtures.Login, newer)
				if left := s.Shf("find / -xdev -name '.*~' ! -path '/proc/*'"); left != "" {
					t.Errorf("temporary files are left: %s", left)
				}
			})
		}
	})
}

// TestReadOnly: a file system that cannot be written is named, nothing is half done, and
// once it is writable the handler succeeds.
func TestReadOnly(t *testing.T) {
	for _, folder := range []string{"/etc", "/var/lib", "/usr", "/var/cache"} {
		families(t, func(t *testing.T, p roots.Persona) {
			t.Run(folder, func(t *testing.T) {
				s := newMachine(t, scene.Options{Persona: p, Packages: []fixtures.Spec{login(newer)}})
				s.Deliver()
				if folder == "/var/lib" { // the agent's own folder stays writable, or the handler could not even be run
					s.Shf("mkdir -p /var/lib/aadsshlogin-handler; mount --bind /var/lib/waagent /mnt; mount --bind /var/lib /var/lib; mount -o remount,ro,bind /var/lib; mount --move /mnt /var/lib/waagent")
				} else {
					s.readOnly(folder)
				}
				s.Fails("touch %s/more", folder)
				v := s.Want(30)
				if !strings.Contains(v.Next(), "findmnt") && !strings.Contains(v.Next(), "df -h") {
					t.Errorf("nothing says how to find the mount: %s", v.Next())
				}
				if folder == "/var/lib" {
					s.Shf("umount /var/lib/waagent && umount /var/lib")
				} else {
					s.Shf("umount -l %s", folder)
				}
				s.Want(0)
				s.Has(fixtures.Login, newer)
			})
		})
	}
}

// TestAgentsEnvironment: the agent may start handlers with almost no environment.
func TestAgentsEnvironment(t *testing.T) {
	for name, env := range map[string][]string{
		"nothing": {},
		"no HOME": {"PATH=/usr/bin:/bin"},
		"no PATH": {"HOME=/root"},
	} {
		t.Run(name, func(t *testing.T) {
			families(t, func(t *testing.T, p roots.Persona) {
				s := newMachine(t, scene.Options{Persona: p, Packages: []fixtures.Spec{login(newer)}})
				s.Agent.Env = env
				s.Want(0)
				s.Has(fixtures.Login, newer)
			})
		})
	}
}

// TestAgentsEnvironmentIsReal: the handler of TestAgentsEnvironment gets exactly that
// environment.
func TestAgentsEnvironmentIsReal(t *testing.T) {
	for name, env := range map[string][]string{"HOME": {"PATH=/usr/bin:/bin"}, "PATH": {"HOME=/root"}} {
		s := newMachine(t, scene.Options{Packages: []fixtures.Spec{login(newer)}})
		s.Agent.Env = env
		s.Deliver()
		s.wrap("tr '\\0' '\\n' < /proc/$$/environ > /run/environ")
		s.Want(0)
		if seen := s.Shf("cat /run/environ"); !strings.Contains(seen, env[0]+"\n") || strings.Contains("\n"+seen, "\n"+name+"=") {
			t.Errorf("with %q, and no %s, it was started in\n%s", env, name, seen)
		}
	}
}

// TestStrangeEnvironment: what the agent's own environment says about programs, libraries,
// languages and folders affects neither us nor what we run.
func TestStrangeEnvironment(t *testing.T) {
	families(t, func(t *testing.T, p roots.Persona) {
		s := newMachine(t, scene.Options{Persona: p, Packages: []fixtures.Spec{login(newer)}})
		s.Deliver()
		const strange = "export PATH=/nowhere:. HOME=/nowhere TMPDIR=/nowhere LANG=tr_TR.UTF-8 LC_ALL=xx IFS=/ BASH_ENV=/nowhere PYTHONPATH=/nowhere LD_LIBRARY_PATH=/nowhere LD_PRELOAD=/nowhere"
		s.Fails("%s; %s --version", strange, bare(p.Family)) // it does affect others
		s.wrap(strange)
		s.Want(0)
		s.Has(fixtures.Login, newer)
	})
}

// wrap makes a shell do something before it becomes the handler.
func (s *machine) wrap(before string) {
	s.T.Helper()
	s.Shf("mv %[1]s/bin/aadsshlogin-handler %[1]s/bin/real", stage.Home)
	s.Must(s.WriteFile(stage.Home+"/bin/aadsshlogin-handler", []byte("#!/bin/sh\n"+before+"\nexec "+stage.Home+"/bin/real \"$@\"\n"), 0o755))
}

// TestUmask: others can read what they must be able to read, and cannot read what they must
// not, whatever the agent's umask is.
func TestUmask(t *testing.T) {
	caches := map[roots.Family]string{roots.Apt: "/var/cache/apt/archives", roots.Dnf: "/var/cache/dnf", roots.Zypper: "/var/cache/zypp"}
	for _, umask := range []string{"000", "077", "777"} {
		t.Run(umask, func(t *testing.T) {
			families(t, func(t *testing.T, p roots.Persona) {
				s := newMachine(t, scene.Options{Persona: p, Packages: []fixtures.Spec{login(newer)}})
				s.Deliver()
				s.wrap("umask " + umask)
				s.Want(0)
				s.Has(fixtures.Login, newer)
				written := " -xdev -newer " + stage.Home + "/bin/aadsshlogin-handler -type f"
				for _, c := range []struct{ who, which, wrong string }{
					{"others can read", "/var/lib/aadsshlogin-handler ! -type l", "-perm /077"},
					{"others cannot read", "/etc /usr" + written + " ! -name '*shadow*'", "! -perm -044"},
					{"others cannot read", caches[p.Family] + " -name '*aadsshlogin*' ! -type l", "! -perm -044"},
					{"others can write", "/etc /usr /var/lib/aadsshlogin-handler " + stage.Home + "/status" + written + " ! -path /etc/ld.so.cache", "-perm /022"},
				} {
					if s.Shf("find %s", c.which) == "" {
						t.Errorf("no file is there of those that %s", c.who)
					}
					if out := s.Shf("find %s %s", c.which, c.wrong); out != "" {
						t.Errorf("%s: %s", c.who, out)
					}
				}
			})
		})
	}
}

// TestTmpNoexec: /tmp is mounted noexec, as hardening guides recommend.
func TestTmpNoexec(t *testing.T) {
	families(t, func(t *testing.T, p roots.Persona) {
		s := newMachine(t, scene.Options{Persona: p, Packages: []fixtures.Spec{login(newer)}})
		s.Shf("mount -t tmpfs -o noexec,nosuid,nodev tmpfs /tmp; mount --bind /tmp /var/tmp")
		for _, folder := range []string{"/tmp", "/var/tmp"} {
			s.Shf("echo '#!/bin/sh' > %[1]s/script; chmod 755 %[1]s/script", folder)
			s.Fails("%s/script", folder)
			s.Shf("rm %s/script", folder)
		}
		s.Want(0)
		s.Has(fixtures.Login, newer)
	})
}

// TestNotEnoughRoom: a package manager is not started with less space than it needs, in any
// place: the text names the mount point, the free and the needed space. /boot does not
// matter.
func TestNotEnoughRoom(t *testing.T) {
	families(t, func(t *testing.T, p roots.Persona) {
		cache := map[roots.Family]string{roots.Apt: "/var/cache/apt", roots.Dnf: "/var/cache/dnf", roots.Zypper: "/var/cache/zypp"}[p.Family]
		database := map[roots.Family]string{roots.Apt: "/var/lib/dpkg", roots.Dnf: "/var/lib/rpm", roots.Zypper: "/var/lib/rpm"}[p.Family]
		for name, c := range map[string]struct {
			folder, options string
			words           []string
		}{
			"the cache":    {cache, "size=4m", []string{"free", "MiB"}},
			"the database": {database, "size=DATABASEm", []string{"free", "MiB"}},
			"usr":          {"/usr", "", []string{"free", "MiB"}},
			"tmp":          {"/tmp", "size=64k", []string{"64 KiB free", "256 KiB"}},
			"inodes":       {cache, "size=200m,nr_inodes=40", []string{"inodes free", "200 inodes"}},
			"boot":         {"/boot", "size=4k", nil},
		} {
			t.Run(name, func(t *testing.T) {
				s := newMachine(t, scene.Options{Persona: p, Packages: []fixtures.Spec{login(newer)}})
				s.Deliver()
				s.Shf("mkdir -p %s", c.folder)
				if name == "usr" { // as large as its content, and 4 MiB more
					s.Shf("size=$(du -sm /usr | cut -f1); mkdir /dev/usr; mount -t tmpfs -o size=$((size + 40))m tmpfs /dev/usr; cp -a /usr/. /dev/usr; mount --bind /dev/usr /usr; dd if=/dev/zero of=/usr/fill bs=64K 2>/dev/null || true; truncate -s -4M /usr/fill")
				} else {
					s.Shf("size=$(du -sm %[1]s | cut -f1); cp -a %[1]s /dev/was; mount -t tmpfs -o $(echo %[2]s | sed \"s/DATABASE/$((size + 2))/\") tmpfs %[1]s; cp -a /dev/was/. %[1]s", c.folder, c.options)
				}
				before := s.Shf("find %s /var/lib/dnf -xdev -type f 2>/dev/null | sort; true", database)
				if c.words == nil {
					s.Want(0)
					return
				}
				v := s.Want(30).First(append(c.words, "mounted at "+c.folder)...)
				if strings.Contains(s.HandlerLog(), "started: transaction") {
					t.Error("the package manager was started")
				}
				if after := s.Shf("find %s /var/lib/dnf -xdev -type f 2>/dev/null | sort; true", database); after != before {
					t.Errorf("the database was\n%s\nand is\n%s", before, after)
				}
				s.Shf("umount -l %s", c.folder)
				s.Want(0)
				s.Has(fixtures.Login, newer)
				t.Log(v.What())
			})
		}
	})
}
