package doctor

import (
	"slices"
	"strings"
	"time"

	"aadssh/internal/check"
	"aadssh/internal/decide"
	"aadssh/internal/fault"
	"aadssh/internal/host"
	"aadssh/internal/text"
)

// Report is the result of doctor; misc/doctor.schema.json describes it.
type Report struct {
	Schema  string    `json:"schema"` // increased when a field changes its meaning
	Version string    `json:"version"`
	Time    time.Time `json:"time"`
	Root    bool      `json:"root"` // false: what only root can read is unknown
	Machine Machine   `json:"machine"`
	Verdict Verdict   `json:"verdict"`
	Checks  []Check   `json:"checks"`
	Unseen  []Unseen  `json:"unseen"`
	Plan    []Step    `json:"plan"`           // what enable would do
	User    *User     `json:"user,omitempty"` // the person whose sign-in was examined; nil: everybody's

	foreign string // another program's extension, for people; "": there is none
}

// schemaVersion is the version of Report and PlanReport.
const schemaVersion = "1"

// Machine identifies the machine.
type Machine struct {
	_ [0]func() // never compared: no code for == is linked

	Distribution string `json:"distribution"`
	Manager      string `json:"manager,omitempty"`
	Cloud        string `json:"cloud,omitempty"`
	Name         string `json:"name,omitempty"`
	Group        string `json:"group,omitempty"`
	ScaleSet     string `json:"scaleSet,omitempty"`
	Arc          bool   `json:"arc"`
	Identity     string `json:"identity,omitempty"`
	Packages     string `json:"packages,omitempty"` // version of aadsshlogin
	Handler      string `json:"handler,omitempty"`  // publisher, type and version of the extension that the agent has, or setup and its version
}

// Verdict is the overall result: the first failure, or else the first warning. If something
// was left out because the user is not root, and nothing failed, it is code 2.
type Verdict struct {
	_ [0]func() // never compared: no code for == is linked

	Code  int    `json:"code"` // the exit code
	Name  string `json:"name"`
	Check string `json:"check,omitempty"`
	Text  string `json:"text"`
	Next  string `json:"next,omitempty"`
}

// Check is the result of one check.
type Check struct {
	_ [0]func() // never compared: no code for == is linked

	Name       string `json:"name"`
	Section    string `json:"section"`
	Answer     string `json:"answer"` // pass, warn, fail, unknown
	Text       string `json:"text"`
	Next       string `json:"next,omitempty"`
	Code       int    `json:"code,omitempty"`    // of a failure
	Repeats    bool   `json:"repeats,omitempty"` // another check reports the same, with the next step
	gate       check.Gate
	reinstalls bool // the plan sets the packages up again because of it
	file       string
	decides    bool // whether people can sign in depends on what it is about, and is not known
	hidden     bool // only root can read it, and the user is not root
}

func newCheck(result *check.Result) Check {
	c := Check{Name: result.Name, Section: result.About().Section, gate: result.About().Gate, reinstalls: result.Part != check.NoPart, file: result.File, decides: result.Decides != "", Answer: result.Answer.String(), Text: text.Shown(result.Text), Next: text.Printable(text.Flat(result.Next))}
	if result.Answer == check.Fail {
		c.Code = int(result.Code)
		if c.Next == "" {
			c.Next = fault.New(result.Code, "", "").Remedy()
		}
	}
	return c
}

