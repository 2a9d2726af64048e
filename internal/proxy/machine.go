package proxy

import (
	"context"
	"net/url"
	"strconv"
	"strings"
	"time"

	"aadssh/distro"
	"aadssh/internal/host"
	"aadssh/internal/text"
)

// OfManager is the proxy that the machine's package manager uses for an address because of
// its own configuration: our own download of the key must use it too. It runs a program on
// apt systems, so it is only called when something is downloaded.
func OfManager(ctx context.Context, h *host.Host, m distro.Manager, address string) Found {
	to, err := url.Parse(address)
	if err != nil {
		return Found{}
	}
	named, origin := "", ""
	switch m {
	case distro.Apt:
		named, origin = aptProxy(ctx, h, to), "the configuration of apt"
	case distro.Zypper:
		named, origin = suseProxy(h, to), "/etc/sysconfig/proxy"
	default:
		named, origin = dnfProxy(h)
	}
	if named == "" {
		return Found{}
	}
	p, err := parseLoose(named)
	return Found{Proxy: p, Origin: origin, Unread: err}
}

// schemes are the protocols whose proxies are used for an address, in order: without one
// for https, the one for http is used.
func schemes(to *url.URL) []string {
	if to.Scheme == "http" { // a mirror
		return []string{"http"}
	}
	return []string{"https", "http"}
}

// aptProxy: a proxy for one host takes precedence over the one for all, and https's over
// http's (apt.conf(5) and apt-transport-http(1); methods/basehttp.cc, ConfigFind).
func aptProxy(ctx context.Context, h *host.Host, to *url.URL) string {
	var keys []string
	for _, of := range []string{"::" + to.Hostname(), ""} {
		for _, scheme := range schemes(to) {
			keys = append(keys, "Acquire::"+scheme+"::Proxy"+of)
		}
	}
	args := []string{"shell"}
	for i, key := range keys {
		args = append(args, "P"+strconv.Itoa(i), key)
	}
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	r, err := h.Runner.Run(ctx, host.Command{Name: "apt-config", Args: args})
	if err != nil {
		return ""
	}
	values := text.Assignments(string(r.Stdout))
	for i := range keys {
		value := values["P"+strconv.Itoa(i)]
		if value == "" {
			continue
		}
		// DIRECT is documented. In fact apt treats every text without a host like it, for
		// example false (methods/http.cc: Proxy.Host.empty()).
		if !strings.Contains(value, ":") {
			return ""
		}
		return value
	}
	return ""
}

// suseProxy reads SUSE's own file (SLES administration guide).
func suseProxy(h *host.Host, to *url.URL) string {
	values := readAssignments(h, "/etc/sysconfig/proxy")
	if values["PROXY_ENABLED"] == "no" || Excepts(values["NO_PROXY"], to) {
		return ""
	}
	user, password, _ := strings.Cut(curlOption(h, "proxy-user"), ":")
	for _, scheme := range schemes(to) {
		if value := values[strings.ToUpper(scheme)+"_PROXY"]; value != "" {
			return withUser(value, user, password)
		}
	}
	return ""
}

func dnfProxy(h *host.Host) (text, origin string) {
	for _, path := range []string{"/etc/dnf/dnf.conf", "/etc/yum.conf", "/etc/tdnf/tdnf.conf"} {
		// dnf.conf(5): the password is a setting of its own, and _none_ means no proxy.
		v := readAssignments(h, path)
		switch proxy := v["proxy"]; proxy {
		case "":
		case "_none_":
			return "", ""
		default:
			return withUser(proxy, v["proxy_username"], v["proxy_password"]), path
		}
	}
	return "", ""
}

// withUser inserts a separate user and password into a proxy's address.
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

// curlOption is an option in root's configuration of curl, where SUSE's documentation puts
// the proxy's password, and where libzypp reads it.
func curlOption(h *host.Host, name string) string {
	b, err := h.ReadFile("/root/.curlrc", 1<<16)
	if err != nil {
		return ""
	}
	for _, line := range text.SplitLines(string(b)) {
		value, ok := strings.CutPrefix(strings.TrimLeft(strings.TrimSpace(line), "-"), name)
		if ok && value != "" && strings.ContainsRune(" \t=:", rune(value[0])) {
			return strings.Trim(strings.TrimLeft(value, " \t=:"), `"'`)
		}
	}
	return ""
}

func readAssignments(h *host.Host, path string) map[string]string {
	b, err := h.ReadFile(path, 0)
	if err != nil {
		return nil
	}
	return text.Assignments(string(b))
}

// Elsewhere is a proxy that is configured for the whole machine, in places that neither our
// settings nor a package manager uses.
func Elsewhere(h *host.Host, getenv func(string) string) Found {
	for _, file := range []string{"/etc/environment", "/etc/sysconfig/proxy", "/etc/profile.d/proxy.sh"} {
		values := readAssignments(h, file)
		if found := inVariables(func(name string) string { return values[name] }, file); found.Origin != "" {
			return found
		}
	}
	if getenv == nil {
		return Found{}
	}
	return inVariables(getenv, "your own environment")
}

func inVariables(get func(string) string, origin string) Found {
	for _, name := range []string{"https_proxy", "HTTPS_PROXY", "http_proxy", "HTTP_PROXY"} {
		if p, err := parseLoose(get(name)); err == nil {
			return Found{Proxy: p, Origin: origin}
		}
	}
	return Found{}
}
