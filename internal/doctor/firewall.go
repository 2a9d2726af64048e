package doctor

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"

	"aadssh/internal/check"
	"aadssh/internal/fault"
	"aadssh/internal/firewall"
	"aadssh/internal/host"
	"aadssh/internal/order"
	"aadssh/internal/text"
)

// filters are the packet filters of this machine.
type filters struct {
	rules    []firewall.Ruleset
	question firewall.Question
	err      error // they could not be read
}

// longest is how much of a listing is read, in bytes. A longer one is not evaluated: a part
// of it may mean the opposite of the whole.
const longest = 8 << 20

var errLong = fmt.Errorf("lists more than %d MiB", longest>>20)

// readFirewall lists the rules. from is the one address that is asked about; the zero
// address means all.
func readFirewall(ctx context.Context, h *host.Host, from netip.Addr) filters {
	var f filters
	f.question.Interfaces, f.question.Addresses = outward(h)
	if f.question.From = from; from.IsValid() {
		f.question.Addresses = slices.DeleteFunc(f.question.Addresses, func(a netip.Addr) bool { return a.Is4() != from.Is4() })
	}
	f.read(ctx, h)
	return f
}

// read lists the rules of nft and iptables. nft also lists the tables of iptables, but not
// all of their conditions.
func (f *filters) read(ctx context.Context, h *host.Host) {
	ctx, cancel := context.WithTimeout(ctx, Bound)
	defer cancel()
	tables := map[string][]string{}
	for _, family := range []string{"ip", "ip6"} {
		program := family + "tables"
		asked := len(f.question.Addresses) > 0 && f.question.Addresses[0].Is4() == (family == "ip")
		listing, err := list(ctx, h, program+"-save")
		if err != nil {
			f.err = errors.Join(f.err, err)
			continue
		}
		if asked {
			f.rules = append(f.rules, firewall.Iptables(program, listing))
		}
		over := strings.Contains(listing, "(nf_tables)")
		if over {
			tables[family] = firewall.IptablesTables(listing)
		}
		// Rules of the older kernel interface are listed by neither nft nor iptables over nft.
		if names, err := h.ReadFile("/proc/net/"+family+"_tables_names", 4096); asked && err == nil && len(names) > 0 && (over || listing == "") {
			program += "-legacy"
			if listing, err = list(ctx, h, program+"-save"); listing == "" {
				f.err = errors.Join(f.err, err, errors.New("there are rules of "+program+", and no program that lists them"))
			}
			f.rules = append(f.rules, firewall.Iptables(program, listing))
		}
	}
	terse := false
	listing, err := list(ctx, h, "nft", "-j", "list", "ruleset")
	if errors.Is(err, errLong) { // sets may have many members
		terse = true
		listing, err = list(ctx, h, "nft", "-j", "-t", "list", "ruleset")
	}
	if err != nil || listing == "" {
		f.err = errors.Join(f.err, err)
		return
	}
	set, err := firewall.Nft([]byte(listing), terse, func(family, table string) bool { return slices.Contains(tables[family], table) })
	f.rules, f.err = append(f.rules, set), errors.Join(f.err, err)
}

// list is the output of a program that lists rules; "" if it is not installed.
func list(ctx context.Context, h *host.Host, program string, args ...string) (string, error) {
	r, err := h.Runner.Run(ctx, host.Command{Name: program, Args: args})
	switch {
	case errors.Is(err, host.ErrNotFound):
		return "", nil
	case err != nil:
		return "", err
	case r.ExitCode != 0:
		return "", fmt.Errorf("%s %s: %s", program, r.Ending(), text.Clip(strings.TrimSpace(string(r.Stderr)), 200))
	case len(r.Stdout) > longest:
		return "", fmt.Errorf("%s %w", program, errLong)
	}
	return string(r.Stdout), nil
}

