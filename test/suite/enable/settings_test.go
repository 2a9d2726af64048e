//go:build rig

package enable

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"aadssh/internal/fault"
	"aadssh/test/lib/agentrun"
	"aadssh/test/lib/fixtures"
	"aadssh/test/lib/keys"
	"aadssh/test/lib/pkghost"
	"aadssh/test/lib/rig"
	"aadssh/test/lib/roots"
	"aadssh/test/lib/scene"
)

// TestBadSettings: a setting that we know with a value that we cannot use is 53
// before anything is changed, names the setting, and shows no secret.
func TestBadSettings(t *testing.T) {
	s := newMachine(t, scene.Options{Persona: roots.Ubuntu("22.04"), Timeout: time.Minute}, func(s *machine) {
		s.secrets = append(passwordForms(), "PrivateKeyMaterial")
	})
	const withPassword = "http://" + proxyUser + ":" + escaped + "@proxy.example.com:3128"
	for i, c := range []struct{ settings, name string }{
		{`{"packageVersion": 5}`, "packageVersion"},
		{`{"packageVersion": "--force"}`, "packageVersion"},
		{`{"packageVersion": "1.0; rm -rf /"}`, "packageVersion"},
		{`{"repository": "mirror"}`, "repository"},
		{`{"repository": {"mode": "fast"}}`, "repository.mode"},
		{`{"repository": {"mode": true}}`, "repository.mode"},
		{`{"repository": {"mode": "mirror"}}`, "repository.baseUrl"},
		{`{"repository": {"baseUrl": "https://mirror.example.com"}}`, "repository.baseUrl"},
		{`{"repository": {"mode": "mirror", "baseUrl": "ftp://mirror.example.com"}}`, "repository.baseUrl"},
		{`{"repository": {"mode": "mirror", "baseUrl": "https://` + proxyUser + ":" + escaped + `@mirror.example.com"}}`, "repository.baseUrl"},
		{`{"repository": {"mode": "mirror", "baseUrl": "https://mirror.example.com/\ntrusted=yes"}}`, "repository.baseUrl"},
		{`{"repository": {"trustedKeys": "key"}}`, "repository.trustedKeys"},
		{`{"repository": {"trustedKeys": ["no key"]}}`, "repository.trustedKeys"},
		{`{"repository": {"trustedKeys": ["-----BEGIN PGP PRIVATE KEY BLOCK-----\nPrivateKeyMaterial\n-----END PGP PRIVATE KEY BLOCK-----"]}}`, "repository.trustedKeys"},
		{`{"proxy": 3128}`, "proxy"},
		{`{"proxy": "proxy.example.com"}`, "proxy"},
		{`{"proxy": "socks5://proxy.example.com:1080"}`, "proxy"},
		{`{"proxy": "` + withPassword + `"}`, "proxy"},
		{`{"monitor": 1}`, "monitor"},
		{`{"monitor": 7.5}`, "monitor"},
		{`{"monitor": "sometimes"}`, "monitor"},
		{`["monitor"]`, "public settings"},
	} {
		goal := s.Goal()
		goal.Sequence, goal.Settings = i, agentrun.Public(c.settings)
		e := s.apply(goal).want(fault.SettingsInvalid, c.name, "az vm extension set")
		if t.Failed() {
			t.Logf("settings %s", c.settings)
		}
		e.never("Pl4nted", "PrivateKeyMaterial")
	}
	// What the agent was given is in its own files, as public as its sender made it.
	s.unchanged(s.before)
	s.run("sh", "-c", "rm -f "+agentrun.Dir(scene.HandlerVersion)+"/config/*.settings")
}

func TestBadProtectedSettings(t *testing.T) {
	s := newMachine(t, scene.Options{Persona: roots.Ubuntu("22.04"), Timeout: time.Minute}, func(s *machine) { s.secrets = passwordForms() })
	goal := s.Goal()
	goal.Settings = s.protect("null", `{"proxy": "`+proxyUser+":"+escaped+`@proxy"}`)
	before := s.Snapshot()
	s.apply(goal).want(fault.SettingsInvalid, `"proxy"`, "--protected-settings").never("Pl4nted")
	s.unchanged(before)
}

