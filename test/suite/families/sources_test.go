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
	"aadssh/test/lib/rig"
	"aadssh/test/lib/scene"
)

// third adds another repository to the machine.
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

// TestBrokenThirdParty: faults of other repositories do no harm.
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

// TestDependencyOfAnotherRepository: another repository with our dependencies is used, even
// if its lists were never fetched.
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

// local creates a repository with the package in a folder of the machine, and configures
// it.
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

// TestExisting: the configured sources are used, and nothing of ours is added, whether they
// are a folder on a machine without network or the vendor's host.
func TestExisting(t *testing.T) {
	existing := func(m machine) {
		before := m.Snapshot()
		m.Set(`{"repository": {"mode": "existing"}}`)
		m.Want(0)
		m.Has("aadsshlogin", newer)
		m.idle()
		for _, line := range m.Written(before, "/var/lib/dpkg") {
			if strings.HasPrefix(line, "+ ") && strings.Contains(line, "aadsshlogin.") {
				m.T.Errorf("it was added: %s", line)
			}
		}
		ours := repo.DefinitionPath(m.Target.Manager)
		if m.Exists(ours) || m.Exists(repo.KeyPath(m.Target.Manager)) {
			m.Fatal("the mode existing added %s or a key", ours)
		}
		m.leave()
		for _, line := range m.leftover(before) {
			m.T.Errorf("left behind: %s", line)
		}
	}
	t.Run("folder", func(t *testing.T) {
		each(t, kinds(), scene.Options{}, func(m machine) {
			m.local("/srv/packages")
			if m.Target.Manager == distro.Zypper { // it asks a person, once
				m.Sh("rpm --import /etc/third.asc")
			}
			m.Packages.Down()
			existing(m)
			if r := m.Packages.Requests(); len(r) > 0 {
				m.Fatal("requests: %v", r)
			}
		})
	})
	t.Run("host", func(t *testing.T) {
		each(t, typical(), scene.Options{}, func(m machine) {
			m.configured()
			existing(m)
		})
	})
}

// TestExistingUnreachable: the requests go to the machine's own repository.
func TestExistingUnreachable(t *testing.T) {
	each(t, typical(), scene.Options{}, func(m machine) {
		m.configured()
		m.Packages.Down()
		m.Set(`{"repository": {"mode": "existing"}}`)
		m.Want(20, pkghost.Name+" refuses the TCP connection")
	})
}

const mirrorHost = "mirror.example.com"

// mirrored are machines whose packages are only on a mirror.
func mirrored(packages ...fixtures.Spec) scene.Options {
	return scene.Options{Packages: packages, Rig: func(o *rig.Options) {
		o.Names = []string{pkghost.Name, mirrorHost}
		o.Path = mirrorHost + "/microsoft" + strings.TrimSuffix(o.Path, "/")
	}}
}

// useMirror sets a mirror as the source of the packages; it has the vendor's keys, and its
// index is signed or not.
func (m machine) useMirror(scheme string, signed bool) {
	m.T.Helper()
	for _, name := range []string{"microsoft.asc", "microsoft-2025.asc"} {
		m.Packages.File(mirrorHost+"/microsoft/keys/"+name, keys.Rig().Public)
	}
	if !signed {
		m.Packages.Trouble(mirrorHost+"/microsoft"+strings.TrimSuffix(m.Target.Repository.Path, "/")+"/repodata/repomd.xml.asc", pkghost.Status(404, 0))
	}
	m.Set(`{"repository": {"mode": "mirror", "baseUrl": "` + scheme + "://" + mirrorHost + `/microsoft"}}`)
}

// TestMirror: all requests go to the mirror in the settings, which has the vendor's
// signatures and paths.
func TestMirror(t *testing.T) {
	for _, c := range []struct {
		name, scheme string
		signed       bool
		on           []string
	}{
		{"http", "http", true, kinds()},
		{"https", "https", true, typical()},
		{"http, unsigned index", "http", false, []string{"rhel-9.4", "sles-15.6"}}, // apt's index is signed or useless
		{"https, unsigned index", "https", false, []string{"rhel-9.4", "sles-15.6"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			each(t, c.on, mirrored(login(newest)...), func(m machine) {
				m.useMirror(c.scheme, c.signed)
				m.Want(0)
				m.Has("aadsshlogin", newest)
				for _, r := range m.Packages.Requests() {
					if r.Host != mirrorHost || r.Scheme != c.scheme || !strings.HasPrefix(r.Path, "/microsoft/") {
						m.T.Errorf("asked elsewhere: %s", r)
					}
				}
				m.idle()
			})
		})
	}
}
