package door

import (
	"aadssh/internal/check"
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"aadssh/internal/signin/gate"
)

// decision is the result of the files for a client, and the rule that decides.
type decision struct {
	outcome gate.Outcome
	rule    Rule   // zero: none matched
	bad     string // the rule's option that libwrap rejects, which ends the connection
}

// at is the deciding rule with its place.
func (d decision) at() string {
	if d.bad != "" {
		return d.rule.at() + " (over the option " + strconv.Quote(d.bad) + ", which libwrap does not take)"
	}
	return d.rule.at()
}

// decide follows hosts_access: the first matching rule of hosts.allow allows, otherwise the
// first of hosts.deny denies, otherwise everybody is allowed. An option can reverse that
// (hosts_options(5)).
func (f *Facts) decide(c client) decision {
	for _, table := range []struct {
		rules   []Rule
		outcome gate.Outcome
	}{{f.Allow, gate.In}, {f.Deny, gate.Out}} {
		for _, r := range table.rules {
			switch f.matches(r, c) {
			case perhaps:
				return decision{outcome: gate.NotKnown, rule: r}
			case yes:
				return r.turned(table.outcome)
			}
		}
	}
	return decision{outcome: gate.In}
}

// clients are one from the internet and, for each pattern, one that matches it. On an
// Arc-enabled server there is only the machine itself.
func (f *Facts) clients() (common client, others map[string]client) {
	if f.Arc {
		return client{netip.MustParseAddr("127.0.0.1"), "localhost"}, nil
	}
	others = map[string]client{}
	var words []string
	for _, r := range slices.Concat(f.Allow, f.Deny) {
		words = append(words, r.Clients.words()...)
	}
	for _, w := range slices.Clone(words) {
		words = append(words, strings.Fields(f.Lists[w])...)
	}
	const most = 200 // kinds of clients; a list of banned addresses may be long
	for _, w := range words[:min(len(words), most)] {
		if c, ok := f.meant(w, words); ok {
			others[w] = c
		}
	}
	for _, a := range []string{"198.51.100.23", "203.0.113.77", "192.0.2.141", "100.100.55.200"} {
		common = client{addr: netip.MustParseAddr(a)}
		if !slices.ContainsFunc(words, func(w string) bool {
			return !strings.EqualFold(w, "ALL") && strings.Trim(w, "*.") != "" && !wideNetwork(w) && f.client(w, common) == yes
		}) {
			break
		}
	}
	return common, others
}

func wideNetwork(w string) bool {
	n, ok := gate.Network(w)
	return ok && n.Bits() == 0
}

// meant is a client that matches a pattern, unless everybody or the machine itself does. It
// matches as few other patterns as possible, because EXCEPT may exclude a part.
func (f *Facts) meant(w string, words []string) (best client, ok bool) {
	if strings.HasPrefix(w, ".") && len(w) > 1 {
		return client{addr: netip.MustParseAddr("198.51.100.99"), name: "host" + w}, true
	}
	least := len(words) + 1
	for _, a := range samples(w, words) {
		if a.IsLoopback() || a.IsUnspecified() || a.IsLinkLocalUnicast() {
			continue
		}
		n := 0
		for _, other := range words {
			if f.client(other, client{addr: a}) == yes {
				n++
			}
		}
		if n < least {
			best, least, ok = client{addr: a}, n, true
		}
	}
	return best, ok
}

// samples are addresses that match a pattern: "10.0.0.0/255.0.0.0", "10.".
func samples(w string, words []string) (out []netip.Addr) {
	if strings.ContainsAny(w, "*?") {
		return likely(w)
	}
	n, ok := numbered(w)
	if !ok || n.Bits() == 0 {
		return nil
	}
	return gate.Samples(n, words, numbered)
}

// likely are addresses that match a pattern with stars and question marks.
func likely(w string) (out []netip.Addr) {
	if !numeric(w) || strings.Trim(w, "*.?:") == "" {
		return nil
	}
	w = strings.ReplaceAll(w, "?", "7")
	for range 3 { // a star may match several parts
		if a, err := netip.ParseAddr(strings.ReplaceAll(w, "*", "7")); err == nil {
			out = append(out, a)
		}
		w = strings.ReplaceAll(w, "*", "*.7")
	}
	return out
}

// numbered is the network that a pattern such as "10." means.
func numbered(w string) (netip.Prefix, bool) {
	if n, ok := gate.Network(w); ok || !strings.HasSuffix(w, ".") {
		return n, ok
	}
	octets := strings.Count(w, ".")
	n, err := netip.ParsePrefix(w + strings.Repeat("0.", max(0, 3-octets)) + "0" + "/" + strconv.Itoa(8*octets))
	return n, err == nil
}

