package firewall

import (
	"net/netip"
	"slices"
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
	for line := range strings.Lines(listing) {
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
	for line := range strings.Lines(listing) {
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

// iptablesCondition is the condition of an option that is not negated.
func (s *Ruleset) iptablesCondition(o option, all []option) func(*packet) truth {
	if t, ok := iptablesConstant(o, all); ok {
		return func(*packet) truth { return t }
	}
	switch v := o.value(); o.name {
	case "-s", "-d", "--src-range", "--dst-range":
		return s.iptablesNetwork(o)
	case "-i":
		return func(p *packet) truth { return interfaceIs(p.in, v) }
	case "-o":
		return func(p *packet) truth { return interfaceIs(p.out, v) }
	case "--dport", "--dports", "--destination-ports":
		return iptablesPorts("dport", v)
	case "--sport", "--sports", "--source-ports":
		return iptablesPorts("sport", v)
	case "--ports":
		return iptablesPorts("", v)
	case "--state", "--ctstate":
		return func(p *packet) truth { return when(slices.Contains(strings.Split(v, ","), strings.ToUpper(p.state))) }
	case "--ctdir":
		return func(p *packet) truth { return when((p.in != "") == (v == "ORIGINAL")) }
	case "--tcp-flags":
		return iptablesFlags(o.values)
	case "--mark": // of the packet or of the connection
		word, _, _ := strings.Cut(v, "/")
		return markIs(word)
	case "--dst-type":
		return func(p *packet) truth { return when(v == "LOCAL" && p.in != "" || v == "UNICAST" && p.in == "") }
	case "--src-type":
		return func(p *packet) truth { return when(v == "LOCAL" && p.in == "" || v == "UNICAST" && p.in != "") }
	}
	return unknown // a set, an owner, a time, a mark
}

// iptablesConstant is a condition with the same result for every packet here: a new TCP
// connection of one person.
func iptablesConstant(o option, all []option) (t truth, ok bool) {
	switch v := o.value(); o.name {
	case "-m":
		if text.OneOf(v, "socket eui64") { // conditions even without an option
			return maybe, true
		}
		return when(!text.OneOf(v, "rt frag ah esp hbh dst mh")), true // headers that a connection of ssh does not have
	case "-p":
		return when(v == "tcp" || v == "6" || v == "all"), true
	case "--pkt-type":
		return when(v == "unicast"), true
	case "--hitcount", "--hashlimit-above", "--connlimit-above":
		return no, true // one person who connects stays below any rate
	case "--update", "--rcheck":
		return recent(all), true
	case "--limit", "--hashlimit-upto", "--hashlimit", "--connlimit-upto", "--set":
		return yes, true
	case "--pol": // IPsec
		return when(v == "none"), true
	case "--invert": // of rpfilter: what people send comes from where the answer goes
		return no, true
	}
	return yes, describes(o.name)
}

// recent: a person who connects rarely is not in the list; with a count the option
// --hitcount decides.
func recent(all []option) truth {
	if slices.ContainsFunc(all, func(o option) bool { return o.name == "--hitcount" }) {
		return yes
	}
	return maybe
}

// describes reports options that belong to another option or to the target, and are no
// conditions themselves.
func describes(name string) bool {
	return text.OneOf(name, "--comment --reject-with --log-prefix --log-level --limit-burst --name --rsource --rdest --mask --seconds --reap --rttl "+
		"--hashlimit-burst --hashlimit-mode --hashlimit-name --hashlimit-srcmask --hashlimit-dstmask --hashlimit-htable-expire "+
		"--hashlimit-htable-size --hashlimit-htable-max --hashlimit-htable-gcinterval --connlimit-mask --connlimit-saddr --connlimit-daddr "+
		"--dir --limit-iface-in --limit-iface-out -c --nflog-prefix --nflog-group --nflog-threshold --nflog-size --log-uid --log-tcp-options "+
		"--log-ip-options --log-tcp-sequence --set-xmark --set-mark --save-mark --restore-mark --nfmask --ctmask --notrack --zone --helper "+
		"--clamp-mss-to-pmtu --set-mss --type --add-set --del-set --exist --timeout --to-source --random --random-fully --persistent "+
		"--selctx --save --restore --validmark --loose --accept-local")
}

func (s *Ruleset) iptablesNetwork(o option) func(*packet) truth {
	field := "saddr"
	if o.name == "-d" || o.name == "--dst-range" {
		field = "daddr"
	}
	var r region
	var ok bool
	if first, last, isRange := strings.Cut(o.value(), "-"); isRange {
		r, ok = parseRange(first, last)
	} else if r, ok = parseNetwork(o.value()); !ok {
		r, ok = masked(o.value())
	}
	if !ok {
		return unknown
	}
	s.networks = append(s.networks, r)
	return func(p *packet) truth { return when(r.contains(p.address(field))) }
}

// masked reads 10.0.0.0/255.0.0.0.
func masked(value string) (region, bool) {
	address, mask, _ := strings.Cut(value, "/")
	m, err := netip.ParseAddr(mask)
	if err != nil {
		return region{}, false
	}
	bits := 0
	for _, b := range m.AsSlice() {
		for ; b&0x80 != 0; b <<= 1 {
			bits++
		}
		if b != 0 {
			return region{}, false // a mask with a gap
		}
	}
	return parseNetwork(address + "/" + strconv.Itoa(bits))
}

// iptablesPorts parses 22, 20:25, 1024: and 80,443,22.
func iptablesPorts(field, list string) func(*packet) truth {
	var spans []span
	for part := range strings.SplitSeq(list, ",") {
		from, to, isRange := strings.Cut(part, ":")
		if !isRange {
			to = from
		}
		one := span{0, 65535}
		if n, err := strconv.Atoi(from); err == nil {
			one.low = n
		} else if from != "" {
			return unknown // a name from /etc/services
		}
		if n, err := strconv.Atoi(to); err == nil {
			one.high = n
		} else if to != "" {
			return unknown
		}
		spans = append(spans, one)
	}
	return func(p *packet) truth {
		best := no
		for _, one := range spans {
			best = max(best, p.port(field, one))
		}
		return best
	}
}

// iptablesFlags is the condition of which flags are examined, and which of them must be
// set.
func iptablesFlags(values []string) func(*packet) truth {
	if len(values) != 2 {
		return unknown
	}
	words := func(list string) []string {
		if list == "NONE" {
			return nil
		}
		return strings.Split(strings.ToLower(strings.Replace(list, "ALL", "FIN,SYN,RST,PSH,ACK,URG", 1)), ",")
	}
	looked, set := words(values[0]), words(values[1])
	return func(p *packet) truth { return p.flagged(looked, set) }
}
