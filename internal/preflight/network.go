package preflight

import (
	"aadssh/internal/check"
	"aadssh/internal/facts"
	"aadssh/internal/proxy"
)

// network warns of a configured proxy that cannot be used, and of an environment that would
// send other programs' metadata requests through a proxy. Neither is a precondition: the
// repository may be reachable without the proxy, and this handler never uses one for
// metadata.
func network(f *facts.Facts) []check.Result {
	return append(unreadProxy(f), metadataByProxy(f)...)
}

func unreadProxy(f *facts.Facts) []check.Result {
	if f.Proxy.Unread == nil {
		return nil
	}
	return []check.Result{{Answer: check.Warn,
		Text: "The proxy that " + f.Proxy.Origin + " names cannot be read, so none is used: " + f.Proxy.Unread.Error() + ".",
		Next: "Have whoever wrote it correct it, or set the extension with the setting proxy, which goes before it."}}
}

func metadataByProxy(f *facts.Facts) []check.Result {
	if f.Getenv == nil || f.Identity.Machine.Arc { // an Arc-enabled server asks on loopback
		return nil
	}
	what, line := proxy.MetadataAdvice(f.Getenv)
	if what == "" {
		return nil
	}
	return []check.Result{{Answer: check.Warn, Text: what, Next: "Have whoever set that proxy add to the environment of the VM agent: " + line}}
}
