package repo

import (
	"cmp"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"aadssh/distro"
	"aadssh/internal/fault"
	"aadssh/internal/trust"
	"aadssh/test/lib/golden"
)

// everyTarget is each row of the table, at its first release and on each of its
// architectures.
func everyTarget(t *testing.T, do func(name, goarch string, target distro.Target)) {
	t.Helper()
	for _, row := range distro.Rows() {
		if row.Refused != "" {
			continue
		}
		for _, goarch := range []string{"amd64", "arm64"} {
			release := distro.Release{ID: row.IDs[0], VersionID: row.From, Codename: cmp.Or(row.Suite, "codename")}
			target, err := distro.Lookup(release, goarch)
			if err != nil {
				continue // the golden table in package distro has the refusals
			}
			do(fmt.Sprintf("%s %s %s", row.Family, row.Releases, goarch), goarch, target)
		}
	}
}

func TestDesired(t *testing.T) {
	var b strings.Builder
	add := func(name string, target distro.Target, o Options) {
		files, err := Desired(target, o)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		fmt.Fprintf(&b, "== %s\n", name)
		for _, f := range files {
			fmt.Fprintf(&b, "-- %s %04o\n%s\n", f.Path, f.Mode, f.Content)
		}
	}
	everyTarget(t, func(name, goarch string, target distro.Target) {
		add(name, target, Options{Base: packageHost, GOARCH: goarch})
	})
	jammy, azl := target(t, "amd64", "ubuntu", "22.04", "jammy"), target(t, "amd64", "azurelinux", "3.0", "")
	mirror := Options{Base: "https://mirror.example.com/ms/", Mirror: true, GOARCH: "amd64", OwnKey: true}
	add("mirror, apt", jammy, mirror)
	add("mirror with a named key, image with a key", azl, mirror)
	azl.Repository.MetadataSigned = false
	add("mirror without signed metadata, local folder", azl, Options{Base: "file:///srv/ms", Mirror: true, GOARCH: "amd64"})
	golden.Compare(t, filepath.Join("testdata", "desired.golden"), b.String())
}

// TestDesiredIsRead: the definition that we write is read back as an entry that configures
// the repository, verifies signatures and covers our packages.
func TestDesiredIsRead(t *testing.T) {
	everyTarget(t, func(name, goarch string, target distro.Target) {
		o := Options{Base: packageHost, GOARCH: goarch}
		files, err := Desired(target, o)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		h := machine(t, map[string]string{
			files[0].Path:               string(files[0].Content),
			KeyPath(target.Manager):     "key",
			"/etc/zypp/zypp.conf":       "[main]\ngpgcheck=off\n",
			"/etc/dnf/dnf.conf":         "[main]\ngpgcheck=0\n",
			"/etc/apt/sources.list.d/x": "",
		})
		entries, problems := Entries(h, target.Manager)
		if len(entries) != 1 || len(problems) > 0 {
			t.Fatalf("%s: entries %+v, problems %+v", name, entries, problems)
		}
		if e := entries[0]; !e.Verifies || !e.Enabled || !e.configures(target, o) || !e.covers(target, goarch) {
			t.Errorf("%s: %+v", name, e)
		}
		if used, err := Reuse(entries, target, o); used != nil || err != nil {
			t.Errorf("%s: our own entry was taken for the owner's: %+v, %v", name, used, err)
		}
	})
}

func TestDesiredRefusesBase(t *testing.T) {
	jammy := target(t, "amd64", "ubuntu", "22.04", "jammy")
	for _, base := range []string{
		"", "mirror.example.com", "ftp://mirror.example.com", "https://", "file://srv/x", "file:relative",
		"https://user:s3cret@mirror.example.com", "https://mirror.example.com/?token=s3cret", "https://mirror.example.com/#x",
		"https://mirror.example.com/a b", "https://mirror.example.com/\ndeb [trusted=yes] http://evil x main", "https://[::1", "https://mirror.example.com/[x]", "https://[x].example.com/", "https://mirror.example.com/%zz",
		"https://mirror.example.com/$releasever",
	} {
		files, err := Desired(jammy, Options{Base: base, GOARCH: "amd64"})
		var f *fault.Fault
		if !errors.As(err, &f) || f.Code != fault.SettingsInvalid || files != nil {
			t.Errorf("%q: files %v, error %v", base, files, err)
			continue
		}
		if strings.Contains(f.What+f.Next+err.Error(), "s3cret") || strings.Contains(f.What, "\n") {
			t.Errorf("%q: message %q", base, err)
		}
	}
}

// A mirror may be named by an IPv6 address, as the settings allow.
func TestDesiredTakesIPv6(t *testing.T) {
	files, err := Desired(target(t, "amd64", "ubuntu", "22.04", "jammy"), Options{Base: "https://[fd00::1]:8443/ms", Mirror: true, GOARCH: "amd64"})
	if err != nil || !strings.Contains(string(files[0].Content), " https://[fd00::1]:8443/ms/ubuntu/22.04/prod jammy main\n") {
		t.Errorf("%v, %v", files, err)
	}
}

func TestKey(t *testing.T) {
	ring := trust.Keyring{Binary: []byte("binary"), Armored: []byte("armored")}
	for m, want := range map[distro.Manager]string{distro.Apt: "binary", distro.Dnf: "armored", distro.Yum: "armored", distro.Tdnf: "armored", distro.Zypper: "armored"} {
		f := Key(m, ring)
		if string(f.Content) != want || f.Path != KeyPath(m) || f.Mode != 0o644 {
			t.Errorf("%s: %+v", m, f)
		}
		if !strings.Contains(filepath.Base(f.Path), "aadsshlogin") || !strings.HasPrefix(filepath.Base(DefinitionPath(m)), "aadsshlogin.") {
			t.Errorf("%s: %s and %s are not named as ours", m, f.Path, DefinitionPath(m))
		}
	}
}

// The keys of an entry are compared with only where all of them are files.
func TestKeyFiles(t *testing.T) {
	for gpgkey, want := range map[string]string{
		"file:///etc/pki/rpm-gpg/a":                                 "/etc/pki/rpm-gpg/a",
		"file:///etc/pki/rpm-gpg/a, file:///b\n\tfile:///c":         "/etc/pki/rpm-gpg/a /b /c",
		"file:///etc/pki/rpm-gpg/a https://example.invalid/key.asc": "",
		"file:///--eval=%{lua:os.exit()}":                           "",
		"file:///etc/../a":                                          "",
		"":                                                          "",
	} {
		if got := (&Entry{SignedBy: gpgkey}).KeyFiles(); got != want {
			t.Errorf("%q: %q, want %q", gpgkey, got, want)
		}
	}
}
