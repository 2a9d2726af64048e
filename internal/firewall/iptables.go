package firewall

import (
	"strconv"
	"strings"

	"aadssh/internal/text"
)

// hooks are the chains of iptables that the kernel calls, by table, with the priorities in
// linux/netfilter_ipv4.h.
func hooks() map[string][]base {
	return map[string][]base{
		"raw":      {{hook: "prerouting", priority: -300}, {hook: "output", priority: -300}},
		"mangle":   {{hook: "prerouting", priority: -150}, {hook: "input", priority: -150}, {hook: "output", priority: -150}, {hook: "postrouting", priority: -150}},
		"nat":      {{hook: "prerouting", priority: -100}, {hook: "input", priority: 100}, {hook: "output", priority: -100}, {hook: "postrouting", priority: 100}},
		"filter":   {{hook: "input"}, {hook: "output"}},
		"security": {{hook: "input", priority: 50}, {hook: "output", priority: 50}},
	}
}

// Iptables reads the output of iptables-save or ip6tables-save. program changes these
// rules: iptables or ip6tables.
func Iptables(program, listing string) Ruleset {
	r := iptablesReader{Ruleset: Ruleset{chains: map[string]*chain{}}, program: program, ufw: strings.Contains(listing, "\n:ufw-")}
	for _, line := range text.SplitLines(listing) {
		line = strings.TrimSpace(line)
		switch {
		case strings.HasPrefix(line, "*"):
			r.table = line[1:]
		case strings.HasPrefix(line, ":"):
			if words := strings.Fields(line[1:]); len(words) > 1 {
				r.chain(words[0], words[1])
			}
		case strings.HasPrefix(line, "-A "):
			r.rule(line)
		}
	}
	return r.Ruleset
}

// iptablesReader reads a listing.
type iptablesReader struct {
	Ruleset
	program string
	ufw     bool   // it has chains of ufw
	table   string // the current table
}

// IptablesTables are the tables in a listing.
func IptablesTables(listing string) []string {
	var names []string
	for _, line := range text.SplitLines(listing) {
		if name, ok := strings.CutPrefix(strings.TrimSpace(line), "*"); ok {
			names = append(names, name)
		}
	}
	return names
}

func (r *iptablesReader) chain(name, policy string) {
	made := &chain{}
	r.chains[r.table+" "+name] = made
	for _, b := range hooks()[r.table] {
		if strings.ToUpper(b.hook) == name {
			b.chain, b.drops, b.policy, b.nat = made, policy == "DROP", r.at(name), r.table == "nat"
			b.policy.Text = "policy " + policy
			if r.ufw && r.table == "filter" {
				b.policy.manager = ufw
			}
			r.bases = append(r.bases, b)
		}
	}
}

// at describes a rule in a chain as far as the chain determines it.
func (r *iptablesReader) at(name string) Rule {
	at := Rule{Place: r.program + " table " + r.table + ", chain " + name}
	if part, of := strings.CutPrefix(name, "ufw"); of {
		at.ufwRule(part)
	} else if strings.HasPrefix(name, "f2b-") {
		at.manager = fail2ban
	} else if at.firewalldRule(name) {
		at.manager = firewalld
	}
	if !plain(r.table) || !plain(name) {
		return at
	}
	of, port := "", "--dport"
	if r.table != "filter" {
		of = "-t " + r.table + " "
	}
	if name == "OUTPUT" || name == "POSTROUTING" {
		port = "--sport"
	}
	at.allow = "sudo " + r.program + " " + of + "-I " + name + " -p tcp " + port + " PORT -j ACCEPT"
	return at
}

// option is one option of a rule, with its values.
type option struct {
	negated bool
	name    string
	values  []string
}

func (o option) value() string {
	if len(o.values) == 0 {
		return ""
	}
	return o.values[0]
}

func (r *iptablesReader) rule(line string) {
	options := iptablesOptions(line)
	if len(options) == 0 || options[0].name != "-A" {
		return
	}
	name := options[0].value()
	c := r.chains[r.table+" "+name]
	if c == nil {
		return
	}
	made := rule{shown: r.at(name)}
	made.shown.Text = line
	for _, o := range options[1:] {
		if o.name == "--notrack" {
			made.does = unclear // the states that other rules ask for are other ones then
		}
		if o.name == "-j" || o.name == "-g" {
			r.target(&made, o)
			continue
		}
		made.byMark = made.byMark || o.name == "--mark"
		holds := r.iptablesCondition(o, options)
		if o.negated {
			plainly := holds
			holds = func(p *packet) truth { return not(plainly(p)) }
		}
		made.conditions = append(made.conditions, holds)
	}
	c.rules = append(c.rules, made)
}

// iptablesOptions splits a line into options. A quoted word is a value, whatever it begins
// with.
func iptablesOptions(line string) []option {
	var all []option
	negated := false
	for _, w := range quotedWords(line) {
		switch {
		case w.text == "!" && !w.quoted:
			negated = true
		case strings.HasPrefix(w.text, "-") && !w.quoted && !number(w.text):
			all = append(all, option{negated: negated, name: w.text})
			negated = false
		case len(all) > 0:
			last := &all[len(all)-1]
			last.values = append(last.values, w.text)
		}
	}
	return all
}

func number(word string) bool {
	_, err := strconv.Atoi(word)
	return err == nil
}

type word struct {
	text   string
	quoted bool
}

// quotedWords splits at blanks outside double quotes; within them a backslash quotes the
// next character (xtables_save_string).
func quotedWords(line string) []word {
	var all []word
	var now strings.Builder
	in, quoted, escaped := false, false, false
	end := func() {
		if now.Len() > 0 || quoted {
			all = append(all, word{now.String(), quoted})
		}
		now.Reset()
		quoted = false
	}
	for _, r := range line {
		switch {
		case escaped:
			now.WriteRune(r)
			escaped = false
		case in && r == '\\':
			escaped = true
		case r == '"':
			in, quoted = !in, true
		case !in && (r == ' ' || r == '\t'):
			end()
		default:
			now.WriteRune(r)
		}
	}
	end()
	return all
}

// harmless reports targets after which the next rule is evaluated
// (iptables-extensions(8)).
func harmless(target string) bool {
	return text.OneOf(target, "LOG NFLOG ULOG MARK CONNMARK CT TCPMSS TCPOPTSTRIP SET AUDIT CLASSIFY CHECKSUM CONNSECMARK "+
		"SECMARK DSCP TOS TTL HL TRACE RATEEST SNAT MASQUERADE ECN IDLETIMER LED TEE")
}

func (r *iptablesReader) target(made *rule, o option) {
	switch target := o.value(); {
	case target == "ACCEPT":
		made.does = accept
	case target == "DROP" || target == "REJECT":
		made.does = drop
	case target == "RETURN":
		made.does = back
	case harmless(target):
		made.does, made.marks = goOn, strings.HasSuffix(target, "MARK")
	case r.chains[r.table+" "+target] != nil:
		made.does, made.target = call, r.table+" "+target
		if o.name == "-g" {
			made.does = jump
		}
	default: // DNAT, REDIRECT, TPROXY, NFQUEUE, NOTRACK, a module that is not known
		made.does = unclear
	}
}
