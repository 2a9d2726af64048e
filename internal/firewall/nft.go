package firewall

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
)

// Nft reads the output of "nft -j list ruleset" (libnftables-json(5)). If it is terse, by -t,
// the members of named sets are not listed, and what depends on one is unknown. Tables for which skip
// returns true are left out: iptables lists its own tables better than nft does.
func Nft(listing []byte, terse bool, skip func(family, table string) bool) (Ruleset, error) {
	var all struct {
		Nftables []struct {
			Table    *nftTable
			Set, Map *nftSet
			Chain    *nftChain
			Rule     *nftRule
		}
	}
	if err := json.Unmarshal(listing, &all); err != nil {
		return Ruleset{}, fmt.Errorf("nft's list of rules cannot be read: %w", err)
	}
	s := Ruleset{chains: map[string]*chain{}, sets: map[string][]json.RawMessage{}}
	flags := map[string]string{} // of tables
	for _, o := range all.Nftables {
		if t := o.Table; t != nil {
			flags[t.Family+" "+t.Name] = string(t.Flags)
		}
		for _, set := range []*nftSet{o.Set, o.Map} {
			if set != nil && !terse {
				s.sets[nftKey(set.Family, set.Table, set.Name)] = set.Elem
			}
		}
		if c := o.Chain; c != nil && c.Family != "arp" && c.Family != "bridge" && !skip(c.Family, c.Table) { // IP packets pass through neither
			s.addNftChain(*c, flags[c.Family+" "+c.Table])
		}
	}
	for _, o := range all.Nftables {
		if r := o.Rule; r != nil {
			if c := s.chains[nftKey(r.Family, r.Table, r.Chain)]; c != nil {
				s.table = nftKey(r.Family, r.Table, "")
				c.rules = append(c.rules, s.nftRules(*r)...)
			}
		}
	}
	return s, nil
}

// nftTable is listed before its chains.
type nftTable struct {
	_ [0]func() // never compared: no code for == is linked

	Family, Name string
	Flags        json.RawMessage // a word, or a list of them
}

type nftSet struct {
	_ [0]func() // never compared: no code for == is linked

	Family, Table, Name string
	Elem                []json.RawMessage // of a map: pairs
}

type nftChain struct {
	_ [0]func() // never compared: no code for == is linked

	Family, Table, Name string
	Hook, Policy, Type  string
	Prio                int
	Dev                 json.RawMessage // of netdev and ingress: a name, or a list of them
}

type nftRule struct {
	Family, Table, Chain string
	Expr                 []map[string]json.RawMessage
}

// nftKey is the key of a chain, a set or a map.
func nftKey(family, table, name string) string { return family + " " + table + " " + name }

// addNftChain: the kernel calls no chain of a table that is dormant. nft 1.0.6 lists other
// words than a table's flags.
func (s *Ruleset) addNftChain(c nftChain, flags string) {
	made := &chain{}
	s.chains[nftKey(c.Family, c.Table, c.Name)] = made
	if c.Hook == "" || strings.Contains(flags, `"dormant"`) {
		return
	}
	at := nftRuleAt(c.Family, c.Table, c.Name, c.Hook)
	devices := string(c.Dev)
	if flags != "" && !strings.Contains(flags, `"owner"`) && !strings.Contains(flags, `"persist"`) {
		devices = unnamed
	}
	if c.Hook == "ingress" || c.Hook == "egress" {
		if devices == "" {
			devices = unnamed
		}
		if c.Prio = -1000; c.Hook == "ingress" { // before everything else
			c.Hook = "prerouting"
		} else {
			c.Hook, c.Prio = "postrouting", 1000 // after everything else
		}
	}
	at.Text = "policy " + c.Policy
	s.bases = append(s.bases, base{hook: c.Hook, family: c.Family, priority: c.Prio, chain: made, drops: c.Policy == "drop", policy: at, nat: c.Type == "nat", devices: devices})
}

