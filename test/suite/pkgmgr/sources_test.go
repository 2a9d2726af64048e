//go:build rig

package pkgmgr_test

import (
	"slices"
	"strings"
	"testing"

	"aadssh/distro"
	"aadssh/internal/fault"
	"aadssh/internal/repo"
	"aadssh/pkgmgr"
	"aadssh/test/lib/box"
	"aadssh/test/lib/fixtures"
	"aadssh/test/lib/keys"
	"aadssh/test/lib/pkghost"
	"aadssh/test/lib/rig"
	"aadssh/test/lib/roots"
)

// TestBrokenThirdParty: faults of other sources do not affect us.
func TestBrokenThirdParty(t *testing.T) {
	troubles := map[string]func(machine){
		"not there":      func(m machine) { m.third("third", "https://"+pkghost.Name+"/gone"); m.Packages.Missing("/gone...") },
		"never answers":  func(m machine) { m.third("third", "http://"+box.BlackHole+"/x") },
		"does not exist": func(m machine) { m.third("third", "https://no-such-name.invalid/x") },
		"wrong signature": func(m machine) {
			wrong := keys.Wrong()
			m.offer("/wrong", rig.Options{Key: &wrong, Packages: login(older)})
			m.third("third", "https://"+pkghost.Name+"/wrong")
		},
	}
	for name, trouble := range troubles {
		t.Run(name, func(t *testing.T) {
			each(t, families(), login(newer), func(m machine) {
				trouble(m)
				m.must(job{Do: "Refresh"})
				m.must(job{Do: "Install", Specs: spec("aadsshlogin", "")})
				m.has("aadsshlogin", newer)
			})
		})
	}
}

func TestBrokenThirdPartyFile(t *testing.T) {
	for _, p := range []roots.Persona{roots.Debian(roots.Bookworm), roots.RHEL("9.4")} {
		t.Run(p.Name, func(t *testing.T) {
			m := newMachine(t, rig.Options{Persona: p, Packages: login(newer)})
			m.write("/etc/apt/sources.list.d/third.list", "<html>\n")
			if m.manager != distro.Apt {
				m.write("/etc/yum.repos.d/third.repo", "<html>\n")
			}
			m.must(job{Do: "Refresh"})
			m.must(job{Do: "Install", Specs: spec("aadsshlogin", "")})
			m.has("aadsshlogin", newer)
		})
	}
}

// TestBrokenThirdPartyFileOfZypper: zypper does nothing at all because of another
// definition; the text names the file and the line, even if zypper does not.
func TestBrokenThirdPartyFileOfZypper(t *testing.T) {
	const third = "/etc/zypp/repos.d/third.repo"
	each(t, []roots.Persona{roots.SLES("15.5"), roots.SLES("15.6")}, login(newer), func(m machine) {
		for _, c := range []struct{ content, says string }{
			{"<html>\n", "Line 1 "},
			{"[third]\r\nname=third\r\nbaseurl=https://example.invalid/x/\r\n", "line 3: Invalid path name component"},
			{"[third]\nname=third\nbaseurl=example.invalid/x/\n", "line 3: Url scheme"},
			{"enabled=1\n[third]\nname=third\nbaseurl=https://example.invalid/x/\n", "line 1: Repository has no alias"},
		} {
			m.write(third, c.content)
			m.fails(job{Do: "Refresh"}, fault.PackageManagerFailed, third, c.says)
		}
		m.Do("rm " + third)
		m.must(job{Do: "Refresh"})
	})
}

// TestLockOfZypper: whichever lock in zypper excludes the package, the advice removes
// exactly that one.
func TestLockOfZypper(t *testing.T) {
	each(t, []roots.Persona{roots.SLES("15.5"), roots.SLES("15.6")}, login(newer), func(m machine) {
		m.must(job{Do: "Refresh"})
		for _, lock := range []string{
			"zypper -n addlock 'aad*'",
			"zypper -n addlock -r " + id + " 'aad*'",
			"zypper -n addlock -t package -t patch aadsshlogin",
			"printf 'type: package\nmatch_type: regex\ncase_sensitive: on\nsolvable_name: ^aad\n' > /etc/zypp/locks",
		} {
			m.Do(lock)
			m.Do("zypper -n addlock zsh")
			a := m.fails(job{Do: "Install", Specs: spec("aadsshlogin", "")}, fault.PackageManagerFailed, "has locked aadsshlogin")
			command, _, _ := strings.Cut(strings.TrimPrefix(a.Next, "Release it: sudo "), "; then ")
			m.Do(command)
			m.must(job{Do: "Install", Specs: spec("aadsshlogin", "")})
			m.must(job{Do: "Remove", Names: []string{"aadsshlogin"}})
			if left := m.Do("zypper locks"); !strings.Contains(left, "zsh") {
				m.T.Errorf("after %s and %s: %s", lock, command, left)
			}
			m.Do("rm -f /etc/zypp/locks")
		}
	})
}

