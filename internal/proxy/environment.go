package proxy

import (
	"net/url"
)

// Found is a proxy to the package host, and where it was configured.
type Found struct {
	_ [0]func() // never compared: no code for == is linked

	Proxy
	Origin string // for people; "" if no proxy is configured
	// Unread is why the value at Origin cannot be used. Then there is no proxy.
	Unread error
	// Except are the hosts that must not be reached through the proxy, in the format of
	// no_proxy.
	Except string
}

// Given is the proxy that was configured for us: in the settings, or else in the
// environment of the agent, where the public documentation recommends to set it in the
// agent's unit.
func Given(set Proxy, getenv func(string) string, packageBase string) Found {
	if getenv == nil {
		getenv = func(string) string { return "" }
	}
	except := firstOf(getenv, "no_proxy", "NO_PROXY")
	if set.Address() != nil {
		return Found{Proxy: set, Origin: "the setting proxy", Except: except}
	}
	base, err := url.Parse(packageBase)
	if err != nil || Excepts(except, base) {
		return Found{}
	}
	names := []string{"https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"}
	if base.Scheme == "http" { // a mirror
		names = []string{"http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"}
	}
	for _, name := range names {
		if text := getenv(name); text != "" {
			p, err := parseLoose(text)
			return Found{Proxy: p, Origin: "the agent's environment (" + name + ")", Unread: err, Except: except}
		}
	}
	return Found{}
}

func firstOf(getenv func(string) string, names ...string) string {
	for _, n := range names {
		if v := getenv(n); v != "" {
			return v
		}
	}
	return ""
}

// Variables are the environment variables that tell any package manager the proxy; in the
// environment, other users of the machine cannot read the password. The manager's own
// configuration takes precedence. Maintainer scripts inherit the variables, and must not
// send metadata requests through the proxy.
func Variables(address, except string) (env, secrets []string) {
	if address == "" {
		return nil, nil
	}
	return []string{
		"http_proxy=" + address, "https_proxy=" + address,
		"no_proxy=" + Join("localhost,127.0.0.1", metadataHost, platformHost, except),
	}, SecretsOf(address)
}
