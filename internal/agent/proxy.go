package agent

import (
	"errors"
	"net/url"
	"regexp"
	"strings"
)

// Proxy is the way to the repository. Printed in any way it shows no password.
type Proxy struct {
	// URL is scheme, host and port: fit to be shown. "": no proxy.
	URL string

	full *url.URL
}

// Patterns that a proxy's address must match: scheme, host and port, and in the
// second a user too. They stand in the JSON schema as well, so they are kept to
// what RE2 and ECMA 262 both read.
const (
	hostPattern  = `([A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?|\[[0-9A-Fa-f:.]+\])`
	portPattern  = `(6553[0-5]|655[0-2][0-9]|65[0-4][0-9]{2}|6[0-4][0-9]{3}|[1-5][0-9]{4}|[1-9][0-9]{0,3})`
	userPattern  = `([A-Za-z0-9._~!$&'()*+,;=:-]|%[0-9A-Fa-f]{2})+@`
	proxyPattern = `https?://` + hostPattern + `:` + portPattern + `/?`
	proxyWithPwd = `https?://(` + userPattern + `)?` + hostPattern + `:` + portPattern + `/?`
)

// ParseProxy reads http://host:port or https://host:port, with or without
// user:password@. The error never repeats the text.
func ParseProxy(text string) (Proxy, error) {
	if !matches(proxyWithPwd, text) {
		return Proxy{}, errors.New("not http://HOST:PORT or https://HOST:PORT")
	}
	full, err := url.Parse(strings.TrimSuffix(text, "/"))
	if err != nil { // its text has the password in it
		return Proxy{}, errors.New("not http://HOST:PORT or https://HOST:PORT")
	}
	shown := url.URL{Scheme: full.Scheme, Host: full.Host}
	return Proxy{URL: shown.String(), full: full}, nil
}

// Address is the proxy with its user and password, for those who connect; nil
// without a proxy. The caller's copy is its own.
func (p Proxy) Address() *url.URL {
	if p.full == nil {
		return nil
	}
	address := *p.full
	return &address
}

// Secrets are the texts in Address that must not be shown, as a command line or
// a library may spell them.
func (p Proxy) Secrets() []string {
	if p.full == nil || p.full.User == nil {
		return nil
	}
	secrets := []string{p.full.User.String()} // user:password, as the URL has it
	if password, ok := p.full.User.Password(); ok && password != "" {
		_, encoded, _ := strings.Cut(p.full.User.String(), ":")
		secrets = append(secrets, password, encoded)
	}
	return secrets
}

// String is the URL without the password.
func (p Proxy) String() string { return p.URL }

// GoString keeps %#v from showing the password.
func (p Proxy) GoString() string { return "agent.Proxy{" + p.URL + "}" }

// matches reports whether all of text is what pattern says.
func matches(pattern, text string) bool {
	return regexp.MustCompile(`^(?:` + pattern + `)$`).MatchString(text)
}
