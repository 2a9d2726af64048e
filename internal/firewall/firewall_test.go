package firewall

import (
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func question() Question {
	return Question{Interfaces: []string{"eth0"}, Addresses: []netip.Addr{netip.MustParseAddr("10.0.0.4")}, Port: 22}
}

// filter is a listing of iptables-save with one table.
func filter(rules ...string) string {
	listing := "*filter\n"
	for _, r := range rules {
		if words := strings.Fields(r); len(words) == 3 && words[0] == "-P" {
			listing += ":" + words[1] + " " + words[2] + " [0:0]\n"
		}
	}
	for _, r := range rules {
		if words := strings.Fields(r); len(words) == 2 && words[0] == "-N" {
			listing += ":" + words[1] + " - [0:0]\n"
		}
	}
	for _, r := range rules {
		if strings.HasPrefix(r, "-A") {
			listing += r + "\n"
		}
	}
	return listing + "COMMIT\n"
}

func TestIptables(t *testing.T) {
	for _, c := range []struct {
		name  string
		rules []string
		want  Fate
	}{
		{"no rules", []string{"-P INPUT ACCEPT"}, Open},
		{"policy", []string{"-P INPUT DROP"}, Closed},
		{"policy, port open", []string{"-P INPUT DROP", "-A INPUT -p tcp -m tcp --dport 22 -j ACCEPT"}, Open},
		{"policy, other port open", []string{"-P INPUT DROP", "-A INPUT -p tcp -m tcp --dport 443 -j ACCEPT"}, Closed},
		{"only what is known already", []string{"-P INPUT DROP", "-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT"}, Closed},
		{"loopback", []string{"-P INPUT DROP", "-A INPUT -i lo -j ACCEPT"}, Closed},
		{"rejected", []string{"-P INPUT ACCEPT", "-A INPUT -p tcp -m multiport --dports 20:25,80 -j REJECT --reject-with tcp-reset"}, Closed},
		{"rejected on the interface", []string{"-P INPUT ACCEPT", "-A INPUT -i eth0 -p tcp -m tcp --dport 22 -j REJECT"}, Closed},
		{"rejected on another interface", []string{"-P INPUT ACCEPT", "-A INPUT -i eth1 -p tcp -m tcp --dport 22 -j REJECT"}, Open},
		{"a range of interfaces", []string{"-P INPUT ACCEPT", "-A INPUT -i eth+ -j DROP"}, Closed},
		{"the first rule counts", []string{"-P INPUT ACCEPT", "-A INPUT -p tcp -m tcp --dport 22 -j ACCEPT", "-A INPUT -p tcp -j DROP"}, Open},
		{"udp", []string{"-P INPUT ACCEPT", "-A INPUT -p udp -j DROP"}, Open},
		{"some sources only", []string{"-P INPUT DROP", "-A INPUT -s 10.0.0.0/8 -p tcp -m tcp --dport 22 -j ACCEPT"}, Some},
		{"one source not", []string{"-P INPUT ACCEPT", "-A INPUT -s 203.0.113.9/32 -j DROP"}, Open},
		{"a chain of its own that drops", []string{"-P INPUT ACCEPT", "-N guard", "-A INPUT -j guard", "-A guard -p tcp -m multiport --dports 22,23 -j DROP"}, Closed},
		{"a chain of its own that returns", []string{"-P INPUT DROP", "-N guard", "-A INPUT -j guard", "-A INPUT -p tcp --dport 22 -j ACCEPT", "-A guard -j RETURN", "-A guard -j DROP"}, Open},
		{"another chain instead of the rest", []string{"-P INPUT DROP", "-N guard", "-A INPUT -g guard", "-A INPUT -p tcp --dport 22 -j ACCEPT"}, Closed},
		{"a chain that is not listed", []string{"-P INPUT ACCEPT", "-A INPUT -j f2b-sshd"}, Unknown},
		{"logged, then dropped", []string{"-P INPUT ACCEPT", `-A INPUT -p tcp --dport 22 -j LOG --log-prefix "-j ACCEPT: "`, "-A INPUT -p tcp --dport 22 -j DROP"}, Closed},
		{"all other ports dropped", []string{"-P INPUT ACCEPT", "-A INPUT -p tcp -m tcp ! --dport 443 -j DROP"}, Closed},
		{"all ports but this one dropped", []string{"-P INPUT ACCEPT", "-A INPUT -p tcp -m tcp ! --dport 22 -j DROP"}, Open},
		{"all but UDP dropped", []string{"-P INPUT ACCEPT", "-A INPUT ! -p udp -j DROP"}, Closed},
		{"all but TCP dropped", []string{"-P INPUT ACCEPT", "-A INPUT ! -p tcp -j DROP"}, Open},
		{"all but loopback dropped", []string{"-P INPUT ACCEPT", "-A INPUT ! -i lo -j DROP"}, Closed},
		{"all but one network dropped", []string{"-P INPUT ACCEPT", "-A INPUT ! -s 10.0.0.0/8 -p tcp -j DROP"}, Some},
		{"all but one network dropped, the rest accepted", []string{"-P INPUT DROP", "-A INPUT ! -s 10.0.0.0/255.0.0.0 -p tcp -j DROP", "-A INPUT -p tcp -j ACCEPT"}, Some},
		{"packets that begin nothing dropped", []string{"-P INPUT ACCEPT", "-A INPUT -p tcp -m tcp ! --tcp-flags FIN,SYN,RST,ACK SYN -m conntrack --ctstate NEW -j DROP"}, Open},
		{"packets that begin something dropped", []string{"-P INPUT ACCEPT", "-A INPUT -p tcp -m tcp --tcp-flags FIN,SYN,RST,ACK SYN -j REJECT --reject-with tcp-reset"}, Closed},
		{"packets without flags dropped", []string{"-P INPUT ACCEPT", "-A INPUT -p tcp -m tcp --tcp-flags ALL NONE -j DROP"}, Open},
		{"what is new dropped", []string{"-P INPUT ACCEPT", "-A INPUT -m conntrack ! --ctstate RELATED,ESTABLISHED -j DROP"}, Closed},
		{"what is not new dropped", []string{"-P INPUT ACCEPT", "-A INPUT -m conntrack ! --ctstate NEW -j DROP"}, Closed},
		{"only what is new accepted", []string{"-P INPUT DROP", "-A INPUT -p tcp -m conntrack --ctstate NEW -j ACCEPT"}, Closed},
		{"the negation is of one condition", []string{"-P INPUT ACCEPT", "-A INPUT ! -i lo -p tcp -m tcp --dport 443 -j DROP"}, Open},
		{"a comment", []string{"-P INPUT DROP", `-A INPUT -p tcp -m tcp --dport 22 -m comment --comment "ssh ! -p udp" -j ACCEPT`}, Open},
		{"some accepted, all others dropped", []string{"-P INPUT ACCEPT", "-A INPUT -s 10.0.0.0/8 -j ACCEPT", "-A INPUT -j REJECT --reject-with icmp-host-prohibited"}, Some},
		{"some dropped, then all", []string{"-P INPUT DROP", "-A INPUT -s 192.0.2.7/32 -j DROP"}, Closed},
		{"answers dropped", []string{"-P INPUT ACCEPT", "-P OUTPUT ACCEPT", "-A OUTPUT -o eth0 -p tcp -m tcp --sport 22 -j DROP"}, Closed},
		{"answers of a new connection only", []string{"-P INPUT ACCEPT", "-P OUTPUT DROP", "-A OUTPUT -m conntrack --ctstate ESTABLISHED -j ACCEPT"}, Open},
		{"a set", []string{"-P INPUT DROP", "-A INPUT -p tcp -m set --match-set admins src -j ACCEPT"}, Unknown},
		{"a rate", []string{"-P INPUT DROP", "-A INPUT -p tcp -m tcp --dport 22 -m limit --limit 3/min -j ACCEPT"}, Open},
		{"a range of addresses", []string{"-P INPUT DROP", "-A INPUT -m iprange --src-range 10.0.0.1-10.0.0.9 -j ACCEPT"}, Some},
		{"a mark that nothing sets", []string{"-P INPUT ACCEPT", "-A INPUT -m mark --mark 0x8000/0x8000 -j DROP"}, Open},
		{"a mark that is set for other packets", []string{"-P INPUT ACCEPT", "-N KUBE-MARK-DROP", "-A KUBE-MARK-DROP -j MARK --set-xmark 0x8000/0x8000", "-A INPUT -p udp -j KUBE-MARK-DROP", "-A INPUT -m mark --mark 0x8000/0x8000 -j DROP"}, Open},
		{"a mark that may be set", []string{"-P INPUT ACCEPT", "-A INPUT -m set --match-set admins src -j MARK --set-xmark 0x8000/0x8000", "-A INPUT -m mark --mark 0x8000/0x8000 -j DROP"}, Unknown},
		{"the mark of a connection", []string{"-P INPUT DROP", "-A INPUT -m connmark --mark 0x1 -j ACCEPT"}, Unknown},
		{"what comes another way than the answer goes", []string{"-P INPUT ACCEPT", "-A INPUT -m rpfilter --loose --validmark --invert -j DROP"}, Open},
		{"a module that is a condition without options", []string{"-P INPUT DROP", "-A INPUT -p tcp -m socket -j ACCEPT"}, Unknown},
		{"another one", []string{"-P INPUT ACCEPT", "-A INPUT -m eui64 -j DROP"}, Unknown},
		{"an owner's module", []string{"-P INPUT ACCEPT", "-A INPUT -j XTPORTAL"}, Unknown},
		{"garbage", []string{"", "-P", "-A INPUT -p", "-A INPUT ! -s"}, Open},
	} {
		if got := Ask(question(), Iptables("iptables", filter(c.rules...))); got.Fate != c.want {
			t.Errorf("%s: %d by %q, want %d", c.name, got.Fate, got.Rule, c.want)
		}
	}
}

// TestNetworksThatAreNotKnown: networks of which it is not known are told, beside the
// verdict about the others.
func TestNetworksThatAreNotKnown(t *testing.T) {
	for _, c := range []struct {
		policy, rule string
		want         Fate
	}{
		{"ACCEPT", "-A INPUT -s 10.1.0.0/16 -m set --match-set x src -j DROP", Open},
		{"DROP", "-A INPUT -s 10.1.0.0/16 -m mark --mark 0x1 -j ACCEPT", Unknown},
	} {
		got := Ask(question(), Iptables("iptables", filter("-P INPUT "+c.policy, c.rule)))
		if got.Fate != c.want || c.want == Open && !slices.Equal(got.Unsure, []string{"10.1.0.0/16"}) {
			t.Errorf("%s: %+v", c.rule, got)
		}
	}
	got := Ask(question(), Iptables("iptables", filter("-P INPUT DROP", "-A INPUT -s 10.2.0.0/16 -j ACCEPT", "-A INPUT -s 10.1.0.0/16 -m mark --mark 0x1 -j ACCEPT")))
	if got.Fate != Some || !slices.Equal(got.Who, []string{"10.2.0.0/16"}) || !slices.Equal(got.Unsure, []string{"10.1.0.0/16"}) {
		t.Errorf("%+v", got)
	}
}

// TestRawTable: a table before the filter drops as well.
func TestRawTable(t *testing.T) {
	got := Ask(question(), Iptables("iptables", "*raw\n:PREROUTING ACCEPT [0:0]\n-A PREROUTING -i eth0 -p tcp -m tcp --dport 22 -j DROP\nCOMMIT\n"+filter("-P INPUT ACCEPT")))
	if got.Fate != Closed || got.Rule.allow != "sudo iptables -t raw -I PREROUTING -p tcp --dport PORT -j ACCEPT" {
		t.Errorf("%+v", got)
	}
}

// TestRecorded: the rules of firewalld 1.3, ufw 0.36 and fail2ban 1.0 on Debian 12: the stock ones, also without
// SSH, with SSH for some addresses, and with what keeps everybody out. Each of the commands was run on
// the machine that the rules were recorded on, and people got in.
func TestRecorded(t *testing.T) {
	const early, reload = "--add-rich-rule='rule priority=-32768 port port=22 protocol=tcp accept' && ", "sudo firewall-cmd --reload"
	for _, c := range []struct {
		file string
		want Fate
		who  []string
		rule string
		step string
	}{
		{"firewalld-stock.json", Open, nil, "", ""},
		{"firewalld-nossh.json", Closed, nil, "chain filter_IN_public: reject", "sudo firewall-cmd --permanent --zone=public --add-port=22/tcp && " + reload},
		{"firewalld-sources.json", Some, []string{"10.1.0.0/16", "10.2.0.0/16"}, "reject", "sudo firewall-cmd --permanent --zone=public --add-port=22/tcp && " + reload},
		{"firewalld-rich.json", Closed, nil, "chain filter_IN_public_deny: tcp dport 22 drop", "sudo firewall-cmd --permanent --zone=public " + early + reload},
		{"firewalld-policy.json", Closed, nil, "chain filter_IN_policy_site_deny: tcp dport 22 drop", "sudo firewall-cmd --permanent --policy=site " + early + reload},
		{"firewalld-panic.json", Closed, nil, "chain raw_prerouting: policy drop", "sudo firewall-cmd --panic-off"},
		{"ufw-stock.txt", Closed, nil, "chain INPUT: policy DROP", "sudo ufw allow 22/tcp"},
		{"ufw-ssh.txt", Open, nil, "", ""},
		{"ufw-from.txt", Some, []string{"10.1.0.0/16"}, "policy DROP", "sudo ufw allow 22/tcp"},
		{"ufw-limit.txt", Open, nil, "", ""},
		{"ufw-deny.txt", Closed, nil, "chain ufw-user-input: ", "sudo ufw allow 22/tcp && sudo ufw delete allow 22/tcp && sudo ufw prepend allow 22/tcp"},
		{"fail2ban.json", Open, []string{"10.1.2.3/32", "203.0.113.9/32"}, "", ""},
		{"fail2ban.txt", Open, []string{"10.1.2.3/32", "203.0.113.9/32"}, "", ""},
		{"ufw-before.txt", Closed, nil, "chain ufw-before-input: ", "sudoedit /etc/ufw/before.rules && sudo ufw reload; take that rule out of it"},
	} {
		got := Ask(question(), recorded(t, c.file))
		if got.Fate != c.want || !slices.Equal(got.Who, c.who) || !strings.Contains(got.Rule.String(), c.rule) {
			t.Errorf("%s: %d for %v by %q, want %d for %v by %q", c.file, got.Fate, got.Who, got.Rule, c.want, c.who, c.rule)
		}
		if c.step != "" && got.Rule.Step(22, netip.Addr{}) != c.step {
			t.Errorf("%s: %s, want %s", c.file, got.Rule.Step(22, netip.Addr{}), c.step)
		}
	}
}

// TestStepForOneAddress: nobody else is let in.
func TestStepForOneAddress(t *testing.T) {
	four, six := netip.MustParseAddr("10.1.2.3"), netip.MustParseAddr("2001:db8::1")
	for _, c := range []struct {
		file string
		from netip.Addr
		want string
	}{
		{"firewalld-nossh.json", four, "sudo firewall-cmd --permanent --zone=public --add-rich-rule='rule priority=-32768 family=ipv4 source address=10.1.2.3 port port=22 protocol=tcp accept' && sudo firewall-cmd --reload"},
		{"firewalld-nossh.json", six, "sudo firewall-cmd --permanent --zone=public --add-rich-rule='rule priority=-32768 family=ipv6 source address=2001:db8::1 port port=22 protocol=tcp accept' && sudo firewall-cmd --reload"},
		{"ufw-stock.txt", four, "sudo ufw allow proto tcp from 10.1.2.3 to any port 22"},
		{"fail2ban.json", four, "sudo fail2ban-client unban 10.1.2.3"},
		{"fail2ban.txt", four, "sudo fail2ban-client unban 10.1.2.3"},
		{"ufw-deny.txt", four, "sudo ufw allow proto tcp from 10.1.2.3 to any port 22 && sudo ufw delete allow proto tcp from 10.1.2.3 to any port 22 && sudo ufw prepend allow proto tcp from 10.1.2.3 to any port 22"},
	} {
		q := question()
		q.From = c.from
		if got := Ask(q, recorded(t, c.file)).Rule.Step(22, c.from); got != c.want {
			t.Errorf("%s: %s, want %s", c.file, got, c.want)
		}
	}
}

// TestRuleThatIsNamed: of two rules that stop people, the one that is known to.
func TestRuleThatIsNamed(t *testing.T) {
	for _, rules := range [][]string{
		{"-P INPUT ACCEPT", "-A INPUT -m set --match-set x src -j DROP", "-A INPUT -p tcp -m tcp --dport 22 -j DROP"},
		{"-P INPUT ACCEPT", "-A INPUT -m rt --rt-type 0 -j DROP", "-A INPUT -p tcp -m tcp --dport 22 -j DROP"},
		{"-P INPUT DROP", "-A INPUT -m set --match-set x src -j DROP"},
	} {
		if got := Ask(question(), Iptables("iptables", filter(rules...))); got.Fate != Closed || strings.Contains(got.Rule.Text, " -m set ") || strings.Contains(got.Rule.Text, " -m rt ") {
			t.Errorf("%q: %+v", rules, got)
		}
	}
	if got := Ask(question(), Iptables("iptables", filter("-P INPUT ACCEPT", "-A INPUT -m rt -j DROP"))); got.Fate != Open {
		t.Errorf("%+v", got)
	}
}

// recorded is a recorded rule set.
func recorded(t *testing.T, file string) Ruleset {
	t.Helper()
	listing, err := os.ReadFile(filepath.Join("testdata", file))
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasSuffix(file, ".json") {
		return Iptables("iptables", string(listing))
	}
	set, err := Nft(listing, false, nothing)
	if err != nil {
		t.Fatal(err)
	}
	return set
}

func nothing(string, string) bool { return false }
