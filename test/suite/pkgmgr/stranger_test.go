//go:build rig

package pkgmgr_test

import (
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"aadssh/distro"
	"aadssh/internal/fault"
	"aadssh/test/lib/fixtures"
	"aadssh/test/lib/pkghost"
	"aadssh/test/lib/rig"
	"aadssh/test/lib/roots"
)

// stranger is a package of an unsigned source. Its script prints that it ran.
type stranger struct {
	name, version string
	lines         string // further lines of the spec file
	module        bool   // it is in a module that is enabled by default, which hides packages of its name elsewhere
}

// module is a description of modules for dnf 4 and 5, with a default.
const module = `---
document: modulemd
version: 2
data:
  name: login
  stream: "1"
  version: 1
  context: abcd1234
  arch: noarch
  summary: x
  description: x
  license: {module: [MIT]}
  artifacts:
    rpms: ["aadsshlogin-0:99-1.noarch"]
...
---
document: modulemd-defaults
version: 1
data:
  module: login
  stream: "1"
...
`

// strangers are ways in which another source can replace ours.
func strangers() map[string]stranger {
	return map[string]stranger{
		"newer":                 {"aadsshlogin", "99", "", false},
		"the same version":      {"aadsshlogin", newer, "", false},
		"with an epoch":         {"aadsshlogin", "1.0", "Epoch: 7\n", false},
		"obsoletes ours":        {"zz-login", "99", "Obsoletes: aadsshlogin < 99\nProvides: aadsshlogin = 99\n", false},
		"provides ours":         {"aa-login", "99", "Provides: aadsshlogin = 99\n", false},
		"obsoletes all of them": {"zz-login", "99", "Obsoletes: aadsshlogin\n", false},
		"in a module":           {"aadsshlogin", "99", "", true},
	}
}

// addStranger adds a source with precedence over all others, in the manager's own terms,
// that has the stranger and is not signed.
func (m machine) addStranger(s stranger) {
	m.T.Helper()
	dir := m.T.TempDir()
	spec := fmt.Sprintf("Name: %s\nVersion: %s\nRelease: 1\nSummary: x\nLicense: MIT\nBuildArch: noarch\n%s%%description\nx\n%%post\ntouch /foreign-ran\n%%files\n", s.name, s.version, s.lines)
	m.Must(os.WriteFile(filepath.Join(dir, "x.spec"), []byte(spec), 0o644))
	m.Must(os.WriteFile(filepath.Join(dir, "modules.yaml"), []byte(module), 0o644))
	repository := filepath.Join(dir, "repository")
	for _, argv := range [][]string{
		{"rpmbuild", "-bb", "--quiet", "--define", "_topdir " + dir, "--define", "_rpmdir " + repository, "--define", "_rpmfilename %{NAME}-%{VERSION}-%{RELEASE}.%{ARCH}.rpm", filepath.Join(dir, "x.spec")},
		{"createrepo_c", "--quiet", repository},
		{"modifyrepo_c", "--mdtype=modules", filepath.Join(dir, "modules.yaml"), filepath.Join(repository, "repodata")},
	} {
		if argv[0] == "modifyrepo_c" && !s.module {
			continue
		}
		if out, err := exec.Command(argv[0], argv[1:]...).CombinedOutput(); err != nil {
			m.T.Fatalf("%s: %v\n%s", argv, err, out)
		}
	}
	err := filepath.WalkDir(repository, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		content, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		return m.WriteFile("/foreign"+strings.TrimPrefix(path, repository), content, 0o644)
	})
	m.Must(err)
	definition := "/etc/yum.repos.d/aaa.repo"
	if m.manager == distro.Zypper {
		definition = "/etc/zypp/repos.d/aaa.repo"
	}
	m.write(definition, "[aaa]\nname=aaa\nbaseurl=file:///foreign\nenabled=1\ngpgcheck=0\nrepo_gpgcheck=0\npkg_gpgcheck=0\npriority=1\ncost=1\nautorefresh=1\n")
}

// chooses reports whether the manager can choose between two sources with the same version.
// tdnf cannot, nor the stand-in for yum.
func (m machine) chooses() bool { return m.manager != distro.Tdnf && m.manager != distro.Yum }

