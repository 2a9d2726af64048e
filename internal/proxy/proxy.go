// Package proxy handles the proxies between the machine and the package host: how they are
// written, where they may be configured, which hosts are excepted, and which parts must not
// be shown. The metadata service is never reached through a proxy.
package proxy

import (
	"errors"
	"net/url"
	"regexp"
	"strings"

	"aadssh/internal/grammar"
)

// Proxy is a proxy to the repository. However it is printed, the password is not shown.
type Proxy struct {
	_ [0]func() // never compared: no code for == is linked

	// URL is scheme, host and port, and safe to show. "": no proxy.
	URL string

	full *url.URL
}

// Patterns that a proxy's address must match: scheme, host and port, and in the second also
// a user. They are also in the JSON schema, so they only use what RE2 and ECMA 262 have in
// common.
const (
	userPattern     = `([A-Za-z0-9._~!$&'()*+,;=:-]|%[0-9A-Fa-f]{2})+@`
	Pattern         = `https?://` + grammar.HostPattern + `:` + grammar.PortPattern + `/?`
	WithUserPattern = `https?://(` + userPattern + `)?` + grammar.HostPattern + `:` + grammar.PortPattern + `/?`
)

// Parse parses http://host:port or https://host:port, with or without user:password@. The
// error never repeats the text.
func Parse(text string) (Proxy, error) {
	if !regexp.MustCompile(`^(?:` + WithUserPattern + `)$`).MatchString(text) {
		return Proxy{}, errors.New("not http://HOST:PORT or https://HOST:PORT")
	}
	full, err := url.Parse(strings.TrimSuffix(text, "/"))
	if err != nil { // its text contains the password
		return Proxy{}, errors.New("not http://HOST:PORT or https://HOST:PORT")
	}
	shown := url.URL{Scheme: full.Scheme, Host: full.Host}
	return Proxy{URL: shown.String(), full: full}, nil
}

// Address is the proxy with its user and password, for connecting; nil without a proxy. The
// caller may change it.
func (p Proxy) Address() *url.URL {
	if p.full == nil {
		return nil
	}
	address := *p.full
	return &address
}

// Secrets are the parts of Address that must not be shown, in the spellings of command
// lines and libraries.
func (p Proxy) Secrets() []string {
	if p.full == nil {
		return nil
	}
	return SecretsOf(p.full.String())
}

// SecretsOf are the parts of an address that must not be shown, whatever its form: user and
// password together, and the password alone, as written and decoded.
func SecretsOf(address string) []string {
	_, rest, found := strings.Cut(address, "://")
	if !found {
		rest = address
	}
	user := rest[:max(strings.LastIndexByte(rest, '@'), 0)]
	if user == "" {
		return nil
	}
	secrets := []string{user}
	if _, password, has := strings.Cut(user, ":"); has && password != "" {
		secrets = append(secrets, password)
		if plain, err := url.PathUnescape(password); err == nil && plain != password {
			secrets = append(secrets, plain)
		}
	}
	return secrets
}

// String is the URL without the password.
func (p Proxy) String() string { return p.URL }

// GoString keeps %#v from showing the password.
func (p Proxy) GoString() string { return "proxy.Proxy{" + p.URL + "}" }

// Why a proxy cannot be parsed. These errors do not repeat the text, which may be a
// password.
var (
	errKind = errors.New("only proxies of http:// and https:// can be used")
	errForm = errors.New("it is not like http://USER:PASSWORD@HOST:PORT; in user and password write %40 for @, %2F for /, %5C for \\, %23 for # and %25 for %")
)

// parseLoose parses what environments and configurations contain, as curl does: the scheme
// and the port may be missing, and a path may follow, which curl and apt ignore too.
func parseLoose(text string) (Proxy, error) {
	scheme, rest, found := strings.Cut(text, "://")
	if !found {
		scheme, rest = "http", text
	}
	port := map[string]string{"http": ":80", "https": ":443"}[strings.ToLower(scheme)] // the defaults of Go's and apt's clients
	if port == "" {
		return Proxy{}, errKind
	}
	user := strings.LastIndexByte(rest, '@') + 1
	server, _, _ := strings.Cut(rest[user:], "/")
	address := strings.ToLower(scheme) + "://" + rest[:user] + server
	p, err := Parse(address)
	if err != nil {
		p, err = Parse(address + port)
	}
	if err != nil {
		return Proxy{}, errForm
	}
	return p, nil
}