// letIn inserts a rule before all others. A link stays a link, and if the disk is full the
// file stays unchanged.
const letIn = `sudo sh -c 'f=` + AllowFile + `; touch $f && { echo "sshd: ALL"; cat $f; } > $f.new && cat $f.new > $f && rm $f.new'`

// Row is the check of hosts.allow and hosts.deny.
func Row() *check.Row[*Facts] {
	return &check.Row[*Facts]{About: check.About{Name: "sshd-hosts", Section: check.SignIn, Group: "sshd", Gate: check.GateDoor, Asks: "Do hosts.allow and hosts.deny let people in?",
		Doc: "Only where one of sshd's programs uses these files. It says who is shut out by address or name."},
		Run: check.One(func(f *Facts) check.Result { return Assess(f).Result() })}
}

// Assess reports whether people are allowed to connect.
func Assess(f *Facts) gate.Answer {
	a := gate.Answer{Text: "hosts.allow and hosts.deny keep nobody out."}
	switch {
	case f.Err != nil:
		a.Outcome, a.Decides = gate.NotKnown, AllowFile+" and "+DenyFile+", which could not be read"
		a.Text = "hosts.allow and hosts.deny could not be read: " + f.Err.Error()
		a.Next = "See why: ls -lL " + AllowFile + " " + DenyFile
		return a
	case f.Obeyed == "":
		return a
	}
	if f.One != nil && f.One.From.IsValid() {
		return f.assessOne(a)
	}
	common, others := f.clients()
	usual := f.decide(common)
	var out, in []string
	var first decision
	for _, w := range slices.Sorted(maps.Keys(others)) {
		switch v := f.decide(others[w]); v.outcome {
		case gate.Out:
			if len(out) == 0 {
				first = v
			}
			out = append(out, w)
		case gate.In:
			in = append(in, w)
		}
	}
	switch {
	case usual.outcome == gate.NotKnown:
		a.Outcome, a.Decides = gate.NotKnown, usual.at()
		a.Text = "Whether " + usual.at() + " lets people in is not known: it depends on what is asked at each connection."
	case usual.outcome == gate.Out:
		a.Outcome = gate.Out
		if len(in) > 0 {
			a.Whom = "everybody but people who connect from " + several(in)
		}
		a.Text = usual.at() + " shuts out " + whom(a) + " before sshd asks who they are (" + f.Obeyed + " uses it)."
	case len(out) > 0:
		usual = first
		a.Outcome, a.Whom = gate.Out, "people who connect from "+several(out)
		a.Text = first.at() + " shuts out " + whom(a) + " before sshd asks who they are (" + f.Obeyed + " uses it)."
	default:
		return a
	}
	a.File, a.Line = usual.rule.File, usual.rule.Line
	a.Next = "To let everybody connect to sshd, run: " + letIn
	if a.Whom != "" {
		a.Next = "If they should sign in too, run: " + letIn
	}
	return a
}

// assessOne is about one person who connects from a known address.
func (f *Facts) assessOne(a gate.Answer) gate.Answer {
	v := f.decide(client{addr: f.One.From})
	a.Outcome = v.outcome
	switch v.outcome {
	case gate.In:
		a.Text = fmt.Sprintf("hosts.allow and hosts.deny let %s in from %s.", f.One.Name, f.One.From)
		return a
	case gate.NotKnown:
		a.Decides = v.at()
		a.Text = fmt.Sprintf("Whether %s lets %s in from %s is not known: it depends on what is asked at each connection.", v.at(), f.One.Name, f.One.From)
	case gate.Out:
		a.Text = fmt.Sprintf("%s shuts out who connects from %s before sshd asks who they are (%s uses it).", v.at(), f.One.From, f.Obeyed)
	}
	a.File, a.Line, a.Next = v.rule.File, v.rule.Line, "To let that address connect to sshd, run: "+strings.Replace(letIn, "ALL", listed(f.One), 1)
	return a
}

// listed is the address in the format of hosts_access(5).
func listed(who *gate.Somebody) string {
	if who.From.Is6() {
		return "[" + who.From.String() + "]"
	}
	return who.From.String()
}

// at is the rule with its place.
func (r Rule) at() string { return r.File + ":" + strconv.Itoa(r.Line) }

func several(words []string) string {
	if len(words) > 2 {
		return words[0] + ", " + words[1] + " and " + strconv.Itoa(len(words)-2) + " more"
	}
	return strings.Join(words, " and ")
}

func whom(a gate.Answer) string {
	if a.Whom == "" {
		return "everybody"
	}
	return a.Whom
}
