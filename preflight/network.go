package preflight

import (
	"strings"

	"aadsshlogin-handler/facts"
	"aadsshlogin-handler/identity"
)

// network warns of an environment that would lead other programs' requests for
// metadata through a proxy. It is no precondition: this handler never asks so.
func network(f facts.Facts) []Result {
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
