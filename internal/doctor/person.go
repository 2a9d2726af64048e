package doctor

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"aadssh/internal/check"
	"aadssh/internal/fault"
	"aadssh/internal/host"
	"aadssh/internal/preflight"
	"aadssh/internal/signin/gate"
	"aadssh/internal/signin/login"
	"aadssh/internal/text"
	"aadssh/internal/trail"
)

// User is the person whose sign-in was examined.
type User struct {
	Name    string   `json:"name"`
	Kind    string   `json:"kind"` // people, service principals
	From    string   `json:"from,omitempty"`
	Account string   `json:"account"` // yes, no, unknown
	Groups  []string `json:"groups,omitempty"`
	Gates   []Gate   `json:"gates"`
	Log     []string `json:"log"` // what the log says about the person, newest first
}

// Gate is one step of the sign-in.
type Gate struct {
	Name   string   `json:"name"`
	Answer string   `json:"answer"` // pass, warn, fail, unknown
	Text   string   `json:"text"`
	Checks []string `json:"checks"` // those that do not pass
}

// Whom parses the person that doctor is asked about, and, if fromOne, the address that they
// connect from. The error is a *fault.Fault of code Usage.
func Whom(name, from string, fromOne bool) (*gate.Somebody, error) {
	who, ok := gate.Named(name)
	if !ok {
		what := trail.Quoted(name, 80) + " is not the name of anybody in Entra ID."
		return nil, fault.New(fault.Usage, what, "Give a sign-in name (or the application id of a service principal): sudo "+host.Program()+" doctor --user NAME@DOMAIN; who has a local account does not sign in with Entra ID.")
	}
	if !fromOne {
		return &who, nil
	}
	a, err := netip.ParseAddr(from)
	a = a.Unmap()
	if err != nil || a.Zone() != "" || a.IsUnspecified() || a.IsMulticast() {
		return nil, fault.New(fault.Usage, trail.Quoted(from, 80)+" is not an address that anybody connects from.",
			"Give one IPv4 or IPv6 address, for example: sudo "+host.Program()+" doctor --user "+text.Quote(name)+" --from 198.51.100.23")
	}
	who.From = a
	return &who, nil
}

// whom names the person in a sentence that otherwise speaks of all.
func (of *machine) whom(all string) string {
	if of.one != nil {
		return of.one.Name
	}
	return all
}

// personAccount reports the person's account on the machine.
func personAccount(m *machine) []check.Result {
	if m.one == nil {
		return nil
	}
	r := check.Result{}
	switch a := m.one.Account; {
	case a.Err != nil:
		r.Answer, r.Text = check.Unknown, "Whether "+m.one.Name+" has an account here is not known: "+strings.TrimSuffix(text.OneLine(a.Err.Error()), ".")+"."
		r.Next = "Run: getent passwd " + text.Quote(m.one.Name)
	case a.Where != "":
		r.Answer, r.Text = check.Unknown, m.one.Name+" has an account here that no sign-in has made: it is in "+a.Where+", not in "+login.AccountsFile+". What aadsshlogin does then is not published."
		r.Next = "Ask whoever made it. To see which name service has it: grep ^passwd: /etc/nsswitch.conf, and with each: getent -s SERVICE passwd " + text.Quote(m.one.Name)
		if a.Where[0] == '/' {
			r.Next = "Ask whoever made it. To give it another name, so that the next sign-in makes an account: sudo usermod -l NEWNAME " + text.Quote(m.one.Name)
		}
	case a.Known:
		r.Text = fmt.Sprintf("%s has an account here: user id %d, groups %s, shell %s.", m.one.Name, a.UID, text.Or(strings.Join(a.Groups, ", "), "none"), a.Shell)
	default:
		r.Text = m.one.Name + " has no account here yet; the first sign-in makes one."
	}
	return []check.Result{r}
}

