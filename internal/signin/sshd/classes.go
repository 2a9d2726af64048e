package sshd

import (
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"aadssh/internal/signin/gate"
)

// maxQuestions is how often sshd is asked at most.
const maxQuestions = 16

// Bounds of what connections are thought of. A configuration with more Match
// blocks than these repeats itself, and is asked for one of each kind.
const (
	maxAlike       = 4   // addresses or names of blocks that say the same
	maxValues      = 48  // of one criterion
	maxConnections = 512 // before those that meet the same are put together
)

// choices are the values that the configuration tells apart.
type choices struct {
	kinds   []gate.Person
	users   []choice // of people, or the one who is asked about
	members []choice // of groups
	one     *gate.Somebody
	froms   []choice // addresses and names that they come from
	to      []netip.AddrPort
	local   bool // it makes a difference what they connect to
}

type choice struct {
	user    string
	kind    gate.Person  // of a member of a group
	account gate.Account // known of that member alone
	addr    netip.Addr
	host    string
	label   string // empty: nothing particular
}

// Connections are those that sshd is to be asked about: one for each different
// answer that its files promise, the most common first. more is how many kinds
// are left out.
func (c *Config) Connections(to []netip.AddrPort, useDNS bool, loopback bool) (out []Connection, more int) {
	return c.connections(c.choose(to, useDNS, loopback))
}

func (c *Config) connections(want choices) (out []Connection, more int) {
	found := map[string]int{}
	for _, connection := range want.all() {
		signature := c.signature(connection)
		if i, ok := found[signature]; ok {
			out[i] = out[i].also(connection)
			continue
		}
		found[signature] = len(out)
		out = append(out, connection)
	}
	if len(out) > maxQuestions {
		more = len(out) - maxQuestions
		out = out[:maxQuestions]
	}
	return out, more
}

// also is a connection that stands for another one too.
func (c Connection) also(other Connection) Connection {
	switch {
	case len(c.Labels) == 0: // it is the common case
	case len(other.Labels) == 0:
		c.Labels, c.More = nil, 0
	case len(c.Labels) == 1 && c.Labels[0] != other.Labels[0]:
		c.Labels = append(c.Labels, other.Labels[0])
	case !slices.Contains(c.Labels, other.Labels[0]):
		c.More++
	}
	return c
}

// all are the combinations, those with nothing particular first. Where there
// are too many, one thing at a time differs.
func (w choices) all() (out []Connection) {
	for _, p := range w.kinds {
		users := w.users
		if p == gate.Service && w.one == nil {
			users = []choice{{user: p.Probe()}}
		}
		users = append(users[:len(users):len(users)], w.members...)
		every := len(users)*len(w.froms)*len(w.to)*2 <= maxConnections
		for i, u := range users {
			for j, f := range w.froms {
				for k, to := range w.to {
					if !every && min(1, i)+min(1, j)+min(1, k) > 1 || f.addr.Is4() != to.Addr().Is4() || u.account.Known && u.kind != p {
						continue
					}
					c := Connection{Person: p, User: u.user, Account: u.account, Addr: f.addr, Host: f.host, Local: to}
					if w.one != nil {
						c.Account = w.one.Account
					}
					for _, label := range []string{u.label, f.label, w.port(to)} {
						if label != "" {
							c.Labels = append(c.Labels, label)
						}
					}
					if len(c.Labels) > 1 {
						c.Labels = []string{strings.Join(c.Labels, " and ")}
					}
					out = append(out, c)
				}
			}
		}
	}
	return out
}

// port is what is particular about an address and port of the machine, where
// it has several.
func (w choices) port(to netip.AddrPort) string {
	if len(w.to) < 2 || !w.local {
		return ""
	}
	one := w.to[0]
	for _, o := range w.to {
		if o.Port() != one.Port() {
			return "connect to port " + strconv.Itoa(int(to.Port()))
		}
	}
	return "connect to " + to.Addr().String()
}
