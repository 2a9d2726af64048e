package repo

import (
	"errors"
	"strings"
	"testing"

	"aadssh/distro"
	"aadssh/internal/fault"
)

const packageHost = "https://packages.microsoft.com"

func target(t *testing.T, goarch, id, version, codename string) distro.Target {
	t.Helper()
	target, err := distro.Lookup(distro.Release{ID: id, VersionID: version, Codename: codename}, goarch)
	if err != nil {
		t.Fatal(err)
	}
	return target
}

func TestReuse(t *testing.T) {
	jammy, rhel, azl := target(t, "amd64", "ubuntu", "22.04", "jammy"), target(t, "amd64", "rhel", "9.4", ""), target(t, "amd64", "azurelinux", "3.0", "")
	sles := target(t, "amd64", "sles", "15.6", "")
	const (
		apt      = "deb https://packages.microsoft.com/ubuntu/22.04/prod jammy main"
		yum      = "[ms]\nbaseurl=https://packages.microsoft.com/rhel/9/prod/\n"
		imageURL = "https://packages.microsoft.com/azurelinux/$releasever/prod/ms-non-oss/$basearch"
	)
	tests := []struct {
		name     string
		target   distro.Target
		file     string
		text     string
		options  Options
		want     string // place of the entry; empty: ours is to be written
		wantCode fault.Code
		says     string
	}{
		{name: "the same", target: jammy, text: apt, want: "line 1"},
		{name: "slash at the end", target: jammy, text: "deb https://packages.microsoft.com/ubuntu/22.04/prod/ jammy main", want: "line 1"},
		{name: "other scheme, case of the host, port, user", target: jammy, text: "deb HTTP://user:pw@Packages.Microsoft.COM:80//ubuntu/22.04/prod jammy main", want: "line 1"},
		{name: "the form of closed clouds", target: jammy, text: "deb https://packages.microsoft.com/repos/microsoft-ubuntu-jammy-prod jammy main", want: "line 1"},
		{name: "second of two lines", target: jammy, text: "deb http://archive.ubuntu.com/ubuntu jammy main\n" + apt, want: "line 2"},
		{name: "other suite", target: jammy, text: strings.ReplaceAll(apt, "jammy", "focal")},
		{name: "other release", target: jammy, text: strings.ReplaceAll(apt, "22.04", "20.04")},
		{name: "other host", target: jammy, text: strings.ReplaceAll(apt, "packages.microsoft.com", "packages.example.com")},
		{name: "host below ours", target: jammy, text: strings.ReplaceAll(apt, "packages.microsoft.com", "packages.microsoft.com.example.com")},
		{name: "other repository of the vendor", target: jammy, text: "deb https://packages.microsoft.com/repos/code stable main"},
		{name: "our own file", target: jammy, file: aptFile, text: apt},
		{name: "trusted", target: jammy, text: strings.Replace(apt, "deb ", "deb [trusted=yes] ", 1), wantCode: fault.RepositoryUntrusted, says: "trusted=yes"},
		{name: "one good, one trusted", target: jammy, text: apt + "\n" + strings.Replace(apt, "deb ", "deb [trusted=yes] ", 1), wantCode: fault.RepositoryUntrusted, says: "line 2"},
		{name: "trusted, of another repository", target: jammy, text: "deb [trusted=yes] https://other.invalid/ jammy main"},
		{name: "other architecture", target: jammy, text: strings.Replace(apt, "deb ", "deb [arch=arm64] ", 1), wantCode: fault.PackageUnavailable, says: "amd64"},
		{name: "other component", target: jammy, text: strings.Replace(apt, "main", "extra", 1), wantCode: fault.PackageUnavailable, says: "main"},
		{name: "sources only", target: jammy, text: strings.Replace(apt, "deb ", "deb-src ", 1), wantCode: fault.PackageUnavailable, says: "deb entry"},
		{name: "sources beside packages", target: jammy, text: strings.Replace(apt, "deb ", "deb-src ", 1) + "\n" + apt, want: "line 2"},
		{name: "mirror", target: jammy, text: "deb https://mirror.example.com/ms/ubuntu/22.04/prod jammy main", options: Options{Base: "https://mirror.example.com/ms/", Mirror: true}, want: "line 1"},
		{name: "vendor's while a mirror is wanted", target: jammy, text: apt, options: Options{Base: "https://mirror.example.com/ms", Mirror: true}},
		{name: "local folder", target: jammy, text: "deb file:///srv/ms/ubuntu/22.04/prod jammy main", options: Options{Base: "file:///srv/ms", Mirror: true}, want: "line 1"},

		{name: "yum", target: rhel, text: yum + "gpgcheck=1\n", want: "line 1"},
		{name: "yum, alias", target: rhel, text: strings.Replace(yum, "/9/", "/9.0/", 1) + "gpgcheck=1\n", want: "line 1"},
		{name: "yum, variable", target: rhel, text: strings.Replace(yum, "/9/", "/$releasever/", 1) + "gpgcheck=1\n", want: "line 1"},
		{name: "yum, variable in braces", target: rhel, text: strings.Replace(yum, "/9/", "/${releasever}/", 1) + "gpgcheck=1\n", want: "line 1"},
		{name: "yum, variable in a wrong place", target: rhel, text: strings.Replace(yum, "/rhel/", "/$releasever/", 1) + "gpgcheck=1\n"},
		{name: "yum, disabled and unchecked", target: rhel, text: yum + "enabled=0\ngpgcheck=0\n"},
		{name: "yum, unchecked", target: rhel, text: yum + "gpgcheck=0\n", wantCode: fault.RepositoryUntrusted, says: "gpgcheck=0"},
		{name: "zypper", target: sles, text: "[ms]\nbaseurl=https://packages.microsoft.com/sles/15/prod\n", want: "line 1"},

		{name: "image's", target: azl, text: "[azurelinux-official-ms-non-oss]\nbaseurl=" + imageURL + "\nenabled=1\ngpgcheck=1\n", want: "line 1"},
		{name: "image's, led elsewhere", target: azl, text: "[azurelinux-official-ms-non-oss]\nbaseurl=https://depot.example.com/x\nenabled=1\ngpgcheck=1\n", want: "line 1"},
		{name: "image's, but a mirror is wanted", target: azl, text: "[azurelinux-official-ms-non-oss]\nbaseurl=" + imageURL + "\nenabled=1\ngpgcheck=1\n", options: Options{Base: "https://mirror.example.com", Mirror: true}},
		{name: "image's, which tdnf takes for switched off", target: azl, text: "[azurelinux-official-ms-non-oss]\nbaseurl=" + imageURL + "\nenabled=yes\n"},
		{name: "image's, for the other architecture", target: azl, text: "[x]\nbaseurl=" + strings.Replace(imageURL, "$basearch", "aarch64", 1) + "\nenabled=1\ngpgcheck=1\n"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			file := test.file
			if file == "" {
				file = "/etc/x"
			}
			var entries []Entry
			if m := test.target.Manager; m == distro.Apt {
				entries, _ = ParseSourcesList(file, []byte(test.text))
			} else {
				entries, _ = ParseRepo(m, file, []byte(test.text), m == distro.Zypper)
			}
			if len(entries) == 0 {
				t.Fatal("the test's text gives no entry")
			}
			o := test.options
			o.GOARCH = "amd64"
			if o.Base == "" {
				o.Base = packageHost
			}
			got, err := Reuse(entries, test.target, o)
			if test.wantCode != 0 {
				var f *fault.Fault
				if !errors.As(err, &f) || f.Code != test.wantCode || !strings.Contains(f.What+f.Next, test.says) || !strings.Contains(f.What, file+" line ") {
					t.Fatalf("got %+v, error %#v", got, err)
				}
				if strings.Contains(f.What+f.Next, "\n") || f.Next == "" {
					t.Errorf("not two lines for an operator: %q, %q", f.What, f.Next)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			switch {
			case test.want == "" && got != nil:
				t.Errorf("reused %s (%s)", got.Place(), got.URI)
			case test.want != "" && (got == nil || !strings.HasSuffix(got.Place(), test.want)):
				t.Errorf("got %+v, want the entry in %s", got, test.want)
			}
		})
	}
}

// Somebody else's definition under our id must not be taken for ours.
func TestIDOfAnotherFile(t *testing.T) {
	target := distro.Target{Manager: distro.Dnf, Repository: distro.Repository{ID: "aadsshlogin"}}
	other := func(file, id string) Entry { return Entry{File: file, Line: 1, ID: id, URI: "https://x.invalid/y"} }
	for _, c := range []struct {
		entries []Entry
		want    string
	}{
		{nil, "aadsshlogin"},
		{[]Entry{other(yumFile, "aadsshlogin")}, "aadsshlogin"},
		{[]Entry{other("/etc/yum.repos.d/aaa.repo", "aadsshlogin")}, "aadsshlogin-2"},
		{[]Entry{other("/etc/yum.repos.d/aaa.repo", "aadsshlogin"), other("/etc/yum.repos.d/b.repo", "aadsshlogin-2")}, "aadsshlogin-3"},
	} {
		if got := FreeID(c.entries, target); got != c.want {
			t.Errorf("%v: %q, want %q", c.entries, got, c.want)
		}
	}
	good := Entry{File: "/etc/yum.repos.d/prod.repo", Line: 1, ID: "prod", URI: "https://packages.microsoft.com/x", Verifies: true}
	same, elsewhere, unverified := good, good, good
	same.File, elsewhere.File, unverified.File = "/etc/yum.repos.d/a.repo", "/etc/yum.repos.d/a.repo", "/etc/yum.repos.d/a.repo"
	elsewhere.URI, unverified.Verifies = "https://x.invalid/y", false
	for _, c := range []struct {
		other   Entry
		refused bool
	}{{good, false}, {same, false}, {elsewhere, true}, {unverified, true}} {
		if f := good.namesake([]Entry{good, c.other}); (f != nil) != c.refused || f != nil && f.Code != fault.RepositoryUntrusted {
			t.Errorf("%+v: %v", c.other, f)
		}
	}
}
