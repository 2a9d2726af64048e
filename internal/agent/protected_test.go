package agent

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"aadssh/internal/fault"
	"aadssh/internal/host"
	"aadssh/internal/host/hosttest"
	"aadssh/internal/logging"
)

const thumb = "0123456789ABCDEF0123456789ABCDEF01234567"

// withKey creates the agent's folder with a certificate, and returns the environment and
// the path of the key without its extension.
func withKey(t *testing.T) (Environment, string) {
	t.Helper()
	l := newLayout(t)
	env, err := LoadFrom(l.base)
	must(t, err)
	return env, filepath.Join(env.AgentDir(), thumb)
}

// protect writes a settings file with protected settings.
func protect(t *testing.T, env Environment, public, der, thumbprint string) {
	t.Helper()
	write(t, filepath.Join(env.ConfigFolder, "0.settings"), fmt.Sprintf(
		`{"runtimeSettings": [{"handlerSettings": {"publicSettings": %s, "protectedSettings": %q, "protectedSettingsCertThumbprint": %q}}]}`,
		public, base64.StdEncoding.EncodeToString([]byte(der)), thumbprint))
}

// openssl runs the real one.
func openssl(t *testing.T, stdin string, args ...string) string {
	t.Helper()
	local := &host.Local{Log: logging.Discard()}
	r, err := local.Run(context.Background(), host.Command{Name: "openssl", Args: args, Stdin: stdin})
	must(t, err)
	if r.ExitCode != 0 {
		t.Fatalf("openssl %v: %s", args, r.Stderr)
	}
	return string(r.Stdout)
}

