//go:build rig

package pkgmgr_test

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"aadssh/distro"
	"aadssh/internal/fault"
	"aadssh/pkgmgr"
	"aadssh/test/lib/fixtures"
	"aadssh/test/lib/rig"
	"aadssh/test/lib/roots"
)

func TestLife(t *testing.T) {
	each(t, everybody(), login(older, newer), func(m machine) {
		m.must(job{Do: "Refresh"})
		if got := m.must(job{Do: "Versions", Names: []string{"aadsshlogin"}}).Versions; len(got) != 2 ||
			!pkgmgr.SameVersion(got[0], newer) || !pkgmgr.SameVersion(got[1], older) {
			t.Errorf("versions %q", got)
		}

		// The pinned version, in one transaction, and its file.
		a := m.must(job{Do: "Install", Specs: spec("aadsshlogin", older)})
		if commands := slices.DeleteFunc(ran(a), fetches); len(commands) != 1 {
			m.T.Errorf("not one transaction: %q", commands)
		}
		m.has("aadsshlogin", older)
		if !m.registered() {
			m.T.Fatal("the package did not register itself")
		}
		kept := m.must(job{Do: "Kept", Names: []string{"aadsshlogin"}}).Kept
		if len(kept) != 1 {
			m.T.Fatalf("kept files: %q", kept)
		}
		file := "/var/lib/" + filepath.Base(kept[0])
		m.Do("cp " + kept[0] + " " + file)

		// The newest.
		m.must(job{Do: "Install", Specs: spec("aadsshlogin", "")})
		m.has("aadsshlogin", newer)

		// An older version, the same again, and the newest, all without network.
		m.Packages.Down()
		m.must(job{Do: "InstallFiles", Files: []string{file}, Specs: spec("aadsshlogin", older)})
		m.has("aadsshlogin", older)
		m.Do("sed -i '/Added by aadsshlogin/,$d' /etc/ssh/sshd_config") // as VMAccess reset_ssh does
		m.must(job{Do: "InstallFiles", Files: []string{file}, Specs: spec("aadsshlogin", older)})
		if !m.registered() {
			m.T.Error("a reinstall from the file does not register the package again")
		}
		m.Must(m.Packages.Up())

		// From the source: the same again, newer, and older by its exact version.
		m.Do("sed -i '/Added by aadsshlogin/,$d' /etc/ssh/sshd_config")
		m.must(job{Do: "Reinstall", Names: []string{"aadsshlogin"}})
		if !m.registered() {
			m.T.Error("a reinstall from the source does not register the package again")
		}
		m.has("aadsshlogin", older)
		m.must(job{Do: "Install", Specs: spec("aadsshlogin", newer)})
		m.must(job{Do: "Install", Specs: spec("aadsshlogin", older)})
		m.has("aadsshlogin", older)
		m.fails(job{Do: "Install", Specs: spec("aadsshlogin", "9.9")}, fault.PackageUnavailable, "9.9")

		m.must(job{Do: "Remove", Names: []string{"aadsshlogin", "aadsshlogin-selinux"}})
		m.has("aadsshlogin", "")
		if commands := ran(m.must(job{Do: "Remove", Names: []string{"aadsshlogin"}})); len(commands) != 0 {
			m.T.Errorf("gone already, but: %q", commands)
		}
	})
}

func TestReplaceLegacy(t *testing.T) {
	const legacy = "1.0.016050002"
	packages := append(login(newer), fixtures.Spec{Name: fixtures.Legacy, Version: legacy}, fixtures.Spec{Name: fixtures.LegacySELinux, Version: legacy},
		fixtures.Spec{Name: fixtures.SELinux, Version: newer})
	old := []string{"aadlogin", "aadlogin-selinux"}
	each(t, families(), packages, func(m machine) {
		m.must(job{Do: "Refresh"})
		m.must(job{Do: "Install", Specs: []pkgmgr.Spec{{Name: "aadlogin"}, {Name: "aadlogin-selinux"}}})
		want := []pkgmgr.Spec{{Name: "aadsshlogin"}, {Name: "aadsshlogin-selinux"}}

		// A failed download leaves the machine unchanged.
		m.Packages.Down()
		m.fails(job{Do: "Download", Specs: want, Names: old}, fault.RepositoryUnreachable)
		m.has("aadlogin", legacy)
		m.Must(m.Packages.Up())
		m.must(job{Do: "Download", Specs: want, Names: old})
		m.has("aadlogin", legacy)
		m.Packages.Down() // the rest needs no network
		a := m.must(job{Do: "Replace", Specs: want, Names: old})
		m.has("aadlogin", "")
		m.has("aadlogin-selinux", "")
		m.has("aadsshlogin", newer)
		m.has("aadsshlogin-selinux", newer)
		if !m.registered() {
			m.T.Error("sshd does not show the new package")
		}
		if commands := slices.DeleteFunc(ran(a), fetches); len(commands) != 2 { // simulated, and done
			m.T.Errorf("not one transaction: %q", commands)
		}
	})
}

