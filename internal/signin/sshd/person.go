package sshd

import (
	"context"
	"net/netip"
	"strings"
	"time"

	"aadssh/internal/check"
	"aadssh/internal/host"
	"aadssh/internal/signin/gate"
)

// who names the person in a sentence that otherwise speaks of all.
func (f *Facts) who(all string) string {
	if f.One != nil {
		return f.One.Name
	}
	return all
}

func (f *Facts) whom() string { return f.who("Entra ID users") }

// others is a pattern list of sshd_config for everybody else.
func (f *Facts) others() string {
	if f.One == nil {
		return others
	}
	return "*,!" + pattern(f.One.Name)
}

// pattern is a name in the syntax of sshd_config: characters that begin a comment or a
// quoted word are replaced by the wildcard for one character.
func pattern(name string) string {
	return strings.Map(func(r rune) rune {
		if strings.ContainsRune(`'"#!&=`, r) {
			return '?'
		}
		return r
	}, name)
}

// connections are those that sshd has to be asked about.
func (f *Facts) connections(lookup func(address string) string) ([]Connection, int) {
	useDNS, to := f.Config.useDNS(), f.endpoints()
	want := f.Config.choose(to, useDNS, f.Arc)
	if f.One == nil {
		want.members = f.Members.choices(&f.Config)
		return f.Config.connections(want)
	}
	want.one, want.kinds, want.users = f.One, []gate.Person{f.One.Kind}, []choice{{user: f.One.Name}}
	if from := f.One.From; from.IsValid() {
		one := choice{addr: from, host: from.String()}
		if useDNS {
			one.host = lookup(from.String())
		}
		want.froms, want.to = []choice{one}, sameFamily(want.to, from)
	}
	return f.Config.connections(want)
}

// sameFamily are the addresses of the machine that can be reached from an address.
func sameFamily(to []netip.AddrPort, from netip.Addr) (out []netip.AddrPort) {
	for _, a := range to {
		if a.Addr().Is4() == from.Is4() {
			out = append(out, a)
		}
	}
	if out == nil { // askReachable says that nobody gets here from there; the rest can still be examined
		any := netip.IPv4Unspecified()
		if from.Is6() {
			any = netip.IPv6Unspecified()
		}
		out = []netip.AddrPort{netip.AddrPortFrom(any, to[0].Port())}
	}
	return out
}

// nameOf is the name of an address in the machine's name service, which sshd uses if UseDNS
// is on; the address itself if it has no name.
func nameOf(ctx context.Context, h *host.Host, address string) string {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	r, err := h.Runner.Run(ctx, host.Command{Name: "getent", Args: []string{"hosts", address}})
	if err != nil || r.ExitCode != 0 {
		return address
	}
	if words := strings.Fields(string(r.Stdout)); len(words) > 1 {
		return words[1]
	}
	return address
}

// mergeOne combines the findings for each connection of one person.
func mergeOne(f *Facts, answers []check.Result) check.Result {
	at, in := 0, 0
	var out []string
	for i, a := range answers {
		if a.Answer == check.Fail {
			out = appendNew(out, f.Users[i].Conn.from())
		} else {
			in++
		}
		if severity(a.Answer) > severity(answers[at].Answer) {
			at = i
		}
	}
	found := answers[at]
	if found.Answer == check.Fail && in > 0 {
		found.Answer, found.Except = check.Warn, strings.Join(out[:min(len(out), 2)], " and ")
		found.Text += " This concerns " + found.Except + "; otherwise " + f.One.Name + " can sign in."
	}
	return found
}

// from is where a connection comes from and goes to, in words that can follow "this
// concerns".
func (c *Connection) from() string {
	if len(c.Labels) == 0 {
		return "most connections"
	}
	return "those who " + c.Labels[0]
}
