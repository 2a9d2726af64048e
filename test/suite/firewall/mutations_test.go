//go:build rig

package firewall_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"
)

// recorded are what firewalld and ufw make of their own configuration, on Debian 12.
func recorded() []string {
	return []string{"firewalld-stock.json", "firewalld-nossh.json", "firewalld-sources.json", "ufw-stock.txt", "ufw-ssh.txt", "ufw-from.txt", "ufw-limit.txt", "firewalld-policy.json", "ufw-deny.txt"}
}

// TestMutations: real rule sets in which one thing was changed as a person may have done: a
// rule was removed, moved to the beginning of its chain, or reversed, or a policy was
// changed. The verdict is still what the kernel does. MUTATIONS is how many there are of
// each rule set.
func TestMutations(t *testing.T) {
	s := newNetwork(t)
	const seed = 19
	count := 4
	if n := os.Getenv("MUTATIONS"); n != "" {
		if _, err := fmt.Sscan(n, &count); err != nil {
			t.Fatal(err)
		}
	}
	random := rand.New(rand.NewPCG(seed, seed))
	unknown, all := 0, 0
	for _, file := range recorded() {
		content, err := os.ReadFile("../../../internal/firewall/testdata/" + file)
		if err != nil {
			t.Fatal(err)
		}
		as := readListing(t, file, string(content))
		for i := range count + 1 {
			name, changed := file+" as it is", as
			if i > 0 {
				var what string
				what, changed = as.mutate(random)
				name = fmt.Sprintf("%s, %d of seed %d: %s", file, i, seed, what)
			}
			all++
			if !s.compare(ruleset{name: name, iptables: !as.json, json: as.json, text: changed.String()}) {
				unknown++
				t.Logf("not decided: %s", name)
			}
		}
	}
	t.Logf("%d of %d not decided", unknown, all)
	if unknown > all/5 {
		t.Errorf("%d of %d were not decided", unknown, all)
	}
}

// listing is a listing in parts: lines of iptables-save, or objects of nft.
type listing struct {
	json  bool
	parts []string
}

func readListing(t *testing.T, name, content string) listing {
	t.Helper()
	if !strings.HasSuffix(name, ".json") {
		return listing{parts: strings.Split(strings.TrimSpace(content), "\n")}
	}
	var of struct{ Nftables []json.RawMessage }
	if err := json.Unmarshal([]byte(content), &of); err != nil {
		t.Fatal(err)
	}
	l := listing{json: true}
	for _, o := range of.Nftables {
		if !strings.HasPrefix(string(o), `{"metainfo"`) {
			l.parts = append(l.parts, string(o))
		}
	}
	return l
}

func (l listing) String() string {
	if l.json {
		return `{"nftables": [` + strings.Join(l.parts, ", ") + `]}`
	}
	return strings.Join(l.parts, "\n") + "\n"
}

// chain is the chain that a part is a rule of; "" if it is none.
func (l listing) chain(part string) string {
	if !l.json {
		if words := strings.Fields(part); len(words) > 1 && words[0] == "-A" {
			return words[1]
		}
		return ""
	}
	var o struct {
		Rule struct{ Table, Chain string }
	}
	_ = json.Unmarshal([]byte(part), &o) // what is no rule has no chain
	return o.Rule.Chain
}

// opposites are what changes the meaning of a rule or of a policy.
func (l listing) opposites() [][2]string {
	if l.json {
		return [][2]string{{`"accept": null`, `"drop": null`}, {`"drop": null`, `"accept": null`}, {`"policy": "accept"`, `"policy": "drop"`}, {`"policy": "drop"`, `"policy": "accept"`}, {`"op": "=="`, `"op": "!="`}, {`"right": 22`, `"right": 2222`}, {`"jump"`, `"goto"`}}
	}
	return [][2]string{{"-j ACCEPT", "-j DROP"}, {"-j DROP", "-j ACCEPT"}, {":INPUT DROP", ":INPUT ACCEPT"}, {":INPUT ACCEPT", ":INPUT DROP"}, {":OUTPUT ACCEPT", ":OUTPUT DROP"}, {"--dport 22 ", "--dport 2222 "}, {"-j RETURN", "-j DROP"}, {"-p tcp ", "! -p tcp "}}
}

// mutate changes one part.
func (l listing) mutate(r *rand.Rand) (what string, changed listing) {
	for {
		i := r.IntN(len(l.parts))
		part, of := l.parts[i], l.chain(l.parts[i])
		changed = listing{l.json, slices.Clone(l.parts)}
		switch kind := r.IntN(4); {
		case kind == 0 && of != "":
			changed.parts = slices.Delete(changed.parts, i, i+1)
			return "without " + part, changed
		case kind == 1 && of != "":
			first := slices.IndexFunc(l.parts, func(p string) bool { return l.chain(p) == of })
			changed.parts = slices.Insert(slices.Delete(changed.parts, i, i+1), first, part)
			return "first in its chain: " + part, changed
		case kind > 1:
			for _, k := range r.Perm(len(l.opposites())) {
				o := l.opposites()[k]
				if now := strings.Replace(part, o[0], o[1], 1); now != part && !strings.Contains(now, "! -p tcp -m tcp") {
					changed.parts[i] = now
					return now + " in place of " + part, changed
				}
			}
		}
	}
}