func TestLegacyScriptRefuses(t *testing.T) {
	packages := append(login(newer), fixtures.Spec{Name: fixtures.Legacy, Version: "1.0.016050002", FailPre: true})
	each(t, everybody(), packages, func(m machine) {
		m.must(job{Do: "Refresh"})
		m.must(job{Do: "Install", Specs: spec("aadlogin", "")})
		words := []string{"aadlogin", "is currently used by process"}
		if m.manager == distro.Yum { // it does not print the output of a script that fails in this way
			words = words[:1]
		}
		m.fails(job{Do: "Replace", Specs: spec("aadsshlogin", ""), Names: []string{"aadlogin"}}, fault.PackageManagerFailed, words...)
		m.must(job{Do: "RemoveLowLevel", Names: []string{"aadlogin"}})
		m.has("aadlogin", "")
		m.must(job{Do: "Install", Specs: spec("aadsshlogin", "")})
	})
}

func TestOwnerHolds(t *testing.T) {
	holds := map[distro.Manager]struct{ line, release string }{
		distro.Apt:    {"apt-mark hold aadsshlogin", "apt-mark unhold aadsshlogin"},
		distro.Zypper: {"zypper --non-interactive addlock aadsshlogin", "sudo zypper removelock $(LC_ALL=C zypper locks | grep -F -e '| aadsshlogin '"},
		distro.Dnf:    {"echo exclude=aadsshlogin >> /etc/dnf/dnf.conf", "dnf versionlock list"},
	}
	each(t, families(), login(older, newer), func(m machine) {
		m.must(job{Do: "Refresh"})
		m.must(job{Do: "Install", Specs: spec("aadsshlogin", older)})
		m.Do(holds[m.manager].line)
		m.fails(job{Do: "Install", Specs: spec("aadsshlogin", newer)}, fault.PackageManagerFailed, holds[m.manager].release, "aadsshlogin")
		m.has("aadsshlogin", older)
	})
}

func TestRemoveSparesOthers(t *testing.T) {
	needs := fixtures.Spec{Name: fixtures.Dependency + "01", Version: "1.0", Depends: []string{"aadsshlogin"}}
	each(t, families(), append(login(newer), needs), func(m machine) {
		m.must(job{Do: "Refresh"})
		m.must(job{Do: "Install", Specs: spec(needs.Name, "")})
		m.fails(job{Do: "Remove", Names: []string{"aadsshlogin"}}, fault.PackageManagerFailed, needs.Name)
		m.has("aadsshlogin", newer)
		m.has(needs.Name, "1.0")
	})
}

// TestRemoveKeepsDependencies: the dependencies of the login packages stay when those are
// removed: something else may need them by now.
func TestRemoveKeepsDependencies(t *testing.T) {
	dependency := fixtures.Spec{Name: fixtures.Dependency + "01", Version: "1.0"}
	packages := []fixtures.Spec{{Name: fixtures.Login, Version: newer, Depends: []string{dependency.Name}}, dependency}
	each(t, everybody(), packages, func(m machine) {
		m.must(job{Do: "Refresh"})
		m.must(job{Do: "Install", Specs: spec("aadsshlogin", "")})
		m.must(job{Do: "Remove", Names: []string{"aadsshlogin"}})
		m.has("aadsshlogin", "")
		m.has(dependency.Name, "1.0")
	})
}

func TestScriptFails(t *testing.T) {
	each(t, everybody(), []fixtures.Spec{{Name: fixtures.Login, Version: newer, FailPost: true}}, func(m machine) {
		m.must(job{Do: "Refresh"})
		m.fails(job{Do: "Install", Specs: spec("aadsshlogin", "")}, fault.PackageManagerFailed, "aadsshlogin")
	})
}

func TestInterruptedDpkg(t *testing.T) {
	each(t, []roots.Persona{roots.Debian(roots.Bullseye), roots.Debian(roots.Bookworm), roots.Debian(roots.Trixie)}, login(newer), func(m machine) {
		m.must(job{Do: "Refresh"})
		m.Do("mkdir -p /var/lib/dpkg/updates; : > /var/lib/dpkg/updates/0001")
		a := m.must(job{Do: "Install", Specs: spec("aadsshlogin", "")})
		if !slices.ContainsFunc(a.Commands, func(c string) bool { return strings.Contains(c, "--configure -a") }) {
			m.T.Errorf("nothing was repaired: %q", a.Commands)
		}
		m.has("aadsshlogin", newer)
	})
}

// TestUnpackedIsFinished: a package that a killed run left unpacked is configured.
func TestUnpackedIsFinished(t *testing.T) {
	m := newMachine(t, rig.Options{Persona: roots.Debian(roots.Bookworm), Packages: login(newer)})
	m.must(job{Do: "Refresh"})
	m.must(job{Do: "Download", Specs: spec("aadsshlogin", "")})
	m.Do("dpkg --unpack /var/cache/apt/archives/aadsshlogin_*.deb")
	if p := m.must(job{Do: "Query", Names: []string{"aadsshlogin"}}).Packages["aadsshlogin"]; p.State != pkgmgr.Broken || p.Detail != "unpacked" {
		t.Fatalf("%+v", p)
	}
	m.must(job{Do: "Repair"})
	m.has("aadsshlogin", newer)
	if !m.registered() {
		t.Error("the package did not register itself")
	}
}
