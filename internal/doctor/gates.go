package doctor

import (
	"slices"

	"aadsshlogin-handler/internal/check"
	"aadsshlogin-handler/internal/preflight"
)

// gateRow is one gate of a person's way in, with the checks that answer for it.
type gateRow struct {
	name   string
	open   string // what is so where all of them pass
	checks []string
}

// gates are a person's way in, in the order in which they pass.
func gates() []gateRow {
	return []gateRow{
		{"clock", "The machine's clock is right.", []string{"clock"}},
		{"packages", "The sign-in packages are installed whole.", []string{"packages", "package-files"}},
		{"listen", "sshd listens where people connect to, and this machine's firewall lets them.", []string{"ssh-service", "sshd-listening", "sshd-reachable", "sshd-reload", "firewall"}},
		{"door", "Nothing turns connections away before sshd asks who it is.", []string{"nologin", "sshd-hosts"}},
		{"connection", "sshd's configuration lets the person in.", []string{"sshd-config", "sshd-kinds", "sshd-users", "sshd-groups", "sshd-address", "sshd-refuse", "sshd-startups", "sshd-grace-time", "sshd-tries", "sshd-methods", "sshd-order"}},
		{"key", "sshd takes a key and a certificate as az makes them.", []string{"sshd-public-key", "sshd-algorithms", "sshd-ca-algorithms", "sshd-rsa-size", "sshd-revoked-keys", "sshd-transport"}},
		{"command", "sshd asks the cert handler, and can run it.", []string{"sshd-command", "sshd-command-user", "cert-handler"}},
		{"name", "The name service knows people of the directory.", []string{"nss-passwd", "nss-group", "nss-shadow", "nss-library", "accounts", "person-account"}},
		{"account", "PAM's account stack lets the person in.", []string{"sshd-pam", "pam-account", "pam-auth", "pam-module", "user-add"}},
		{"session", "A session can begin.", []string{"pam-session", "sshd-force-command", "sshd-chroot", "sshd-sessions", "shell", "disk"}},
		{"selinux", "SELinux keeps nothing of it out.", []string{"selinux", "selinux-denials"}},
		{"sudo", "Administrators may use sudo.", []string{"sudo"}},
		{"role", "The person had a role when they came last, and roles can be checked.", []string{"identity", "network-role-check", "network-login", "person-role"}},
		{"history", "No failed sign-in of theirs in the last 24 hours.", []string{"sign-in-errors"}},
	}
}

// concerns says whether a row of doctor's is about one person's way in.
func concerns(r check.Row[*machine]) bool {
	if len(r.Several) > 0 {
		return true
	}
	return slices.ContainsFunc(gates(), func(g gateRow) bool { return g.has(r.Name) })
}

// gate is what the checks of a gate come to; ok is false where none was asked.
// Without the packages most checks of the sign-in have nothing to look at, so
// that none of them complains says nothing. inPlace: they are there.
func (w gateRow) gate(checks []Check, inPlace bool) (g Gate, ok bool) {
	g = Gate{Name: w.name, Answer: preflight.Pass.String(), Text: w.open, Checks: []string{}}
	severity := []string{"pass", "unknown", "warn", "fail"}
	for _, c := range checks {
		if !slices.Contains(w.checks, c.Name) {
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
	if !inPlace && ok && g.Answer == "pass" && signIn(w.checks[0]) {
		g.Answer, g.Text = preflight.Unknown.String(), "Not looked at as a whole, because the sign-in packages are not in place."
	}
	return g, ok
}

// signIn says whether a check is one of the section sign-in.
func signIn(name string) bool {
	c, _ := check.Find(Table(), name)
	return c.Section == check.SignIn
}

func (w gateRow) has(name string) bool { return slices.Contains(w.checks, name) }