func TestUnknownSettings(t *testing.T) {
	s := newMachine(t, scene.Options{Persona: roots.Ubuntu("22.04"), Timeout: time.Minute})
	goal := s.Goal()
	goal.Settings = agentrun.Public(`{"pakageVersion": "1.0", "repository": {"baseURL": "x"}}`)
	s.apply(goal).want(fault.OK).warns("settings", "pakageVersion", "repository.baseURL", "docs/settings.md")
}

// TestUndecryptableSettings: what they say is unknown, which fails a machine
// that has to be changed and no other.
func TestUndecryptableSettings(t *testing.T) {
	s := newMachine(t, scene.Options{Persona: roots.Ubuntu("22.04"), Timeout: time.Minute}, func(s *machine) { s.secrets = passwordForms() })
	goal := s.Goal()
	unreadable := s.protect("null", `{"proxy": "http://`+proxyUser+":"+escaped+"@"+proxyAt+`"}`)
	s.run("sh", "-c", "rm "+agentrun.Lib+"/*.prv")
	goal.Settings = unreadable
	before := s.Snapshot()
	s.apply(goal).want(fault.SettingsInvalid, "The protected settings cannot be decrypted", ".prv is missing")
	s.unchanged(before)

	goal.Settings, goal.Sequence = agentrun.Public("{}"), 1
	s.apply(goal).want(fault.OK)
	goal.Settings, goal.Sequence = unreadable, 2
	before = s.Snapshot()
	s.apply(goal).want(fault.OK).warns("settings", "The protected settings cannot be decrypted")
	s.unchanged(before)
}

func TestPackageVersion(t *testing.T) {
	const older, newer = "1.0.027980001", "1.0.033070001"
	for _, p := range machines() {
		t.Run(p.Name, func(t *testing.T) {
			s := newMachine(t, scene.Options{Persona: p, Timeout: time.Minute, Packages: []fixtures.Spec{
				{Name: fixtures.Login, Version: older}, {Name: fixtures.Login, Version: newer},
			}})
			for i, version := range []string{older, newer, older} {
				goal := s.Goal()
				goal.Sequence, goal.Settings = i, agentrun.Public(`{"packageVersion": "`+version+`"}`)
				s.apply(goal).want(fault.OK, version)
			}
			goal := s.Goal()
			goal.Sequence, goal.Settings = 3, agentrun.Public(`{"packageVersion": "9.9"}`)
			s.apply(goal).want(fault.PackageUnavailable, "9.9")
			if s.installed(fixtures.Login) != 1 {
				t.Error("the package that worked is gone")
			}
		})
	}
}

// TestTrustedKeys: a repository that signs by itself.
func TestTrustedKeys(t *testing.T) {
	for _, p := range machines() {
		t.Run(p.Name, func(t *testing.T) {
			own := keys.Wrong()
			s := newMachine(t, scene.Options{Persona: p, Timeout: time.Minute,
				Packages: []fixtures.Spec{{Name: fixtures.Login, Version: scene.Version, Signing: fixtures.WrongKey}},
				Rig:      func(o *rig.Options) { o.Key = &own }})
			s.apply(s.Goal()).want(fault.RepositoryUntrusted)
			goal := s.Goal()
			goal.Sequence, goal.Settings = 1, trusting(t, own, nil)
			s.apply(goal).want(fault.OK)
		})
	}
}

// trusting are settings with a further key.
func trusting(t *testing.T, key keys.Key, repository map[string]any) string {
	t.Helper()
	if repository == nil {
		repository = map[string]any{}
	}
	repository["trustedKeys"] = []string{string(key.Public)}
	b, err := json.Marshal(map[string]any{"repository": repository})
	if err != nil {
		t.Fatal(err)
	}
	return agentrun.Public(string(b))
}

const mirrorHost = "mirror.example.com"

// mirrored is a repository that only a mirror has.
func mirrored(p roots.Persona, packages ...fixtures.Spec) scene.Options {
	return scene.Options{Persona: p, Timeout: time.Minute, Packages: packages, Rig: func(o *rig.Options) {
		o.Names = []string{pkghost.Name, mirrorHost}
		o.Path = mirrorHost + "/microsoft" + strings.TrimSuffix(o.Path, "/")
	}}
}

