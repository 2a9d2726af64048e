package doctor

import (
	"slices"

	"aadssh/internal/check"
)

// gateRow is one step of a person's sign-in. The rows of the checks say which gate they
// belong to.
type gateRow struct {
	_ [0]func() // never compared: no code for == is linked

	name      check.Gate
	installed bool   // without the packages most of its checks have nothing to examine
	open      string // the text if all of them pass
}

// gates are the steps of a person's sign-in, in order.
func gates() []*gateRow {
	return []*gateRow{
		{name: check.GateClock, installed: false, open: "The machine's clock is right."},
		{name: check.GatePackages, installed: false, open: "The sign-in packages are installed whole."},
		{name: check.GateListen, installed: true, open: "sshd listens where people connect to, and this machine's firewall lets them."},
		{name: check.GateDoor, installed: true, open: "Nothing turns connections away before sshd asks who it is."},
		{name: check.GateConnection, installed: true, open: "sshd's configuration lets the person in."},
		{name: check.GateKey, installed: true, open: "sshd takes a key and a certificate as az makes them."},
		{name: check.GateCommand, installed: true, open: "sshd asks the cert handler, and can run it."},
		{name: check.GateName, installed: true, open: "The name service knows people of the directory."},
		{name: check.GateAccount, installed: true, open: "PAM's account stack lets the person in."},
		{name: check.GateSession, installed: true, open: "A session can begin."},
		{name: check.GateSELinux, installed: true, open: "SELinux keeps nothing of it out."},
		{name: check.GateSudo, installed: true, open: "Administrators may use sudo."},
		{name: check.GateRole, installed: false, open: "The person had a role when they came last, and roles can be checked."},
		{name: check.GateHistory, installed: false, open: "No failed sign-in of theirs in the last 24 hours."},
	}
}

// gate is the result of the checks of a gate; ok is false if none ran. That none of them
// fails means nothing if the packages are not installed.
func (w *gateRow) gate(checks []Check, inPlace bool) (g Gate, ok bool) {
	g = Gate{Name: string(w.name), Answer: check.Pass.String(), Text: w.open, Checks: []string{}}
	severity := []string{"pass", "unknown", "warn", "fail"}
	for i := range checks {
		c := &checks[i]
		if c.gate != w.name {
			continue
		}
		ok = true
		if c.Answer == "pass" {
			continue
		}
		g.Checks = append(g.Checks, c.Name)
		if slices.Index(severity, c.Answer) > slices.Index(severity, g.Answer) {
			g.Answer, g.Text = c.Answer, c.Text
		}
	}
	if w.installed && !inPlace && ok && g.Answer == "pass" {
		g.Answer, g.Text = check.Unknown.String(), "Not looked at as a whole, because the sign-in packages are not in place."
	}
	return g, ok
}
