package firewall

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"
)

// ofNft is the verdict about one rule of nft in a chain of a hook.
func ofNft(t *testing.T, hook, policy, expr string) Verdict {
	t.Helper()
	set, err := Nft([]byte(`{"nftables": [{"chain": {"family": "inet", "table": "t", "name": "c", "type": "filter", "hook": "`+hook+`", "prio": 0, "policy": "`+policy+`"}},
		{"rule": {"family": "inet", "table": "t", "chain": "c", "expr": [`+expr+`]}}]}`), false, nothing)
	if err != nil {
		t.Fatal(err)
	}
	return Ask(question(), set)
}

// TestNftStatements: statements that no kernel here lists, and what is not to be read: of
// those it is not known what becomes of a connection.
func TestNftStatements(t *testing.T) {
	match := func(left, right string) string {
		return `{"match": {"op": "==", "left": ` + left + `, "right": ` + right + `}}`
	}
	const saddr, flags, drop, accept = `{"payload": {"protocol": "ip", "field": "saddr"}}`, `{"payload": {"protocol": "tcp", "field": "flags"}}`, `, {"drop": null}`, `, {"accept": null}`
	for _, c := range []struct {
		hook, policy, expr string
		want               Fate
	}{
		{"input", "accept", `{"xt": {"type": "target", "name": "REJECT"}}`, Closed},
		{"input", "accept", `{"xt": {"type": "target", "name": "LOG"}}`, Open},
		{"input", "accept", `{"xt": {"type": "target", "name": "TCPMSS"}}`, Open},
		{"input", "drop", `{"xt": {"type": "target", "name": "CONNMARK"}}` + accept, Open},
		{"input", "accept", `{"xt": {"type": "target", "name": "TPROXY"}}`, Unknown},
		{"input", "accept", `{"xt": {"type": "match", "name": "geoip"}}` + drop, Unknown},
		{"input", "accept", `{"xt": 7}` + drop, Unknown},
		{"input", "accept", `{"socket": {"key": "mark"}}` + drop, Unknown},
		{"input", "accept", `{"synproxy": null}`, Unknown},
		{"input", "accept", `{"notrack": null}`, Unknown},
		{"input", "drop", `{"last": null}, {"secmark": "x"}, {"reset": null}` + accept, Open},
		{"input", "drop", `{"ct count": {"val": 3}}` + accept, Open},
		{"input", "accept", `{"ct count": {"val": 3, "inv": true}}` + drop, Open},
		{"input", "drop", `{"limit": "name"}` + accept, Open},
		{"input", "accept", `{"vmap": {"key": ` + saddr + `, "data": {"set": []}}}`, Unknown},
		{"input", "accept", `{"vmap": {"key": ` + saddr + `, "data": "@m"}}`, Unknown},
		{"input", "accept", `{"vmap": 7}`, Unknown},
		{"input", "accept", `{"vmap": {"key": {"payload": {"protocol": "tcp", "field": "dport"}}, "data": {"set": [[22, 7]]}}}`, Unknown},
		{"input", "drop", match(`{"meta": {"key": "mark"}}`, `7`) + accept, Unknown},
		{"input", "accept", match(`{"ct": {"key": "mark"}}`, `0`) + drop, Closed},
		{"input", "accept", match(`{"&": [{"meta": {"key": "mark"}}, 32768]}`, `32768`) + drop, Open},
		{"input", "accept", `{"mangle": {"key": {"meta": {"key": "mark"}}, "value": 7}}, ` + match(`{"meta": {"key": "iif"}}`, `"lo"`), Open},
		{"input", "drop", match(`{"meta": {"key": "iif"}}`, `"eth0"`) + accept, Open},
		{"input", "drop", match(`{"meta": {"key": "iif"}}`, `"lo"`) + accept, Closed},
		{"output", "drop", match(`{"meta": {"key": "oif"}}`, `"eth0"`) + accept, Open},
		{"output", "drop", match(`{"fib": {"result": "type", "flags": ["daddr"]}}`, `"unicast"`) + accept, Open},
		{"output", "accept", match(`{"fib": {"result": "type", "flags": ["daddr"]}}`, `"local"`) + drop, Open},
		{"input", "accept", match(saddr, `{"prefix": {"addr": "x", "len": 8}}`) + drop, Unknown},
		{"input", "accept", match(saddr, `{"prefix": {"addr": "10.0.0.0", "len": 99}}`) + drop, Unknown},
		{"input", "accept", match(saddr, `{"range": ["10.0.0.9", "10.0.0.1"]}`) + drop, Unknown},
		{"input", "accept", match(saddr, `{"range": ["10.0.0.1", "::1"]}`) + drop, Unknown},
		{"input", "accept", match(saddr, `{"range": ["10.0.0.1", "x"]}`) + drop, Unknown},
		{"input", "accept", match(saddr, `"localhost"`) + drop, Unknown},
		{"input", "accept", match(`{"&": [`+flags+`, "syn", "ack"]}`, `"syn"`) + drop, Unknown},
		{"input", "accept", match(`{"&": [{"meta": {"key": "mark"}}, "syn"]}`, `"syn"`) + drop, Unknown},
		{"input", "accept", match(`{"&": [{"payload": {"protocol": "tcp", "field": "window"}}, "syn"]}`, `"syn"`) + drop, Unknown},
		{"input", "accept", match(`{"&": [7, "syn"]}`, `"syn"`) + drop, Unknown},
		{"input", "accept", match(`7`, `7`) + drop, Unknown},
		{"input", "accept", `{"match": 7}` + drop, Unknown},
		{"input", "accept", `{"match": {"op": ">", "left": ` + saddr + `, "right": "10.0.0.1"}}` + drop, Unknown},
	} {
		if got := ofNft(t, c.hook, c.policy, c.expr); got.Fate != c.want {
			t.Errorf("%s, policy %s: %s: %+v, want %d", c.hook, c.policy, c.expr, got, c.want)
		}
	}
}

