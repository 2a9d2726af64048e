// Package doctor looks at the machine for a person: the same facts, checks and
// plan as enable, and what only a person asks for. It changes nothing.
package doctor

import (
	"context"
	"slices"
	"strings"
	"time"

	"aadsshlogin-handler/internal/agent"
	"aadsshlogin-handler/internal/facts"
	"aadsshlogin-handler/internal/fault"
	"aadsshlogin-handler/internal/host"
	"aadsshlogin-handler/internal/preflight"
)

// Options are what a look for a person depends on.
type Options struct {
	Host    *host.Host
	Version string // of this build
	Root    bool   // we may read everything
	// Getenv is the environment of whoever asks. It is not the agent's, which
	// decides about proxies: that one is found on the machine.
	Getenv   func(string) string
	Only     []string               // names of checks or sections; none: all
	Skip     []string               // the same
	Offer    *agent.Offer           // the settings that setup would keep; nil: those that the machine has
	Progress func(waiting []string) // what is still waited for, at each change; may be nil
	Now      func() time.Time       // nil: time.Now
}

// Bound is how long each network check may take.
const Bound = 5 * time.Second

// Run looks and judges. The error is a *fault.Fault of code Usage: a name in
// Only or Skip that means nothing.
func Run(ctx context.Context, o Options) (Report, error) {
	if o.Now == nil {
		o.Now = time.Now
	}
	if err := o.known(); err != nil {
		return Report{}, err
	}
	m := look(ctx, o)
	var checks []Check
	for _, r := range rows() {
		if !o.wantsRow(r) {
			continue
		}
		for _, result := range r.run(m) {
			result.Text, result.Next = m.words(result.Text), m.words(result.Next)
			c := newCheck(r, result)
			if o.wants(c.Name, c.Section) {
				checks = append(checks, c)
			}
		}
	}
	report := newReport(m, append(checks, o.notLookedAt(m, checks)...))
	if len(o.Only) > 0 {
		report.Unseen = []Unseen{}
		if v := &report.Verdict; v.Code == 0 && v.Check == "" {
			v.Text, v.Next = "Of what was asked for, nothing is known to be wrong.", ""
		}
	}
	return report, nil
}

// notLookedAt has what was asked for by its own name and could not be answered:
// the findings about sshd and the like are about the package's settings.
func (o Options) notLookedAt(m machine, checks []Check) []Check {
	var missing []Check
	why := "aadsshlogin is not installed"
	if m.TargetErr != nil || m.PackagesErr != nil {
		why = "it is not known whether aadsshlogin is installed"
	}
	if preflight.InPlace(m.Facts) {
		return nil
	}
	for _, n := range o.Only {
		shown := slices.ContainsFunc(checks, func(c Check) bool { return c.Name == n || preflight.Group(c.Name) == n })
		if !shown && slices.Contains(verified(), preflight.Group(n)) {
			missing = append(missing, Check{Name: n, Section: sectionSignIn, Answer: preflight.Unknown.String(),
				Text: "Not looked at, because " + why + "."})
		}
	}
	return missing
}

// sshdChecks are the findings about sshd that only an installed package has.
func sshdChecks() []string {
	return []string{"sshd-address", "sshd-algorithms", "sshd-chroot", "sshd-command", "sshd-config", "sshd-groups", "sshd-hosts", "sshd-kinds",
		"sshd-listening", "sshd-methods", "sshd-order", "sshd-pam", "sshd-reachable", "sshd-refuse", "sshd-reload", "sshd-sessions",
		"sshd-startups", "sshd-transport", "sshd-tries", "sshd-users"}
}

// verified are the groups of the findings of the row sign-in.
func verified() []string { return []string{"sshd", "pam", "nss", "selinux"} }

// row is one or several checks over what was seen.
type row struct {
	name    string
	section string
	many    bool // the names of its results are its own
	run     func(machine) []preflight.Result
}

// The sections of a report, in their order.
const (
	sectionMachine    = "machine"
	sectionIdentity   = "identity"
	sectionRepository = "repository"
	sectionPackages   = "packages"
	sectionSignIn     = "sign-in"
	sectionNetwork    = "network"
	sectionHistory    = "history"
)

