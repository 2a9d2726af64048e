package doctor

import (
	"strings"
	"testing"

	"aadssh/internal/host/hosttest"
)

// FuzzUnit: whatever the unit of the agent says, its variables have names.
func FuzzUnit(f *testing.F) {
	f.Add("[Service]\nEnvironment=\"https_proxy=http://u:p@h:1\" A=b\nEnvironmentFile=-/etc/default/x\n")
	f.Add("Environment=\nEnvironment='\n=\nEnvironmentFile=/etc/passwd\x00")
	f.Fuzz(func(t *testing.T, text string) {
		e := environment{values: map[string]string{}}
		e.readUnit(hosttest.New(t).Host(), text)
		for name := range e.values {
			if strings.ContainsAny(name, "=\n") {
				t.Errorf("the variable %q", name)
			}
		}
	})
}

// FuzzRedact: a password in a URL, a token and a key are in no text that leaves
// the machine, whatever stands around them.
func FuzzRedact(f *testing.F) {
	f.Add("GET ", "\n", "hunter22")
	f.Add(`{"a": "`, `", "b": 1}`, "x/y")
	f.Add("-----BEGIN PRIVATE KEY-----\n", "", "://")
	f.Fuzz(func(t *testing.T, before, after, secret string) {
		const token = "eyJhbGciOiJub25l.eyJzdWIiOiJxIn0.c2lnbmF0dXJl"
		secrets := "http://user:Passw0rd-1@proxy:3128/ Bearer " + token
		got := Redact(before+" "+secrets+" "+after+secret, secret)
		for _, never := range []string{"Passw0rd-1", token} {
			// A secret that is a part of it would take apart what is looked for.
			if strings.Contains(got, never) && !strings.Contains(before+after+secret, never) && (len(secret) < 3 || !strings.Contains(secrets, secret)) {
				t.Errorf("%q is left in %q", never, got)
			}
		}
		if len(secret) >= 3 && strings.Contains(got, secret) && !strings.Contains(secret, "*") {
			t.Errorf("%q is left in %q", secret, got)
		}
	})
}
