package facts

import (
	"fmt"
	"strings"
	"testing"

	"aadsshlogin-handler/agent"
	"aadsshlogin-handler/distro"
	"aadsshlogin-handler/host/hosttest"
)

const base = "https://packages.microsoft.com"

func TestProxyThatWasSet(t *testing.T) {
	set, err := agent.ParseProxy("http://u:p%40ss@set.example:3128")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name     string
		settings agent.Settings
		base     string
		env      string // KEY=value, one each word
		want     string
		origin   string
	}{
		{name: "nothing"},
		{name: "setting", settings: agent.Settings{Proxy: set}, want: "http://u:p%40ss@set.example:3128", origin: "the setting proxy"},
		{name: "setting before environment", settings: agent.Settings{Proxy: set}, env: "https_proxy=http://env.example:1", want: "http://u:p%40ss@set.example:3128", origin: "the setting proxy"},
		{name: "setting in spite of no_proxy", settings: agent.Settings{Proxy: set}, env: "no_proxy=*", want: "http://u:p%40ss@set.example:3128", origin: "the setting proxy"},
		{name: "environment", env: "https_proxy=http://env.example:3128", want: "http://env.example:3128", origin: "the agent's environment (https_proxy)"},
		{name: "environment in capitals", env: "HTTPS_PROXY=http://u:p@env.example:3128/", want: "http://u:p@env.example:3128", origin: "the agent's environment (HTTPS_PROXY)"},
		{name: "for all", env: "all_proxy=http://env.example:3128", want: "http://env.example:3128", origin: "the agent's environment (all_proxy)"},
		{name: "without scheme and port", env: "https_proxy=env.example", want: "http://env.example:80", origin: "the agent's environment (https_proxy)"},
		{name: "http only", env: "http_proxy=http://env.example:3128"},
		{name: "http only, for a mirror of http", base: "http://mirror.example", env: "http_proxy=http://env.example:3128", want: "http://env.example:3128", origin: "the agent's environment (http_proxy)"},
		{name: "not http", env: "https_proxy=socks5://env.example:1080"},
		{name: "excepted by name", env: "https_proxy=http://env.example:3128 no_proxy=localhost,packages.microsoft.com"},
		{name: "excepted by domain", env: "https_proxy=http://env.example:3128 NO_PROXY=.microsoft.com"},
		{name: "excepted by domain without dot", env: "https_proxy=http://env.example:3128 NO_PROXY=microsoft.com"},
		{name: "excepted with star", env: "https_proxy=http://env.example:3128 NO_PROXY=*.microsoft.com"},
		{name: "all excepted", env: "https_proxy=http://env.example:3128 NO_PROXY=*"},
		{name: "another domain excepted", env: "https_proxy=http://env.example:3128 NO_PROXY=soft.com,169.254.169.254", want: "http://env.example:3128", origin: "the agent's environment (https_proxy)"},
	} {
		env := map[string]string{}
		for word := range strings.FieldsSeq(c.env) {
			k, v, _ := strings.Cut(word, "=")
			env[k] = v
		}
		if c.base == "" {
			c.base = base
		}
		p := proxyOf(c.settings, func(k string) string { return env[k] }, c.base)
		if got := address(p); got != c.want || p.Origin != c.origin {
			t.Errorf("%s: %q from %q, want %q from %q", c.name, got, p.Origin, c.want, c.origin)
		}
		if shown := fmt.Sprintf("%v %+v %#v", p.Proxy, p.Proxy, p.Proxy); strings.Contains(shown, "p%40ss") || strings.Contains(shown, "p@ss") {
			t.Errorf("%s: the password is shown: %s", c.name, shown)
		}
	}
}

func address(p Proxy) string {
	if p.Address() == nil {
		return ""
	}
	return p.Address().String()
}

const askApt = "apt-config shell HTTPS Acquire::https::Proxy HTTP Acquire::http::Proxy"