// rows are all checks. They stand in the order of cause and effect, so that the
// first that fails is what to mend first; those of enable keep enable's order.
func rows() []row {
	all := []row{
		{"clock", sectionMachine, false, clock},
		{"disk", sectionMachine, false, disk},
	}
	all = append(all, shared(preflight.Preconditions())...)
	all = append(all,
		row{"legacy-package", sectionIdentity, false, legacyPackage},
		row{"scale-set", sectionIdentity, false, scaleSet},
		row{"agent", sectionMachine, false, agentRuns},
		row{"proxy", sectionRepository, false, proxyUsed},
		row{"network-repository", sectionRepository, false, repositoryAnswers},
		row{"package-manager", sectionRepository, false, packageManager},
		row{"handler", sectionPackages, false, handlersCheck},
		row{"last-run", sectionPackages, false, lastRunCheck},
	)
	all = append(all, shared(slices.DeleteFunc(preflight.Verification(), func(c preflight.Check) bool { return c.Name == "clock" || c.Name == "resources" }))...) // above already
	return append(all,
		row{"plan", sectionPackages, false, planCheck},
		row{"nologin", sectionSignIn, false, nologin},
		row{"ssh-service", sectionSignIn, false, sshService},
		row{"firewall", sectionSignIn, false, firewallCheck},
		row{"network-role-check", sectionNetwork, false, roleCheckAnswers},
		row{"network-login", sectionNetwork, false, loginAnswers},
		row{"sign-in-errors", sectionHistory, false, signInErrors},
	)
}

// shared makes rows of the checks of enable.
func shared(checks []preflight.Check) []row {
	sections := map[string]string{
		"settings": sectionMachine, "distro": sectionMachine, "memory": sectionMachine, "resources": sectionMachine,
		"legacy": sectionIdentity, "identity": sectionIdentity,
		"repository": sectionRepository, "network": sectionRepository, "sign-in": sectionSignIn,
	}
	var all []row
	for _, c := range checks {
		section, ok := sections[c.Name]
		if !ok {
			section = sectionPackages
		}
		all = append(all, row{c.Name, section, c.Name == "sign-in", func(m machine) []preflight.Result {
			return m.undecided(m.withoutRoot(c.Run(m.Facts)))
		}})
	}
	return all
}

// undecided: what is not known is enough for a machine that works, but stops
// enable where something is to be changed.
func (m machine) undecided(results []preflight.Result) []preflight.Result {
	for i, r := range results {
		if r.Answer == preflight.Unknown && r.Code != fault.OK && m.asked && (m.decision.Doubt != nil || m.decision.PlanErr != nil) {
			results[i].Answer = preflight.Fail
		}
	}
	return results
}

// withoutRoot turns what only root can see into Unknown: sshd, for one, needs
// its host keys to say anything.
func (m machine) withoutRoot(results []preflight.Result) []preflight.Result {
	if m.root {
		return results
	}
	for i, r := range results {
		if r.Answer == preflight.Fail && (strings.HasPrefix(r.Name, "sshd") || strings.HasPrefix(r.Name, "sudo")) {
			results[i].Answer, results[i].Code = preflight.Unknown, fault.OK
			results[i].Text, results[i].Next = "Only root can see this.", "Run it again with sudo."
		}
	}
	return results
}

// Names are what Only and Skip may say: sections, checks, and the groups under
// which the status reports them.
func Names() []string {
	var all []string
	for _, r := range rows() {
		all = append(all, r.section, r.name)
	}
	all = append(append(append(all, verified()...), sshdChecks()...), "network")
	slices.Sort(all)
	return slices.Compact(all)
}

// known refuses a name that no check can have. The names of single findings
// about sshd, PAM and the like begin with their group.
func (o Options) known() error {
	all := Names()
	for _, n := range append(slices.Clone(o.Only), o.Skip...) {
		group := preflight.Group(n)
		if !slices.Contains(all, n) && !(group != n && slices.Contains(all, group)) {
			return fault.New(fault.Usage, "No check or section is called "+strings.TrimSpace(n)+".",
				"These are: "+strings.Join(all, ", ")+".")
		}
	}
	return nil
}

// wants says whether a check is to be shown.
func (o Options) wants(name, section string) bool {
	in := func(list []string) bool {
		return slices.Contains(list, name) || slices.Contains(list, section) || slices.Contains(list, preflight.Group(name)) ||
			strings.HasPrefix(name, "network-") && slices.Contains(list, sectionNetwork)
	}
	return (len(o.Only) == 0 || in(o.Only)) && !in(o.Skip)
}

// wantsRow says whether a row can have anything to show.
func (o Options) wantsRow(r row) bool {
	if !r.many {
		return o.wants(r.name, r.section)
	}
	return !slices.Contains(o.Skip, r.section)
}

// question is what there is to look at, as enable would ask it.
func (m machine) question() facts.Question {
	q := facts.Question{
		Settings: agent.Defaults(),
		AgentDir: m.agentDir,
		Getenv:   m.agentEnv.get,
		Patience: Bound + 500*time.Millisecond, // one request has Bound; this is for the rest
	}
	if m.offer != nil {
		q.Settings, q.Unknown = m.offer.Settings, m.offer.Unknown
	} else if m.extension != nil {
		q.Settings, q.Unknown, q.Refused = m.extension.settings, m.extension.unknown, m.extension.refused
	}
	return q
}
