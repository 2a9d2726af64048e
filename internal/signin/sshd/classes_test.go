package sshd

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"aadssh/internal/host/hosttest"
)

// kinds are the connections that sshd is asked about for a configuration: the names, the
// addresses, and what is particular about them.
func kinds(t *testing.T, config string, to ...string) (out []string, more int) {
	t.Helper()
	h := hosttest.New(t).Host()
	put(t, h, mainConfig, config, 0o644)
	c := Read(h, mainConfig)
	ends := []netip.AddrPort{netip.MustParseAddrPort("10.0.0.4:22")}
	for _, a := range to {
		ends = append(ends, netip.MustParseAddrPort(a))
	}
	connections, more := c.connections(c.choose(ends, c.useDNS(), false))
	for _, one := range connections {
		out = append(out, strings.TrimSpace(fmt.Sprintf("%s %s", one.Person, one.whom())))
	}
	return out, more
}

func TestConnections(t *testing.T) {
	plain := []string{"people", "service principals"}
	for _, c := range []struct {
		name, config string
		to           []string
		want         []string
	}{
		{"plain", "UsePAM yes\n" + packageBlock, nil, plain},
		{"two ports that nothing tells apart", packageBlock, []string{"10.0.0.4:2222"}, plain},
		{"a block for others", "Match User bob,alice\nPubkeyAuthentication no\n" + packageBlock, nil, plain},
		{"a block that decides nothing", "Match Address 10.0.0.0/8\nX11Forwarding no\n" + packageBlock, nil, plain},
		{"loopback is nobody from outside", "Match Address 127.0.0.0/8,::1\nPubkeyAuthentication no\n" + packageBlock, nil, plain},
		{"all but a network", "Match Address *,!10.8.0.0/24\nPubkeyAuthentication no\nMatch all\n" + packageBlock, nil,
			[]string{"people", "people people who connect from 10.8.0.0/24", "service principals", "service principals people who connect from 10.8.0.0/24"}},
		{"a network but for a part of it", "Match Address 10.0.0.0/8,!10.0.0.0/24\nPubkeyAuthentication no\nMatch all\n" + packageBlock, nil,
			[]string{"people", "people people who connect from 10.0.0.0/8", "service principals", "service principals people who connect from 10.0.0.0/8"}},
		{"a domain but for some of its names", "Match User *@contoso.com,!s*@contoso.com\nPubkeyAuthentication no\nMatch all\n" + packageBlock, nil,
			[]string{"people", "people people who have a name that matches *@contoso.com", "service principals"}},
		{"a domain", "Match User *@contoso.com\nForceCommand /bin/false\n" + packageBlock, nil,
			[]string{"people", "people people who have a name that matches *@contoso.com", "service principals"}},
		{"the domain of the usual probe", "Match User *@example.com\nForceCommand /bin/false\n" + packageBlock, nil,
			[]string{"people", "people people who have a name that matches *@example.com", "service principals"}},
		{"a port", "Match LocalPort 2222\nAuthenticationMethods password\n" + packageBlock, []string{"10.0.0.4:2222"},
			[]string{"people people who connect to port 22", "people people who connect to port 2222", "service principals people who connect to port 22", "service principals people who connect to port 2222"}},
		{"a source in AllowUsers", "AllowUsers azureuser *@10.8.0.0/24\n" + packageBlock, nil,
			[]string{"people", "people people who connect from 10.8.0.0/24", "service principals", "service principals people who connect from 10.8.0.0/24"}},
	} {
		got, more := kinds(t, c.config, c.to...)
		if !slices.Equal(got, c.want) || more != 0 {
			t.Errorf("%s: %q, and %d more", c.name, got, more)
		}
	}
}

// However many Match blocks there are, sshd is asked at most sixteen times, and the
// questions are chosen from a limited number of connections.
func TestManyBlocks(t *testing.T) {
	for name, line := range map[string]string{
		"all alike":     "Match Address 10.%d.%d.0/24\nPubkeyAuthentication no\n",
		"all different": "Match Address 10.%d.%d.0/24\nForceCommand /usr/local/bin/gate%[1]d-%[2]d\n",
		"by name":       "Match User *@d%d-%d.example\nForceCommand /bin/false\n",
	} {
		var b strings.Builder
		for i := range 5000 {
			fmt.Fprintf(&b, line, i/250, i%250)
		}
		h := hosttest.New(t).Host()
		put(t, h, mainConfig, b.String()+packageBlock, 0o644)
		c := Read(h, mainConfig)
		ends := []netip.AddrPort{netip.MustParseAddrPort("10.0.0.4:22"), netip.MustParseAddrPort("10.0.0.5:22")}
		if n := len(c.choose(ends, false, false).all()); n > maxConnections {
			t.Errorf("%s: %d connections to choose from", name, n)
		}
		got, more := c.connections(c.choose(ends, false, false))
		if len(got) > maxQuestions || len(got) < 3 || name == "all different" && more == 0 {
			t.Errorf("%s: %d questions, %d more", name, len(got), more)
		}
	}
}