func TestProxyOfApt(t *testing.T) {
	for name, c := range map[string]struct{ says, want string }{
		"none":              {"", ""},
		"http's":            {"HTTP='http://u:p@apt.example:3128'\n", "http://u:p@apt.example:3128"},
		"https's":           {"HTTPS='http://apt.example:1'\nHTTP='http://other.example:2'\n", "http://apt.example:1"},
		"with a slash":      {"HTTP='http://apt.example:3128/'\n", "http://apt.example:3128"},
		"none for https":    {"HTTPS='DIRECT'\nHTTP='http://apt.example:3128'\n", ""},
		"none at all":       {"HTTP='DIRECT'\n", ""},
		"socks is no proxy": {"HTTP='socks5h://apt.example:1080'\n", ""},
	} {
		r := hosttest.New(t)
		r.Expect(askApt, hosttest.Answer(0, c.says))
		p := MachineProxy(t.Context(), r.Host(), distro.Apt)
		if got := address(p); got != c.want || (got != "") != p.Configured {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

func TestProxyOfRPM(t *testing.T) {
	const sysconfig, curlrc = "/etc/sysconfig/proxy", "/root/.curlrc"
	for _, c := range []struct {
		name    string
		manager distro.Manager
		files   map[string]string
		want    string
	}{
		{"dnf: none", distro.Dnf, map[string]string{"/etc/dnf/dnf.conf": "[main]\nbest=True\n"}, ""},
		{"dnf", distro.Dnf, map[string]string{"/etc/dnf/dnf.conf": "[main]\nproxy = http://dnf.example:3128\n"}, "http://dnf.example:3128"},
		{"dnf: password apart", distro.Dnf, map[string]string{"/etc/dnf/dnf.conf": "[main]\nproxy=http://dnf.example:3128\nproxy_username=u\nproxy_password=p:/@\n"}, "http://u:p%3A%2F%40@dnf.example:3128"},
		{"dnf: switched off", distro.Dnf, map[string]string{"/etc/dnf/dnf.conf": "[main]\nproxy=_none_\n"}, ""},
		{"dnf: a comment", distro.Dnf, map[string]string{"/etc/dnf/dnf.conf": "[main]\n#proxy=http://dnf.example:3128\n"}, ""},
		{"yum", distro.Yum, map[string]string{"/etc/yum.conf": "[main]\nproxy=http://yum.example:3128/\n"}, "http://yum.example:3128"},
		{"tdnf", distro.Tdnf, map[string]string{"/etc/tdnf/tdnf.conf": "[main]\nproxy=http://tdnf.example:3128\n"}, "http://tdnf.example:3128"},
		{"zypper: none", distro.Zypper, nil, ""},
		{"zypper", distro.Zypper, map[string]string{sysconfig: "PROXY_ENABLED=\"yes\"\nHTTP_PROXY=\"http://suse.example:3128\"\nHTTPS_PROXY=\"\"\n"}, "http://suse.example:3128"},
		{"zypper: switched off", distro.Zypper, map[string]string{sysconfig: "PROXY_ENABLED=\"no\"\nHTTP_PROXY=\"http://suse.example:3128\"\n"}, ""},
		{"zypper: password apart", distro.Zypper, map[string]string{sysconfig: "PROXY_ENABLED=yes\nHTTPS_PROXY=\"http://suse.example:3128\"\n", curlrc: "--proxy-user \"u:p:w\"\n"}, "http://u:p%3Aw@suse.example:3128"},
		{"zypper: password in curl's own spelling", distro.Zypper, map[string]string{sysconfig: "HTTPS_PROXY=\"http://suse.example:3128\"\n", curlrc: "# proxy\nproxy-user = u:p\n"}, "http://u:p@suse.example:3128"},
		{"zypper: another option of curl", distro.Zypper, map[string]string{sysconfig: "HTTPS_PROXY=\"http://suse.example:3128\"\n", curlrc: "--proxy-user-agent x\n"}, "http://suse.example:3128"},
	} {
		p := MachineProxy(t.Context(), root(t, c.files), c.manager)
		if got := address(p); got != c.want || (got != "") != p.Configured {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}
