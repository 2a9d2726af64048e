package doctor

import (
	"strings"
	"testing"
)

func TestRedact(t *testing.T) {
	for in, want := range map[string]string{
		"proxy http://alice:s3cret@proxy:3128 is set":                               "proxy http://***@proxy:3128 is set",
		"https://alice@host/x":                                                      "https://***@host/x",
		"token eyJhbGciOiJSUzI1NiJ9.eyJvaWQiOiJ4In0.abc_DEF-1 refused":              "token *** (a token) refused",
		"Authorization: Bearer abcdefghijk.lmn":                                     "Authorization: Bearer ***",
		"https://x.blob.core.windows.net/c?sv=1&sig=ab%2Bc&se=2":                    "https://x.blob.core.windows.net/c?sv=1&sig=***&se=2",
		`{"access_token":"abc","expires_in":"3599"}`:                                `{"access_token":"***","expires_in":"3599"}`,
		"export DB_PASSWORD=hunter2":                                                `export DB_PASSWORD="***"`,
		"password: hunter2, user: bob":                                              `password: "***", user: bob`,
		`"protectedSettings": "MIIB...", "protectedSettingsCertThumbprint": "A"`:    `"protectedSettings": "***", "protectedSettingsCertThumbprint": "A"`,
		"a\n-----BEGIN RSA PRIVATE KEY-----\nMII\n-----END RSA PRIVATE KEY-----\nb": "a\n*** (a private key)\nb",
		"-----BEGIN OPENSSH PRIVATE KEY-----\ncut off":                              "*** (a private key)",
		"ada@contoso.com signed in from 10.0.0.4":                                   "ada@contoso.com signed in from 10.0.0.4",
		"PasswordAuthentication no":                                                 "PasswordAuthentication no",
		"deb [signed-by=/usr/share/keyrings/x.gpg] https://h/ubuntu jammy main":     "deb [signed-by=/usr/share/keyrings/x.gpg] https://h/ubuntu jammy main",
	} {
		if got := Redact(in); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
	if got := Redact("it is known-Secret here", "known-Secret"); strings.Contains(got, "known-Secret") {
		t.Errorf("%q", got)
	}
}