// outward are the interfaces of the default routes, or all if there is none, and their
// addresses that people can connect to, IPv4 first.
func outward(h *host.Host) (names []string, addresses []netip.Addr) {
	routes, _ := h.ReadFile("/proc/net/route", 64<<10) // without it all interfaces count
	for _, line := range text.SplitLines(string(routes)) {
		if words := strings.Fields(line); len(words) > 7 && words[1] == "00000000" && words[7] == "00000000" && !slices.Contains(names, words[0]) {
			names = append(names, words[0])
		}
	}
	all, _ := net.Interfaces() // without them nothing is known, and that is reported
	known := len(names) > 0
	for _, i := range all {
		if i.Flags&net.FlagLoopback != 0 || i.Flags&net.FlagUp == 0 || known && !slices.Contains(names, i.Name) {
			continue
		}
		found := 0
		of, _ := i.Addrs()
		for _, a := range of {
			if p, err := netip.ParsePrefix(a.String()); err == nil && !p.Addr().IsLinkLocalUnicast() {
				addresses = append(addresses, p.Addr().Unmap())
				found++
			}
		}
		if found > 0 && !known {
			names = append(names, i.Name)
		}
	}
	order.By(addresses, func(a, b netip.Addr) int { return a.BitLen() - b.BitLen() })
	return names, addresses
}

// sshPort is the first port that people connect to.
func (m *machine) sshPort() int { return int(m.SSHD.Port()) }

// firewallCheck says what the machine's own packet filter does with SSH. Filters outside
// the machine are not visible from here.
func firewallCheck(m *machine) []check.Result {
	q := m.firewall.question
	q.Port = m.sshPort()
	if m.SSHD.Arc { // people come through its agent, from the machine itself
		itself := netip.MustParseAddr("127.0.0.1")
		q.Interfaces, q.Addresses, q.From = []string{"lo"}, []netip.Addr{itself}, itself
	}
	v := firewall.Ask(q, m.firewall.rules...)
	whose := "connections to"
	if q.From.IsValid() {
		whose = "connections from " + q.From.String() + " to"
	}
	if m.firewall.err != nil && v.Fate != firewall.Closed {
		next := ""
		if !m.root {
			next = "Ask as root: sudo " + host.Program() + " doctor --only firewall"
		}
		return []check.Result{{Answer: check.Unknown, Next: next,
			Text: "This machine's own firewall could not be read: " + text.OneLine(strings.ReplaceAll(m.firewall.err.Error(), "\n", "; ")) + "."}}
	}
	unsure := ""
	if len(v.Unsure) > 0 {
		unsure = " Of those from " + few(v.Unsure) + " it is not known."
	}
	switch v.Fate {
	case firewall.Closed:
		return []check.Result{{Answer: check.Fail, Code: fault.VerificationFailed,
			Text: fmt.Sprintf("This machine's own firewall drops %s sshd's port %d: %s.", whose, q.Port, text.Clip(v.Rule.String(), 300)),
			Next: "Run: " + v.Rule.Step(q.Port, q.From)}}
	case firewall.Some:
		return []check.Result{{Answer: check.Warn,
			Text: fmt.Sprintf("This machine's own firewall lets connections to sshd's port %d in from %s only; from elsewhere they are dropped (%s).", q.Port, few(v.Who), text.Clip(v.Rule.String(), 300)) + unsure,
			Next: "Connect from there. Where others are to get in, run: " + v.Rule.Step(q.Port, q.From)}}
	case firewall.Unknown:
		return []check.Result{{Answer: check.Unknown,
			Text: fmt.Sprintf("Whether this machine's own firewall lets %s port %d in depends on what is not followed here: %s.", whose, q.Port, text.Clip(v.Rule.String(), 300))}}
	}
	text := fmt.Sprintf("This machine's own firewall does not drop %s port %d", whose, q.Port)
	if len(v.Who) > 0 {
		text += ", but for those from " + few(v.Who)
	}
	return []check.Result{{Text: text + "." + unsure}}
}

// few names the first of many networks.
func few(networks []string) string {
	const shown = 4
	if len(networks) <= shown {
		return strings.Join(networks, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(networks[:shown], ", "), len(networks)-shown)
}