func TestMirror(t *testing.T) {
	for _, p := range machines() {
		for _, scheme := range []string{"https", "http"} {
			for _, signed := range []bool{true, false} {
				if p.Family == roots.Apt && !signed {
					continue // apt's index is signed or useless
				}
				t.Run(p.Name+"/"+scheme+map[bool]string{true: "", false: ", unsigned index"}[signed], func(t *testing.T) {
					s := newMachine(t, mirrored(p), mirrorKey(signed))
					goal := s.Goal()
					goal.Settings = agentrun.Public(`{"repository": {"mode": "mirror", "baseUrl": "` + scheme + "://" + mirrorHost + `/microsoft"}}`)
					s.apply(goal).want(fault.OK)
					for _, r := range s.Packages.Requests() {
						if r.Host != mirrorHost || r.Scheme != scheme {
							t.Errorf("asked elsewhere: %s", r)
						}
					}
				})
			}
		}
	}
}

// TestUnsignedIndexIsNoUnsignedPackage: what a mirror leaves out of its index
// it cannot leave out of the packages.
func TestUnsignedIndexIsNoUnsignedPackage(t *testing.T) {
	for _, p := range machines()[1:] {
		for name, signing := range map[string]fixtures.Signing{"unsigned": fixtures.Unsigned, "wrong key": fixtures.WrongKey} {
			t.Run(p.Name+"/"+name, func(t *testing.T) {
				s := newMachine(t, mirrored(p, fixtures.Spec{Name: fixtures.Login, Version: scene.Version, Signing: signing}), mirrorKey(false))
				goal := s.Goal()
				goal.Settings = agentrun.Public(`{"repository": {"mode": "mirror", "baseUrl": "https://` + mirrorHost + `/microsoft"}}`)
				s.apply(goal).want(fault.RepositoryUntrusted)
				if s.installed(fixtures.Login) != 0 {
					t.Error("it was installed")
				}
			})
		}
	}
}

// TestVendorsIndexIsSigned: of the vendor's own host the signature is never
// done without.
func TestVendorsIndexIsSigned(t *testing.T) {
	for _, p := range machines()[1:] {
		t.Run(p.Name, func(t *testing.T) {
			s := newMachine(t, scene.Options{Persona: p, Timeout: time.Minute}, func(s *machine) {
				s.Packages.Trouble(s.below("/repodata/repomd.xml.asc"), pkghost.Status(404, 0))
			})
			s.apply(s.Goal()).want(fault.RepositoryUntrusted)
		})
	}
}

// mirrorKey puts the vendor's keys where a mirror has them, and takes the
// index's signature away where it has none.
func mirrorKey(signed bool) func(*machine) {
	return func(s *machine) {
		for _, name := range []string{"microsoft.asc", "microsoft-2025.asc"} {
			s.Packages.File(mirrorHost+"/microsoft/keys/"+name, keys.Rig().Public)
		}
		if !signed {
			s.Packages.Trouble(mirrorHost+"/microsoft"+s.below("/repodata/repomd.xml.asc"), pkghost.Status(404, 0))
		}
	}
}

// TestExisting: what the owner has configured, and nothing of ours.
func TestExisting(t *testing.T) {
	for _, p := range machines() {
		t.Run(p.Name, func(t *testing.T) {
			s := newMachine(t, scene.Options{Persona: p, Timeout: time.Minute}, configured)
			goal := s.Goal()
			goal.Settings = agentrun.Public(`{"repository": {"mode": "existing"}}`)
			s.apply(goal).want(fault.OK)
			for _, line := range s.before.Diff(s.Snapshot(), nil) {
				path := line[2:]
				if strings.HasPrefix(line, "+ ") && strings.Contains(path, "aadsshlogin.") && !strings.HasPrefix(path, "/var/lib/dpkg/") {
					t.Errorf("%s was added", path)
				}
			}
		})
	}
}

// TestExistingUnreachable: the owner's repository is what is looked at.
func TestExistingUnreachable(t *testing.T) {
	for _, p := range machines() {
		t.Run(p.Name, func(t *testing.T) {
			s := newMachine(t, scene.Options{Persona: p, Timeout: time.Minute}, configured)
			s.Packages.Down()
			goal := s.Goal()
			goal.Settings = agentrun.Public(`{"repository": {"mode": "existing"}}`)
			s.apply(goal).want(fault.RepositoryUnreachable, pkghost.Name+" refuses the TCP connection")
		})
	}
}
