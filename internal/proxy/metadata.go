package proxy

import (
	"net/url"
	"slices"
	"strings"

	"aadssh/internal/text"
)

// Addresses that must never be reached through a proxy: the metadata service, and the
// platform's own address (Microsoft Learn,
// virtual-network/what-is-ip-address-168-63-129-16).
const (
	metadataHost = "169.254.169.254"
	platformHost = "168.63.129.16"
)

// MetadataAdvice warns of an environment that names a proxy for HTTP without an exception
// for the metadata service, and returns the line to add; "" if all is well. This handler
// never uses a proxy for it, but the login programs and the VM agent are other programs: on
// Azure Operator Nexus, where all traffic leaves through a proxy, the documentation demands
// this exception. The proxy is not shown, because it may contain a password.
func MetadataAdvice(getenv func(string) string) (what, line string) {
	proxy := ""
	for _, name := range []string{"http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"} {
		if getenv(name) != "" {
			proxy = name
			break
		}
	}
	if proxy == "" { // metadata is plain HTTP: https_proxy does not matter
		return "", ""
	}
	metadata := &url.URL{Scheme: "http", Host: metadataHost}
	kept := text.Or(getenv("no_proxy"), getenv("NO_PROXY"))
	if Excepts(getenv("no_proxy"), metadata) || Excepts(getenv("NO_PROXY"), metadata) {
		return "", ""
	}
	line = "no_proxy=" + metadataHost
	if plain(kept) {
		line = "no_proxy=" + Join(kept, metadataHost)
	}
	return proxy + " is set and no_proxy does not except " + metadataHost +
		", so the metadata service would be asked through the proxy, which it does not allow.", line
}

// plain reports whether a list contains nothing that a unit file or a shell treats
// specially.
func plain(list string) bool {
	return len(list) <= 1000 && strings.Trim(strings.ToLower(list), "abcdefghijklmnopqrstuvwxyz0123456789-_.,:/*[] ") == ""
}

// Exceptions is the no_proxy list for the agent: the existing exceptions and the two
// addresses of the platform.
func Exceptions(lists ...string) string {
	kept := slices.DeleteFunc(Split(strings.Join(lists, ",")), func(entry string) bool { return !plain(entry) })
	return Join(strings.Join(kept, ","), metadataHost, platformHost)
}
