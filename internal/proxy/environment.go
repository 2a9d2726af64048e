package proxy

import (
	"net/url"
)

// Found is a proxy to the package host, and who named it.
type Found struct {
	_ [0]func() // never compared: no code for == is linked

	Proxy
	Origin string // for people; "" where nobody named a proxy
	// Unread is why what Origin names cannot be used. There is no proxy then.
	Unread error
	// Except is what must not be asked through the proxy, as a list of no_proxy.
	Except string
}

// Given is the proxy that was set for us: by the settings, else by the
// environment of the agent, which the public documentation has people put
// into the agent's unit.
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

// Variables is how every package manager takes a proxy: from its environment,
// where other users of the machine cannot read the password. What the machine's
// own configuration of the manager says goes before it. Maintainer scripts
// inherit it, and must not send the metadata service through it.
func Variables(address, except string) (env, secrets []string) {
	if address == "" {
		return nil, nil
	}
	return []string{
		"http_proxy=" + address, "https_proxy=" + address,
		"no_proxy=" + Join("localhost,127.0.0.1", metadataHost, platformHost, except),
	}, SecretsOf(address)
}
