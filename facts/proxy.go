package facts

import (
	"context"
	"net/url"
	"strings"

	"aadsshlogin-handler/agent"
	"aadsshlogin-handler/distro"
	"aadsshlogin-handler/host"
)

// Proxy is the way to the package host, and who said so.
type Proxy struct {
	agent.Proxy
	Origin string // for people; "" without a proxy
	// Configured: the package manager knows it by itself.
	Configured bool
}

// proxyOf is the proxy that was set for us: by the settings, else by the
// environment of the agent, which the public documentation has people put
// into the agent's unit.
func proxyOf(s agent.Settings, getenv func(string) string, packageBase string) Proxy {
	if s.Proxy.Address() != nil {
		return Proxy{Proxy: s.Proxy, Origin: "the setting proxy"}
	}
	base, err := url.Parse(packageBase)
	if err != nil || getenv == nil || excepted(firstOf(getenv, "no_proxy", "NO_PROXY"), base.Hostname()) {
		return Proxy{}
	}
	names := []string{"https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"}
	if base.Scheme == "http" { // a mirror
		names = []string{"http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"}
	}
	for _, name := range names {
		if p, ok := parseProxy(getenv(name)); ok {
			return Proxy{Proxy: p, Origin: "the agent's environment (" + name + ")"}
		}
	}
	return Proxy{}
}

// MachineProxy is the proxy that the machine's package manager is configured
// with: our own download of the key has to take the same way. It runs a
// program on apt systems, so it is asked only when something is downloaded.
func MachineProxy(ctx context.Context, h *host.Host, m distro.Manager) Proxy {
	found := func(text, origin string) (Proxy, bool) {
		p, ok := parseProxy(text)
		return Proxy{Proxy: p, Origin: origin, Configured: true}, ok
	}
	switch m {
	case distro.Apt:
		// apt.conf(5): https takes http's proxy where it has none of its own.
		r, err := h.Runner.Run(ctx, host.Command{Name: "apt-config", Args: []string{"shell", "HTTPS", "Acquire::https::Proxy", "HTTP", "Acquire::http::Proxy"}})
		if err != nil {
			return Proxy{}
		}
		values := assignments(string(r.Stdout))
		for _, name := range []string{"HTTPS", "HTTP"} {
			if values[name] == "DIRECT" { // apt.conf(5): no proxy
				return Proxy{}
			}
			if p, ok := found(values[name], "the configuration of apt"); ok {
				return p
			}
		}
	case distro.Zypper:
		// SUSE's own place: /etc/sysconfig/proxy (SLES administration guide).
		values := readAssignments(h, "/etc/sysconfig/proxy")
		if values["PROXY_ENABLED"] == "no" {
			return Proxy{}
		}
		user, password, _ := strings.Cut(curlOption(h, "proxy-user"), ":")
		for _, name := range []string{"HTTPS_PROXY", "HTTP_PROXY"} {
			if p, ok := found(withUser(values[name], user, password), "/etc/sysconfig/proxy"); ok {
				return p
			}
		}
	default:
		for _, path := range []string{"/etc/dnf/dnf.conf", "/etc/yum.conf", "/etc/tdnf/tdnf.conf"} {
			// dnf.conf(5): the password has a place of its own.
			v := readAssignments(h, path)
			if p, ok := found(withUser(v["proxy"], v["proxy_username"], v["proxy_password"]), path); ok {
				return p
			}
		}
	}
	return Proxy{}
}

// withUser puts a user and a password that stand apart into a proxy's address.
func withUser(address, user, password string) string {
	scheme, rest, ok := strings.Cut(address, "://")
	if !ok {
		scheme, rest = "http", address
	}
	if address == "" || user == "" || strings.Contains(rest, "@") {
		return address
	}
	return scheme + "://" + url.UserPassword(user, password).String() + "@" + rest
}

// curlOption is an option in root's configuration of curl, where SUSE's
// documentation has the proxy's password, and from where libzypp takes it.
func curlOption(h *host.Host, name string) string {
	b, err := h.ReadFile("/root/.curlrc", 1<<16)
	if err != nil {
		return ""
	}
	for line := range strings.Lines(string(b)) {
		value, ok := strings.CutPrefix(strings.TrimLeft(strings.TrimSpace(line), "-"), name)
		if ok && value != "" && strings.ContainsRune(" \t=:", rune(value[0])) {
			return strings.Trim(strings.TrimLeft(value, " \t=:"), `"'`)
		}
	}
	return ""
}

func parseProxy(text string) (agent.Proxy, bool) {
	if text == "" {
		return agent.Proxy{}, false
	}
	// Environments hold what curl takes: a scheme and a port may be missing.
	// The default port is that of Go's and apt's clients.
	if !strings.Contains(text, "://") {
		text = "http://" + text
	}
	p, err := agent.ParseProxy(text)
	if err != nil {
		port := ":80"
		if strings.HasPrefix(text, "https:") {
			port = ":443"
		}
		p, err = agent.ParseProxy(strings.TrimSuffix(text, "/") + port)
	}
	return p, err == nil
}

func readAssignments(h *host.Host, path string) map[string]string {
	b, err := h.ReadFile(path, 0)
	if err != nil {
		return nil
	}
	return assignments(string(b))
}

// assignments reads KEY=value lines, with or without quotes and spaces.
func assignments(text string) map[string]string {
	values := map[string]string{}
	for line := range strings.Lines(text) {
		key, value, ok := strings.Cut(strings.TrimSpace(line), "=")
		if !ok || strings.HasPrefix(key, "#") {
			continue
		}
		values[strings.TrimSpace(key)] = strings.Trim(strings.TrimSpace(value), `'"`)
	}
	return values
}

func firstOf(getenv func(string) string, names ...string) string {
	for _, n := range names {
		if v := getenv(n); v != "" {
			return v
		}
	}
	return ""
}

// excepted reports whether no_proxy names the host, itself or by a domain.
func excepted(noProxy, host string) bool {
	for entry := range strings.SplitSeq(noProxy, ",") {
		entry = strings.ToLower(strings.TrimSpace(entry))
		if entry == "*" || entry != "" && (entry == host || strings.HasSuffix(host, "."+strings.TrimPrefix(strings.TrimPrefix(entry, "*"), "."))) {
			return true
		}
	}
	return false
}
