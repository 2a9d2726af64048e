package doctor

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"aadssh/handler"
	"aadssh/internal/check"
	"aadssh/internal/decide"
	"aadssh/internal/facts"
	"aadssh/internal/fault"
	"aadssh/internal/host"
	"aadssh/internal/standalone"
	"aadssh/internal/state"
	"aadssh/internal/text"
)

// PlanReport is what an operation would change; misc/plan.schema.json describes it.
type PlanReport struct {
	Schema    string    `json:"schema"`
	Version   string    `json:"version"`
	Time      time.Time `json:"time"`
	Operation string    `json:"operation"`
	// Refused is what the operation would end with, without a change: the listed steps
	// would follow once that is fixed.
	Refused *Verdict `json:"refused,omitempty"`
	// Ends is what it would end with although each step succeeds.
	Ends *Verdict `json:"ends,omitempty"`
	// Otherwise is what it would end with if the package does not set up again what it once
	// did, because its scripts may do so on a first installation only.
	Otherwise *Verdict `json:"otherwise,omitempty"`
	// Provisional: what else has to be done, and the result, are known only after the
	// steps.
	Provisional bool   `json:"provisional,omitempty"`
	Steps       []Step `json:"steps"`

	of, text string // whose plan it is, if that is not obvious; the steps
}

// Step is one step of a plan.
type Step struct {
	Kind     string   `json:"kind"`
	Text     string   `json:"text"`
	Commands []string `json:"commands,omitempty"` // as a person could type them; secrets are ***
	Files    []File   `json:"files,omitempty"`
	URLs     []string `json:"urls,omitempty"`
	Install  []string `json:"install,omitempty"` // name, or name=version
	Remove   []string `json:"remove,omitempty"`
	Keys     []string `json:"keys,omitempty"`   // accepted fingerprints
	Reload   []string `json:"reload,omitempty"` // units of which systemd reloads the first active one, over D-Bus
}

// File is a file that a step writes or removes.
type File struct {
	_ [0]func() // never compared: no code for == is linked

	Path    string `json:"path"`
	Mode    string `json:"mode,omitempty"`
	Content string `json:"content,omitempty"` // if it is known beforehand
}

func planSteps(p decide.Plan) []Step {
	steps := []Step{}
	for _, s := range p.Steps {
		step := Step{Kind: s.Kind.String(), Text: text.Shown(s.Text), URLs: s.URLs, Remove: s.Remove, Reload: s.Units}
		for _, c := range s.Commands {
			step.Commands = append(step.Commands, c.String())
		}
		for _, f := range s.Files {
			file := File{Path: f.Path, Content: string(f.Content)}
			if s.Kind != decide.DropFile {
				file.Mode = fmt.Sprintf("%04o", f.Mode.Perm())
			}
			if s.Kind == decide.FetchKey {
				file.Content = "" // it is fetched
			}
			step.Files = append(step.Files, file)
		}
		for _, w := range s.Want {
			name := w.Name
			if w.Version != "" {
				name += "=" + w.Version
			}
			step.Install = append(step.Install, name)
		}
		for _, p := range s.Pins {
			step.Keys = append(step.Keys, p.Fingerprint)
		}
		steps = append(steps, step)
	}
	return steps
}

