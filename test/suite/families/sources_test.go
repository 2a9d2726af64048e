//go:build rig

package families

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"aadssh/distro"
	"aadssh/internal/repo"
	"aadssh/test/lib/box"
	"aadssh/test/lib/fixtures"
	"aadssh/test/lib/keys"
	"aadssh/test/lib/pkghost"
	"aadssh/test/lib/repository"
	"aadssh/test/lib/scene"
)

// third adds a repository of somebody else to the machine.
func (m machine) third(url string) {
	m.T.Helper()
	key := "/etc/third.asc"
	m.Write(key, string(keys.Rig().Public))
	switch m.Target.Manager {
	case distro.Apt:
		m.Write("/etc/apt/sources.list.d/third.list", fmt.Sprintf("deb [signed-by=%s] %s %s main\n", key, url, m.Target.Repository.Suite))
	case distro.Zypper:
		m.Write("/etc/zypp/repos.d/third.repo", fmt.Sprintf("[third]\nname=third\nbaseurl=%s\nenabled=1\nautorefresh=1\ngpgcheck=1\ngpgkey=file://%s\n", url, key))
	default:
		m.Write("/etc/yum.repos.d/third.repo", fmt.Sprintf("[third]\nname=third\nbaseurl=%s\nenabled=1\ngpgcheck=1\nrepo_gpgcheck=1\ngpgkey=file://%s\n", url, key))
	}
}

// What is wrong with other people's repositories is in nobody's way.
func TestBrokenThirdParty(t *testing.T) {
	troubles := map[string]func(m machine){
		"404":  func(m machine) { m.third("https://" + pkghost.Name + "/gone"); m.Packages.Missing("/gone/...") },
		"hang": func(m machine) { m.third("http://" + box.BlackHole + "/third") },
		"wrong signature": func(m machine) {
			wrong := keys.Wrong()
			m.OfferAt("/third", &wrong, login(newest)...)
			m.third("https://" + pkghost.Name + "/third")
		},
	}
	for name, trouble := range troubles {
		t.Run(name, func(t *testing.T) {
			each(t, typical(), scene.Options{}, func(m machine) {
				trouble(m)
				m.calm(m.Want(0))
				m.Has("aadsshlogin", newer)
				m.idle()
				m.leave()
			})
		})
	}
}

// A third party that holds what we depend on is used, and found where its lists
// were never fetched before.
func TestDependencyOfAnotherRepository(t *testing.T) {
	dependency := fixtures.Spec{Name: fixtures.Dependency + "01", Version: "1.0"}
	packages := []fixtures.Spec{{Name: fixtures.Login, Version: newer, Depends: []string{dependency.Name}}}
	each(t, typical(), scene.Options{Packages: packages}, func(m machine) {
		m.OfferAt("/third", nil, dependency)
		m.third("https://" + pkghost.Name + "/third")
		m.Want(0)
		m.Has("aadsshlogin", newer)
		m.Has(dependency.Name, "1.0")
	})
}

// With the mode existing nothing is added, and nothing but the machine's own
// folder is used: there is no network.
func TestExistingWithoutNetwork(t *testing.T) {
	each(t, kinds(), scene.Options{}, func(m machine) {
		m.local("/srv/packages")
		if m.Target.Manager == distro.Zypper { // it asks a person, once
			m.Sh("rpm --import /etc/third.asc")
		}
		m.Packages.Down()
		before := m.Snapshot()
		m.set(`{"repository": {"mode": "existing"}}`)
		m.Want(0)
		m.Has("aadsshlogin", newer)
		m.idle()
		ours := repo.DefinitionPath(m.Target.Manager)
		if m.Exists(ours) || m.Exists(repo.KeyPath(m.Target.Manager)) {
			m.Fatal("the mode existing added %s or a key", ours)
		}
		if r := m.Packages.Requests(); len(r) > 0 {
			m.Fatal("requests: %v", r)
		}
		m.leave()
		for _, line := range m.leftover(before) {
			m.T.Errorf("left behind: %s", line)
		}
	})
}

// local puts a repository with the package into a folder of the machine, and
// configures it.
func (m machine) local(dir string) {
	m.T.Helper()
	ctx, from := m.T.Context(), m.T.TempDir()
	if m.Target.Manager == distro.Apt {
		debs, err := fixtures.Debs(ctx, m.Cache, login(newer)...)
		m.Must(err)
		m.Must(repository.Apt{Suite: m.Target.Repository.Suite, Debs: debs, Key: keys.Rig()}.Write(ctx, from))
	} else {
		rpms, err := fixtures.RPMs(ctx, m.Cache, login(newer)...)
		m.Must(err)
		m.Must(repository.Yum{RPMs: rpms, Key: keys.Rig()}.Write(ctx, from))
	}
	m.Must(fs.WalkDir(os.DirFS(from), ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		return m.CopyIn(filepath.Join(from, name), filepath.Join(dir, name), 0o644)
	}))
	m.third("file://" + dir)
}

// A mirror of the owner's, with the vendor's signatures and the vendor's paths.
func TestMirror(t *testing.T) {
	each(t, kinds(), scene.Options{}, func(m machine) {
		const base = "http://" + pkghost.Name + "/mirror"
		path := "/mirror" + m.Target.Repository.Path
		m.OfferAt(path, nil, login(newest)...)
		m.Packages.File("/mirror/keys/microsoft.asc", keys.Rig().Public)
		m.Packages.File("/mirror/keys/microsoft-2025.asc", keys.Rig().Public)
		m.set(`{"repository": {"mode": "mirror", "baseUrl": "` + base + `"}}`)
		m.Want(0)
		m.Has("aadsshlogin", newest)
		for _, r := range m.Packages.Requests() {
			if !strings.HasPrefix(r.Path, "/mirror/") {
				m.T.Errorf("asked elsewhere: %v", r)
			}
		}
		m.idle()
	})
}