// nftRuleAt describes a rule in a chain as far as the chain determines it.
func nftRuleAt(family, table, name, hook string) Rule {
	at := Rule{Place: "nftables table " + family + " " + table + ", chain " + name, allow: nftAllow(family, table, name, hook)}
	switch table {
	case "firewalld":
		at.manager = firewalld
		at.firewalldRule(name)
	case "f2b-table":
		at.manager = fail2ban
	case "firewalld_policy_drop": // all that there is while everything is cut off
		at.manager = panicking
	}
	return at
}

// nftAllow is the command that allows the port at the top of a chain. That is also right in
// a chain that another one calls, because accept ends both.
func nftAllow(family, table, name, hook string) string {
	if !plain(family) || !plain(table) || !plain(name) {
		return "" // no name that a shell or nft could misread
	}
	port := "dport"
	if hook == "output" || hook == "postrouting" {
		port = "sport"
	}
	return "sudo nft insert rule " + family + " " + table + " " + name + " tcp " + port + " PORT accept"
}

// plain accepts letters, digits and the characters that join names.
func plain(name string) bool {
	return name != "" && name[0] != '-' && strings.Trim(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-") == ""
}

// nftRules are the rules made from one listed rule; a verdict map becomes several.
func (s *Ruleset) nftRules(r nftRule) []rule {
	made := rule{shown: nftRuleAt(r.Family, r.Table, r.Chain, s.hookOf(r))}
	made.shown.Text = nftText(r.Expr)
	for _, statement := range r.Expr {
		for kind, body := range statement {
			switch kind {
			case "match":
				made.conditions = append(made.conditions, s.nftMatch(body))
				made.byMark = made.byMark || bytes.Contains(body, []byte(`"mark"`))
			case "limit", "ct count":
				made.conditions = append(made.conditions, nftLimit(body))
			case "vmap":
				return s.nftVerdicts(made, body, r)
			default:
				if done := made.nftAct(kind, body, r); done {
					return []rule{made}
				}
			}
		}
	}
	return []rule{made}
}

// hookOf is the hook of a rule's chain; "" if other chains call it.
func (s *Ruleset) hookOf(r nftRule) string {
	c := s.chains[nftKey(r.Family, r.Table, r.Chain)]
	for _, b := range s.bases {
		if b.chain == c {
			return b.hook
		}
	}
	return ""
}

// nftAct evaluates a statement that acts, and reports whether it ends the rule.
func (r *rule) nftAct(kind string, body json.RawMessage, at nftRule) (done bool) {
	switch kind {
	case "accept":
		r.does = accept
	case "drop", "reject":
		r.does = drop
	case "return":
		r.does = back
	case "jump", "goto":
		var to struct{ Target string }
		_ = json.Unmarshal(body, &to) // "" is no chain, and therefore unclear
		r.does, r.target = call, nftKey(at.Family, at.Table, to.Target)
		if kind == "goto" {
			r.does = jump
		}
	case "mangle": // a mark, or something of the packet itself
		if !bytes.Contains(body, []byte(`"payload"`)) {
			r.marks = r.marks || bytes.Contains(body, []byte(`"mark"`))
			return false
		}
		r.does = unclear
	case "counter", "log", "ct helper", "ct timeout", "ct expectation", "snat", "masquerade", "comment", "continue", "last", "secmark", "reset":
		return false
	case "xt":
		return r.nftForeign(body)
	case "set", "meter", "quota", "socket":
		r.conditions = append(r.conditions, func(*packet) truth { return maybe })
		return false
	default: // dnat, redirect, tproxy, queue, dup, fwd, flow, notrack, and future statements
		r.does = unclear
	}
	return true
}

// nftForeign is a part of a rule that iptables made and nft cannot print.
func (r *rule) nftForeign(body json.RawMessage) (done bool) {
	var x struct{ Type, Name string }
	if json.Unmarshal(body, &x) != nil || x.Type != "target" {
		r.conditions = append(r.conditions, func(*packet) truth { return maybe })
		return false
	}
	switch x.Name {
	case "LOG", "NFLOG", "MARK", "CONNMARK", "CT", "TCPMSS":
		r.marks = r.marks || strings.HasSuffix(x.Name, "MARK")
		return false
	case "REJECT":
		r.does = drop
	default:
		r.does = unclear
	}
	return true
}

// nftVerdicts has a rule for each entry of a verdict map.
func (s *Ruleset) nftVerdicts(made rule, body json.RawMessage, at nftRule) []rule {
	var m struct {
		Key, Data json.RawMessage
	}
	entries, listed := []json.RawMessage(nil), false
	if json.Unmarshal(body, &m) == nil {
		entries, listed = s.nftMembers(m.Data)
	}
	if !listed || len(entries) == 0 && bytes.HasPrefix(m.Data, []byte("{")) {
		made.does = unclear
		return []rule{made}
	}
	var all []rule
	for _, pair := range entries {
		one := made
		var entry [2]json.RawMessage
		_ = json.Unmarshal(pair, &entry) // a verdict of "" is unclear
		key := s.nftCompare(m.Key, entry[0])
		one.conditions = append(one.conditions[:len(one.conditions):len(one.conditions)], key)
		var verdict map[string]json.RawMessage
		if json.Unmarshal(entry[1], &verdict) != nil || len(verdict) != 1 {
			one.does = unclear
		}
		for kind, to := range verdict {
			one.nftAct(kind, to, at)
		}
		all = append(all, one)
	}
	return all
}

// nftLimit: one person who connects stays below any rate and any number of connections.
func nftLimit(body json.RawMessage) func(*packet) truth {
	var l struct{ Inv bool }
	_ = json.Unmarshal(body, &l) // a named limit is no object, and is not inverted here
	return func(*packet) truth { return when(!l.Inv) }
}

// nftText is a rule in words similar to nft's own.
func nftText(statements []map[string]json.RawMessage) string {
	var words []string
	for _, statement := range statements {
		for kind, body := range statement {
			switch kind {
			case "counter", "log", "comment":
			case "match":
				var m struct {
					Op          string
					Left, Right json.RawMessage
				}
				if json.Unmarshal(body, &m) == nil {
					op := " " + m.Op + " "
					if m.Op == "==" || m.Op == "in" {
						op = " "
					}
					words = append(words, nftWord(m.Left)+op+nftWord(m.Right))
				}
			case "jump", "goto":
				var to struct{ Target string }
				_ = json.Unmarshal(body, &to)
				words = append(words, kind+" "+to.Target)
			default:
				words = append(words, kind)
			}
		}
	}
	return strings.Join(words, " ")
}

// nftWord is one side of a comparison.
func nftWord(raw json.RawMessage) string {
	var v any
	if json.Unmarshal(raw, &v) != nil {
		return "?"
	}
	return nftValue(v)
}

func nftValue(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64)
	case []any:
		var words []string
		for _, one := range v {
			words = append(words, nftValue(one))
		}
		return "{ " + strings.Join(words, ", ") + " }"
	case map[string]any:
		return nftObject(v)
	}
	return fmt.Sprint(v)
}

func nftObject(o map[string]any) string {
	field := func(of any, name string) string {
		m, _ := of.(map[string]any)
		if m[name] == nil {
			return "?"
		}
		return nftValue(m[name])
	}
	for kind, body := range o {
		switch kind {
		case "payload":
			return field(body, "protocol") + " " + field(body, "field")
		case "meta":
			return field(body, "key")
		case "ct":
			return "ct " + field(body, "key")
		case "prefix":
			return field(body, "addr") + "/" + field(body, "len")
		case "range":
			if ends, ok := body.([]any); ok && len(ends) == 2 {
				return nftValue(ends[0]) + "-" + nftValue(ends[1])
			}
		case "set":
			return nftValue(body)
		}
		return kind
	}
	return "?"
}