// Plan reads the machine and plans as an operation would, and changes nothing. The error is
// a *fault.Fault, of code Usage if the user is not root.
func Plan(ctx context.Context, o Options, operation string) (PlanReport, error) {
	if o.Now == nil {
		o.Now = time.Now
	}
	if !o.Root {
		command := "plan"
		if o.Offer != nil {
			command = "setup --dry-run"
		}
		return PlanReport{}, fault.New(fault.Usage, "Only root can see what a plan is made from: the extension's settings, and what sshd has in force.", "Run: sudo "+host.Program()+" "+command)
	}
	m := machine{root: o.Root, offer: o.Offer}
	m.readAgent(ctx, o.Host)
	other := o.Host.OtherRun()
	m.Facts = *facts.Gather(ctx, o.Host, m.question())
	m.Facts.OtherRun = other
	if m.foreign() && operation == "enable" {
		operation = "setup"
	}
	r := NoPlan(o.Version, operation, o.Now())
	goal, err := handler.GoalOf(operation, m.self(operation, o.Version), m.Owner, m.Receipt)
	if err != nil {
		return PlanReport{}, err
	}
	d := decide.For(&m.Facts, goal)
	r.Provisional, r.Otherwise = d.Provisional, m.verdict(d.Otherwise())
	if end := m.verdict(d.Outlook()); d.Stops() != nil || d.Plan.Empty() {
		r.Refused = end
	} else {
		r.Ends = end
	}
	r.Steps, r.text = planSteps(d.Plan), decide.PlanText(d.Plan)
	if unknown := undecided(d); d.Plan.Empty() && unknown != "" {
		r.text = "As far as is known, nothing is to be done. Not known: " + text.Shown(unknown) + "\n"
	}
	if m.foreign() {
		r.of = fmt.Sprintf("This is what setup of this program would do (sudo %s setup). The extension's handler, version %s of %s, is another program, and what it would do is not known.\n\n",
			host.Program(), text.Shown(m.extension.env.Version), text.Shown(m.extension.name.Full()))
	}
	return r, nil
}

// self is the program that would run an operation: setup of this one, or the extension's.
// Without an extension it is not known, and whoever owns the machine now stands for it.
func (m *machine) self(operation, version string) state.Owner {
	switch e := m.extension; {
	case operation == "setup":
		return state.Owner{Setup: true, Version: version}
	case e != nil && !e.standalone():
		return state.Owner{Handler: e.env.Name, Version: e.env.Version, Dir: e.env.BaseDir}
	case m.Owner.Handler != "":
		return m.Owner
	}
	return state.Owner{Version: version}
}

// verdict is a fault as part of a report, in words for the person who would run the
// operation.
func (m *machine) verdict(f *fault.Fault) *Verdict {
	if f == nil {
		return nil
	}
	what, next := f.What, f.Remedy()
	if m.offer != nil || m.extension.standalone() || m.foreign() {
		what, next = standalone.Setup().Words(what), standalone.Setup().Words(next)
	}
	return &Verdict{Code: int(f.Code), Name: nameOf(int(f.Code)), Text: text.Shown(what), Next: text.Shown(next)}
}

// undecided is what is unknown about whether people can sign in.
func undecided(d decide.Decision) string {
	var unknown []string
	for _, c := range slices.Concat(d.Checks, d.Verified) {
		if c.Answer == check.Unknown && c.Decides != "" {
			unknown = append(unknown, c.Text)
		}
	}
	return strings.Join(unknown, " ")
}

// NoPlan is the report of an operation that would change nothing, because another program
// owns the machine.
func NoPlan(version, operation string, now time.Time) PlanReport {
	return PlanReport{Schema: schemaVersion, Version: version, Time: now.UTC().Truncate(time.Second), Operation: operation, Steps: []Step{}}
}

// Code is the exit code that the operation would end with.
func (r PlanReport) Code() int {
	for _, v := range []*Verdict{r.Refused, r.Ends} {
		if v != nil {
			return v.Code
		}
	}
	return 0
}

// Text is the plan for a terminal.
func (r PlanReport) Text() string { return r.of + r.told() }

func (r PlanReport) told() string {
	switch {
	case r.Ends != nil:
		return fmt.Sprintf("%s\nAfter that %s would still end with %d %s:\n%s\n%s\n", r.text, r.Operation, r.Ends.Code, r.Ends.Name, r.Ends.Text, r.Ends.Next)
	case r.Provisional && r.Refused == nil:
		return r.text + "\nWhat else is to be done shows after that.\n"
	case r.Otherwise != nil:
		return fmt.Sprintf("%s\nIt is not known whether the package sets this up again. Where it does not, %s ends with %d %s:\n%s\n%s\n", r.text, r.Operation, r.Otherwise.Code, r.Otherwise.Name, r.Otherwise.Text, r.Otherwise.Next)
	case r.Refused == nil:
		return r.text
	}
	text := fmt.Sprintf("%s would change nothing, and end with %d %s:\n%s\n%s\n", r.Operation, r.Refused.Code, r.Refused.Name, r.Refused.Text, r.Refused.Next)
	if len(r.Steps) > 0 {
		text += "\nAfter that is fixed it would do this:\n" + r.text
	}
	return text
}
