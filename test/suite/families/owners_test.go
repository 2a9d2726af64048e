//go:build rig

package families

import (
	"fmt"
	"testing"

	"aadssh/distro"
	"aadssh/test/lib/keys"
	"aadssh/test/lib/pkghost"
	"aadssh/test/lib/scene"
)

// owners adds an administrator's own definition of the vendor's repository, and returns its
// place.
func (m machine) owners(key, more string) (place string) {
	m.T.Helper()
	url := "https://" + pkghost.Name + m.Target.Repository.Path
	file := "/etc/yum.repos.d/prod.repo"
	text := fmt.Sprintf("[prod]\nname=prod\nbaseurl=%s\nenabled=1\ngpgcheck=1\nrepo_gpgcheck=1\n", url)
	if key != "" {
		text += "gpgkey=" + key + "\n"
	}
	switch m.Target.Manager {
	case distro.Apt:
		file = "/etc/apt/sources.list.d/prod.list"
		if key != "" {
			key = "[signed-by=" + key[len("file://"):] + "]"
		}
		text = fmt.Sprintf("deb %s %s %s main\n", key, url, m.Target.Repository.Suite)
	case distro.Zypper:
		file = "/etc/zypp/repos.d/prod.repo"
	}
	m.Write(file, text+more)
	return file + " line 1"
}

// TestOwnersKey: if the key of an administrator's own entry is missing, is not the signing
// key, or is not imported, the verdict names the entry's file and line, and the signing
// key; the same in the mode existing.
func TestOwnersKey(t *testing.T) {
	const key = "/etc/KEY"
	signer := keys.Rig().Fingerprint
	for name, c := range map[string]struct {
		before func(m machine) (place string)
		says   string
		rpm    bool // apt has no such form
	}{
		"where it leads to nothing": {func(m machine) string {
			m.Sh("ln -s /nowhere " + key)
			return m.owners("file://"+key, "")
		}, "key file " + key, false},
		"another one": {func(m machine) string {
			m.Write(key, string(keys.Wrong().Public))
			return m.owners("file://"+key, "")
		}, signer, false},
		"a page": {func(m machine) string {
			m.Write(key, "<html>\n")
			return m.owners("file://"+key, "")
		}, signer, false},
		"not served": {func(m machine) string {
			m.Packages.Missing("/nokey")
			return m.owners("https://"+pkghost.Name+"/nokey", "")
		}, "", true},
		"none": {func(m machine) string { return m.owners("", "") }, signer, true},
	} {
		for _, mode := range []string{"default", "existing"} {
			t.Run(name+", "+mode, func(t *testing.T) {
				each(t, kinds(), scene.Options{}, func(m machine) {
					if c.rpm && m.Target.Manager == distro.Apt {
						return
					}
					place := c.before(m)
					m.Set(`{"repository": {"mode": "` + mode + `"}}`)
					m.Want(27, place, c.says)
					m.Has("aadsshlogin", "")
				})
			})
		}
	}
}

// TestOwnersKeyIsPut: if the path that an administrator's entry names is free, our verified
// key is written there; not in the mode existing.
func TestOwnersKeyIsPut(t *testing.T) {
	const key = "/etc/pki/rpm-gpg/OWNERS-KEY"
	each(t, typical(), scene.Options{}, func(m machine) {
		place := m.owners("file://"+key, "")
		m.Set(`{"repository": {"mode": "existing"}}`)
		m.Want(27, place, key)
		if m.Exists(key) {
			m.Fatal("the mode existing wrote %s", key)
		}
		m.Set(`{}`)
		m.Want(0)
		m.Has("aadsshlogin", newer)
	})
}

// TestOwnersBrokenDefinition: a definition that its manager ignores is not used instead of
// ours. Managers that stop because of it get the file and line named.
func TestOwnersBrokenDefinition(t *testing.T) {
	each(t, rpms(), scene.Options{}, func(m machine) {
		m.Write("/etc/KEY", string(keys.Rig().Public))
		m.owners("file:///etc/KEY", "# a note\n\njunk\n")
		switch {
		case m.Target.Manager == distro.Zypper:
			m.Want(26, "/etc/zypp/repos.d/prod.repo", "line 10")
		case m.Persona.Release == "4.0", m.Target.Manager == distro.Yum: // dnf 5 and yum stop
			m.Want(26, "/etc/yum.repos.d/prod.repo", "line 10")
		default:
			m.Want(0)
			m.Has("aadsshlogin", newer)
		}
	})
}

// configured is a machine on which the vendor's repository is already configured, as the
// vendor recommends.
func (m machine) configured() {
	m.T.Helper()
	m.Write("/etc/owner.asc", string(keys.Rig().Public))
	more := ""
	if m.Target.Manager == distro.Zypper {
		m.Sh("rpm --import /etc/owner.asc")
		more = "pkg_gpgcheck=1\n"
	}
	m.owners("file:///etc/owner.asc", more)
}

// TestOwnersEntry: an administrator's own entry for the same repository is used, and none
// is added, because apt refuses to work if two entries name different keys.
func TestOwnersEntry(t *testing.T) {
	for _, c := range []struct{ name, file, text string }{
		{"one line", "/etc/apt/sources.list.d/microsoft-prod.list",
			"# from packages-microsoft-prod.deb\ndeb [signed-by=" + ownersKey + "] https://packages.microsoft.com/ubuntu/22.04/prod jammy main\n"},
		{"deb822", "/etc/apt/sources.list.d/microsoft-prod.sources",
			"Types: deb\nURIs: https://packages.microsoft.com/ubuntu/22.04/prod/\nSuites: jammy\nComponents: main\nSigned-By: " + ownersKey + "\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := start(t, "ubuntu-22.04", scene.Options{})
			s.WriteMode(ownersKey, ring(t, keys.Rig()), 0o644)
			s.Write(c.file, c.text)
			s.Want(0)
			if s.Exists(ourList) || s.Exists(ourKey) {
				t.Error("a second entry or keyring was added next to the owner's")
			}
			if b, err := s.ReadFile(c.file); err != nil || string(b) != c.text {
				t.Errorf("the owner's entry is now %q, %v", b, err)
			}
			// apt itself accepts the configuration.
			s.Sh("apt-get update -o Dir::Etc::SourceList=/dev/null -o APT::Update::Error-Mode=any")
		})
	}
}
