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
		"export DB_PASSWORD=hunter2":                                                "export DB_PASSWORD=***",
		"password: hunter2, user: bob":                                              "password: ***", // bob may be a part of it
		`"protectedSettings": "MIIB...", "protectedSettingsCertThumbprint": "A"`:    `"protectedSettings": "***", "protectedSettingsCertThumbprint": "A"`,
		"a\n-----BEGIN RSA PRIVATE KEY-----\nMII\n-----END RSA PRIVATE KEY-----\nb": "a\n*** (a private key)\nb",
		"secret: -----BEGIN PRIVATE KEY-----\nMII\n-----END PRIVATE KEY-----\nb":    "secret: ***\nb",
		"-----BEGIN OPENSSH PRIVATE KEY-----\ncut off":                              "*** (a private key)",
		// Passwords that were not written in percent form, and the last @ counts.
		"proxy=http://user:p@ss-w0rd@proxy:8080 is set":                            "proxy=http://***@proxy:8080 is set",
		"http://user:pa/ss@proxy:8080/":                                            "http://***@proxy:8080/",
		"http://user:p'a<ss@proxy:8080":                                            "http://***@proxy:8080",
		`Environment="https_proxy=http://u:p@ss@h:1" "no_proxy=.corp"`:             `Environment="https_proxy=http://***@h:1" "no_proxy=.corp"`,
		"https_proxy=user:p@ss@proxy:8080":                                         "https_proxy=***@proxy:8080",
		"proxy = \"user:pass@proxy:8080\"":                                         "proxy = \"***@proxy:8080\"",
		"password=Tr0ub,4dor&3;tail":                                               "password=***",
		"proxy_password = my pass phrase\nproxy_username = bob":                    "proxy_password = ***\nproxy_username = bob",
		`"password": "a\"bcd", "user": "bob"`:                                      `"password": "***", "user": "bob"`,
		`{"password":null,"a":[{"clientSecret":17}]}`:                              `{"password":"***","a":[{"clientSecret":"***"}]}`,
		`  "text": "it says password=\"a b\" there",` + "\n  \"next\": 1":          `  "text": "it says password=***",` + "\n  \"next\": 1",
		`password="it's so", user=bob`:                                             `password="***", user=bob`,
		"machine packages.corp login bob password s3cr3t\nmachine b":               "machine packages.corp login bob password ***\nmachine b",
		"machine packages.corp/ubuntu\nlogin bob\npassword \"s3c r3t\"\n":          "machine packages.corp/ubuntu\nlogin bob\npassword ***\n",
		"machine h password s3cr3t login bob":                                      "machine h password *** login bob",
		"login bob account x password s3cr3t":                                      "login bob account x password ***",
		"\tpassword s3cr3t \n":                                                     "\tpassword ***\n",
		"proxy-user = bob:s3cretpw":                                                "proxy-user = bob:***",
		"curl --proxy-user \"bob:my s3cret\" -x h":                                 "curl --proxy-user \"bob:***\" -x h",
		"user = \"bob:s3cret\"":                                                    "user = \"bob:***\"",
		"curl --user bob:s3cret https://h":                                         "curl --user bob:*** https://h",
		"curl -U 'bob:s3cret' -u=x":                                                "curl -U 'bob:***' -u=x",
		"MIIEvQIBADANBgkqhkiG9w0B\nAQEFAASCBKcwggSj\n-----END PRIVATE KEY-----\nb": "*** (a private key)\nb",
		"x password=\\\n  s3cret\nb":                                               "x password=***\n  ***\nb",
		`https://x/f?sv=1\u0026sig=abcdef\u0026se=2`:                               `https://x/f?sv=1\u0026sig=***\u0026se=2`,
		"<adminPassword>s3cret</adminPassword>":                                    "<adminPassword>***</adminPassword>",
		"Server=h;Pwd=s3cret;x=y":                                                  "Server=h;Pwd=***;x=y",
		"app --token s3cret --name x":                                              "app --token *** --name x",
		"machine h login x bearer password s3cret":                                 "machine h login x bearer *** ***",
		"sshpass -p s3cret ssh h":                                                  "sshpass -p *** ssh h",
		"root:$6$salt$hashhashhash:19000:":                                         "root:$6$***:19000:",
		// What looks alike and explains something.
		"passwd:         files systemd [NOTFOUND=return] aad\ngroup: files": "passwd:         files systemd [NOTFOUND=return] aad\ngroup: files",
		"passwd: $6$salt$hash":                                                  "passwd: ***",
		"password requisite pam_pwquality.so retry=3":                           "password requisite pam_pwquality.so retry=3",
		"password\t[success=1 default=ignore]\tpam_unix.so yescrypt":            "password\t[success=1 default=ignore]\tpam_unix.so yescrypt",
		"Failed password for bob from 10.0.0.4 port 22 ssh2":                    "Failed password for bob from 10.0.0.4 port 22 ssh2",
		"journalctl -u ssh.service -n 50":                                       "journalctl -u ssh.service -n 50",
		"https_proxy=http://proxy:3128 no_proxy=a:1,b@c":                        "https_proxy=http://proxy:3128 no_proxy=a:1,b@c",
		"ada@contoso.com signed in from 10.0.0.4":                               "ada@contoso.com signed in from 10.0.0.4",
		"PasswordAuthentication no":                                             "PasswordAuthentication no",
		"deb [signed-by=/usr/share/keyrings/x.gpg] https://h/ubuntu jammy main": "deb [signed-by=/usr/share/keyrings/x.gpg] https://h/ubuntu jammy main",
	} {
		if got := Redact(in); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
	if got := Redact("it is known-Secret here", "known-Secret"); strings.Contains(got, "known-Secret") {
		t.Errorf("%q", got)
	}
}