// TestProtectedSettings encrypts as the platform does and decrypts with the
// machine's openssl; aes-128-gcm is what smime cannot read.
func TestProtectedSettings(t *testing.T) {
	env, key := withKey(t)
	openssl(t, "", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=tenant", "-days", "2", "-keyout", key+".prv", "-out", key+".crt")
	var log strings.Builder
	h := &host.Host{Log: logging.New(&log)}
	h.Runner = &host.Local{Log: h.Log}
	for _, cipher := range []string{"-aes128", "-aes256", "-des3", "-aes-128-gcm"} {
		der := openssl(t, `{"proxy": "http://user:hunt%65r2@proxy.example.com:3128", "password": "hunter2"}`,
			"cms", "-encrypt", "-binary", cipher, "-outform", "DER", key+".crt")
		// Lower case finds the key too: the agent names it in upper case.
		protect(t, env, `{"proxy": "http://public:1", "monitor": 30}`, der, strings.ToLower(thumb))
		s, unknown, err := ReadSettings(context.Background(), h, env, 0)
		if err != nil || s.Proxy.URL != "http://proxy.example.com:3128" || s.Monitor != 30 || !s.Sent {
			t.Fatalf("%s: %+v, %v", cipher, s, err)
		}
		if password, _ := s.Proxy.Address().User.Password(); password != "hunter2" {
			t.Errorf("%s: the password is %q", cipher, password)
		}
		if len(unknown) != 1 || unknown[0] != "protectedSettings.password" {
			t.Errorf("%s: unknown is %q", cipher, unknown)
		}
		if said := fmt.Sprintf("%v %+v %#v %s", s, s, s, log.String()); strings.Contains(said, "hunter2") || strings.Contains(said, "hunt%65r2") {
			t.Errorf("%s: the password is shown: %s", cipher, said)
		}
	}
}

// TestProtectedThroughLoad: with protected settings the library is not used, because it
// would run its own openssl.
func TestProtectedThroughLoad(t *testing.T) {
	l := newLayout(t)
	start(t, l.program)
	env, err := Load()
	must(t, err)
	key := filepath.Join(env.AgentDir(), thumb)
	write(t, key+".prv", "")
	write(t, key+".crt", "")
	protect(t, env, `{"monitor": 30}`, "DER", thumb)
	r := hosttest.New(t)
	r.Expect("openssl cms -decrypt -inform DER -inkey "+key+".prv -recip "+key+".crt", host.Result{Stdout: []byte(`{"proxy": "http://u:p@proxy:1"}`)})
	s, _, err := ReadSettings(context.Background(), r.Host(), env, 0)
	if err != nil || s.Monitor != 30 || s.Proxy.URL != "http://proxy:1" {
		t.Errorf("got %+v, %v", s, err)
	}
}

// TestOldOpenssl: without cms, smime is used.
func TestOldOpenssl(t *testing.T) {
	env, key := withKey(t)
	write(t, key+".prv", "")
	write(t, key+".crt", "")
	protect(t, env, `{}`, "DER", thumb)
	r := hosttest.New(t)
	arguments := " -decrypt -inform DER -inkey " + key + ".prv -recip " + key + ".crt"
	r.Expect("openssl cms"+arguments, host.Result{ExitCode: 1, Stderr: []byte("openssl:Error: 'cms' is an invalid command.")})
	r.Expect("openssl smime"+arguments, host.Result{Stdout: []byte(`{}`)})
	if s, unknown, err := ReadSettings(context.Background(), r.Host(), env, 0); err != nil || unknown != nil || s.Proxy.URL != "" {
		t.Errorf("got %+v, %q, %v", s, unknown, err)
	}
}

// TestEmptyProtectedProxy: it does not remove the public one.
func TestEmptyProtectedProxy(t *testing.T) {
	for _, protected := range []string{`{}`, `null`, `{"proxy": ""}`, `{"proxy": null}`} {
		env, key := withKey(t)
		write(t, key+".prv", "")
		write(t, key+".crt", "")
		protect(t, env, `{"proxy": "http://public:1"}`, "DER", thumb)
		r := hosttest.New(t)
		r.Expect("openssl cms -decrypt -inform DER -inkey "+key+".prv -recip "+key+".crt", host.Result{Stdout: []byte(protected)})
		if s, unknown, err := ReadSettings(context.Background(), r.Host(), env, 0); err != nil || unknown != nil || s.Proxy.URL != "http://public:1" {
			t.Errorf("%s: %+v, %q, %v", protected, s, unknown, err)
		}
	}
}

// TestUndecryptable: the error says why, and the public settings are returned.
func TestUndecryptable(t *testing.T) {
	const both = 2
	for _, c := range []struct {
		name, thumb string
		keys        int
		der         string
		answers     []any // host.Result or error
		part        string
	}{
		{"no thumbprint", "", both, "DER", nil, "the thumbprint of their certificate is missing or malformed"},
		{"thumbprint is a path", "../../../etc/0123456789012345678901234567890", both, "DER", nil, "the thumbprint of their certificate is missing or malformed"},
		{"no key", thumb, 0, "DER", nil, ".prv is missing"},
		{"no certificate", thumb, 1, "DER", nil, ".crt is missing"},
		{"no openssl", thumb, both, "DER", []any{fmt.Errorf("openssl: %w", host.ErrNotFound)}, "openssl is not installed"},
		{"another key", thumb, both, "DER", []any{host.Result{ExitCode: 4, Stdout: []byte("hunter2"), Stderr: []byte("no recipient")}, host.Result{ExitCode: 4}}, "could not decrypt"},
		{"cut short", thumb, both, "DER", []any{context.DeadlineExceeded}, "could not decrypt"},
		{"not JSON", thumb, both, "DER", []any{host.Result{Stdout: []byte("hunter2")}}, "not a JSON object"},
		{"a list", thumb, both, "DER", []any{host.Result{Stdout: []byte(`["hunter2"]`)}}, "not a JSON object"},
	} {
		t.Run(c.name, func(t *testing.T) {
			env, key := withKey(t)
			for _, end := range []string{".prv", ".crt"}[:c.keys] {
				write(t, key+end, "")
			}
			protect(t, env, `{"monitor": 30}`, c.der, c.thumb)
			r := hosttest.New(t)
			for i, answer := range c.answers {
				command := fmt.Sprintf("openssl %s -decrypt -inform DER -inkey %s.prv -recip %[2]s.crt", []string{"cms", "smime"}[i], key)
				switch a := answer.(type) {
				case host.Result:
					r.Expect(command, a)
				case error:
					r.ExpectError(command, a)
				}
			}
			s, _, err := ReadSettings(context.Background(), r.Host(), env, 0)
			refused(t, err, c.part, "protected")
			if !errors.Is(err, ErrProtected) {
				t.Error("it is not ErrProtected")
			}
			if f := fault.Of(err); strings.Contains(f.What+f.Next+f.Error(), "hunter2") {
				t.Errorf("the secret is shown: %v", f.Error())
			}
			if s.Monitor != 30 || !s.Sent {
				t.Errorf("the public settings are lost: %+v", s)
			}
		})
	}
}

func TestProtectedNotBase64(t *testing.T) {
	env := Environment{ConfigFolder: hosttest.Folder(t)}
	write(t, filepath.Join(env.ConfigFolder, "0.settings"), `{"runtimeSettings": [{"handlerSettings": {"protectedSettings": "%%%"}}]}`)
	_, _, err := ReadSettings(context.Background(), hosttest.New(t).Host(), env, 0)
	refused(t, err, "not base64")
}

// TestBadProtectedSetting: its value is not shown, and it is not ErrProtected.
func TestBadProtectedSetting(t *testing.T) {
	for _, secret := range []string{`"http://user:hunter2@proxy"`, `"http://user:hunt@er2@proxy:1"`, `"hunter2"`, `5`, `{"password": "hunter2"}`} {
		env, key := withKey(t)
		write(t, key+".prv", "")
		write(t, key+".crt", "")
		protect(t, env, `{}`, "DER", thumb)
		r := hosttest.New(t)
		r.Expect("openssl cms -decrypt -inform DER -inkey "+key+".prv -recip "+key+".crt", host.Result{Stdout: []byte(`{"proxy": ` + secret + `}`)})
		_, _, err := ReadSettings(context.Background(), r.Host(), env, 0)
		refused(t, err, `"proxy" cannot be used`, "--protected-settings")
		if f := fault.Of(err); strings.Contains(f.Error()+f.What+f.Next, "hunter2") || strings.Contains(f.What, "er2") || errors.Is(err, ErrProtected) {
			t.Errorf("%s: %v", secret, f.Error())
		}
	}
}

// TestKeysStayPrivate: only openssl reads the agent's files.
func TestKeysStayPrivate(t *testing.T) {
	env, key := withKey(t)
	write(t, key+".prv", "key")
	write(t, key+".crt", "certificate")
	protect(t, env, `{}`, "DER", thumb)
	r := hosttest.New(t)
	r.Expect("openssl cms -decrypt -inform DER -inkey "+key+".prv -recip "+key+".crt", host.Result{Stdout: []byte(`{}`)})
	before := snapshot(t, env.AgentDir())
	_, _, err := ReadSettings(context.Background(), r.Host(), env, 0)
	must(t, err)
	if after := snapshot(t, env.AgentDir()); after != before {
		t.Errorf("the agent's folder was changed:\n%s\nbefore:\n%s", after, before)
	}
}

// snapshot lists what is in a folder, with sizes and modes.
func snapshot(t *testing.T, dir string) string {
	t.Helper()
	var all strings.Builder
	must(t, filepath.Walk(dir, func(path string, info os.FileInfo, err error) error {
		if err == nil {
			fmt.Fprintln(&all, path, info.Mode(), info.Size(), info.ModTime().UnixNano())
		}
		return err
	}))
	return all.String()
}
