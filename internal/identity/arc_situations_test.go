package identity_test

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"aadssh/internal/identity"
	"aadssh/test/lib/metadata"
)

// arc is the Arc agent's service on the server db1.
func arc(tokens ...metadata.Answer) func(*machine) *metadata.Service {
	return arcWith(nil, nil, tokens...)
}

// arcWith is the same with a machine that was prepared and challenges of its own.
func arcWith(prepare func(*machine), challenges []metadata.Answer, tokens ...metadata.Answer) func(*machine) *metadata.Service {
	return func(m *machine) *metadata.Service {
		if prepare != nil {
			prepare(m)
		}
		return metadata.Arc(m.keep).
			Script(metadata.ComputePath, metadata.JSON(metadata.ArcServer())).
			Challenge(challenges...).
			Script(metadata.TokenPath, tokens...)
	}
}

// challenged is an Arc service that asks for a file, once.
func challenged(header string, prepare func(*machine)) func(*machine) *metadata.Service {
	return arcWith(prepare, []metadata.Answer{metadata.Ask(header)})
}

// has is a machine with this file.
func has(path, content string) func(*machine) {
	return func(m *machine) {
		if err := m.keep(path, []byte(content)); err != nil {
			m.t.Fatal(err)
		}
	}
}

// instead has something else in the place of the key x.key.
func instead(put func(path string) error) func(*machine) {
	return func(m *machine) {
		has("/etc/shadow", metadata.Secret)(m)
		has(metadata.ArcTokens+"/real.key", metadata.Secret)(m)
		if err := put(filepath.Join(m.root, metadata.ArcTokens, "x.key")); err != nil {
			m.t.Fatal(err)
		}
	}
}

