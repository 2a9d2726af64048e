package pkgmgr

import (
	"path/filepath"
	"strings"
	"testing"

	"aadssh/distro"
	"aadssh/internal/fault"
	"aadssh/internal/host"
	"aadssh/internal/host/hosttest"
)

const (
	ownKey  = "/etc/pki/rpm-gpg/RPM-GPG-KEY-aadsshlogin"
	fetched = "/var/cache/dnf/aadsshlogin-ed4afd3853e3f975/packages/aadsshlogin-1.0.2-1.x86_64.rpm"
)

// besideOthers expects that dnf fails with our source alone, because of a dependency, and
// then fetches the package with all sources; the file is at path.
func besideOthers(t *testing.T, path string) (b bench, all Order) {
	return besideOthersAfter(t, answer(t, "dnf-4.14", "unmet").result, path)
}

// besideOthersAfter is besideOthers after another answer with our source alone.
func besideOthersAfter(t *testing.T, alone host.Result, path string) (b bench, all Order) {
	b = newBench(t, distro.Dnf)
	b.Source.Keys = ownKey
	want := []Spec{{Name: "aadsshlogin"}}
	b.packages("aadsshlogin")
	b.transaction(b.Manager.Install(b.order(Order{Install: want}, false))[0], alone)
	b.packages("aadsshlogin")
	b.query(b.Manager.Versions(b.Source, "aadsshlogin"), hosttest.Answer(0, "aadsshlogin 1.0.2-1\n"))
	all = b.order(Order{Install: []Spec{{Name: "aadsshlogin", Version: "1.0.2-1"}}}, true)
	b.query(b.Manager.Download(all)[0], hosttest.Answer(0, ""))
	b.fetches(path)
	return b, all
}

// A file that is not in the folder of our source is not ours, even if the other source's
// name begins like ours.
func TestFileOfAnotherSourceIsNotTaken(t *testing.T) {
	for _, path := range []string{
		"/var/cache/dnf/third-ed4afd3853e3f975/packages/aadsshlogin-1.0.2-1.x86_64.rpm",
		"/var/cache/dnf/aadsshlogin-evil-ed4afd3853e3f975/packages/aadsshlogin-1.0.2-1.x86_64.rpm",
		"/var/cache/dnf/aadsshlogin-ed4afd3853e3f975/packages/aadsshlogin-1.0.2-1-2.x86_64.rpm",
	} {
		b, _ := besideOthers(t, path)
		b.packages("aadsshlogin")
		_, err := b.Install(wide(b), []Spec{{Name: "aadsshlogin"}})
		if f := b.code(err, fault.PackageManagerFailed); !strings.Contains(f.What, "another source of this machine") || !strings.Contains(f.Remedy(), "--showduplicates list aadsshlogin") {
			t.Errorf("%s: %s\n%s", path, f.What, f.Remedy())
		}
	}
}

// A file is ours if it is signed with one of our keys. The other keys that rpm trusts on
// this machine count only if ours cannot be read.
func TestFetchedFileIsVerifiedWithOurKeys(t *testing.T) {
	good, bad := hosttest.Answer(0, fetched+": digests signatures OK\n"), hosttest.Answer(1, fetched+": digests SIGNATURES NOT OK\n")
	gone := hosttest.Answer(1, "error: "+ownKey+": import read failed(2).\n")
	for _, c := range []struct {
		name               string
		imported, verified host.Result
		machine            bool // is asked with its own keys
		code               fault.Code
	}{
		{"ours", hosttest.Answer(0, ""), good, false, fault.OK},
		{"not ours", hosttest.Answer(0, ""), bad, false, fault.RepositoryUntrusted},
		{"one key of ours is not accepted, another one signed", gone, good, false, fault.OK},
		{"our key is not there, the machine has it", gone, bad, true, fault.OK},
	} {
		t.Run(c.name, func(t *testing.T) {
			b, all := besideOthers(t, fetched)
			b.query(rpmKeyring(keyringDir, []string{ownKey}), c.imported)
			b.query(b.Manager.Verify(keyringDir, fetched), c.verified)
			if c.machine {
				b.query(b.Manager.Verify("", fetched), good)
			}
			if c.code == fault.OK {
				all.Files = []string{fetched}
				b.transaction(rpmImportKey(ownKey), c.imported) // localpkg_gpgcheck
				b.transaction(b.Manager.Install(all)[0], hosttest.Answer(0, ""))
				b.packages("aadsshlogin 1.0.2-1")
			} else {
				b.packages("aadsshlogin")
			}
			_, err := b.Install(wide(b), []Spec{{Name: "aadsshlogin"}})
			if c.code == fault.OK && err != nil {
				t.Fatal(err)
			}
			if c.code != fault.OK {
				b.code(err, c.code)
			}
			if b.Host.Exists(keyringDir) {
				t.Error("the database with our keys stays behind")
			}
		})
	}
}

