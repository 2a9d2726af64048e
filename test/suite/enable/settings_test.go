//go:build rig

package enable

import (
	"testing"
	"time"

	"aadssh/internal/fault"
	"aadssh/test/lib/agentrun"
	"aadssh/test/lib/scene"
)

// TestBadSettings: a known setting with an invalid value ends with 53 before anything is
// changed; the setting is named, and no secret is shown. TestBadInput has the whole texts.
func TestBadSettings(t *testing.T) {
	s := newMachine(t, scene.Options{Timeout: time.Minute}, func(s *machine) {
		s.secrets.Words = append(passwordForms(), "PrivateKeyMaterial")
	})
	const withPassword = "http://" + proxyUser + ":" + escaped + "@proxy.example.com:3128"
	for _, c := range []struct{ settings, name string }{
		{`{"packageVersion": "--force"}`, "packageVersion"},
		{`{"repository": "mirror"}`, "repository"},
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
	} {
		s.Set(c.settings)
		e := s.Want(fault.SettingsInvalid, c.name, "az vm extension set")
		if t.Failed() {
			t.Logf("settings %s", c.settings)
		}
		e.Never("Pl4nted", "PrivateKeyMaterial")
	}
	// What the agent was given is in its own files, as public as the sender made it.
	s.unchanged(s.before)
	s.Sh("rm -f " + agentrun.Dir(scene.HandlerVersion) + "/config/*.settings")
}

func TestBadProtectedSettings(t *testing.T) {
	s := newMachine(t, scene.Options{Timeout: time.Minute}, func(s *machine) { s.secrets.Words = passwordForms() })
	s.SetFile(s.protect("null", `{"proxy": "`+proxyUser+":"+escaped+`@proxy"}`))
	before := s.Snapshot()
	s.Want(fault.SettingsInvalid, `"proxy"`, "--protected-settings").Never("Pl4nted")
	s.unchanged(before)
}

// TestUndecryptableSettings: their content is unknown, which fails only a machine that has
// to be changed.
func TestUndecryptableSettings(t *testing.T) {
	s := newMachine(t, scene.Options{Timeout: time.Minute}, func(s *machine) { s.secrets.Words = passwordForms() })
	unreadable := s.protect("null", `{"proxy": "http://`+proxyUser+":"+escaped+"@"+proxyAt+`"}`)
	s.Sh("rm " + agentrun.Lib + "/*.prv")
	s.SetFile(unreadable)
	before := s.Snapshot()
	s.Want(fault.SettingsInvalid, "The protected settings cannot be decrypted", ".prv is missing")
	s.unchanged(before)

	s.Set("{}")
	s.Want(fault.OK)
	s.SetFile(unreadable)
	before = s.Snapshot()
	s.Want(fault.OK).Warns("settings", "The protected settings cannot be decrypted")
	s.unchanged(before)
}
