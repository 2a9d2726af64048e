//go:build rig

package firewall_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
)

// ruleset is a configuration of a machine's filter.
type ruleset struct {
	name     string
	iptables bool // for iptables-restore; otherwise for nft -f
	unclear  bool // no verdict is possible
	text     string
}

// rulesets are filters as people write them.
func rulesets() []ruleset {
	input := func(policy, rules string) string {
		return "table inet filter { chain input { type filter hook input priority filter; policy " + policy + "; " + rules + "\n} }"
	}
	filter := func(rules string) string {
		return "*filter\n:INPUT ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\n" + rules + "\nCOMMIT\n"
	}
	return []ruleset{
		{name: "nothing", text: ""},
		{name: "policy drop", text: input("drop", "")},
		{name: "policy drop, port open", text: input("drop", "ct state established,related accept; iif lo accept; tcp dport 22 accept")},
		{name: "policy drop, ports open", text: input("drop", "tcp dport { 22, 443 } accept")},
		{name: "policy drop, a range open", text: input("drop", "tcp dport 20-30 accept")},
		{name: "policy drop, another port open", text: input("drop", "tcp dport 443 accept")},
		{name: "one network in", text: input("drop", "ip saddr 10.0.0.0/8 tcp dport 22 accept")},
		{name: "networks in", text: input("drop", "ip saddr { 10.1.0.0/16, 203.0.113.9 } tcp dport 22 accept")},
		{name: "one network out", text: input("accept", "ip saddr 198.51.100.0/24 drop")},
		{name: "all but one network out", text: input("accept", "ip saddr != 10.1.0.0/16 tcp dport 22 drop")},
		{name: "network and port together", text: input("drop", "ip saddr . tcp dport { 10.1.2.3 . 22, 203.0.113.9 . 443 } accept")},
		{name: "a named set", unclear: true, text: "table inet filter { set admins { type ipv4_addr; elements = { 10.1.2.3 } }\nchain input { type filter hook input priority 0; policy drop; ip saddr @admins tcp dport 22 accept } }"},
		{name: "a verdict map by port", text: input("drop", "tcp dport vmap { 22 : accept, 443 : drop }")},
		{name: "a verdict map by network", text: input("drop", "ip saddr vmap { 10.1.0.0/16 : accept, 203.0.113.0/24 : drop }")},
		{name: "state by a verdict map", text: input("drop", "ct state vmap { established : accept, invalid : drop, new : accept }")},
		{name: "a chain that returns", text: "table ip t { chain guard { ip saddr 10.1.2.3 return; drop; }\nchain input { type filter hook input priority 0; jump guard } }"},
		{name: "a chain instead", text: "table ip t { chain guard { ip saddr 10.1.2.3 accept; }\nchain input { type filter hook input priority 0; policy drop; goto guard; accept } }"},
		{name: "two tables, the second drops", text: input("accept", "tcp dport 22 accept") + "\ntable ip other { chain in { type filter hook input priority 10; policy drop; } }"},
		{name: "dropped before the route", text: "table ip t { chain pre { type filter hook prerouting priority raw; tcp dport 22 drop } }"},
		{name: "answers dropped", text: "table ip t { chain out { type filter hook output priority 0; tcp sport 22 drop } }"},
		{name: "only answers out", text: "table ip t { chain out { type filter hook output priority 0; policy drop; ct state established accept } }"},
		{name: "answers after the route", text: "table ip t { chain post { type filter hook postrouting priority 0; ip daddr 203.0.113.9 drop } }"},
		{name: "IPv6 only", text: "table ip6 t { chain in { type filter hook input priority 0; policy drop; } }"},
		{name: "IPv6 in a common table", text: input("accept", "meta nfproto ipv6 drop")},
		{name: "by interface", text: input("drop", `iifname "eth*" tcp dport 22 accept`)},
		{name: "by another interface", text: input("drop", `iifname "ens*" tcp dport 22 accept`)},
		{name: "flags", text: input("accept", "tcp flags & (fin|syn|rst|ack) != syn ct state new drop")},
		{name: "first packets rejected", text: input("accept", "tcp flags & (fin|syn|rst|ack) == syn reject with tcp reset")},
		{name: "a rate", text: input("drop", "tcp dport 22 limit rate 50/second burst 50 packets accept; ct state established accept")},
		{name: "beyond a rate", text: input("accept", "tcp dport 22 ct state new limit rate over 100/second burst 100 packets drop")},
		{name: "local addresses only", text: input("accept", "fib daddr type != local drop")},
		{name: "reverse path", text: "table inet t { chain pre { type filter hook prerouting priority 10; fib saddr . iif oif missing drop } }"},
		{name: "redirected", unclear: true, text: "table ip t { chain pre { type nat hook prerouting priority dstnat; tcp dport 22 redirect to :2222 } }"},
		{name: "by protocol", text: input("drop", "meta l4proto tcp accept")},
		{name: "by protocol of the header", text: input("accept", "ip protocol tcp drop")},
		{name: "source ports", text: input("accept", "tcp sport 0-1023 drop")},
		{name: "some source ports", unclear: true, text: input("drop", "tcp sport 32768-60999 accept")},
		{name: "iptables: the filter's policy", iptables: true, text: strings.Replace(filter("-A INPUT -i lo -j ACCEPT"), "INPUT ACCEPT", "INPUT DROP", 1)},
		{name: "iptables: one network", iptables: true, text: filter("-A INPUT -s 10.0.0.0/8 -p tcp -m tcp --dport 22 -j ACCEPT\n-A INPUT -p tcp --dport 22 -j DROP")},
		{name: "iptables: ports", iptables: true, text: filter("-A INPUT -p tcp -m multiport --dports 22,23 -j REJECT")},
		{name: "iptables: a chain", iptables: true, text: strings.Replace(filter("-A INPUT -j guard\n-A guard -s 10.1.2.3/32 -j RETURN\n-A guard -p tcp -j DROP"), "*filter\n", "*filter\n:guard - [0:0]\n", 1)},
		{name: "iptables: a range", iptables: true, text: filter("-A INPUT -m iprange --src-range 10.1.2.1-10.1.2.9 -j ACCEPT\n-A INPUT -p tcp --dport 22 -j DROP")},
		{name: "iptables: raw", iptables: true, text: "*raw\n:PREROUTING ACCEPT [0:0]\n-A PREROUTING -i eth0 -p tcp -m tcp --dport 22 -j DROP\nCOMMIT\n"},
		{name: "iptables: answers", iptables: true, text: filter("-A OUTPUT -o eth0 -p tcp -m tcp --sport 22 -j DROP")},
		{name: "iptables: new ones rarely", iptables: true, text: filter("-A INPUT -p tcp --dport 22 -m conntrack --ctstate NEW -m recent --set\n-A INPUT -p tcp --dport 22 -m conntrack --ctstate NEW -m recent --update --seconds 1 --hitcount 15 -j DROP")},
		{name: "iptables: local only", iptables: true, text: filter("-A INPUT -m addrtype --dst-type LOCAL -j ACCEPT\n-A INPUT -j DROP")},
		{name: "iptables: a comment", iptables: true, text: filter(`-A INPUT -p tcp -m comment --comment "-j DROP" -j ACCEPT`)},
	}
}

