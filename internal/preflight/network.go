package preflight

import (
	"strings"

	"aadsshlogin-handler/internal/facts"
	"aadsshlogin-handler/internal/identity"
)

// network warns of a proxy that was set and cannot be used, and of an
// environment that would lead other programs' requests for metadata through
// one. Neither is a precondition: perhaps the repository is reached without the
// proxy, and this handler never asks for metadata through one.
func network(f facts.Facts) []Result {
	return append(unreadProxy(f), metadataByProxy(f)...)
}

func unreadProxy(f facts.Facts) []Result {
	if f.Proxy.Unread == nil {
		return nil
	}
	return []Result{{Name: "network", Answer: Warn,
		Text: "The proxy that " + f.Proxy.Origin + " names cannot be read, so none is used: " + f.Proxy.Unread.Error() + ".",
		Next: "Correct it there, or set the extension with the setting proxy, which goes before it."}}
}

func metadataByProxy(f facts.Facts) []Result {
	if f.Getenv == nil || f.Identity.Machine.Arc { // an Arc-enabled server asks on loopback
		return nil
	}
	var environ []string
	for _, name := range []string{"http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY", "no_proxy", "NO_PROXY"} {
		environ = append(environ, name+"="+f.Getenv(name))
	}
	advice := identity.NoProxyAdvice(environ)
	if advice == "" {
		return nil
	}
	text, line, _ := strings.Cut(advice, ". Add ")
	return []Result{{Name: "network", Answer: Warn, Text: text + ".", Next: "Add " + line}}
}
