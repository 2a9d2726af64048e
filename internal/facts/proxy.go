package facts

import (
	"errors"
	"net/url"
	"strings"

	"aadsshlogin-handler/internal/agent"
	"aadsshlogin-handler/internal/noproxy"
)

// Proxy is the way to the package host, and who said so.
type Proxy struct {
	agent.Proxy
	Origin string // for people; "" where nobody named a proxy
	// Unread is why what Origin names cannot be used. There is no proxy then.
	Unread error
	// Except is what must not be asked through the proxy, as a list of no_proxy.
	Except string
	// Configured: the package manager knows it by itself.
	Configured bool
}

// proxyOf is the proxy that was set for us: by the settings, else by the
// environment of the agent, which the public documentation has people put
// into the agent's unit.
func proxyOf(s agent.Settings, getenv func(string) string, packageBase string) Proxy {
	if getenv == nil {
		getenv = func(string) string { return "" }
	}
	except := firstOf(getenv, "no_proxy", "NO_PROXY")
	if s.Proxy.Address() != nil {
		return Proxy{Proxy: s.Proxy, Origin: "the setting proxy", Except: except}
	}
	base, err := url.Parse(packageBase)
	if err != nil || noproxy.Excepts(except, base) {
		return Proxy{}
	}
	names := []string{"https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"}
	if base.Scheme == "http" { // a mirror
		names = []string{"http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"}
	}
	for _, name := range names {
		if text := getenv(name); text != "" {
			p, err := parseProxy(text)
			return Proxy{Proxy: p, Origin: "the agent's environment (" + name + ")", Unread: err, Except: except}
		}
	}
	return Proxy{}
}

// Why a proxy cannot be read. No text of it is repeated: it may be a password.
var (
	errKind  = errors.New("only proxies of http:// and https:// can be used")
	errShape = errors.New("it is not like http://USER:PASSWORD@HOST:PORT; in user and password write %40 for @, %2F for /, %5C for \\, %23 for # and %25 for %")
)

// parseProxy reads what environments and configurations hold, which is what
// curl takes: the scheme and the port may be missing, and a path may follow,
// which curl and apt leave out too.
func parseProxy(text string) (agent.Proxy, error) {
	scheme, rest, found := strings.Cut(text, "://")
	if !found {
		scheme, rest = "http", text
	}
	port := map[string]string{"http": ":80", "https": ":443"}[strings.ToLower(scheme)] // of Go's and apt's clients
	if port == "" {
		return agent.Proxy{}, errKind
	}
	user := strings.LastIndexByte(rest, '@') + 1
	server, _, _ := strings.Cut(rest[user:], "/")
	address := strings.ToLower(scheme) + "://" + rest[:user] + server
	p, err := agent.ParseProxy(address)
	if err != nil {
		p, err = agent.ParseProxy(address + port)
	}
	if err != nil {
		return agent.Proxy{}, errShape
	}
	return p, nil
}

func firstOf(getenv func(string) string, names ...string) string {
	for _, n := range names {
		if v := getenv(n); v != "" {
			return v
		}
	}
	return ""
}
