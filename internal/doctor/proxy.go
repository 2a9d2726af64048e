package doctor

import (
	"strings"

	"aadssh/internal/check"
	"aadssh/internal/proxy"
)

// proxyUsed says which proxy is used. Whether the metadata service is excepted from it, and
// whether a configured proxy can be parsed, are checks of enable.
func proxyUsed(m *machine) []check.Result {
	if m.foreign() {
		return nil // which proxy that program uses is not known
	}
	if m.Proxy.URL != "" {
		return []check.Result{{Text: "The package repository is reached by the proxy " + m.Proxy.String() + ", from " + m.Proxy.Origin + "."}}
	}
	if c := m.configured; c.Unread != nil {
		return []check.Result{{Answer: check.Warn,
			Text: "The proxy in " + c.Origin + " cannot be read, so the handler's own downloads take none: " + c.Unread.Error() + ".",
			Next: "Have whoever wrote it correct it, or set the extension with the setting proxy, which goes before it."}}
	}
	return nil
}

// agentProxyAdvice says how to give the agent, and so every extension, a proxy. A drop-in
// survives an update of the agent; changes in its unit file do not. Existing exceptions are
// kept, and the two addresses of the platform are added to them (Microsoft Learn,
// virtual-network/what-is-ip-address-168-63-129-16). The agent of an Arc-enabled server has
// a command for it (Microsoft Learn, azure-arc/servers/azcmagent-config).
func agentProxyAdvice(m *machine, address string) string {
	unit := "walinuxagent"
	if len(m.agentUnits) > 0 {
		unit = strings.TrimSuffix(m.agentUnits[0], ".service")
	}
	if m.Identity.Machine.Arc || unit == "extd" || unit == "himdsd" {
		return "sudo azcmagent config set proxy.url \"" + address + "\""
	}
	except := proxy.Exceptions(m.agentEnv.get("no_proxy"), m.agentEnv.get("NO_PROXY"))
	return "sudo systemctl edit " + unit + ", there [Service] and Environment=\"https_proxy=" + address + "\" \"no_proxy=" + except + "\", then sudo systemctl restart " + unit + "."
}
