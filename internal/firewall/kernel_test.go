package firewall

import (
	"encoding/json"
	"net/netip"
	"os"
	"slices"
	"strings"
	"testing"
)

// TestRecordedKernel: for rule sets as people write them, as nft and iptables list them,
// the verdict is what the kernel did with connections from four addresses, or that it is
// not known. test/suite/firewall records them.
func TestRecordedKernel(t *testing.T) {
	content, err := os.ReadFile("testdata/kernel.json")
	if err != nil {
		t.Fatal(err)
	}
	var all []struct {
		Name, Iptables string
		Nft            json.RawMessage
		In             []string
		Unclear        bool
	}
	if err := json.Unmarshal(content, &all); err != nil || len(all) < 80 {
		t.Fatalf("%d rule sets, %v", len(all), err)
	}
	for _, r := range all {
		tables := IptablesTables(r.Iptables)
		set, err := Nft(r.Nft, false, func(family, table string) bool { return family == "ip" && slices.Contains(tables, table) })
		if err != nil {
			t.Errorf("%s: %v", r.Name, err)
			continue
		}
		v := Ask(question(), Iptables("iptables", r.Iptables), set)
		if unclear := v.Fate == Unknown || len(v.Unsure) > 0; unclear != r.Unclear {
			t.Errorf("%s: %+v, and it is known: %v", r.Name, v, !r.Unclear)
		}
		if v.Fate == Unknown {
			continue
		}
		of := func(networks []string, from string) bool {
			return slices.ContainsFunc(networks, func(n string) bool { return netip.MustParsePrefix(n).Contains(netip.MustParseAddr(from)) })
		}
		for _, from := range []string{"10.1.2.3", "10.2.2.2", "203.0.113.9", "198.51.100.7"} {
			want := v.Fate == Open && !of(v.Who, from) || v.Fate == Some && of(v.Who, from)
			if in := slices.Contains(r.In, from); !of(v.Unsure, from) && in != want {
				t.Errorf("%s: from %s: in is %v, and the verdict is %+v", r.Name, from, in, v)
			}
		}
		if v.Fate == Closed && strings.Contains(v.Rule.Text, "?") {
			t.Errorf("%s: the rule is not readable: %s", r.Name, v.Rule)
		}
	}
}