func arcSituations() []situation {
	ofServer := metadata.TokenOf(metadata.ArcID("rg-edge", "db1"))
	const key = metadata.ArcTokens + "/x.key"
	const realm = "Basic realm=" + key
	refusedRealm := func(name, path string) situation {
		return situation{name: "Arc: " + name, service: challenged("Basic realm="+path, has("/etc/shadow", metadata.Secret)), code: unknown, requests: 2}
	}
	refusedFile := func(name string, put func(string) error) situation {
		return situation{name: "Arc: " + name, service: challenged(realm, instead(put)), code: unknown, requests: 2}
	}
	noService := func(*machine) *metadata.Service { return metadata.Arc(nil) }
	endpoints := func(base string) map[string]string {
		return map[string]string{"IMDS_ENDPOINT": base, "IDENTITY_ENDPOINT": base + metadata.TokenPath}
	}
	all := []situation{
		{name: "Arc: system-assigned", service: arc(ofServer), kind: identity.SystemAssigned, code: ok, requests: 3, resource: metadata.ArcID("rg-edge", "db1")},
		{name: "Arc: system-assigned, quoted realm", service: arcWith(has(key, "k"), []metadata.Answer{metadata.Ask(`basic Realm="` + key + `"`)}), code: unknown, requests: 3, breach: "wrong key"},
		{name: "Arc: only user-assigned", service: arc(metadata.TokenOf(metadata.UserAssignedID("rg-ids", "edge-id"))), kind: identity.UserAssigned, code: missing, requests: 3},
		{name: "Arc: none", service: arc(metadata.NoIdentity()), kind: identity.None, code: missing, requests: 3},
		{name: "Arc: 500, then well", service: arc(metadata.Status(500, "unknown", ""), ofServer), kind: identity.SystemAssigned, code: ok, requests: 5},
		{name: "Arc: 404 for ever", service: arc(times(6, metadata.Status(404, "", ""))...), code: unknown, requests: 13},
		{name: "Arc: garbage", service: arc(metadata.Text(200, "application/json", "{")), code: unknown, requests: 3},
		{name: "Arc: half a token", service: arc(metadata.Text(200, "application/json", `{"access_token":"`+metadata.Token(nil))), code: unknown, requests: 3},
		{name: "Arc: himds is stopped", service: noService, dial: func(int) error { return syscall.ECONNREFUSED }, code: unknown, requests: 3},
		{name: "Arc: no proof wanted", service: arcWith(nil, []metadata.Answer{ofServer}), code: unknown, requests: 2},
		{name: "Arc: 401 without a challenge", service: arcWith(nil, []metadata.Answer{metadata.Status(401, "unauthorized", "")}), code: unknown, requests: 2},
		{name: "Arc: another kind of challenge", service: challenged("Bearer realm="+key, has(key, "k")), code: unknown, requests: 2},
		{name: "Arc: 500 in the place of a challenge", service: arcWith(nil, times(5, metadata.Status(500, "", ""))), code: unknown, requests: 6},
		{name: "Arc: redirect", service: arcWith(nil, []metadata.Answer{metadata.Redirect("http://198.51.100.7/")}), code: unknown, requests: 2},
		refusedRealm("challenge for ../../etc/shadow", "../../etc/shadow"),
		refusedRealm("challenge out of the directory", metadata.ArcTokens+"/../../../../etc/shadow"),
		refusedRealm("challenge out of the directory for a .key", metadata.ArcTokens+"/../../../../etc/x.key"),
		refusedRealm("challenge below the directory", metadata.ArcTokens+"/sub/x.key"),
		refusedRealm("challenge for another suffix", metadata.ArcTokens+"/x.pem"),
		refusedRealm("challenge for no name", metadata.ArcTokens+"/.key"),
		refusedRealm("challenge for the directory", metadata.ArcTokens),
		refusedRealm("empty challenge", ""),
		refusedFile("key that is a symlink out", func(p string) error { return os.Symlink("/etc/shadow", p) }),
		refusedFile("key that is a symlink to a key", func(p string) error { return os.Symlink("real.key", p) }),
		refusedFile("key that is a FIFO", func(p string) error { return syscall.Mkfifo(p, 0o600) }),
		refusedFile("key that is a directory", func(p string) error { return os.Mkdir(p, 0o700) }),
		refusedFile("key that is not there", func(string) error { return nil }),
		refusedFile("key that is empty", func(p string) error { return os.WriteFile(p, []byte("\n"), 0o600) }),
		refusedFile("key of 4097 bytes", func(p string) error { return os.WriteFile(p, []byte(strings.Repeat("k", 4097)), 0o600) }),
		refusedFile("key with a header in it", func(p string) error { return os.WriteFile(p, []byte("k\r\nX-Evil: 1"), 0o600) }),
		{name: "Arc: the directory is a symlink", service: challenged(realm, func(m *machine) {
			has("/etc/x.key", metadata.Secret)(m)
			has("/var/opt/azcmagent/other", "")(m)
			if err := os.Symlink("/etc", filepath.Join(m.root, metadata.ArcTokens)); err != nil {
				m.t.Fatal(err)
			}
		}), code: unknown, requests: 2},
		{name: "Arc: key of 4096 bytes is taken", service: challenged(realm, has(key, strings.Repeat("k", 4096))), code: unknown, requests: 3, breach: "wrong key"},
		{name: "Arc: environment elsewhere", environ: endpoints("http://198.51.100.7:40342"), service: arc(ofServer), kind: identity.SystemAssigned, code: ok, requests: 3},
	}
	for i := range all {
		all[i].arc = true
	}
	return append(all,
		situation{name: "Arc: by the environment alone", environ: endpoints("http://localhost:40342"), service: arc(ofServer),
			kind: identity.SystemAssigned, code: ok, requests: 3, address: metadata.ArcAddress},
		situation{name: "Arc: by the environment, himds stopped", environ: endpoints("http://127.0.0.1:40342"), service: noService,
			dial: func(int) error { return syscall.ECONNREFUSED }, code: unknown, requests: 3},
		situation{name: "Arc: throttled", arc: true, service: arc(times(5, metadata.Status(http.StatusTooManyRequests, "", ""))...), code: unknown, requests: 11},
	)
}
