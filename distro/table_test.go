package distro

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"aadssh/test/lib/golden"
)

// TestTable renders Lookup's result for every fixture on both architectures and compares it
// with the golden file, so that a change of a row is visible.
func TestTable(t *testing.T) {
	var b strings.Builder
	covered := map[string]bool{}
	for _, name := range fixtures(t) {
		r, err := Parse(fixture(t, "os-release", name))
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		for _, arch := range []string{"amd64", "arm64"} {
			fmt.Fprintf(&b, "== %s %s\n", name, arch)
			target, err := Lookup(r, arch)
			if err != nil {
				fmt.Fprintf(&b, "%v\n\n", err)
				continue
			}
			fmt.Fprintf(&b, "%s\n", describe(target))
		}
		if v, err := parseVersion(r.VersionID); err == nil {
			if row, ok := covering(familyOf(r.ID), v); ok {
				covered[row.Family+" "+row.Releases] = true
			}
		}
	}
	golden.Compare(t, filepath.Join("testdata", "table.golden"), b.String())

	for _, row := range Rows() {
		// Nothing is published yet that these rows would cover.
		future := strings.HasSuffix(row.Releases, "and later") && row.Family != "RHEL" && row.Manager != Zypper
		if name := row.Family + " " + row.Releases; !covered[name] && !future {
			t.Errorf("row %q has no os-release fixture", name)
		}
	}
}

func TestMarkdown(t *testing.T) {
	golden.Compare(t, filepath.Join("..", "docs", "distributions.md"), Markdown())
}

// TestRows checks the rules that the code relies on.
func TestRows(t *testing.T) {
	for _, row := range Rows() {
		name := row.Family + " " + row.Releases
		from, err := parseVersion(row.From)
		if err != nil {
			t.Errorf("%s: From: %v", name, err)
		}
		if row.Below != "" {
			if below, err := parseVersion(row.Below); err != nil || !from.less(below) {
				t.Errorf("%s: Below %q does not come after From %q (%v)", name, row.Below, row.From, err)
			}
		}
		if first, _ := covering(familyOf(row.IDs[0]), from); first.Releases != row.Releases {
			t.Errorf("%s is never reached: %q comes first", name, first.Releases)
		}
		facts := map[string]bool{}
		for _, source := range row.Sources {
			facts[source.Fact] = source.Where != ""
		}
		if row.Refused != "" {
			if !facts["release"] {
				t.Errorf("%s is refused without a source", name)
			}
			continue
		}
		if row.Tested == (row.Note != "") {
			t.Errorf("%s: Tested is %v and Note is %q; exactly the untested rows have a note", name, row.Tested, row.Note)
		}
		needed := []string{"path", "keys", "SELinux package", "SSH unit"}
		if row.Tested {
			needed = append(needed, "release")
		}
		if row.Pin != "" {
			needed = append(needed, "pin")
		}
		if row.Transport != "" {
			needed = append(needed, "transport")
		}
		if row.Tested && len(row.Unseen) > 0 {
			needed = append(needed, "architectures")
		}
		for _, fact := range needed {
			if !facts[fact] {
				t.Errorf("%s: no source for its %s", name, fact)
			}
		}
		if (len(row.Keys) == 0) != (row.OnImage != nil) {
			t.Errorf("%s needs either keys or an image that has them", name)
		}
		if !strings.HasPrefix(row.Path, "/") || len(row.arches()) == 0 || len(row.SSHUnits) == 0 {
			t.Errorf("%s is incomplete: %+v", name, row)
		}
	}
}