func newReport(m *machine, checks []Check) Report {
	r := Report{
		Schema: schemaVersion, Version: m.version, Time: m.now.UTC().Truncate(time.Second), Root: m.root,
		Machine: Machine{
			Distribution: m.Release.PrettyName,
			Manager:      string(m.Target.Manager),
			Name:         m.Identity.Machine.Name, Group: m.Identity.Machine.Group, ScaleSet: m.Identity.Machine.ScaleSet, Arc: m.Identity.Machine.Arc,
			Packages: m.Facts.Packages[m.Target.Packages.Login].Version,
		},
		Checks: checks, Unseen: unseen(m), Plan: planSteps(m.decision.Plan),
	}
	if e := m.extension; e != nil {
		r.Machine.Handler = text.Shown(strings.TrimSpace(e.called() + " " + e.env.Version))
		if m.foreign() {
			r.foreign = text.Shown(e.publisher() + "'s extension " + e.env.Version)
		}
	}
	if !m.root {
		r.Plan = []Step{} // it would be based on what other users can read
	}
	if m.asked {
		r.Machine.Cloud, r.Machine.Identity = m.Identity.Cloud.Name, m.Identity.Kind.String()
	}
	if r.Checks == nil {
		r.Checks = []Check{}
	}
	for i, c := range r.Checks {
		if c.Name == "packages" && c.Answer == "fail" && m.PackagesErr == nil && m.TargetErr == nil {
			r.Checks[i].Next = m.setItUp()
			if m.foreign() { // what that handler would do is not known
				r.Checks[i].Next += "; or have this program do it: " + setup()
			}
		}
	}
	m.markRepeats(r.Checks)
	r.Verdict = verdict(r.Checks, m.awaits())
	return r
}

// markRepeats marks what a person need not read twice: a plan that is only what a failure
// says to do, what PAM reports about a file that has a check of its own, and that systemd does
// not run sshd where it is told why nothing listens.
func (m *machine) markRepeats(checks []Check) {
	more := false // than setting the packages up again, which no other check reports
	for i := range m.decision.Plan.Steps {
		switch m.decision.Plan.Steps[i].Kind {
		case decide.DropFile, decide.Repair, decide.Replace:
			more = true
		}
	}
	planned, shut, silent := false, false, false
	for i := range checks {
		if c := &checks[i]; c.Answer == "fail" {
			planned = planned || c.reinstalls && !more || strings.Contains(c.Next, m.done())
			shut = shut || c.Name == "nologin"
			silent = silent || c.Name == "sshd-listening"
		}
	}
	for i := range checks {
		c := &checks[i]
		c.Repeats = c.Name == "plan" && c.Answer == "warn" && planned ||
			c.Name == "ssh-service" && c.Answer == "fail" && silent ||
			c.Name == "pam-account" && shut && strings.HasSuffix(c.file, m.nologin) // of /run and /var/run
	}
}

// verdict is the first failure; without one what the sign-in depends on and is not known, then
// the first warning, and without that the first unknown, because then nothing is promised. While another run is at work and nothing else
// fails, that comes before all else: with its code, if what the run installs or repairs is
// not known to be well.
func verdict(checks []Check, atWork bool) Verdict {
	of := func(at int, before string) Verdict {
		c := &checks[at]
		return Verdict{Code: c.Code, Name: nameOf(c.Code), Check: c.Name, Text: before + c.Text, Next: c.Next}
	}
	first := func(answer string) int {
		return slices.IndexFunc(checks, func(c Check) bool { return c.Answer == answer && !c.Repeats })
	}
	at := slices.IndexFunc(checks, func(c Check) bool { return c.Name == "package-manager" })
	if atWork && at >= 0 && first("fail") < 0 {
		v := of(at, "")
		if slices.ContainsFunc(checks, func(c Check) bool { return c.Answer == "unknown" && waits(c.Section) }) {
			v.Code, v.Name = int(fault.StillRunning), nameOf(int(fault.StillRunning))
		}
		return v
	}
	const notAll = "Nothing is known to be wrong here, but not all is known: "
	if at := slices.IndexFunc(checks, func(c Check) bool { return c.decides }); at >= 0 && first("fail") < 0 {
		if checks[at].Answer == "warn" {
			return of(at, "Sign-in depends on this: ")
		}
		return of(at, notAll)
	}
	for _, worst := range [...][2]string{{"fail", ""}, {"warn", "Nothing is broken here. Look at this: "}, {"unknown", notAll}} {
		if at := first(worst[0]); at >= 0 { // only a failure has a code
			return of(at, worst[1])
		}
	}
	return Verdict{Name: nameOf(0), Text: "Nothing is wrong on this machine.",
		Next: "Where somebody still does not get in: sudo " + host.Program() + " doctor --user NAME@DOMAIN; what cannot be seen from here is below."}
}

func nameOf(code int) string {
	for _, e := range fault.Catalogue() {
		if int(e.Code) == code {
			return e.Name
		}
	}
	return "unknown"
}
