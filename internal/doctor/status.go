package doctor

import (
	"context"
	"fmt"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"

	"aadssh/internal/check"
	"aadssh/internal/facts"
	"aadssh/internal/fault"
	"aadssh/internal/host"
	"aadssh/internal/names"
	"aadssh/internal/state"
	"aadssh/internal/text"
	"aadssh/status"
)

// Status is the last report of the extension, how long it has said the same, and how the
// machine is now. misc/status.schema.json describes it.
type Status struct {
	Schema    string     `json:"schema"`
	Version   string     `json:"version"`             // of this build
	Handler   string     `json:"handler,omitempty"`   // publisher and type of that version
	Extension string     `json:"extension,omitempty"` // version that the agent has; "": none
	State     string     `json:"state,omitempty"`     // recorded by the agent
	Sequence  int        `json:"sequence"`            // -1: none
	Operation string     `json:"operation,omitempty"`
	Code      int        `json:"code"`
	Name      string     `json:"name"`
	Message   string     `json:"text"`
	Said      *time.Time `json:"said,omitempty"`  // time of the last report
	Since     *time.Time `json:"since,omitempty"` // time since which it has been the same
	Notice    string     `json:"notice,omitempty"`
	Reload    bool       `json:"reloadOwed"`
	Running   string     `json:"running,omitempty"` // a package transaction, or a run of the handler, that is at work
	Parts     []Part     `json:"parts"`
	Health    *Verdict   `json:"health,omitempty"` // of the machine now; nil: nothing of the product is on it

	foreign string // added after the version if the handler is another program's
}

// Part is one substatus.
type Part struct {
	_ [0]func() // never compared: no code for == is linked

	Name  string `json:"name"`
	Level string `json:"level"`
	Text  string `json:"text"`
}

// elsewhere are the checks that status leaves to doctor: those over the network, except the
// identity, and those about the past.
func elsewhere() []string {
	var names []string
	for _, r := range Table() {
		if strings.HasPrefix(r.Name, check.Network+"-") || r.Section == check.History {
			names = append(names, r.Name)
		}
	}
	return names
}

// CurrentStatus is LastStatus together with the state of the machine now. The error is a
// *fault.Fault.
func CurrentStatus(ctx context.Context, o Options) (Status, error) {
	s, err := LastStatus(ctx, o)
	if err != nil {
		return s, err
	}
	o.Skip = elsewhere()
	report, err := Run(ctx, o)
	if err != nil {
		return s, err
	}
	if s.Handler == "" && report.Machine.Packages == "" {
		return s, nil
	}
	s.Health = &report.Verdict
	if v := s.Health; v.Code == 0 && v.Check == "" {
		v.Text, v.Next = "Nothing is wrong on this machine.", ""
	}
	return s, nil
}

// Exit is the exit code of status: that of the machine as it is now.
func (s Status) Exit() int {
	if s.Health == nil {
		return s.Code
	}
	return s.Health.Code
}

// LastStatus reads what is recorded on the machine. The error is a *fault.Fault.
func LastStatus(ctx context.Context, o Options) (Status, error) {
	h := o.Host
	s := Status{Schema: schemaVersion, Version: o.Version, Sequence: -1, Parts: []Part{}}
	if !o.Root {
		return s, fault.New(fault.Usage, "Only root can see what the extension said, and how this machine is.", "Run: sudo "+host.Program()+" status")
	}
	var m machine
	m.readAgent(ctx, h)
	e := m.extension
	if receipt, err := state.ReadReceipt(h); err == nil {
		s.Notice = receipt.Notice
	}
	s.Reload = state.ReloadPending(h)
	if t, running := h.RunningTransaction(); running {
		s.Running = fmt.Sprintf("a package transaction, process %d since %s", t.PID, t.Since.UTC().Format(time.RFC3339))
	} else {
		s.Running = h.OtherRun()
	}
	if e == nil {
		s.Message = "The agent has no extension " + names.Ours().Type + " on this machine, and setup was not run on it."
		s.Name = nameOf(0)
		return s, nil
	}
	s.Handler, s.Extension, s.State, s.Sequence = e.called(), e.env.Version, string(e.state), e.seq
	switch {
	case e.standalone():
		s.State = ""
	case !e.own:
		s.foreign = "; another program's handler"
	}
	if e.report == nil {
		s.Message, s.Name = e.publisher()+"'s extension has written no status yet.", nameOf(0)
		switch {
		case e.torn != nil:
			s.Message = "The status that was written cannot be read: " + text.OneLine(e.torn.Error()) + "."
		case e.standalone():
			s.Message = "setup has written no status yet."
		}
		return s, nil
	}
	s.take(e.report)
	said := e.said.UTC().Truncate(time.Second)
	s.Said, s.Since = &said, &said
	if since, ok := since(h, e.env.LogFolder, strings.ToLower(s.Operation)); ok {
		s.Since = &since
	}
	return s, nil
}

