package proxy

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

func TestParseProxy(t *testing.T) {
	for _, c := range []struct {
		text, shown, full string
		secrets           []string
	}{
		{"http://proxy:3128", "http://proxy:3128", "http://proxy:3128", nil},
		{"https://proxy.example.com:443/", "https://proxy.example.com:443", "https://proxy.example.com:443", nil},
		{"http://[fd00::1]:8080", "http://[fd00::1]:8080", "http://[fd00::1]:8080", nil},
		{"http://user:pass@proxy:1", "http://proxy:1", "http://user:pass@proxy:1", []string{"user:pass", "pass"}},
		{"http://user:p%40ss%3aw@proxy:1", "http://proxy:1", "http://user:p%40ss%3Aw@proxy:1", []string{"user:p%40ss%3Aw", "p%40ss%3Aw", "p@ss:w"}},
		{"http://DOMAIN%5Cuser:pass@proxy:1", "http://proxy:1", "http://DOMAIN%5Cuser:pass@proxy:1", []string{"DOMAIN%5Cuser:pass", "pass"}},
		{"http://token@proxy:1", "http://proxy:1", "http://token@proxy:1", []string{"token"}},
		{"http://user:@proxy:1", "http://proxy:1", "http://user:@proxy:1", []string{"user:"}},
	} {
		p, err := Parse(c.text)
		if err != nil {
			t.Errorf("%s: %v", c.text, err)
			continue
		}
		if p.URL != c.shown || p.Address().String() != c.full || !slices.Equal(p.Secrets(), c.secrets) {
			t.Errorf("%s: %q, %q, %q", c.text, p.URL, p.Address(), p.Secrets())
		}
		for _, secret := range p.Secrets() {
			if said := fmt.Sprint(p) + fmt.Sprintf("%+v %#v %+v %q", p, p, struct{ P Proxy }{p}, &p); strings.Contains(said, secret) {
				t.Errorf("%s: %q is in %s", c.text, secret, said)
			}
		}
		p.Address().Host = "other"
		if p.Address().Host == "other" {
			t.Error("the caller can change the proxy")
		}
	}
}

func TestParseProxyRefuses(t *testing.T) {
	for _, text := range []string{
		"", "proxy", "proxy:3128", "http://", "http://proxy", "http://:3128", "//proxy:1", "HTTP://proxy:1", "ftp://proxy:1", "socks5://proxy:1",
		"http://proxy:0", "http://proxy:65536", "http://proxy:1x", "http://proxy:1/x", "http://proxy:1?hunter2", "http://proxy:1#hunter2", "http://proxy:1 ", " http://proxy:1",
		"http://user:hunter2@", "http://user:hunter2@proxy", "http://user:hunter2@a@proxy:1", "http://user:hunter2/@proxy:1", "http://user:hunter2%2@proxy:1", "http://user:hunter2\"@proxy:1",
		"http://proxy:1\nhunter2", "http://user:hunter2\n@proxy:1", "http://prö.example.com:1", "http://-:1", "http://[proxy]:1", "http://[::1:1", "http://$(id):1",
	} {
		p, err := Parse(text)
		if err == nil {
			t.Errorf("%q became %+v", text, p)
		} else if strings.Contains(err.Error(), "hunter2") {
			t.Errorf("the secret is shown: %v", err)
		}
	}
}

func TestNoProxy(t *testing.T) {
	var p Proxy
	if p.Address() != nil || p.Secrets() != nil || p.String() != "" {
		t.Errorf("%v, %q, %q", p.Address(), p.Secrets(), p)
	}
}

func TestSecretsOf(t *testing.T) {
	for proxy, want := range map[string]string{
		"http://u:p@ssw0rd@h:1": "u:p@ssw0rd p@ssw0rd", "u:p@ss@h:1": "u:p@ss p@ss", "http://u:p%40ss@h:1": "u:p%40ss p%40ss p@ss", "http://DOMAIN\\u:a:b/c@h": "DOMAIN\\u:a:b/c a:b/c",
		"http://token@h:1": "token", "http://u:@h:1": "u:", "http://h:1": "", "h:1": "", "": "",
	} {
		if got := strings.Join(SecretsOf(proxy), " "); got != want {
			t.Errorf("%s: %q, want %q", proxy, got, want)
		}
	}
}
