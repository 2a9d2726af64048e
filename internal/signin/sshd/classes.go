package sshd

import (
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"aadssh/internal/signin/gate"
)

// maxQuestions is the maximum number of times that sshd is asked.
const maxQuestions = 16

// Limits of the generated connections. A configuration with more Match blocks than these
// usually repeats itself, and sshd is asked about one of each kind.
const (
	maxAlike       = 4   // addresses or names of blocks with the same content
	maxValues      = 48  // of one criterion
	maxConnections = 512 // before those that match the same blocks are merged
)

// choices are the values that the configuration distinguishes.
type choices struct {
	kinds   []gate.Person
	users   []choice // people, or the one person who is examined
	members []choice // members of groups
	one     *gate.Somebody
	froms   []choice // addresses and names that people connect from
	to      []netip.AddrPort
	local   bool // the address that people connect to makes a difference
}

type choice struct {
	user    string
	kind    gate.Person  // for a member of a group
	account gate.Account // known only for that member
	addr    netip.Addr
	host    string
	label   string // empty: nothing particular
}

// connections are those to ask sshd about: one for each different result that its files
// suggest, the most common first. more is how many kinds are left out.
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

// also is a connection that also represents another one.
func (c Connection) also(other Connection) Connection {
	switch {
	case len(c.Labels) == 0: // it is the most common case
	case len(other.Labels) == 0:
		c.Labels, c.More = nil, 0
	case len(c.Labels) == 1 && c.Labels[0] != other.Labels[0]:
		c.Labels = append(c.Labels, other.Labels[0])
	case !slices.Contains(c.Labels, other.Labels[0]):
		c.More++
	}
	return c
}

// all are the combinations, those with nothing particular first. If there are too many,
// only one value differs at a time.
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

// port describes an address and port of the machine, if it has several.
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