// personRole reports what the log says about the person's role. Roles are assigned in
// Azure, and nothing on the machine shows them before the first sign-in.
func personRole(m *machine) []check.Result {
	if m.one == nil {
		return nil
	}
	r := check.Result{}
	refused := m.history.newest("role")
	switch {
	case refused != nil && refused.At.After(m.about.Granted):
		r.Answer, r.Code = check.Fail, fault.VerificationFailed
		r.Text = m.one.Name + " has no role for this machine: the role check refused them last (" + m.excerpt(*refused) + ")."
		r.Next = "Where az is signed in: " + m.Identity.Machine.AssignRole(m.one.Name)
	case !m.about.Granted.IsZero():
		as := "Virtual Machine User Login"
		if m.about.Admin {
			as = "Virtual Machine Administrator Login"
		}
		r.Text = m.one.Name + " had a role when they came last, at " + m.about.Granted.UTC().Format("2006-01-02 15:04 MST") + " (as with " + as + ")."
	default:
		r.Answer = check.Unknown
		r.Text = "Whether " + m.one.Name + " has a role for this machine is decided in Azure; the log has no sign-in of theirs that says so."
		r.Next = "Where az is signed in: " + m.Identity.Machine.ListRolesOf(m.one.Name)
	}
	return []check.Result{r}
}

// newest is the newest event with a cause; nil if there is none.
func (h history) newest(cause string) *trail.Event {
	for _, e := range h.events {
		if e.Cause.Name == cause {
			return &e
		}
	}
	return nil
}

// mostLines is how many lines of the log are shown.
const mostLines = 12

// ofOne restricts the report to one person's sign-in.
func (r *Report) ofOne(m *machine) {
	u := User{Name: m.one.Name, Kind: m.one.Kind.String(), Account: "no", Groups: m.one.Account.Groups, Gates: []Gate{}, Log: []string{}}
	if m.one.From.IsValid() {
		u.From = m.one.From.String()
	}
	switch {
	case m.one.Account.Err != nil:
		u.Account = "unknown"
	case m.one.Account.Known:
		u.Account = "yes"
	}
	for _, w := range gates() {
		g, ok := w.gate(r.Checks, preflight.InPlace(&m.Facts))
		if port := m.sshPort(); g.Name == "listen" && g.Answer == "pass" && port != 22 {
			g.Text += fmt.Sprintf(" It is on port %d, which clients must name: ssh -p %d, --port %d with the Azure CLI.", port, port, port)
		}
		if g.Name == string(check.GateHistory) && g.Answer == "pass" && !m.history.since.IsZero() {
			g.Text = signInErrors(m)[0].Text // not of 24 hours
		}
		if ok {
			u.Gates = append(u.Gates, g)
		}
	}
	lines := m.about.Lines
	for i := len(lines) - 1; i >= 0 && len(u.Log) < mostLines; i-- {
		at := ""
		if !lines[i].At.IsZero() {
			at = lines[i].At.UTC().Format("2006-01-02 15:04:05 MST") + " "
		}
		u.Log = append(u.Log, at+lines[i].Program+": "+trail.Quoted(Redact(lines[i].Text), 240))
	}
	r.User, r.Plan = &u, []Step{}
	if v := &r.Verdict; v.Code == 0 && v.Check == "" {
		v.Text = "Nothing on this machine keeps " + u.Name + " out."
	}
}

// user shows a person's sign-in, gate by gate, and what the log says.
func (s Style) user(b *strings.Builder, r Report) {
	u := r.User
	title := "The sign-in of " + u.Name
	if u.From != "" {
		title += " from " + u.From
	}
	s.title(b, title)
	told := map[string]bool{}
	for _, g := range u.Gates {
		if len(g.Checks) == 0 {
			s.entry(b, g.Answer, g.Name, g.Text, "")
			continue
		}
		for i := range r.Checks {
			c := &r.Checks[i]
			key := c.Name + c.Text
			if c.hidden { // one line for the whole gate
				key = g.Name + c.Text
			}
			if c.Answer == "pass" || told[key] || !slices.Contains(g.Checks, c.Name) {
				continue
			}
			told[key] = true
			next := c.Next
			if c.hidden || c.Repeats || c == r.told() {
				next = "" // it is already shown at the top
			}
			s.entry(b, c.Answer, g.Name, c.Text, next)
		}
	}
	s.title(b, "What the log says of "+u.Name)
	lines := u.Log
	if len(lines) == 0 {
		lines = []string{"nothing in the last 24 hours, as far as it could be read"}
	}
	for _, line := range lines {
		b.WriteString("  ")
		s.wrap(b, 2, line)
	}
}
