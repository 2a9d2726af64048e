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
	json     bool // for nft -j -f
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
		{name: "a named set", text: "table inet filter { set admins { type ipv4_addr; elements = { 10.1.2.3 } }\nchain input { type filter hook input priority 0; policy drop; ip saddr @admins tcp dport 22 accept } }"},
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
		{name: "not another port of another protocol", text: input("accept", "udp dport != 53 drop")},
		{name: "not another kind of another protocol", text: input("drop", "icmpv6 type != nd-redirect accept")},
		{name: "not an address of the other version", text: input("accept", "ip6 saddr != fd00::/8 drop")},
		{name: "new ones only", text: input("drop", "tcp dport 22 ct state new accept")},
		{name: "all but what is known", text: input("drop", "ct state != { established, related } accept")},
		{name: "iptables: new ones only", iptables: true, text: strings.Replace(filter("-A INPUT -p tcp -m tcp --dport 22 -m conntrack --ctstate NEW -j ACCEPT"), "INPUT ACCEPT", "INPUT DROP", 1)},
		{name: "more connections than one person has", text: input("accept", "tcp dport 22 ct state new ct count over 5 drop")},
		{name: "few connections", text: input("drop", "ct state established accept; tcp dport 22 ct count 5 accept")},
		{name: "connections that are not tracked", unclear: true, text: "table ip r { chain pre { type filter hook prerouting priority raw; tcp dport 22 notrack } }\n" + input("drop", "ct state established,new accept")},
		{name: "others that are not tracked", text: "table ip r { chain pre { type filter hook prerouting priority raw; udp dport 53 notrack } }\n" + input("drop", "ct state established,new accept")},
		{name: "all that is sent to others redirected", text: "table ip t { chain out { type nat hook output priority -100; meta l4proto tcp redirect to :3128 } }"},
		{name: "answers to a network dropped in a chain of nat", text: "table ip t { chain post { type nat hook postrouting priority srcnat; ip daddr 203.0.113.9 drop } }"},
		{name: "another device's filter", unclear: true, text: "table netdev t { chain in { type filter hook ingress device lo priority 0; policy drop; } }"},
		{name: "this device's filter", unclear: true, text: "table netdev t { chain in { type filter hook ingress device eth0 priority 0; ip saddr 10.1.2.3 drop } }"},
		{name: "this device's filter, for what is sent", unclear: true, text: "table netdev t { chain out { type filter hook egress device eth0 priority 0; ip daddr 10.1.2.3 drop } }"},
		{name: "this device's filter in a table of inet", unclear: true, text: "table inet t { chain in { type filter hook ingress device eth0 priority 0; tcp dport 22 drop } }"},
		{name: "a named set that keeps one out, as fail2ban's", text: "table inet t { set a { type ipv4_addr; elements = { 10.1.2.3 } }\nset b { type ipv4_addr; flags interval, timeout; elements = { 10.2.0.0/16 timeout 1h, 203.0.113.1-203.0.113.8 } }\nset c { type ipv4_addr . inet_service; elements = { 198.51.100.7 . 22 } }\nset e { type ipv4_addr; }\nchain in { type filter hook input priority 0; ip saddr @a tcp dport 22 reject } }"},
		{name: "a named set of networks and ranges", text: "table inet t { set a { type ipv4_addr; elements = { 10.1.2.3 } }\nset b { type ipv4_addr; flags interval, timeout; elements = { 10.2.0.0/16 timeout 1h, 203.0.113.1-203.0.113.8 } }\nset c { type ipv4_addr . inet_service; elements = { 198.51.100.7 . 22 } }\nset e { type ipv4_addr; }\nchain in { type filter hook input priority 0; ip saddr @b drop } }"},
		{name: "a named set of addresses and ports", text: "table inet t { set a { type ipv4_addr; elements = { 10.1.2.3 } }\nset b { type ipv4_addr; flags interval, timeout; elements = { 10.2.0.0/16 timeout 1h, 203.0.113.1-203.0.113.8 } }\nset c { type ipv4_addr . inet_service; elements = { 198.51.100.7 . 22 } }\nset e { type ipv4_addr; }\nchain in { type filter hook input priority 0; ip saddr . tcp dport @c drop } }"},
		{name: "a named set without members", text: "table inet t { set a { type ipv4_addr; elements = { 10.1.2.3 } }\nset b { type ipv4_addr; flags interval, timeout; elements = { 10.2.0.0/16 timeout 1h, 203.0.113.1-203.0.113.8 } }\nset c { type ipv4_addr . inet_service; elements = { 198.51.100.7 . 22 } }\nset e { type ipv4_addr; }\nchain in { type filter hook input priority 0; ip saddr @e drop } }"},
		{name: "not in a named set", text: "table inet t { set a { type ipv4_addr; elements = { 10.1.2.3 } }\nset b { type ipv4_addr; flags interval, timeout; elements = { 10.2.0.0/16 timeout 1h, 203.0.113.1-203.0.113.8 } }\nset c { type ipv4_addr . inet_service; elements = { 198.51.100.7 . 22 } }\nset e { type ipv4_addr; }\nchain in { type filter hook input priority 0; ip saddr != @b drop } }"},
		{name: "a named verdict map of addresses", text: "table ip t { map m { type ipv4_addr : verdict; elements = { 10.1.2.3 : drop, 10.2.2.2 : accept } }\nchain in { type filter hook input priority 0; policy drop; ip saddr vmap @m\nip saddr 203.0.113.9 accept } }"},
		{name: "another port is written into packets", unclear: true, text: "table ip t { chain pre { type filter hook prerouting priority raw; tcp dport 22 tcp dport set 2222 } }"},
		{name: "a mark is set", text: "table ip t { chain pre { type filter hook prerouting priority mangle; tcp dport 22 meta mark set 7 } }"},
		{name: "by a mark", unclear: true, text: input("drop", "meta mark 7 accept")},
		{name: "a reject after an accept", text: input("accept", "tcp dport 22 accept; tcp dport 22 reject")},
		{name: "an accept after a reject", text: input("accept", "tcp dport 22 reject; tcp dport 22 accept")},
		{name: "a state of nothing", text: input("accept", "ct state { established, related } drop")},
		{name: "not new", text: input("drop", "ct state != new accept")},
		{name: "flags that are equal", text: input("accept", "tcp flags != syn ct state new drop")},
		{name: "an interval with a gap", text: input("drop", "ip saddr { 10.1.0.0-10.1.1.255, 10.1.3.0/24, 203.0.113.0/29 } accept")},
		{name: "a verdict map that jumps", text: "table ip t { chain ssh { ip saddr 10.1.2.3 accept }\nchain in { type filter hook input priority 0; policy drop; tcp dport vmap { 22 : jump ssh, 80 : accept }; ip saddr 203.0.113.9 accept } }"},
		{name: "a verdict map of network and port", text: input("drop", "ip saddr . tcp dport vmap { 10.1.2.3 . 22 : accept, 10.2.2.2 . 22 : drop }")},
		{name: "a named verdict map", text: "table ip t { map m { type inet_service : verdict; elements = { 22 : drop } }\nchain in { type filter hook input priority 0; tcp dport vmap @m } }"},
		{name: "the order of tables at one hook", text: input("drop", "tcp dport 22 accept") + "\ntable ip early { chain in { type filter hook input priority -200; ip saddr 10.1.2.3 drop } }"},
		{name: "goto, and the chain falls to the policy", text: "table ip t { chain c { ip saddr 10.1.2.3 accept }\nchain in { type filter hook input priority 0; policy drop; tcp dport 22 goto c; accept } }"},
		{name: "return in the base chain", text: input("drop", "tcp dport 22 return; accept")},
		{name: "an hour of the day", unclear: true, text: input("drop", `meta hour "00:00"-"23:59" accept`)},
		{name: "length of a packet", unclear: true, text: input("accept", "meta length > 40 drop")},
		{name: "by the sender's hardware", unclear: true, text: input("drop", "ether saddr 02:00:00:00:00:01 accept")},
		{name: "source addresses are changed on the way in", text: "table ip t { chain in { type nat hook input priority 100; udp dport 53 snat to 10.0.0.9 } }"},
		{name: "iptables: not tracked", iptables: true, unclear: true, text: "*raw\n:PREROUTING ACCEPT [0:0]\n-A PREROUTING -p tcp -m tcp --dport 22 -j CT --notrack\nCOMMIT\n" + strings.Replace(filter("-A INPUT -m conntrack --ctstate NEW,ESTABLISHED -j ACCEPT"), "INPUT ACCEPT", "INPUT DROP", 1)},
		{name: "iptables: a zone of conntrack", iptables: true, text: "*raw\n:PREROUTING ACCEPT [0:0]\n-A PREROUTING -p udp -m udp --dport 53 -j CT --notrack\nCOMMIT\n" + strings.Replace(filter("-A INPUT -m conntrack --ctstate NEW,ESTABLISHED -j ACCEPT"), "INPUT ACCEPT", "INPUT DROP", 1)},
		{name: "iptables: a proxy for all that is sent", iptables: true, text: "*nat\n:OUTPUT ACCEPT [0:0]\n:POSTROUTING ACCEPT [0:0]\n-A OUTPUT -p tcp -j REDIRECT --to-ports 3128\n-A POSTROUTING -j MASQUERADE\nCOMMIT\n"},
		{name: "iptables: another port", iptables: true, unclear: true, text: "*nat\n:PREROUTING ACCEPT [0:0]\n-A PREROUTING -p tcp -m tcp --dport 22 -j DNAT --to-destination 10.0.0.4:2222\nCOMMIT\n"},
		{name: "iptables: another port for others", iptables: true, text: "*nat\n:PREROUTING ACCEPT [0:0]\n-A PREROUTING -p tcp -m tcp --dport 8080 -j DNAT --to-destination 10.0.0.4:22\nCOMMIT\n"},
		{name: "iptables: many at once", iptables: true, text: filter("-A INPUT -p tcp -m tcp --dport 22 -m connlimit --connlimit-above 5 -j REJECT")},
		{name: "iptables: a rate from one address", iptables: true, text: strings.Replace(filter("-A INPUT -m conntrack --ctstate ESTABLISHED -j ACCEPT\n-A INPUT -p tcp -m tcp --dport 22 -m hashlimit --hashlimit-upto 50/sec --hashlimit-burst 50 --hashlimit-mode srcip --hashlimit-name ssh -j ACCEPT"), "INPUT ACCEPT", "INPUT DROP", 1)},
		{name: "iptables: a probability", iptables: true, unclear: true, text: filter("-A INPUT -p tcp -m tcp --dport 22 -m statistic --mode random --probability 0.5 -j DROP")},
		{name: "iptables: by a mark", iptables: true, text: filter("-A INPUT -m mark --mark 0x1 -j DROP")},
		{name: "iptables: by a mark that is set for other packets", iptables: true, text: strings.Replace(filter("-A INPUT -p udp -j KUBE-MARK-DROP\n-A KUBE-MARK-DROP -j MARK --set-xmark 0x8000/0x8000\n-A INPUT -m mark --mark 0x8000/0x8000 -j DROP"), "*filter\n", "*filter\n:KUBE-MARK-DROP - [0:0]\n", 1)},
		{name: "iptables: what comes another way than the answer goes", iptables: true, text: "*raw\n:PREROUTING ACCEPT [0:0]\n-A PREROUTING -m rpfilter --validmark --invert -j DROP\nCOMMIT\n"},
		{name: "iptables: a knock", iptables: true, unclear: true, text: filter("-A INPUT -p tcp -m tcp --dport 22 -m recent --rcheck --name knock -j ACCEPT\n-A INPUT -p tcp -m tcp --dport 22 -j DROP")},
		{name: "iptables: not these ports", iptables: true, text: filter("-A INPUT -p tcp -m multiport ! --dports 80,443 -j DROP")},
		{name: "iptables: either port", iptables: true, text: filter("-A INPUT -p tcp -m multiport --ports 21:23 -j DROP")},
		{name: "iptables: chains in chains", iptables: true, text: strings.Replace(filter("-A INPUT -j a\n-A INPUT -p tcp -j DROP\n-A a -s 10.0.0.0/8 -g b\n-A a -j RETURN\n-A b -s 10.1.0.0/16 -j ACCEPT"), "*filter\n", "*filter\n:a - [0:0]\n:b - [0:0]\n", 1)},
		{name: "iptables: by the table mangle", iptables: true, text: "*mangle\n:INPUT ACCEPT [0:0]\n:POSTROUTING ACCEPT [0:0]\n-A INPUT -s 10.1.2.3 -j DROP\n-A POSTROUTING -d 203.0.113.9 -j DROP\nCOMMIT\n"},
		{name: "ports of any protocol", text: input("drop", "ct state established accept; th dport 22 accept")},
		{name: "the header's protocol by number", text: input("drop", "ip protocol 6 accept")},
		{name: "another protocol of the header", text: input("accept", "ip protocol udp drop")},
		{name: "other protocols, one by one", text: input("accept", "sctp dport 22 drop; dccp dport 22 drop; udplite dport 22 drop; icmp type echo-request drop; ah spi 7 drop; esp spi 7 drop")},
		{name: "by a flag", text: input("accept", "tcp flags rst drop")},
		{name: "first packets by their flag", text: input("accept", "tcp flags syn drop")},
		{name: "the version by name", text: input("drop", "meta nfproto ipv4 accept")},
		{name: "the version by its Ethernet type", text: input("accept", "meta protocol ip6 drop")},
		{name: "answers by interface", text: "table inet t { chain out { type filter hook output priority 0; policy drop; oifname eth0 accept } }"},
		{name: "answers by another interface", text: "table inet t { chain out { type filter hook output priority 0; policy drop; oifname eth1 accept } }"},
		{name: "only to this machine's own", text: input("drop", "fib daddr type local accept")},
		{name: "from where the answer goes", text: input("drop", "fib saddr oif != 0 accept")},
		{name: "by the direction of a connection", text: input("accept", "ct direction original drop")},
		{name: "answers by the direction of a connection", text: "table inet t { chain out { type filter hook output priority 0; policy drop; ct direction reply accept } }"},
		{name: "by the packet's kind", text: input("drop", "meta pkttype host accept")},
		{name: "broadcasts out", text: input("accept", "meta pkttype { broadcast, multicast } drop")},
		{name: "a quota", unclear: true, text: input("accept", "tcp dport 22 quota over 25 mbytes drop")},
		{name: "a label of a connection", text: "table inet t { chain pre { type filter hook prerouting priority mangle; tcp dport 22 ct mark set 7; counter; log prefix \"ssh\" } }"},
		{name: "of a forwarded connection", text: input("accept", "ct status dnat drop")},
		{name: "sockets that forward", unclear: true, text: input("accept", "socket transparent 1 drop")},
		{name: "reverse path, and it must be there", text: "table inet t { chain pre { type filter hook prerouting priority 10; policy drop; fib saddr . iif oif exists accept } }"},
		{name: "iptables: source ports", iptables: true, text: filter("-A INPUT -p tcp -m multiport --sports 1:1023 -j DROP")},
		{name: "iptables: the direction of a connection", iptables: true, text: filter("-A INPUT -m conntrack --ctdir ORIGINAL -j DROP")},
		{name: "iptables: the other direction of a connection", iptables: true, text: filter("-A INPUT -m conntrack --ctdir REPLY -j DROP")},
		{name: "iptables: from other machines", iptables: true, text: filter("-A INPUT -m addrtype --src-type UNICAST -j DROP")},
		{name: "iptables: from this machine", iptables: true, text: filter("-A INPUT -m addrtype --src-type LOCAL -j DROP")},
		{name: "iptables: what IPsec does not protect", iptables: true, text: filter("-A INPUT -m policy --dir in --pol none -j DROP")},
		{name: "iptables: what IPsec protects", iptables: true, text: filter("-A INPUT -m policy --dir in --pol ipsec -j DROP")},
		{name: "iptables: the older state", iptables: true, text: strings.Replace(filter("-A INPUT -m state --state NEW,ESTABLISHED -j ACCEPT"), "INPUT ACCEPT", "INPUT DROP", 1)},
		{name: "iptables: marks on the way", iptables: true, text: "*mangle\n:PREROUTING ACCEPT [0:0]\n-A PREROUTING -p tcp -m tcp --dport 22 -j CONNMARK --set-mark 0x1\n-A PREROUTING -p tcp -m tcp --dport 22 -j MARK --set-mark 0x1\nCOMMIT\n"},
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
