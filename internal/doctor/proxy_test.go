package doctor

import (
	"errors"
	"strings"
	"testing"

	"aadssh/internal/check"
	"aadssh/internal/proxy"
)

func TestAgentProxyAdvice(t *testing.T) {
	arc := machine{agentUnits: []string{"extd.service", "himdsd.service"}}
	arc.Identity.Machine.Arc = true
	of := func(environ ...string) machine {
		m := machine{agentUnits: []string{"waagent.service"}, agentEnv: environment{values: map[string]string{}}}
		for _, e := range environ {
			k, v, _ := strings.Cut(e, "=")
			m.agentEnv.values[k] = v
		}
		return m
	}
	edit := func(unit, except string) string {
		return "sudo systemctl edit " + unit + ", there [Service] and Environment=\"https_proxy=http://p:1\" \"no_proxy=" + except + "\", then sudo systemctl restart " + unit + "."
	}
	for name, c := range map[string]struct {
		m    machine
		want string
	}{
		"Arc":                       {arc, `sudo azcmagent config set proxy.url "http://p:1"`},
		"Arc, no unit seen":         {machine{Facts: arc.Facts}, `sudo azcmagent config set proxy.url "http://p:1"`},
		"Arc, not asked":            {machine{agentUnits: []string{"extd.service"}}, `sudo azcmagent config set proxy.url "http://p:1"`},
		"no unit":                   {machine{}, edit("walinuxagent", "169.254.169.254,168.63.129.16")},
		"nothing excepted":          {of(), edit("waagent", "169.254.169.254,168.63.129.16")},
		"exceptions":                {of("no_proxy=localhost, .corp 10.0.0.0/8"), edit("waagent", "localhost,.corp,10.0.0.0/8,169.254.169.254,168.63.129.16")},
		"exceptions in both":        {of("no_proxy=168.63.129.16,.corp", "NO_PROXY=.corp,[fd00::1]"), edit("waagent", "168.63.129.16,.corp,[fd00::1],169.254.169.254")},
		"an exception that is code": {of("no_proxy=\"$(reboot)\",.corp,%n"), edit("waagent", ".corp,169.254.169.254,168.63.129.16")},
	} {
		if got := agentProxyAdvice(&c.m, "http://p:1"); got != c.want {
			t.Errorf("%s: %s\nwant %s", name, got, c.want)
		}
	}
}

func TestProxyOfThePackageManagerThatCannotBeRead(t *testing.T) {
	if r := proxyUsed(&machine{}); r != nil {
		t.Errorf("%+v", r)
	}
	m := machine{configured: proxy.Found{Origin: "/etc/dnf/dnf.conf", Unread: errors.New("write %40 for @")}}
	r := proxyUsed(&m)
	if len(r) != 1 || r[0].Answer != check.Warn || !strings.Contains(r[0].Text, "/etc/dnf/dnf.conf cannot be read") || !strings.Contains(r[0].Text, "write %40 for @") {
		t.Errorf("%+v", r)
	}
}