func TestUnsupported(t *testing.T) {
	tests := []struct {
		fixture, arch string
		wants         []string
	}{
		{"os-release/rhel-8.2", "amd64", []string{"Red Hat Enterprise Linux 8.2 (Ootpa)", "RHEL 8.3"}},
		{"os-release/rhel-7.3", "amd64", []string{"RHEL 7.4"}},
		{"os-release/sles-15", "amd64", []string{"SLES 15.1"}},
		{"os-release/leap-15.0", "amd64", []string{"openSUSE Leap 15.1"}},
		{"os-release/mariner-1.0", "amd64", []string{"withdrawn", "2024-10-17"}},
		{"os-release/azurelinux-5.0", "amd64", []string{"newer than Azure Linux 4"}},
		{"os-release/fedora-42", "amd64", []string{`"fedora" is not one of the supported`}},
		{"os-release/alpine-3.22", "amd64", []string{`"alpine" is not one of the supported`}},
		{"os-release/tumbleweed", "amd64", []string{`"opensuse-tumbleweed" is not one of the supported`}},
		{"os-release/eurolinux-9", "amd64", []string{`calls itself like rhel`, "packages for RHEL", "nothing is guessed"}},
		{"os-release/linuxmint-21.3", "amd64", []string{`calls itself like ubuntu`}},
		{"os-release/ubuntu-18.04", "arm64", []string{"Ubuntu 18.04.6 LTS on arm64", "amd64 only"}},
		{"os-release/ubuntu-16.04", "arm64", []string{"amd64 only"}},
		{"os-release/debian-9", "arm64", []string{"amd64 only"}},
		{"os-release/ubuntu-24.04", "riscv64", []string{"amd64 and arm64 only"}},
		{"os-release/debian-sid", "amd64", []string{"no VERSION_ID"}},
		{"hostile/no-version", "amd64", []string{"no VERSION_ID"}},
		{"hostile/path-in-version", "amd64", []string{`"12/../../etc"`, "not a version number"}},
		{"hostile/path-in-codename", "amd64", []string{"VERSION_CODENAME", "../../x y"}},
		{"hostile/rule-without-codename", "amd64", []string{"VERSION_CODENAME"}},
		{"hostile/foreign-codename", "amd64", []string{`codename is "virginia"`, `Ubuntu 22.04 is "jammy"`, "another distribution"}},
	}
	for _, test := range tests {
		t.Run(test.fixture+" "+test.arch, func(t *testing.T) {
			dir, name := filepath.Split(test.fixture)
			r, err := Parse(fixture(t, dir, name))
			if err != nil {
				t.Fatal(err)
			}
			target, err := Lookup(r, test.arch)
			var unsupported *Unsupported
			if !errors.As(err, &unsupported) {
				t.Fatalf("got %+v and error %v, want *Unsupported", target, err)
			}
			if unsupported.Found == "" || unsupported.Arch != test.arch || !slices.Contains(unsupported.Supported, map[string]string{"amd64": "RHEL 7.4-7.9, 8.3+, 9.0+, 10", "arm64": "RHEL 8.3+, 9.0+, 10"}[test.arch]) && test.arch != "riscv64" {
				t.Errorf("incomplete: %+v", unsupported)
			}
			for _, want := range test.wants {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("%q does not say %q", err, want)
				}
			}
		})
	}
}

func describe(t Target) string {
	var b strings.Builder
	line := func(name string, value any) { fmt.Fprintf(&b, "%-13s %v\n", name, value) }
	line("name", t.Name)
	line("tested", t.Tested)
	if t.Note != "" {
		line("note", t.Note)
	}
	line("manager", t.Manager)
	line("repository", t.Repository.ID+" | "+t.Repository.Name)
	line("path", t.Repository.Path)
	for _, other := range t.Repository.OtherPaths {
		line("  also", other)
	}
	if t.Repository.Suite != "" {
		line("suite", t.Repository.Suite+" "+t.Repository.Component)
	}
	line("arches", t.Repository.Arches)
	line("keys", t.Repository.Keys)
	line("metadata", t.Repository.MetadataSigned)
	if t.Repository.OnImage != nil {
		line("on image", fmt.Sprintf("%+v", *t.Repository.OnImage))
	}
	line("packages", fmt.Sprintf("%s, %s (%v)", t.Packages.Login, t.Packages.SELinux, t.SELinux))
	if t.Transport != "" {
		line("transport", t.Transport)
	}
	line("legacy", t.Legacy)
	if t.Pin != "" {
		line("pin", t.Pin)
	}
	line("ssh", t.SSHUnits)
	return b.String()
}

func fixtures(t *testing.T) []string {
	t.Helper()
	files, err := os.ReadDir(filepath.Join("testdata", "os-release"))
	if err != nil {
		t.Fatal(err)
	}
	names := make([]string, len(files))
	for i, file := range files {
		names[i] = file.Name()
	}
	return names
}