// offer serves another repository besides ours.
func (m machine) offer(at string, o rig.Options) {
	m.T.Helper()
	o.Path, o.Suite = at, "rig"
	o.Persona.Family = roots.Family(m.manager)
	m.Must(m.Offer(m.T.Context(), o))
}

// TestDependencyElsewhere: a dependency is only in another source, whose metadata this
// machine has not fetched yet.
func TestDependencyElsewhere(t *testing.T) {
	dependency := fixtures.Spec{Name: fixtures.Dependency + "01", Version: "1.0"}
	needs := []fixtures.Spec{{Name: fixtures.Login, Version: newer, Depends: []string{dependency.Name}}}
	each(t, everybody(), needs, func(m machine) {
		m.offer("/base", rig.Options{Packages: []fixtures.Spec{dependency}})
		m.third("third", "https://"+pkghost.Name+"/base")
		m.must(job{Do: "Refresh"})
		for _, r := range m.Packages.Requests() {
			if !strings.HasPrefix(r.Path, path) {
				m.T.Errorf("only our source should have been refreshed: %s", r)
			}
		}
		m.must(job{Do: "Install", Specs: spec("aadsshlogin", "")})
		m.has("aadsshlogin", newer)
		m.has(dependency.Name, "1.0")
	})
}

// TestDependencyAndABrokenSource: as TestDependencyElsewhere, with a broken source as well:
// only its packages are missing.
func TestDependencyAndABrokenSource(t *testing.T) {
	dependency := fixtures.Spec{Name: fixtures.Dependency + "01", Version: "1.0"}
	needs := []fixtures.Spec{{Name: fixtures.Login, Version: newer, Depends: []string{dependency.Name}}}
	for _, c := range []struct {
		name, url string
		personas  []roots.Persona
	}{
		{"refuses", "http://127.0.0.1:9/x", families()},
		// zypper gives up as well, but there is no setting that makes it do so in less than
		// two minutes.
		{"never answers", "http://" + box.BlackHole + "/x", slices.Concat(family(distro.Apt), family(distro.Dnf))},
	} {
		t.Run(c.name, func(t *testing.T) {
			each(t, c.personas, needs, func(m machine) {
				m.offer("/base", rig.Options{Packages: []fixtures.Spec{dependency}})
				m.third("base", "https://"+pkghost.Name+"/base")
				m.third("broken", c.url)
				m.must(job{Do: "Refresh"})
				m.must(job{Do: "Install", Specs: spec("aadsshlogin", "")})
				m.has("aadsshlogin", newer)
				m.has(dependency.Name, "1.0")
			})
		})
	}
}

// TestNewestInstallable: the newest needs what this release does not have; the version
// before it works.
func TestNewestInstallable(t *testing.T) {
	packages := append(login(older), fixtures.Spec{Name: fixtures.Login, Version: newer, Depends: []string{"libsemanage-of-the-future"}})
	each(t, everybody(), packages, func(m machine) {
		m.must(job{Do: "Refresh"})
		a := m.must(job{Do: "Install", Specs: spec("aadsshlogin", "")})
		m.has("aadsshlogin", older)
		if got := a.Newest["aadsshlogin"]; !strings.HasPrefix(got, newer) || !strings.Contains(a.Why, "libsemanage-of-the-future") {
			m.T.Errorf("newest %q because of %q", got, a.Why)
		}
		m.fails(job{Do: "Install", Specs: spec("aadsshlogin", newer)}, fault.PackageManagerFailed, "libsemanage-of-the-future")
		m.has("aadsshlogin", older)
	})
}