// TestNftWords: a rule is shown as nft writes it.
func TestNftWords(t *testing.T) {
	for expr, want := range map[string]string{
		`{"match": {"op": "==", "left": {"payload": {"protocol": "ip", "field": "saddr"}}, "right": {"prefix": {"addr": "0.0.0.0", "len": 0}}}}`:              "ip saddr 0.0.0.0/0 drop",
		`{"match": {"op": "==", "left": {"payload": {"protocol": "ip", "field": "saddr"}}, "right": {"range": ["0.0.0.0", "255.255.255.255"]}}}`:              "ip saddr 0.0.0.0-255.255.255.255 drop",
		`{"match": {"op": "in", "left": {"ct": {"key": "state"}}, "right": ["new", "untracked"]}}`:                                                            "ct state { new, untracked } drop",
		`{"match": {"op": "!=", "left": {"meta": {"key": "iifname"}}, "right": "lo"}}`:                                                                        "iifname != lo drop",
		`{"counter": null}, {"match": {"op": "==", "left": {"payload": {"protocol": "tcp", "field": "dport"}}, "right": {"set": [22, {"range": [80, 90]}]}}}`: "tcp dport { 22, 80-90 } drop",
	} {
		if got := ofNft(t, "input", "accept", expr+`, {"drop": null}`); got.Fate != Closed || got.Rule.Text != want {
			t.Errorf("%s: %d %q, want %q", expr, got.Fate, got.Rule.Text, want)
		}
	}
}

// TestIptablesAliases: other names of conditions, and those that belong to another one.
func TestIptablesAliases(t *testing.T) {
	for rule, want := range map[string]Fate{
		"-m multiport --source-ports 1:1023 -j DROP":                      Open,
		"-m multiport --destination-ports 21:23 -j DROP":                  Closed,
		"-m hashlimit --hashlimit-above 9/sec --hashlimit-name x -j DROP": Open,
		"-m hashlimit --hashlimit 9/sec --hashlimit-name x -j DROP":       Closed,
		"-m connlimit --connlimit-upto 3 --connlimit-mask 32 -j DROP":     Closed,
		"-m recent --set --name x --rsource -j DROP":                      Closed,
		"-m recent --update --seconds 60 --hitcount 4 --name x -j DROP":   Open,
		"-m recent --rcheck --name x -j DROP":                             Unknown,
		"-m recent --update --name x -j DROP":                             Unknown,
		"-m tcp --dport ssh -j DROP":                                      Unknown,
		"-m tcp --dport 20:ssh -j DROP":                                   Unknown,
		"-m tcp --dport 20: -j DROP":                                      Closed,
		"-m tcp --dport :30 -j DROP":                                      Closed,
		"-j CT --notrack":                                                 Unknown,
		"-j CT --helper ftp":                                              Open,
		"-j NOTRACK":                                                      Unknown,
	} {
		if got := Ask(question(), Iptables("iptables", filter("-P INPUT ACCEPT", "-A INPUT -p tcp "+rule))); got.Fate != want {
			t.Errorf("%s: %+v, want %d", rule, got, want)
		}
	}
}

// TestDormantTable: the kernel calls no chain of a table that is dormant; what nft 1.0.6
// lists in place of the flag may be another one.
func TestDormantTable(t *testing.T) {
	for flags, want := range map[string]Fate{
		`, "flags": "dormant"`: Open, `, "flags": ["dormant", "owner"]`: Open, `, "flags": "owner"`: Closed, "": Closed, `, "flags": "x"`: Unknown,
	} {
		listing := `{"nftables": [{"metainfo": {}}, {"table": {"family": "inet", "name": "x", "handle": 1` + flags + `}},
			{"chain": {"family": "inet", "table": "x", "name": "i", "type": "filter", "hook": "input", "prio": 0, "policy": "drop"}}]}`
		set, err := Nft([]byte(listing), false, func(string, string) bool { return false })
		if got := Ask(question(), set); err != nil || got.Fate != want {
			t.Errorf("%s: %v %+v", flags, err, got)
		}
	}
}

// TestLongSet: the members of a set with very many are not told apart, but whether one
// address is among them is known.
func TestLongSet(t *testing.T) {
	members := make([]string, most)
	for i := range members {
		members[i] = fmt.Sprintf(`"203.0.%d.%d"`, i/256, i%256)
	}
	set, err := Nft([]byte(`{"nftables": [{"set": {"family": "inet", "table": "t", "name": "s", "type": "ipv4_addr", "elem": [`+strings.Join(members, ", ")+`]}},
		{"chain": {"family": "inet", "table": "t", "name": "c", "type": "filter", "hook": "input", "prio": 0, "policy": "accept"}},
		{"rule": {"family": "inet", "table": "t", "chain": "c", "expr": [{"match": {"op": "==", "left": {"payload": {"protocol": "ip", "field": "saddr"}}, "right": "@s"}}, {"drop": null}]}}]}`), false, nothing)
	if err != nil {
		t.Fatal(err)
	}
	for from, want := range map[string]Fate{"": Unknown, "203.0.1.255": Closed, "203.0.2.0": Open} {
		q := question()
		if from != "" {
			q.From = netip.MustParseAddr(from)
		}
		if got := Ask(q, set); got.Fate != want {
			t.Errorf("from %q: %+v, want %d", from, got, want)
		}
	}
}
