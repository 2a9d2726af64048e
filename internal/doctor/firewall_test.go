package doctor

import "testing"

func TestFirewallFollowsRules(t *testing.T) {
	for _, c := range []struct {
		name  string
		rules []string
		want  fate
	}{
		{"no rules", []string{"-P INPUT ACCEPT"}, fateOpen},
		{"policy", []string{"-P INPUT DROP"}, fateClosed},
		{"policy, port open", []string{"-P INPUT DROP", "-A INPUT -p tcp -m tcp --dport 22 -j ACCEPT"}, fateOpen},
		{"policy, other port open", []string{"-P INPUT DROP", "-A INPUT -p tcp -m tcp --dport 443 -j ACCEPT"}, fateClosed},
		{"only what is known already", []string{"-P INPUT DROP", "-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT"}, fateClosed},
		{"loopback", []string{"-P INPUT DROP", "-A INPUT -i lo -j ACCEPT"}, fateClosed},
		{"rejected", []string{"-P INPUT ACCEPT", "-A INPUT -p tcp -m multiport --dports 20:25,80 -j REJECT --reject-with tcp-reset"}, fateClosed},
		{"the first rule counts", []string{"-P INPUT ACCEPT", "-A INPUT -p tcp -m tcp --dport 22 -j ACCEPT", "-A INPUT -p tcp -j DROP"}, fateOpen},
		{"udp", []string{"-P INPUT ACCEPT", "-A INPUT -p udp -j DROP"}, fateOpen},
		{"some sources only", []string{"-P INPUT DROP", "-A INPUT -s 10.0.0.0/8 -p tcp -m tcp --dport 22 -j ACCEPT"}, fateUnclear},
		{"another chain", []string{"-P INPUT DROP", "-A INPUT -j ufw-user-input"}, fateUnclear},
		{"another chain, open policy", []string{"-P INPUT ACCEPT", "-A INPUT -j f2b-sshd"}, fateOpen},
		{"logged, then dropped", []string{"-P INPUT ACCEPT", "-A INPUT -p tcp --dport 22 -j LOG --log-prefix \"ssh new: \"", "-A INPUT -p tcp --dport 22 -j DROP"}, fateClosed},
		{"all other ports dropped", []string{"-P INPUT ACCEPT", "-A INPUT -p tcp -m tcp ! --dport 443 -j DROP"}, fateClosed},
		{"all ports but this one dropped", []string{"-P INPUT ACCEPT", "-A INPUT -p tcp -m tcp ! --dport 22 -j DROP"}, fateOpen},
		{"all but UDP dropped", []string{"-P INPUT ACCEPT", "-A INPUT ! -p udp -j DROP"}, fateClosed},
		{"all but TCP dropped", []string{"-P INPUT ACCEPT", "-A INPUT ! -p tcp -j DROP"}, fateOpen},
		{"all but loopback dropped", []string{"-P INPUT ACCEPT", "-A INPUT ! -i lo -j DROP"}, fateClosed},
		{"all but one interface accepted", []string{"-P INPUT DROP", "-A INPUT ! -i eth1 -p tcp -m tcp --dport 22 -j ACCEPT"}, fateUnclear},
		{"all but one network dropped", []string{"-P INPUT ACCEPT", "-A INPUT ! -s 10.0.0.0/8 -p tcp -j DROP"}, fateUnclear},
		{"all but one network dropped, the rest accepted", []string{"-P INPUT DROP", "-A INPUT ! -s 10.0.0.0/8 -p tcp -j DROP", "-A INPUT -p tcp -j ACCEPT"}, fateUnclear},
		{"packets that begin nothing dropped", []string{"-P INPUT ACCEPT", "-A INPUT -p tcp -m tcp ! --tcp-flags FIN,SYN,RST,ACK SYN -m conntrack --ctstate NEW -j DROP"}, fateOpen},
		{"packets that begin something dropped", []string{"-P INPUT ACCEPT", "-A INPUT -p tcp -m tcp --tcp-flags FIN,SYN,RST,ACK SYN -j REJECT --reject-with tcp-reset"}, fateClosed},
		{"packets without flags dropped", []string{"-P INPUT ACCEPT", "-A INPUT -p tcp -m tcp --tcp-flags FIN,SYN,RST,PSH,ACK,URG NONE -j DROP"}, fateOpen},
		{"what is new dropped", []string{"-P INPUT ACCEPT", "-A INPUT -m conntrack ! --ctstate RELATED,ESTABLISHED -j DROP"}, fateClosed},
		{"what is not new dropped", []string{"-P INPUT ACCEPT", "-A INPUT -m conntrack ! --ctstate NEW -j DROP"}, fateOpen},
		{"the negation is of one condition", []string{"-P INPUT ACCEPT", "-A INPUT ! -i lo -p tcp -m tcp --dport 443 -j DROP"}, fateOpen},
		{"a comment", []string{"-P INPUT DROP", "-A INPUT -p tcp -m tcp --dport 22 -m comment --comment \"ssh ! -p udp\" -j ACCEPT"}, fateOpen},
		{"some accepted, all others dropped", []string{"-P INPUT ACCEPT", "-A INPUT -s 10.0.0.0/8 -j ACCEPT", "-A INPUT -j REJECT --reject-with icmp-host-prohibited"}, fateUnclear},
		{"another chain, then all dropped", []string{"-P INPUT ACCEPT", "-A INPUT -j ufw-user-input", "-A INPUT -j DROP"}, fateUnclear},
		{"some dropped, then all", []string{"-P INPUT DROP", "-A INPUT -s 192.0.2.7/32 -j DROP"}, fateClosed},
		{"garbage", []string{"", "-P", "-A INPUT -p", "-A INPUT ! -s"}, fateOpen},
	} {
		if got, rule := (firewall{rules: c.rules, known: true}).ssh(22); got != c.want {
			t.Errorf("%s: %d by %q, want %d", c.name, got, rule, c.want)
		}
	}
}
