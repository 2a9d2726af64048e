package identity

import (
	"net/url"
	"strings"

	"aadsshlogin-handler/internal/noproxy"
)

// metadataHost is the address that no proxy may be asked for.
const metadataHost = "169.254.169.254"

// NoProxyAdvice is a warning for an environment, in the form of os.Environ, that
// names a proxy for HTTP and does not except the metadata service from it; ""
// where all is well. This handler never asks through a proxy, but the login
// programs and the VM agent are other programs: on Azure Operator Nexus, where
// all traffic leaves by a proxy, the documentation wants this exception. The
// warning ends with the line to add. No proxy is shown: it may hold a password.
func NoProxyAdvice(environ []string) string {
	value := func(name string) string {
		for _, e := range environ {
			if k, v, ok := strings.Cut(e, "="); ok && k == name {
				return v
			}
		}
		return ""
	}
	proxy := ""
	for _, name := range []string{"http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"} {
		if value(name) != "" {
			proxy = name
			break
		}
	}
	if proxy == "" { // metadata is plain HTTP: https_proxy does not touch it
		return ""
	}
	kept := ""
	metadata := &url.URL{Scheme: "http", Host: metadataHost}
	for _, name := range []string{"no_proxy", "NO_PROXY"} {
		list := value(name)
		if noproxy.Excepts(list, metadata) {
			return ""
		}
		if kept == "" {
			kept = list
		}
	}
	line := "no_proxy=" + metadataHost
	if only(kept, 1000, "-_.,:/*[] ") {
		line = "no_proxy=" + noproxy.Join(kept, metadataHost)
	}
	return proxy + " is set and no_proxy does not except " + metadataHost +
		", so the metadata service would be asked through the proxy, which it does not allow. Add to the environment of the VM agent: " + line
}
