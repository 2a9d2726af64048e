package proxy

import (
	"fmt"
	"strings"
	"testing"
)

const base = "https://packages.microsoft.com"

func TestProxyThatWasSet(t *testing.T) {
	set, err := Parse("http://u:p%40ss@set.example:3128")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name     string
		settings Proxy
		base     string
		env      string // KEY=value, one each word
		want     string
		origin   string
		unread   string // "": it can be read
		except   string
	}{
		{name: "nothing"},
		{name: "setting", settings: set, want: "http://u:p%40ss@set.example:3128", origin: "the setting proxy"},
		{name: "setting before environment", settings: set, env: "https_proxy=http://env.example:1", want: "http://u:p%40ss@set.example:3128", origin: "the setting proxy"},
		{name: "setting in spite of no_proxy", settings: set, env: "no_proxy=*", want: "http://u:p%40ss@set.example:3128", origin: "the setting proxy", except: "*"},
		{name: "environment", env: "https_proxy=http://env.example:3128", want: "http://env.example:3128", origin: "the agent's environment (https_proxy)"},
		{name: "environment in capitals", env: "HTTPS_PROXY=http://u:p@env.example:3128/", want: "http://u:p@env.example:3128", origin: "the agent's environment (HTTPS_PROXY)"},
		{name: "for all", env: "all_proxy=http://env.example:3128", want: "http://env.example:3128", origin: "the agent's environment (all_proxy)"},
		{name: "without scheme and port", env: "https_proxy=env.example", want: "http://env.example:80", origin: "the agent's environment (https_proxy)"},
		{name: "http only", env: "http_proxy=http://env.example:3128"},
		{name: "http only, for a mirror of http", base: "http://mirror.example", env: "http_proxy=http://env.example:3128", want: "http://env.example:3128", origin: "the agent's environment (http_proxy)"},
		{name: "a path behind it", env: "https_proxy=http://env.example:3128/path", want: "http://env.example:3128", origin: "the agent's environment (https_proxy)"},
		{name: "a path, but no port", env: "https_proxy=http://env.example/path", want: "http://env.example:80", origin: "the agent's environment (https_proxy)"},
		{name: "scheme in capitals", env: "https_proxy=HTTP://env.example:3128", want: "http://env.example:3128", origin: "the agent's environment (https_proxy)"},
		{name: "not http", env: "https_proxy=socks5://env.example:1080", origin: "the agent's environment (https_proxy)", unread: "only proxies of http://"},
		{name: "a domain before the user", env: `https_proxy=http://DOMAIN\user:p@ss@env.example:3128`, origin: "the agent's environment (https_proxy)", unread: "%5C"},
		{name: "an @ in the password", env: "HTTPS_PROXY=http://u:p@ss@env.example:3128", origin: "the agent's environment (HTTPS_PROXY)", unread: "%40"},
		{name: "a slash in the password", env: "https_proxy=http://u:80/p@ss@env.example:3128", origin: "the agent's environment (https_proxy)", unread: "%2F"},
		{name: "the first that is set counts", env: "https_proxy=http://u:p@ss@env.example:3128 all_proxy=http://all.example:1", origin: "the agent's environment (https_proxy)", unread: "%40"},
		{name: "exceptions are kept", env: "https_proxy=http://env.example:3128 NO_PROXY=.corp,10.0.0.0/8", want: "http://env.example:3128", origin: "the agent's environment (https_proxy)", except: ".corp,10.0.0.0/8"},
		{name: "exceptions are kept for the setting", settings: set, env: "no_proxy=.corp NO_PROXY=.other", want: "http://u:p%40ss@set.example:3128", origin: "the setting proxy", except: ".corp"},
		{name: "excepted by network", base: "https://10.1.2.3/ms", env: "https_proxy=http://env.example:3128 no_proxy=10.0.0.0/8"},
		{name: "excepted by port", base: "https://mirror.corp/ms", env: "https_proxy=http://env.example:3128 no_proxy=mirror.corp:443"},
		{name: "excepted on another port", base: "https://mirror.corp:8443/ms", env: "https_proxy=http://env.example:3128 no_proxy=mirror.corp:443", want: "http://env.example:3128", origin: "the agent's environment (https_proxy)", except: "mirror.corp:443"},
		{name: "excepted by name", env: "https_proxy=http://env.example:3128 no_proxy=localhost,packages.microsoft.com"},
		{name: "excepted by domain", env: "https_proxy=http://env.example:3128 NO_PROXY=.microsoft.com"},
		{name: "excepted by domain without dot", env: "https_proxy=http://env.example:3128 NO_PROXY=microsoft.com"},
		{name: "excepted with star", env: "https_proxy=http://env.example:3128 NO_PROXY=*.microsoft.com"},
		{name: "all excepted", env: "https_proxy=http://env.example:3128 NO_PROXY=*"},
		{name: "another domain excepted", env: "https_proxy=http://env.example:3128 NO_PROXY=soft.com,169.254.169.254", want: "http://env.example:3128", origin: "the agent's environment (https_proxy)", except: "soft.com,169.254.169.254"},
	} {
		env := map[string]string{}
		for word := range strings.FieldsSeq(c.env) {
			k, v, _ := strings.Cut(word, "=")
			env[k] = v
		}
		if c.base == "" {
			c.base = base
		}
		p := Given(c.settings, func(k string) string { return env[k] }, c.base)
		if got := address(p); got != c.want || p.Origin != c.origin || p.Except != c.except {
			t.Errorf("%s: %q from %q, except %q, want %q from %q, except %q", c.name, got, p.Origin, p.Except, c.want, c.origin, c.except)
		}
		if c.unread == "" && p.Unread != nil || c.unread != "" && (p.Unread == nil || !strings.Contains(p.Unread.Error(), c.unread)) {
			t.Errorf("%s: %v, want %q", c.name, p.Unread, c.unread)
		}
		if shown := fmt.Sprintf("%v %+v %#v %v", p.Proxy, p.Proxy, p.Proxy, p.Unread); strings.Contains(shown, "p%40ss") || strings.Contains(shown, "p@ss") {
			t.Errorf("%s: the password is shown: %s", c.name, shown)
		}
	}
}

func address(p Found) string {
	if p.Address() == nil {
		return ""
	}
	return p.Address().String()
}
