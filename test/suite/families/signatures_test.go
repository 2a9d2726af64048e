//go:build rig

package families

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"aadssh/internal/fault"
	"aadssh/internal/host"
	"aadssh/internal/repo"
	"aadssh/test/lib/agentrun"
	"aadssh/test/lib/box"
	"aadssh/test/lib/fixtures"
	"aadssh/test/lib/keys"
	"aadssh/test/lib/pkghost"
	"aadssh/test/lib/rig"
	"aadssh/test/lib/roots"
	"aadssh/test/lib/scene"
	"aadssh/test/lib/stage"
)

// rpms are the releases whose packages are signed themselves: all but the first, which is
// an Ubuntu.
func rpms() []string { return kinds()[1:] }

func TestWronglySignedPackage(t *testing.T) {
	for name, signing := range map[string]fixtures.Signing{"unsigned": fixtures.Unsigned, "wrong key": fixtures.WrongKey} {
		t.Run(name, func(t *testing.T) {
			each(t, rpms(), scene.Options{Packages: []fixtures.Spec{{Name: fixtures.Login, Version: newer, Signing: signing}}}, func(m machine) {
				texts := []string{"aadsshlogin-" + newer} // the package, and what signed it
				if signing == fixtures.WrongKey {
					texts = append(texts, keys.Wrong().Fingerprint)
				}
				m.Want(27, texts...)
				m.Has("aadsshlogin", "")
				if m.registered() {
					m.Fatal("the package registered itself nevertheless")
				}
			})
		})
	}
}

func TestWronglySignedMetadata(t *testing.T) {
	each(t, kinds(), scene.Options{}, func(m machine) {
		wrong := keys.Wrong()
		m.OfferAt(m.Target.Repository.Path, &wrong, login(newest)...)
		before := m.Snapshot()
		m.Want(27, wrong.Fingerprint)
		m.Has("aadsshlogin", "")
		m.undone(before)
	})
}

// TestMetadataPluginIsOff: a plugin verifies tdnf's metadata: if it is turned off, metadata
// signed with another key is accepted, and status and doctor report that nothing verifies
// it. The package itself is still verified.
func TestMetadataPluginIsOff(t *testing.T) {
	for name, off := range map[string]string{
		"plugins":       "sed -i '/^plugins/d' /etc/tdnf/tdnf.conf",
		"this plugin":   "sed -i 's/enabled=1/enabled=0/' /etc/tdnf/pluginconf.d/tdnfrepogpgcheck.conf",
		"its library":   "rm -r /usr/lib/tdnf-plugins",
		"not installed": "rm -r /usr/lib/tdnf-plugins /etc/tdnf/pluginconf.d",
	} {
		t.Run(name, func(t *testing.T) {
			each(t, []string{"azurelinux-3.0"}, scene.Options{}, func(m machine) {
				wrong := keys.Wrong()
				m.OfferAt(m.Target.Repository.Path, &wrong, fixtures.Spec{Name: fixtures.Login, Version: newest, Signing: fixtures.WrongKey})
				m.Sh(off)
				m.Want(27, "aadsshlogin-"+newest, wrong.Fingerprint)
				m.Has("aadsshlogin", "")

				const text = "tdnf does not verify the metadata of any repository"
				m.OfferAt(m.Target.Repository.Path, &wrong, login(newest)...)
				m.Want(0).Warns("repository", text)
				m.Has("aadsshlogin", newest)
				r := m.Try(stage.Home + "/bin/aadsshlogin-handler doctor --only repository")
				if !strings.Contains(string(r.Stdout), text) {
					m.Fatal("doctor does not say it:\n%s%s", r.Stdout, r.Stderr)
				}
			})
		})
	}
}

// TestFailureLeavesNothing: if the package manager cannot install the package, neither our
// definition nor our key stays.
func TestFailureLeavesNothing(t *testing.T) {
	for name, c := range map[string]struct {
		code  fault.Code
		login fixtures.Spec
	}{
		"a dependency that nobody has": {26, fixtures.Spec{Name: fixtures.Login, Version: newer, Depends: []string{"no-such-package"}}},
		"no such package":              {28, fixtures.Spec{Name: fixtures.Dependency + "01", Version: "1.0"}},
	} {
		t.Run(name, func(t *testing.T) {
			each(t, kinds(), scene.Options{Packages: []fixtures.Spec{c.login}}, func(m machine) {
				before := m.Snapshot()
				m.Want(c.code, "aadsshlogin")
				m.Has("aadsshlogin", "")
				m.undone(before)
			})
		})
	}
}

// undone fails the test if our definition of the repository or our key still exists, or
// anything else was written since before except the package manager's own data and ours.
func (m machine) undone(before box.Snapshot) {
	m.T.Helper()
	definition := repo.DefinitionPath(m.Target.Manager)
	for _, file := range []string{definition, repo.KeyPath(m.Target.Manager)} {
		if m.Exists(file) {
			m.Fatal("%s is still there", file)
		}
	}
	memory := mayStay()
	if m.Persona.Family == roots.Apt {
		memory = []string{"/var/lib/apt", "/var/cache/apt", "/var/lib/dpkg/lock", "/var/lib/dpkg/lock-frontend"}
	}
	m.Unchanged(before, append(memory, agentrun.Lib, "/var/log/azure", host.StateDir)...)
	if b, err := m.ReadFile(host.StateDir + "/receipt.json"); err == nil && bytes.Contains(b, []byte(definition)) {
		m.T.Errorf("the receipt still names %s: %s", definition, b)
	}
}

