package doctor

import (
	"strings"

	"aadssh/internal/check"
	"aadssh/internal/fault"
	"aadssh/internal/host"
	"aadssh/internal/text"
)

// rootOnly says what only root can read of a check.
func rootOnly(r *check.Result) string {
	about, what := r.About(), "see all that this depends on"
	switch {
	case about.Gate == check.GateSudo:
		what = "read sudo's rules"
	case r.Name == "firewall":
		what = "read this machine's firewall rules"
	case about.Gate == check.GateHistory, r.Name == "person-role":
		what = "read all that was logged of sign-ins"
	case about.Gate == check.GateSELinux:
		what = "ask SELinux what it knows and what it denied"
	case about.Section == check.Network:
		what = "see which proxy the VM agent has"
	case about.Section == check.SignIn:
		what = "ask sshd for its configuration"
	case about.Section == check.Packages, about.Section == check.Repository, about.Section == check.Identity, r.Name == "settings":
		what = "read the extension's folder and settings"
	}
	return "Only root can " + what + "."
}

// hide makes a result unknown, with its text and advice, if the user is not root and only
// root can be sure of it; it reports whether it did.
func (m *machine) hide(r *check.Result) bool {
	if m.root {
		return false
	}
	if s := r.About().Sight; s != nil && (!s.Findings || r.Answer == check.Warn || r.Answer == check.Fail) && !m.refused(r) {
		return false
	}
	r.Answer, r.Code, r.Text = check.Unknown, fault.OK, rootOnly(r)
	r.Next = "Run: sudo " + host.Program() + " doctor --only " + r.Name
	return true
}

// refused reports whether a result may depend on something that could not be read.
func (m *machine) refused(r *check.Result) bool {
	if m.denied != nil && m.denied(r.Row.Sight.Files...) {
		return true
	}
	switch r.Name {
	case "packages", "legacy-package": // programs read the database, and report in their own words that they may not
		return m.PackagesErr != nil || r.Answer == check.Unknown
	case "identity": // what keeps other users from the metadata service may not affect root
		return r.Answer == check.Unknown || r.Code == fault.IdentityUnknown
	case "network-role-check", "network-login": // the agent's proxy, by which they may answer, is not visible
		return r.Answer != check.Pass
	case "nologin": // whether PAM uses it also depends on sshd's configuration
		return r.Answer == check.Pass && m.nologin != ""
	}
	return false
}

// unjudged makes the verdict one of code Usage if nothing is known to be broken, and
// something was hidden because the user is not root.
func (r *Report) unjudged(o Options) {
	hidden := 0
	for i := range r.Checks {
		if r.Checks[i].hidden {
			hidden++
		}
	}
	if hidden == 0 || r.Verdict.Code != 0 {
		return
	}
	next := "Run: sudo " + host.Program() + " doctor"
	if len(o.Only) > 0 {
		next += " --only " + strings.Join(o.Only, ",")
	}
	if o.Who != nil {
		next += " --user " + text.Quote(o.Who.Name)
		if o.Who.From.IsValid() {
			next += " --from " + o.Who.From.String()
		}
	}
	r.Verdict = Verdict{Code: int(fault.Usage), Name: nameOf(int(fault.Usage)), Next: next,
		Text: "Not looked at as root, so whether people can sign in is not known: " + text.Counted(hidden, "answer") + " only root can see."}
}