// What is there already in our newest version, or in a higher one, stays.
func TestNothingIsFetchedForWhatIsThere(t *testing.T) {
	for _, version := range []string{"1.0.2-1", "99-1"} {
		b := newBench(t, distro.Dnf)
		b.packages("aadsshlogin " + version)
		b.transaction(b.Manager.Install(b.order(Order{Install: []Spec{{Name: "aadsshlogin"}}}, false))[0], answer(t, "dnf-4.14", "unmet").result)
		b.packages("aadsshlogin " + version)
		b.query(b.Manager.Versions(b.Source, "aadsshlogin"), hosttest.Answer(0, "aadsshlogin 1.0.2-1\n"))
		b.packages("aadsshlogin " + version)
		if _, err := b.Install(wide(b), []Spec{{Name: "aadsshlogin"}}); err != nil {
			t.Fatal(err)
		}
	}
}

// No other source is asked for a package that ours does not have.
func TestOthersAreNotAskedForOurPackage(t *testing.T) {
	for _, name := range []distro.Manager{distro.Dnf, distro.Yum} {
		b := newBench(t, name)
		want := []Spec{{Name: "aadsshlogin", Version: "99"}}
		says := map[distro.Manager]string{distro.Dnf: "No match for argument: aadsshlogin-99\nError: Unable to find a match: aadsshlogin-99\n", distro.Yum: "No package aadsshlogin-99 available.\nError: Nothing to do\n"}[name]
		b.packages("aadsshlogin")
		b.transaction(b.Manager.Install(b.order(Order{Install: want}, false))[0], hosttest.Answer(1, says))
		b.packages("aadsshlogin")
		_, err := b.Install(wide(b), want)
		b.code(err, fault.PackageUnavailable)
	}
}

// A version without its release finds the file that was fetched for it.
func TestFetchedVersionWithoutRelease(t *testing.T) {
	b := newBench(t, distro.Tdnf)
	want := []Spec{{Name: "aadsshlogin", Version: "1.0.2"}}
	o := b.order(Order{Install: want}, false)
	b.packages("aadsshlogin 1.0.3-1")
	b.fetched(&o, "aadsshlogin-1.0.2-1.x86_64.rpm")
	b.transaction(b.Manager.Install(o)[0], hosttest.Answer(0, ""))
	b.packages("aadsshlogin 1.0.2-1")
	if _, err := b.Install(wide(b), want); err != nil {
		t.Fatal(err)
	}
}

// If an administrator has moved the manager's cache, the package files are found there.
func TestKeptFilesOfAnotherCache(t *testing.T) {
	p := Package{Name: "aadsshlogin", Version: "1.0-1"}
	const rpm = "aadsshlogin-1.0-1.x86_64.rpm"
	for _, c := range []struct {
		manager              distro.Manager
		file, content, there string
	}{
		{distro.Dnf, "/etc/dnf/dnf.conf", "[main]\ngpgcheck=1\ncachedir=/srv/cache/$basearch/\n", "/srv/cache/x86_64/aadsshlogin-0123456789abcdef/packages/" + rpm},
		{distro.Dnf, "/etc/dnf/libdnf5.conf.d/10-cache.conf", "[main]\nsystem_cachedir = /srv/cache\n", "/srv/cache/aadsshlogin-0123456789abcdef/packages/" + rpm},
		{distro.Yum, "/etc/yum.conf", "[main]\ncachedir=/srv/yum/$basearch/${releasever}\n", "/srv/yum/x86_64/7/aadsshlogin/packages/" + rpm},
		{distro.Zypper, "/etc/zypp/zypp.conf", "[main]\n## cachedir = /nowhere\ncachedir = /srv/zypp\n", "/srv/zypp/packages/aadsshlogin/" + rpm},
		{distro.Zypper, "/etc/zypp/zypp.conf", "[main]\npackagesdir = /srv/packages\n", "/srv/packages/aadsshlogin/Packages/a/" + rpm},
	} {
		b := newBench(t, c.manager)
		for name, content := range map[string]string{c.file: c.content, c.there: "x", "/srv/cache/x86_64/third-0123456789abcdef/packages/" + rpm: "x"} {
			if err := b.Host.EnsureDir(filepath.Dir(name), 0o755); err != nil {
				t.Fatal(err)
			}
			if _, err := b.Host.EnsureFile(name, []byte(content), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		if files := b.KeptFiles(p); len(files) != 1 || files[0] != c.there {
			t.Errorf("%s, %q: %q, want %s", c.file, c.content, files, c.there)
		}
	}
}
