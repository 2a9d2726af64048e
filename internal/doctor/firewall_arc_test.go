package doctor

import (
	"net/netip"
	"testing"

	"aadssh/internal/check"
	"aadssh/internal/firewall"
)

// People connect to an Arc-enabled server through its agent, from the machine itself: what
// the firewall does with the network is no finding there.
func TestFirewallOnArc(t *testing.T) {
	const (
		network = "*filter\n:INPUT ACCEPT [0:0]\n-A INPUT -i eth0 -p tcp -m tcp --dport 22 -j DROP\nCOMMIT\n"
		all     = "*filter\n:INPUT ACCEPT [0:0]\n-A INPUT -p tcp -m tcp --dport 22 -j DROP\nCOMMIT\n"
		usual   = "*filter\n:INPUT DROP [0:0]\n-A INPUT -i lo -j ACCEPT\n-A INPUT -s 10.1.0.0/16 -p tcp -m tcp --dport 22 -j ACCEPT\nCOMMIT\n"
	)
	for _, c := range []struct {
		rules string
		arc   bool
		want  check.Answer
	}{
		{network, false, check.Fail},
		{network, true, check.Pass},
		{all, true, check.Fail},
		{usual, false, check.Warn},
		{usual, true, check.Pass},
	} {
		m := machine{}
		m.SSHD.Arc = c.arc
		m.firewall.question = firewall.Question{Interfaces: []string{"eth0"}, Addresses: []netip.Addr{netip.MustParseAddr("10.0.0.4")}}
		m.firewall.rules = []firewall.Ruleset{firewall.Iptables("iptables", c.rules)}
		if got := firewallCheck(&m); len(got) != 1 || got[0].Answer != c.want {
			t.Errorf("Arc %v, %q: %+v", c.arc, c.rules, got)
		}
	}
}
