package doctor

import (
	"fmt"
	"slices"
	"strings"

	"aadsshlogin-handler/internal/agent"
	"aadsshlogin-handler/internal/facts"
	"aadsshlogin-handler/internal/host"
	"aadsshlogin-handler/internal/noproxy"
	"aadsshlogin-handler/internal/preflight"
)

// proxyUsed says which proxy there is. That the metadata service is excepted
// from it is a check of enable, and so is that one that was set can be read.
func proxyUsed(m machine) []preflight.Result {
	const name = "proxy"
	if m.Proxy.URL != "" {
		return []preflight.Result{{Name: name, Text: "The package repository is reached by the proxy " + m.Proxy.String() + ", from " + m.Proxy.Origin + "."}}
	}
	if c := m.configured; c.Unread != nil {
		return []preflight.Result{{Name: name, Answer: preflight.Warn,
			Text: "The proxy in " + c.Origin + " cannot be read, so the handler's own downloads take none: " + c.Unread.Error() + ".",
			Next: "Correct it there, or set the extension with the setting proxy, which goes before it."}}
	}
	return nil
}

// hint is a proxy that the machine knows and the handler was not told of.
type hint struct {
	proxy  agent.Proxy
	origin string
}

// findHint looks for a proxy where people put one for a whole machine.
func findHint(h *host.Host, getenv func(string) string) hint {
	names := []string{"https_proxy", "HTTPS_PROXY", "http_proxy", "HTTP_PROXY"}
	try := func(get func(string) string, origin string) (hint, bool) {
		for _, n := range names {
			value := get(n)
			if value == "" {
				continue
			}
			if !strings.Contains(value, "://") {
				value = "http://" + value
			}
			if p, err := agent.ParseProxy(value); err == nil {
				return hint{p, origin}, true
			}
		}
		return hint{}, false
	}
	for _, file := range []string{"/etc/environment", "/etc/sysconfig/proxy", "/etc/profile.d/proxy.sh"} {
		if b, err := h.ReadFile(file, 1<<20); err == nil {
			values := facts.Assignments(string(b))
			if found, ok := try(func(n string) string { return values[n] }, file); ok {
				return found
			}
		}
	}
	if getenv != nil {
		if found, ok := try(getenv, "your own environment"); ok {
			return found
		}
	}
	return hint{}
}

// agentProxyAdvice is how the agent, and so every extension, gets a proxy. A
// drop-in outlives an update of the agent; its unit file does not. What is
// excepted stays so, and the two addresses of the platform come to it
// (Microsoft Learn, virtual-network/what-is-ip-address-168-63-129-16). The agent
// of an Arc-enabled server has a command (Microsoft Learn,
// azure-arc/servers/azcmagent-config).
func agentProxyAdvice(m machine, proxy string) string {
	unit := "walinuxagent"
	if len(m.agentUnits) > 0 {
		unit = strings.TrimSuffix(m.agentUnits[0], ".service")
	}
	if m.Identity.Machine.Arc || unit == "extd" || unit == "himdsd" {
		return fmt.Sprintf("sudo azcmagent config set proxy.url \"%s\"", proxy)
	}
	kept := noproxy.Split(m.agentEnv.get("no_proxy") + "," + m.agentEnv.get("NO_PROXY"))
	kept = slices.DeleteFunc(kept, func(entry string) bool { // a unit file would take it for something else
		return strings.Trim(strings.ToLower(entry), "abcdefghijklmnopqrstuvwxyz0123456789-_.:/*[]") != ""
	})
	except := noproxy.Join(strings.Join(kept, ","), "169.254.169.254,168.63.129.16")
	return fmt.Sprintf("sudo systemctl edit %s, there [Service] and Environment=\"https_proxy=%s\" \"no_proxy=%s\", then sudo systemctl restart %s.", unit, proxy, except, unit)
}