// generate makes a ruleset with three chains and some rules each.
func generate(r *rand.Rand, name string) ruleset {
	pick := func(words ...string) string { return words[r.IntN(len(words))] }
	protocol := func() string {
		return pick("tcp dport 22", "tcp dport != 22", "tcp dport { 22, 80 }", "tcp dport 1-21", "udp dport 22", "meta l4proto { tcp, udp }", "tcp flags syn")
	}
	condition := func() string {
		return pick("ip saddr 10.0.0.0/8", "ip saddr 10.1.0.0/16", "ip saddr != 203.0.113.0/24",
			"ip saddr { 198.51.100.7, 10.2.2.2 }", "ip saddr 10.1.2.0-10.2.255.255", "ct state new", "ct state established,related", "ct state != established", `iifname "eth0"`, `iifname != "lo"`, "ip daddr 10.0.0.4",
			"meta nfproto ipv4", "fib daddr type local")
	}
	rules := func(verdicts ...string) string {
		var lines []string
		for range r.IntN(4) {
			line := condition()
			if r.IntN(2) == 0 {
				line += " " + protocol()
			}
			lines = append(lines, line+" "+pick("counter ", "")+pick(verdicts...))
		}
		return strings.Join(lines, "\n")
	}
	return ruleset{name: name, text: fmt.Sprintf("table inet t {\nchain b { %s\n}\nchain a { %s\n}\nchain in { type filter hook input priority 0; policy %s; %s\n}\nchain pre { type filter hook prerouting priority %s; %s\n}\n}",
		rules("accept", "drop", "return"), rules("accept", "drop", "return", "jump b", "goto b"), pick("accept", "drop"),
		rules("accept", "drop", "jump a", "goto a", "jump b"), pick("-10", "-300"), rules("accept", "accept", "drop"))}
}
