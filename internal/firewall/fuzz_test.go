package firewall

import (
	"os"
	"testing"
)

// FuzzIptables and FuzzNft: every listing gets an answer, and if a port is closed, the rule
// that closes it is named.
func FuzzIptables(f *testing.F) {
	f.Add(filter("-P INPUT DROP", "-N guard", `-A INPUT ! -s 10.0.0.0/8 -p tcp -m multiport --dports 80,22 -m comment --comment "a \" b" -j guard`, "-A guard -g guard"))
	f.Add("*raw\n:PREROUTING DROP\n-A PREROUTING -m iprange --src-range 1.2.3.4-1.2.3.3 -j RETURN\n-A\n-A PREROUTING --tcp-flags")
	f.Fuzz(func(t *testing.T, listing string) { sensible(t, Iptables("iptables", listing)) })
}

func FuzzNft(f *testing.F) {
	stock, err := os.ReadFile("testdata/firewalld-sources.json")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(string(stock))
	f.Add(`{"nftables":[{"chain":{"family":"ip","table":"t","name":"c"}},{"rule":{"family":"ip","table":"t","chain":"c","expr":[{"match":{"op":"==","left":{"payload":{"protocol":"ip","field":"saddr"}},"right":{"prefix":{"addr":"x","len":160}}}}]}}]}`)
	f.Add(`{"nftables":[{"chain":{"family":"ip","table":"t","name":"c","hook":"input","policy":"drop"}},{"rule":{"family":"ip","table":"t","chain":"c","expr":[{"match":{"op":"==","left":{"concat":[{"payload":{"protocol":"ip","field":"saddr"}}]},"right":{"set":[{"concat":[{"range":["1.1.1.1","::1"]}]}]}}},{"goto":{"target":"c"}}]}}]}`)
	f.Fuzz(func(t *testing.T, listing string) {
		if set, err := Nft([]byte(listing), false, nothing); err == nil {
			sensible(t, set)
		}
	})
}

func sensible(t *testing.T, set Ruleset) {
	t.Helper()
	v := Ask(question(), set)
	if (v.Fate == Closed || v.Fate == Some) && v.Rule == (Rule{}) {
		t.Errorf("%+v", v)
	}
}
