package sshd

import (
	"cmp"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"aadssh/internal/check"
)

// askReachable: people connect from outside; on an Arc-enabled server they connect through
// its agent, from the machine itself.
func askReachable(f *Facts) check.Result {
	found := check.Result{Text: "sshd listens where people connect to."}
	sockets := f.sockets()
	has := func(of func(netip.Addr) bool) bool {
		return slices.ContainsFunc(sockets, func(s netip.AddrPort) bool { return of(s.Addr()) })
	}
	own := func(four bool) func(netip.Addr) bool {
		return func(a netip.Addr) bool { return a.Is4() == four && (a.IsUnspecified() || slices.Contains(f.Own, a)) }
	}
	switch {
	case len(f.Own) == 0 || len(sockets) == 0:
		return found // the machine's addresses are not known, or nothing listens, which another check reports
	case f.Arc:
		if !has(func(a netip.Addr) bool { return a.IsLoopback() || a.IsUnspecified() }) {
			return f.unreachable(found, "sshd does not listen on the loopback address, by which the Connected Machine agent brings people in")
		}
	case !has(func(a netip.Addr) bool { return !a.IsLoopback() }):
		return f.unreachable(found, "sshd listens on the loopback address only, so nobody gets to it from outside")
	case f.One != nil && f.One.From.IsValid():
		if from := f.One.From; from.IsGlobalUnicast() && !(f.hasFamily(from.Is4()) && has(own(from.Is4()))) {
			return f.unreachableFrom(found, from)
		}
	case has(own(true)):
	case has(own(false)) && f.hasFamily(true):
		found = f.unreachable(found, "sshd listens for IPv6 only")
		found.Answer, found.Except = check.Warn, "people who connect over IPv4"
		found.Text += " This concerns people who connect over IPv4."
	case has(own(false)):
	default:
		return f.unreachable(found, "sshd is told to listen on an address that this machine does not have")
	}
	return found
}

// hasFamily reports whether this machine has an address of IPv4, or of IPv6.
func (f *Facts) hasFamily(four bool) bool {
	return slices.ContainsFunc(f.Own, func(a netip.Addr) bool { return a.Is4() == four })
}

// unreachableFrom says why nobody gets to sshd from one address.
func (f *Facts) unreachableFrom(found check.Result, from netip.Addr) check.Result {
	if f.hasFamily(from.Is4()) {
		return f.unreachable(found, "sshd does not listen where anybody gets to it from "+from.String())
	}
	found.Answer, found.Text = check.Fail, "This machine has no address that anybody gets to from "+from.String()+"."
	found.Next = "Ask whoever connects which address they come from, of the same IP version as this machine's, and give it to --from."
	return found
}

// unreachable says what keeps sshd from listening on the address that people connect to.
func (f *Facts) unreachable(found check.Result, text string) check.Result {
	found.Answer, found.Text = check.Fail, text+"."
	if u := f.Daemon.Unit; len(u.Open) > 0 {
		s := u.asks()
		found.File = s.File
		if d := u.Device; len(d.Addresses) > 0 && s.At.Addr().IsUnspecified() {
			found.File = d.File
			found.Text = text + ": " + u.Name + " listens in its place, on the device " + d.Name + " alone (BindToDevice= at " + d.File + ":" + strconv.Itoa(d.Line) + ")."
			found.Next = "To have it listen on every address, run: " + u.listen([]uint16{s.At.Port()})
			return found
		}
		found.Text = text + ": " + u.Name + " listens in its place (ListenStream= at " + s.File + ":" + strconv.Itoa(s.Line) + ")."
		found.Next = "To have it listen on every address, run: " + u.listen([]uint16{s.At.Port()})
		return found
	}
	e := &Effective{} // no connection from there was examined
	if len(f.Users) > 0 {
		e = &f.Users[0]
	}
	for _, keyword := range []string{"addressfamily", "listenaddress"} {
		w := locate(f, e, keyword, "")
		if !w.found && !w.option || keyword == "addressfamily" && !w.option && (len(w.Args) == 0 || strings.EqualFold(w.Args[0], "any")) {
			continue
		}
		found.File = w.File
		shown := "AddressFamily " + cmp.Or(e.Value("addressfamily"), strings.Join(w.Args, " "))
		if keyword == "listenaddress" {
			shown = "ListenAddress " + strings.Join(f.listenWords(), ", ")
		}
		found.Text = text + " (" + shown + w.at() + ")."
		found.Next = f.listenEverywhere(w)
		return found
	}
	found.Next = "See who listens with: sudo ss -ltnp; where " + f.Unit + ".socket does, correct ListenStream= in it (systemctl cat " + f.Unit + ".socket)."
	return found
}

// listenWords are the values of the ListenAddress lines.
func (f *Facts) listenWords() (out []string) {
	for _, d := range f.Config.global("listenaddress") {
		out = append(out, strings.Join(d.Args, " "))
	}
	if len(out) == 0 && len(f.Users) > 0 {
		out = f.Users[0].List("listenaddress")
	}
	return out
}

// listenEverywhere is how to remove the lines that say where sshd listens.
func (f *Facts) listenEverywhere(w *where) string {
	if w.option {
		return w.undo(f)
	}
	step := "Name the right address there, or have sshd listen on all: " + sed(f, w.File, commented(f.Config.global(w.Keyword), w.File)...)
	return strings.Replace(step, "systemctl reload-or-restart", "systemctl restart", 1)
}