// TestWronglySignedUpgrade: a healthy machine never gets 27: a fault of the newer version
// is a warning.
func TestWronglySignedUpgrade(t *testing.T) {
	each(t, rpms(), scene.Options{}, func(m machine) {
		m.Want(0)
		m.Offer(append(login(newer), fixtures.Spec{Name: fixtures.Login, Version: newest, Signing: fixtures.WrongKey})...)
		m.update("1.0.2.0")
		m.Want(0).Warns("packages", newer)
		m.Has("aadsshlogin", newer)
		m.idle()
	})
}

// TestCorrectedPackageIsTaken: a failing script of the package is reported, although dnf and
// zypper then report the package as installed. A corrected version is installed, whether the
// settings name it or not, the failing one is still in the repository or not, and whoever
// installed that: a package whose script failed, and that is not registered, does not work.
func TestCorrectedPackageIsTaken(t *testing.T) {
	failing := fixtures.Spec{Name: fixtures.Login, Version: newer, FailPost: true}
	fails := func(m *machine) {
		report, err := m.Agent.Apply(m.T.Context(), m.GoalState)
		m.Must(err)
		run := report.Runs[len(report.Runs)-1]
		if e := report.Extension; run.Operation != "enable" || run.ExitCode != 26 && run.ExitCode != 21 || e == nil || e.Status != "error" || e.Code != run.ExitCode {
			m.Fatal("%s ended with %d, the status is %+v", run.Operation, run.ExitCode, e)
		}
	}
	ways := map[string]struct {
		first    []fixtures.Spec  // the content of the repository when the extension is set
		fails    func(m *machine) // installs the failing version
		left     []fixtures.Spec  // the content of the repository besides the corrected version
		settings string
	}{
		"failing one stays":      {[]fixtures.Spec{failing}, fails, []fixtures.Spec{failing}, `{}`},
		"failing one is gone":    {[]fixtures.Spec{failing}, fails, nil, `{}`},
		"after an upgrade":       {login(older), func(m *machine) { m.Want(0); m.upgradeTo(failing) }, append(login(older), failing), `{}`},
		"corrected one is named": {[]fixtures.Spec{failing}, fails, login(newer), `{"packageVersion": "` + newest + `"}`},
	}
	for way, c := range ways {
		t.Run(way, func(t *testing.T) {
			each(t, kinds(), scene.Options{Packages: c.first}, func(m machine) {
				c.fails(&m)
				m.Offer(append(login(newest), c.left...)...)
				m.Set(c.settings)
				m.Want(0)
				m.Has("aadsshlogin", newest)
				if !m.registered() {
					m.Fatal("sshd does not show the package")
				}
			})
		})
	}
}

// upgradeTo updates to a package with the machine's own package manager, and removes from
// sshd's configuration what the previous one had registered.
func (m *machine) upgradeTo(failing fixtures.Spec) {
	m.T.Helper()
	m.Offer(append(login(older), failing)...)
	r := m.Try(map[roots.Family]string{
		roots.Apt: "apt-get update; DEBIAN_FRONTEND=noninteractive apt-get -y install aadsshlogin",
		roots.Dnf: "dnf -y --refresh upgrade aadsshlogin", roots.Yum: "yum clean all; yum -y update aadsshlogin",
		roots.Tdnf: "tdnf -y --refresh update aadsshlogin", roots.Zypper: "zypper -n refresh; zypper -n update aadsshlogin",
	}[m.Persona.Family])
	if got := m.Installed("aadsshlogin"); got != failing.Version && m.Persona.Family != roots.Apt { // dpkg does not report it as installed
		m.Fatal("the owner's upgrade left %s (exit %d):\n%s%s", got, r.ExitCode, r.Stdout, r.Stderr)
	}
	m.Sh("sed -i '/# Added by aadsshlogin installer/,/AuthorizedKeysCommandUser root/d' /etc/ssh/sshd_config")
	if m.registered() {
		m.Fatal("sshd still shows the package")
	}
}

// TestTrustedKeys: a repository with its own signatures.
func TestTrustedKeys(t *testing.T) {
	own := keys.Wrong()
	o := scene.Options{Packages: []fixtures.Spec{{Name: fixtures.Login, Version: newer, Signing: fixtures.WrongKey}},
		Rig: func(o *rig.Options) { o.Key = &own }}
	each(t, typical(), o, func(m machine) {
		m.Want(27)
		settings, err := json.Marshal(map[string]any{"repository": map[string]any{"trustedKeys": []string{string(own.Public)}}})
		m.Must(err)
		m.Set(string(settings))
		m.Want(0)
	})
}

// TestUnsignedIndexIsNoUnsignedPackage: a mirror may leave out the signature of its index,
// but not those of the packages.
func TestUnsignedIndexIsNoUnsignedPackage(t *testing.T) {
	for name, signing := range map[string]fixtures.Signing{"unsigned": fixtures.Unsigned, "wrong key": fixtures.WrongKey} {
		t.Run(name, func(t *testing.T) {
			each(t, []string{"rhel-9.4", "sles-15.6"}, mirrored(fixtures.Spec{Name: fixtures.Login, Version: newer, Signing: signing}), func(m machine) {
				m.useMirror("https", false)
				m.Want(27)
				m.Has("aadsshlogin", "")
			})
		})
	}
}

// TestVendorsIndexIsSigned: for the vendor's own host the signature is always required.
func TestVendorsIndexIsSigned(t *testing.T) {
	each(t, []string{"rhel-9.4", "sles-15.6"}, scene.Options{}, func(m machine) {
		m.Packages.Trouble(strings.TrimSuffix(m.Target.Repository.Path, "/")+"/repodata/repomd.xml.asc", pkghost.Status(404, 0))
		m.Want(27)
	})
}
