// Package doctor examines the machine for a person: with the same facts, checks and plan as
// enable, and with checks that only a person needs. It changes nothing.
package doctor

import (
	"context"
	"slices"
	"strings"
	"time"

	"aadssh/internal/agent"
	"aadssh/internal/check"
	"aadssh/internal/facts"
	"aadssh/internal/fault"
	"aadssh/internal/host"
	"aadssh/internal/preflight"
	"aadssh/internal/signin/gate"
	"aadssh/internal/text"
)

// Options are the inputs of doctor.
type Options struct {
	Host    *host.Host
	Version string // of this build
	Root    bool   // we can read everything
	// Getenv is the environment of the person who runs it. The agent's environment, which
	// decides about proxies, is read from the machine.
	Getenv   func(string) string
	Only     []string               // names of checks; none: all
	Skip     []string               // the same
	Who      *gate.Somebody         // the person whose sign-in is examined; nil: everybody's
	Offer    *agent.Offer           // the settings that setup would save; nil: those that the machine has
	Progress func(waiting []string) // what is still being waited for, at each change; may be nil
	Now      func() time.Time       // nil: time.Now
}

// Bound is how long each network check may take.
const Bound = 5 * time.Second

// Run examines the machine and judges it. The error is a *fault.Fault of code Usage for an
// unknown name in Only or Skip.
func Run(ctx context.Context, o Options) (Report, error) {
	if o.Now == nil {
		o.Now = time.Now
	}
	if err := o.known(); err != nil {
		return Report{}, err
	}
	m := gather(ctx, o)
	var checks []Check
	for _, r := range rows() {
		several := len(r.Several) > 0
		if !several && (!o.wants(r.Name) || o.Who != nil && r.Gate == check.NoGate) { // of nobody's sign-in
			continue
		}
		for _, result := range check.Run([]*check.Row[*machine]{r}, m) {
			if o.wants(result.Name) {
				checks = append(checks, m.shown(&result))
			}
		}
	}
	report := newReport(m, append(checks, o.notLookedAt(m, checks)...))
	report.unjudged(o)
	if o.Who != nil {
		report.ofOne(m)
	}
	if len(o.Only) > 0 {
		report.Unseen = []Unseen{}
		if v := &report.Verdict; v.Code == 0 && v.Check == "" {
			v.Text, v.Next = "Of what was asked for, nothing is known to be wrong.", ""
			if len(report.Checks) == 0 {
				v.Text = "Nothing was looked at: this machine has nothing of what was asked for."
			}
		}
	}
	return report, nil
}

// shown is a result in the form and the words for this person and machine.
func (m *machine) shown(r *check.Result) Check {
	hidden := m.hide(r)
	r.Text, r.Next = m.words(r.Text), m.words(m.commands(r))
	c := newCheck(r)
	c.hidden = hidden
	return c
}

// notLookedAt adds the checks that were named but did not run: the findings about sshd and
// others concern the package's settings.
func (o Options) notLookedAt(m *machine, checks []Check) []Check {
	var missing []Check
	why := "aadsshlogin is not installed"
	if m.TargetErr != nil || m.PackagesErr != nil {
		why = "it is not known whether aadsshlogin is installed"
	}
	if preflight.InPlace(&m.Facts) {
		return nil
	}
	shown := map[string]bool{}
	for i := range checks {
		shown[checks[i].Name] = true
	}
	for _, c := range facts.SignInChecks() {
		if !shown[c.Name] && slices.Contains(o.Only, c.Name) {
			missing = append(missing, m.shown(&check.Result{Name: c.Name, Row: &c, Answer: check.Unknown,
				Text: "Not looked at, because " + why + "."}))
		}
	}
	return missing
}

// awaits reports that another run, or its package transaction, is changing the machine.
func (m *machine) awaits() bool { return m.OtherRun != "" || m.Transaction != nil }

// waits reports that the checks of a section are about what a run installs or repairs.
func waits(section string) bool { return section == check.Packages || section == check.SignIn }

// undecided turns unknown results into failures if something has to be changed: a working
// machine is left alone, but enable stops. What another run may be about to install is
// unknown until it has ended.
func (m *machine) undecided(results []check.Result) []check.Result {
	for i := range results {
		r := &results[i]
		if r.Answer == check.Fail && m.awaits() && waits(r.About().Section) {
			r.Answer, r.Next = check.Unknown, ""
		}
		if r.Answer == check.Unknown && r.Code != fault.OK && m.asked && m.root && (m.decision.Doubt != nil || m.decision.PlanErr != nil) {
			r.Answer = check.Fail
		}
	}
	return results
}

// Names are the names of checks that Only and Skip accept.
func Names() []string {
	var all []string
	for _, c := range Table() {
		all = append(all, c.Name)
	}
	slices.Sort(all)
	return all
}

// known rejects an unknown name of a check, and suggests similar ones.
func (o Options) known() error {
	all := Names()
	for _, n := range append(slices.Clone(o.Only), o.Skip...) {
		if slices.Contains(all, n) {
			continue
		}
		next := "These are: " + strings.Join(all, ", ") + "."
		if within := together(n); len(within) > 0 {
			next = "Did you mean: sudo " + host.Program() + " doctor --only " + strings.Join(within, ",") + " (the checks that are shown together under that word)"
		} else if near := text.Near(n, all); len(near) > 0 {
			next = "Did you mean: sudo " + host.Program() + " doctor --only " + near[0] + "? " + next
		}
		return fault.New(fault.Usage, "No check is called "+text.Printable(strings.TrimSpace(n))+".", next)
	}
	for _, n := range o.Only {
		switch {
		case slices.Contains(o.Skip, n):
			return fault.New(fault.Usage, n+" cannot be both asked for and left out.", "Run: sudo "+host.Program()+" doctor --only "+n)
		case o.Who == nil && strings.HasPrefix(n, "person-"):
			return fault.New(fault.Usage, n+" is about one person.", "Say about whom: sudo "+host.Program()+" doctor --user NAME@DOMAIN --only "+n)
		}
	}
	return nil
}

// together are the checks of a section, or of a group of the status.
func together(word string) []string {
	var all []string
	for _, c := range Table() {
		if word != "" && (word == c.Section || word == c.Group) {
			all = append(all, c.Name)
		}
	}
	return all
}

// wants reports whether a check is to be shown.
func (o Options) wants(name string) bool {
	return (len(o.Only) == 0 || slices.Contains(o.Only, name)) && !slices.Contains(o.Skip, name)
}

// question says what to read of the machine, as in enable.
func (m *machine) question() facts.Question {
	q := facts.Question{
		Settings:        agent.Defaults(),
		AgentDir:        m.agentDir,
		Getenv:          m.agentEnv.get,
		IdentityTimeout: Bound + 500*time.Millisecond, // one request takes up to Bound; the rest is for everything else
	}
	q.Who = m.one
	if m.offer != nil {
		q.Settings, q.Unknown = m.offer.Settings, m.offer.Unknown
	} else if m.extension != nil && !m.foreign() {
		q.StatusFolder, q.Sequence = m.extension.env.StatusFolder, m.extension.seq
		q.Settings, q.Unknown, q.Refused = m.extension.settings, m.extension.unknown, m.extension.refused
	}
	return q
}
