package firewall

import "testing"

// TestDevices: a filter of a device sees what arrives there, or is sent there. If nft does
// not name the device, the text does not say that the filter drops anything.
func TestDevices(t *testing.T) {
	for _, c := range []struct {
		hook, dev string
		want      Fate
	}{
		{"ingress", `, "dev": "eth0"`, Closed},
		{"ingress", `, "dev": ["eth1", "eth0"]`, Closed},
		{"ingress", `, "dev": "eth01"`, Open},
		{"ingress", `, "dev": "lo"`, Open},
		{"ingress", ``, Unknown},
		{"egress", `, "dev": "eth0"`, Closed},
		{"egress", `, "dev": ["lo"]`, Open},
		{"egress", ``, Unknown},
	} {
		set, err := Nft([]byte(`{"nftables": [{"chain": {"family": "netdev", "table": "t", "name": "c", "type": "filter", "hook": "`+c.hook+`", "prio": 0, "policy": "drop"`+c.dev+`}}]}`), false, nothing)
		if err != nil {
			t.Fatal(err)
		}
		if got := Ask(question(), set); got.Fate != c.want {
			t.Errorf("%s%s: %+v", c.hook, c.dev, got)
		}
	}
}