// take fills in what a report says. Another program's handler may have written it, with
// whatever its commands printed.
func (s *Status) take(r *status.Report) {
	s.Operation, s.Code, s.Name = text.OneLine(r.Operation), r.Code, nameOf(r.Code)
	if r.Code == 0 && r.Level != status.Success { // it is at work, or failed without a code
		s.Name = string(r.Level)
	}
	s.Message = text.Or(text.OneLine(r.Message), "The status that was written has no text.")
	for _, p := range r.Substatuses {
		s.Parts = append(s.Parts, Part{Name: text.OneLine(p.Name), Level: string(p.Level), Text: text.OneLine(p.Message)})
	}
}

// ended matches the end of an operation in handler.log.
const ended = `^time="([^"]+)" level=\w+ msg="(finished|failed): (\w+), version`

// since reads handler.log backwards to find when the operation began to end as it does now.
func since(h *host.Host, folder, operation string) (time.Time, bool) {
	var lines []string
	for _, name := range []string{"handler.log.1", "handler.log"} {
		if text, err := h.ReadTail(filepath.Join(folder, name), 6<<20); err == nil {
			lines = append(lines, strings.Split(string(text), "\n")...)
		}
	}
	pattern, reason := regexp.MustCompile(ended), regexp.MustCompile(` error="((?:[^"\\]|\\.)*)"`)
	var first time.Time
	last := ""
	for i := len(lines) - 1; i >= 0; i-- {
		m := pattern.FindStringSubmatch(lines[i])
		if m == nil || m[3] != operation {
			continue
		}
		outcome := m[2]
		if e := reason.FindStringSubmatch(lines[i]); e != nil {
			outcome += e[1]
		}
		if last != "" && outcome != last {
			break
		}
		at, err := time.Parse(time.RFC3339Nano, m[1])
		if err != nil {
			continue
		}
		last, first = outcome, at
	}
	return first.UTC().Truncate(time.Second), last != ""
}

// Text is the status for a terminal: how the machine is, and then the last report.
func (s Status) Text(now time.Time, style Style) string {
	var b strings.Builder
	say := func(line string) { style.wrap(&b, 0, line) }
	s.health(say)
	if s.Running != "" {
		say("At work now, and what is said here may soon be otherwise: " + s.Running)
	}
	if s.Extension != "" || s.Handler == "setup" {
		b.WriteString("\n")
	}
	sequence := ", sequence number " + strconv.Itoa(s.Sequence)
	switch {
	case s.Handler == "setup":
		say("setup, version " + text.Or(s.Extension, "unknown") + sequence)
	case s.Extension != "":
		say(s.Handler + " " + s.Extension + ", " + text.Or(s.State, "state unknown") + sequence + s.foreign)
	}
	if s.Said != nil {
		const form = "2006-01-02 15:04:05 UTC"
		say("The last report, of " + s.Said.Format(form) + " (not checked again since):")
		say(text.Capital(s.Operation) + ": " + strconv.Itoa(s.Code) + " " + s.Name +
			", since " + s.Since.Format(form) + " (" + ago(now, *s.Since) + "), last said " + ago(now, *s.Said))
	}
	say(s.Message)
	for _, p := range s.Parts {
		style.part(&b, p)
	}
	if s.Notice != "" {
		say(s.Notice)
	}
	if s.Reload {
		say("sshd has still to be told to read its configuration; the next run does it.")
	}
	return b.String()
}

// part is one substatus.
func (s Style) part(b *strings.Builder, p Part) {
	const nameAt, textAt = 2 + 8 + 1, 2 + 8 + 1 + 14 + 1
	indent := textAt
	fmt.Fprintf(b, "  %-8s ", p.Level)
	if s.Width > 0 && s.Width < narrow {
		indent = 4
		s.fill(b, []token{{text: p.Name}}, nameAt, indent, 0, "")
		b.WriteString(strings.Repeat(" ", indent))
	} else {
		fmt.Fprintf(b, "%-14s ", p.Name)
	}
	s.wrap(b, indent, p.Text)
}

// health is how the machine is now.
func (s Status) health(say func(line string)) {
	if s.Health == nil {
		say("Health: sign-in with Entra ID is not set up on this machine.")
		return
	}
	say("Health: " + s.Health.head() + " " + s.Health.Text)
	if s.Health.Next != "" {
		say(s.Health.Next)
	}
	rest := "Everything else that is wrong, the network included"
	if s.Health.answer() == "pass" {
		rest = "The network and failed sign-ins were not checked. Check them"
	}
	say(rest + ": sudo " + host.Program() + " doctor")
}

// secretsOf are texts that must never be shown: they were in the settings or environments
// that were read.
func secretsOf(e *extension, f *facts.Facts) []string {
	secrets := f.Proxy.Secrets()
	if e != nil {
		secrets = append(secrets, e.settings.Proxy.Secrets()...)
	}
	return secrets
}