// TestStrangersPackageIsNotTaken: in the modes with a repository of ours the package is
// installed from it alone, even if its dependencies are in another source, so that all have
// to be used.
func TestStrangersPackageIsNotTaken(t *testing.T) {
	dependency := fixtures.Spec{Name: fixtures.Dependency + "01", Version: "1.0"}
	needs := []fixtures.Spec{
		{Name: fixtures.Login, Version: older},
		{Name: fixtures.Login, Version: newer, Depends: []string{dependency.Name}},
	}
	for name, s := range strangers() {
		t.Run(name, func(t *testing.T) {
			machines := rpmRoots()
			if s.module { // yum 3 and tdnf have no modules, but their stand-ins do
				machines = slices.DeleteFunc(machines, func(p roots.Persona) bool { return p.Family == roots.Yum || p.Family == roots.Tdnf })
			}
			each(t, machines, needs, func(m machine) {
				m.offer("/base", rig.Options{Packages: []fixtures.Spec{dependency}})
				m.third("base", "https://"+pkghost.Name+"/base")
				m.addStranger(s)
				m.must(job{Do: "Refresh"})
				a := m.do(job{Do: "Install", Specs: spec("aadsshlogin", "")})
				m.Do("test ! -e /foreign-ran")
				if refused := a.Code == fault.RepositoryUntrusted || a.Code == fault.PackageManagerFailed; refused && !m.chooses() && name == "the same version" {
					if !strings.Contains(a.What+a.Next, "nother source of this machine") {
						m.T.Errorf("%s\n%s", a.What, a.Next)
					}
					m.has("aadsshlogin", "")
					return
				}
				if a.Code != fault.OK {
					m.Fatal("%d %s\n%s", a.Code, a.What, strings.Join(ran(a), "\n"))
				}
				m.has("aadsshlogin", newer)
				m.has(dependency.Name, "1.0")
				if !m.registered() {
					m.T.Error("the package did not register itself")
				}
				m.T.Log(strings.Join(ran(a), "\n"))
				m.must(job{Do: "Reinstall", Names: []string{"aadsshlogin"}})
				m.Do("test ! -e /foreign-ran")
				m.fails(job{Do: "Install", Specs: spec("aadsshlogin", "99")}, fault.PackageUnavailable, "99")
				m.has("aadsshlogin", newer)
			})
		})
	}
}

// TestModuleDoesNotHideOurs: an enabled module of another source does not hide our package,
// whether or not that source is used.
func TestModuleDoesNotHideOurs(t *testing.T) {
	machines := slices.DeleteFunc(rpmRoots(), func(p roots.Persona) bool { return p.Family != roots.Dnf })
	each(t, machines, login(older, newer), func(m machine) {
		m.addStranger(strangers()["in a module"])
		m.Do("dnf -y module enable login:1 || true") // dnf 5 exits with 1 if a plugin fails after it
		for _, source := range []string{"true", "rm /etc/yum.repos.d/aaa.repo"} {
			m.Do(source)
			m.must(job{Do: "Refresh"})
			if v := m.must(job{Do: "Versions", Names: []string{"aadsshlogin"}}).Versions; len(v) != 2 {
				m.T.Errorf("versions %v", v)
			}
			m.must(job{Do: "Install", Specs: spec("aadsshlogin", "")})
			m.has("aadsshlogin", newer)
			m.must(job{Do: "Reinstall", Names: []string{"aadsshlogin"}})
			m.must(job{Do: "Remove", Names: []string{"aadsshlogin"}})
		}
	})
}

// TestWithOtherSources: with other sources, everything else works as with ours alone: a
// downgrade to a wanted version, and the replacement of the older product.
func TestWithOtherSources(t *testing.T) {
	dependency := fixtures.Spec{Name: fixtures.Dependency + "02", Version: "1.0"}
	packages := []fixtures.Spec{
		{Name: fixtures.Login, Version: older, Depends: []string{dependency.Name}},
		{Name: fixtures.Login, Version: newer, Depends: []string{dependency.Name}},
		{Name: fixtures.Legacy, Version: "1.0"},
	}
	each(t, rpmRoots(), packages, func(m machine) {
		m.offer("/base", rig.Options{Packages: []fixtures.Spec{dependency}})
		m.third("base", "https://"+pkghost.Name+"/base")
		m.must(job{Do: "Refresh"})
		m.must(job{Do: "Install", Specs: spec("aadlogin", "")})
		m.must(job{Do: "Download", Specs: spec("aadsshlogin", ""), Names: []string{"aadlogin"}})
		m.has("aadlogin", "1.0")
		m.must(job{Do: "Replace", Specs: spec("aadsshlogin", ""), Names: []string{"aadlogin"}})
		m.has("aadsshlogin", newer)
		m.has("aadlogin", "")
		// Its dependency is removed, so that our source alone is not enough again.
		m.Do("rpm -e --nodeps " + dependency.Name)
		m.must(job{Do: "Install", Specs: spec("aadsshlogin", older)})
		m.has("aadsshlogin", older)
		m.Do("rpm -e --nodeps " + dependency.Name)
		m.must(job{Do: "Reinstall", Names: []string{"aadsshlogin"}})
		m.has("aadsshlogin", older)
	})
}