func TestUntrusted(t *testing.T) {
	t.Run("metadata signed with another key", func(t *testing.T) {
		each(t, everybody(), login(newer), func(m machine) {
			wrong := keys.Wrong()
			m.offer(path, rig.Options{Key: &wrong, Packages: login(newer)})
			m.fails(job{Do: "Refresh"}, fault.RepositoryUntrusted)
		})
	})
	for name, signing := range map[string]fixtures.Signing{"package not signed": fixtures.Unsigned, "package signed with another key": fixtures.WrongKey} {
		t.Run(name, func(t *testing.T) {
			packages := []fixtures.Spec{{Name: fixtures.Login, Version: newer, Signing: signing}}
			each(t, []roots.Persona{roots.RHEL("8.10"), roots.RHEL("9.4"), roots.RHEL("10.0"), roots.SLES("15.5"), roots.SLES("15.6")}, packages, func(m machine) {
				m.must(job{Do: "Refresh"})
				m.fails(job{Do: "Install", Specs: spec("aadsshlogin", "")}, fault.RepositoryUntrusted)
				m.has("aadsshlogin", "")
			})
		})
	}
}

func TestUnreachable(t *testing.T) {
	all := path + "/..."
	for _, c := range []struct {
		name    string
		trouble func(*pkghost.Host)
		code    fault.Code
		says    string
	}{
		{"down", func(h *pkghost.Host) { h.Down() }, fault.RepositoryUnreachable, ""},
		{"403", func(h *pkghost.Host) { h.Trouble(all, pkghost.Status(403, 0)) }, fault.RepositoryUnreachable, "403"},
		{"404", func(h *pkghost.Host) { h.Trouble(all, pkghost.Status(404, 0)) }, fault.PackageUnavailable, "has no repository"},
		{"429", func(h *pkghost.Host) { h.Trouble(all, pkghost.Status(429, 0)) }, fault.RepositoryUnreachable, "429"},
		{"500", func(h *pkghost.Host) { h.Trouble(all, pkghost.Status(500, 0)) }, fault.RepositoryUnreachable, "500"},
		{"reset", func(h *pkghost.Host) { h.Trouble(all, pkghost.ResetAfter(20)) }, fault.RepositoryUnreachable, ""},
		{"certificate of nobody", func(h *pkghost.Host) {
			if err := h.Certificate(pkghost.Untrusted); err != nil {
				panic(err)
			}
		}, fault.RepositoryUnreachable, "certificate"},
	} {
		t.Run(c.name, func(t *testing.T) {
			each(t, families(), login(newer), func(m machine) {
				c.trouble(m.Packages)
				m.fails(job{Do: "Refresh"}, c.code, c.says)
			})
		})
	}
}

func TestThroughAProxy(t *testing.T) {
	each(t, everybody(), login(newer), func(m machine) {
		p, err := pkghost.StartProxy(m.Box, "127.0.0.1:3128", "user", "s3cret")
		m.Must(err)
		defer p.Close()
		m.Do("sed -i '/" + pkghost.Name + "/d' /etc/hosts") // only the proxy can resolve the name
		source := m.source()
		m.fails(job{Do: "Refresh", Source: source}, fault.RepositoryUnreachable)
		source.Proxy = "http://user:wr0ng@127.0.0.1:3128"
		m.fails(job{Do: "Refresh", Source: source}, fault.RepositoryUnreachable)
		source.Proxy = "http://user:s3cret@127.0.0.1:3128"
		m.must(job{Do: "Refresh", Source: source})
		m.must(job{Do: "Install", Source: source, Specs: spec("aadsshlogin", "")})
		m.has("aadsshlogin", newer)
	})
}

// TestDefinitionGone: a missing definition is distinguished from a missing repository.
func TestDefinitionGone(t *testing.T) {
	each(t, []roots.Persona{roots.RHEL("9.4"), roots.SLES("15.6")}, login(newer), func(m machine) {
		m.Must(m.Remove(repo.DefinitionPath(m.manager)))
		m.fails(job{Do: "Refresh"}, fault.PackageManagerFailed, "aadsshlogin", "not there")
	})
}

// TestExistingWithoutNetwork: if only the machine's own sources are used and one of them
// cannot be reached, that is reported as the reason why the package is not found.
func TestExistingWithoutNetwork(t *testing.T) {
	each(t, everybody(), login(newer), func(m machine) {
		m.Must(m.Remove(repo.DefinitionPath(m.manager)))
		m.third("third", "https://"+pkghost.Name+path)
		m.Packages.Down()
		m.fails(job{Do: "Install", Source: pkgmgr.Source{All: true}, Specs: spec("aadsshlogin", "")}, fault.RepositoryUnreachable)
		m.Must(m.Packages.Up())
		m.must(job{Do: "Install", Source: pkgmgr.Source{All: true}, Specs: spec("aadsshlogin", "")})
	})
}
