package doctor

import (
	"slices"

	"aadssh/internal/check"
	"aadssh/internal/facts"
	"aadssh/internal/preflight"
	"aadssh/internal/watch"
)

// Table lists the checks that doctor asks.
func Table() []check.About { return check.List(rows()) }

// rows are all checks, in the order of cause and effect, so that the first failure is the
// one to fix first; those of enable keep enable's order.
func rows() []*check.Row[*machine] {
	strict, _ := check.Find(check.List(preflight.Verification()), "clock") // enable's own version is less strict
	all := []*check.Row[*machine]{
		{About: strict, Run: clock},
		row("disk", check.Machine, check.GateSession, check.Anybody(), "Is there room where packages and state are written?", "Room, inodes and whether it can be written, of each file system that takes part. A warning where only people's home folders are concerned, and where no package is to come.", disk),
	}
	all = append(all, shared(preflight.Preconditions())...)
	all = append(all,
		row("legacy-package", check.Identity, check.NoGate, check.Anybody("/var/lib/dpkg", "/var/lib/rpm", "/usr/lib/sysimage/rpm"), "Is the older package wholly there or wholly gone?", "A removal script that fails leaves aadlogin half removed; the documented way out is named.", legacyPackage),
		row("scale-set", check.Identity, check.NoGate, nil, "Does the scale set have the extension?", "An instance without the extension: the set lacks it, or the instance runs an old model. On AKS extensions are taken away again.", scaleSet),
		row("agent", check.Machine, check.NoGate, nil, "Does the agent run that runs extensions?", "Without it nothing that is set in Azure arrives.", agentRuns),
		row("proxy", check.Repository, check.NoGate, nil, "Which proxy leads to the repository?", "Told where one does; a warning where it is known to the package manager alone, or cannot be read.", proxyUsed),
		row("network-repository", check.Repository, check.NoGate, nil, "Does the package host answer?", "Name, connection, TLS and HTTP, in at most 5 seconds; by a proxy too that nobody told the extension of.", repositoryAnswers),
		row("package-manager", check.Repository, check.NoGate, nil, "Is the package manager free?", "Who holds its lock, and whether a transaction of this handler goes on.", packageManager),
		&check.Row[*machine]{About: watch.About(), Run: func(m *machine) []check.Result { return m.watched }},
		row("handler", check.Packages, check.NoGate, nil, "Is one handler alone responsible for this machine?", "Handlers of this name by publisher and version, and whether setup owns the machine.", handlersCheck),
		row("last-run", check.Packages, check.NoGate, nil, "Did the last run succeed?", "What the extension said last. What is not so any more is a warning.", lastRunCheck),
		row("nologin", check.SignIn, check.GateDoor, check.Anybody("/etc/nologin", "/run/nologin", "/etc/pam.d"), "May anybody but root sign in?", "/etc/nologin and /run/nologin.", nologin),
		row("ssh-service", check.SignIn, check.GateListen, check.Anybody(), "Does systemd start sshd?", "The service and its socket: whether one of them runs, and starts with the machine. Not asked where systemd does not run.", sshService),
	)
	above := rowNames(all)
	for _, c := range preflight.Verification() {
		if !slices.Contains(above, c.Name) {
			all = append(all, shared([]*preflight.Check{c})...)
		}
	}
	return append(all,
		row("plan", check.Packages, check.NoGate, nil, "Would enable change nothing?", "The steps of enable, as plan shows them.", planCheck),
		row("firewall", check.SignIn, check.GateListen, nil, "Does the machine's own firewall let people in?", "Rules of nftables and iptables for sshd's ports, followed as the kernel follows them. What lets some networks in is a warning.", firewallCheck),
		row("network-role-check", check.Network, check.GateRole, check.Anybody(), "Does the endpoint answer that checks roles?", "Without it nobody's role can be checked, so nobody gets in.", roleCheckAnswers),
		row("network-login", check.Network, check.GateRole, check.Anybody(), "Does the login endpoint answer?", "Certificates work without it; sign-in that asks for a code in the browser does not.", loginAnswers),
		row("other-programs", check.SignIn, check.GateCommand, check.Anybody("/etc/ssh", "/etc/nsswitch.conf", policyFile), "Does no other program let people in instead of aadsshlogin?", "Another AuthorizedKeysCommand (opkssh, for one), or Himmelblau in the name service. A warning where aadsshlogin is not installed, else told.", otherPrograms),
		row("person-account", check.SignIn, check.GateName, check.Anybody(), "Can the account be used of the person who is asked about?", "With --user: the account that somebody has here, or that the first sign-in makes.", personAccount),
		row("sign-in-errors", check.History, check.GateHistory, &check.Sight{Findings: true}, "Did nobody fail to sign in lately?", "Sign-ins of the last 24 hours that failed, by what sshd, PAM and the vendor's programs wrote.", signInErrors),
		row("person-role", check.SignIn, check.GateRole, &check.Sight{Findings: true}, "Has the person who is asked about a role, as far as the log says?", "With --user: roles are given in Azure; of those who came, the log says what the role check said.", personRole),
	)
}

func row(name, section string, gate check.Gate, sight *check.Sight, asks, doc string, run func(*machine) []check.Result) *check.Row[*machine] {
	return &check.Row[*machine]{About: check.About{Name: name, Section: section, Gate: gate, Sight: sight, Asks: asks, Doc: doc}, Run: run}
}

func rowNames(rows []*check.Row[*machine]) []string {
	var all []string
	for _, r := range rows {
		all = append(all, r.Name)
	}
	return all
}

// shared makes rows of the checks of enable.
func shared(checks []*preflight.Check) []*check.Row[*machine] {
	var all []*check.Row[*machine]
	for _, c := range checks {
		all = append(all, &check.Row[*machine]{About: c.About, Several: c.Several, Run: func(m *machine) []check.Result {
			return m.undecided(check.Run([]*check.Row[*facts.Facts]{c}, &m.Facts))
		}})
	}
	return all
}
