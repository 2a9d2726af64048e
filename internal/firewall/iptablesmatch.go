package firewall

import (
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"aadssh/internal/text"
)

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
