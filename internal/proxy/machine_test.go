package proxy

import (
	"strings"
	"testing"

	"aadssh/distro"
	"aadssh/internal/host/hosttest"
)

const (
	askApt = "apt-config shell P0 Acquire::https::Proxy::packages.microsoft.com P1 Acquire::http::Proxy::packages.microsoft.com P2 Acquire::https::Proxy P3 Acquire::http::Proxy"
	mirror = "http://mirror.example:8080/rpm"
)

func TestProxyOfApt(t *testing.T) {
	for name, c := range map[string]struct{ says, want string }{
		"none":                              {"", ""},
		"http's":                            {"P3='http://u:p@apt.example:3128'\n", "http://u:p@apt.example:3128"},
		"https's":                           {"P2='http://apt.example:1'\nP3='http://other.example:2'\n", "http://apt.example:1"},
		"with a slash":                      {"P3='http://apt.example:3128/'\n", "http://apt.example:3128"},
		"none for https":                    {"P2='DIRECT'\nP3='http://apt.example:3128'\n", ""},
		"none at all":                       {"P3='DIRECT'\n", ""},
		"false":                             {"P2='false'\nP3='http://apt-cacher.example:3142'\n", ""},
		"a host alone":                      {"P2='apt.example'\n", ""}, // apt 2.6 connects directly
		"of the host":                       {"P0='http://host.example:1'\nP2='http://apt.example:2'\n", "http://host.example:1"},
		"of the host, http's":               {"P1='http://host.example:1'\nP2='http://apt.example:2'\n", "http://host.example:1"},
		"none for the host":                 {"P0='DIRECT'\nP2='http://apt.example:2'\nP3='http://apt.example:2'\n", ""},
		"none for the host, by http's":      {"P1='DIRECT'\nP2='http://apt.example:2'\n", ""},
		"of the host in spite of none else": {"P0='http://host.example:1'\nP2='DIRECT'\n", "http://host.example:1"},
	} {
		r := hosttest.New(t)
		r.Expect(askApt, hosttest.Answer(0, c.says))
		p := OfManager(t.Context(), r.Host(), distro.Apt, base)
		if got := address(p); got != c.want || p.Unread != nil {
			t.Errorf("%s: %q, %v, want %q", name, got, p.Unread, c.want)
		}
	}
	for _, says := range []string{"P3='socks5h://apt.example:1080'\n", "P3='http://u:s3cr@t@apt.example:3128'\n"} {
		r := hosttest.New(t)
		r.Expect(askApt, hosttest.Answer(0, says))
		p := OfManager(t.Context(), r.Host(), distro.Apt, base)
		if p.Address() != nil || p.Unread == nil || p.Origin != "the configuration of apt" || strings.Contains(p.Unread.Error(), "s3cr") {
			t.Errorf("%s: %v from %q: %v", says, p, p.Origin, p.Unread)
		}
	}
}

// A mirror of http has no use for the proxies of https.
func TestProxyToMirrorOfHTTP(t *testing.T) {
	r := hosttest.New(t)
	r.Expect("apt-config shell P0 Acquire::http::Proxy::mirror.example P1 Acquire::http::Proxy", hosttest.Answer(0, "P1='http://apt.example:3128'\n"))
	if got := address(OfManager(t.Context(), r.Host(), distro.Apt, mirror)); got != "http://apt.example:3128" {
		t.Errorf("apt: %q", got)
	}
	both := map[string]string{"/etc/sysconfig/proxy": "HTTP_PROXY=http://suse.example:1\nHTTPS_PROXY=http://suse.example:2\n"}
	if got := address(OfManager(t.Context(), root(t, both), distro.Zypper, mirror)); got != "http://suse.example:1" {
		t.Errorf("zypper: %q", got)
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
		{"dnf: switched off, and on for yum", distro.Dnf, map[string]string{"/etc/dnf/dnf.conf": "proxy=_none_\n", "/etc/yum.conf": "proxy=http://yum.example:3128\n"}, ""},
		{"dnf: a comment", distro.Dnf, map[string]string{"/etc/dnf/dnf.conf": "[main]\n#proxy=http://dnf.example:3128\n"}, ""},
		{"yum", distro.Yum, map[string]string{"/etc/yum.conf": "[main]\nproxy=http://yum.example:3128/\n"}, "http://yum.example:3128"},
		{"tdnf", distro.Tdnf, map[string]string{"/etc/tdnf/tdnf.conf": "[main]\nproxy=http://tdnf.example:3128\n"}, "http://tdnf.example:3128"},
		{"zypper: none", distro.Zypper, nil, ""},
		{"zypper", distro.Zypper, map[string]string{sysconfig: "PROXY_ENABLED=\"yes\"\nHTTP_PROXY=\"http://suse.example:3128\"\nHTTPS_PROXY=\"\"\n"}, "http://suse.example:3128"},
		{"zypper: switched off", distro.Zypper, map[string]string{sysconfig: "PROXY_ENABLED=\"no\"\nHTTP_PROXY=\"http://suse.example:3128\"\n"}, ""},
		{"zypper: another host excepted", distro.Zypper, map[string]string{sysconfig: "HTTPS_PROXY=\"http://suse.example:3128\"\nNO_PROXY=\"localhost, 127.0.0.1\"\n"}, "http://suse.example:3128"},
		{"zypper: excepted", distro.Zypper, map[string]string{sysconfig: "HTTPS_PROXY=\"http://suse.example:3128\"\nNO_PROXY=\"localhost, .microsoft.com\"\n"}, ""},
		{"zypper: password apart", distro.Zypper, map[string]string{sysconfig: "PROXY_ENABLED=yes\nHTTPS_PROXY=\"http://suse.example:3128\"\n", curlrc: "--proxy-user \"u:p:w\"\n"}, "http://u:p%3Aw@suse.example:3128"},
		{"zypper: password in curl's own spelling", distro.Zypper, map[string]string{sysconfig: "HTTPS_PROXY=\"http://suse.example:3128\"\n", curlrc: "# proxy\nproxy-user = u:p\n"}, "http://u:p@suse.example:3128"},
		{"zypper: another option of curl", distro.Zypper, map[string]string{sysconfig: "HTTPS_PROXY=\"http://suse.example:3128\"\n", curlrc: "--proxy-user-agent x\n"}, "http://suse.example:3128"},
	} {
		p := OfManager(t.Context(), root(t, c.files), c.manager, base)
		if got := address(p); got != c.want || p.Unread != nil {
			t.Errorf("%s: %q, %v, want %q", c.name, got, p.Unread, c.want)
		}
	}
}

func TestProxyHints(t *testing.T) {
	none := func(string) string { return "" }
	if h := Elsewhere(root(t, map[string]string{"/etc/environment": "PATH=/bin\nexport HTTPS_PROXY='proxy.example.com:3128'\n"}), none); h.String() != "http://proxy.example.com:3128" || h.Origin != "/etc/environment" {
		t.Errorf("%+v", h)
	}
	if h := Elsewhere(root(t, nil), func(n string) string { return map[string]string{"https_proxy": "http://mine:1"}[n] }); h.Origin != "your own environment" {
		t.Errorf("%+v", h)
	}
	if h := Elsewhere(root(t, nil), none); h.Origin != "" {
		t.Errorf("%+v", h)
	}
}
