package doctor

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"aadssh/internal/check"
	"aadssh/internal/host"
	"aadssh/internal/preflight"
	"aadssh/internal/signin/gate"
	"aadssh/internal/signin/sshd"
	"aadssh/internal/trail"
)

// history are the messages of the sign-in programs of the last day.
type history struct {
	source string // for people; "" where none could be read
	events []trail.Event
	since  time.Time // where it begins, if later than 24 hours ago
}

// readHistory reads the journal or the logs. What auditd writes is read by the check
// selinux-denials. If one is not nil, only the lines about that person count.
func readHistory(ctx context.Context, h *host.Host, now time.Time, one *gate.Somebody) (history, trail.About) {
	log := trail.Read(ctx, h, now, trail.Day)
	events := log.Events(h.RootOnly, h.Exists)
	if one == nil {
		one = &gate.Somebody{}
	}
	all := history{source: log.Source, since: log.Since}
	for i := range events {
		if events[i].Concerns(one.Name, one.From) {
			all.events = append(all.events, events[i])
		}
	}
	if one.Name == "" {
		return all, trail.About{}
	}
	return all, log.About(one.Name)
}

// signInErrors explains the last failed sign-ins, one line for each cause, newest first.
// They are warnings: that one person has no role is not a fault of the machine.
func signInErrors(m *machine) []check.Result {
	if m.history.source == "" {
		return []check.Result{{Answer: check.Unknown, Text: "Neither the journal nor a log of sign-ins could be read."}}
	}
	counts := map[string]int{}
	var newest []trail.Event
	for _, e := range m.history.events {
		if m.settled(e) {
			continue
		}
		if counts[e.Cause.Name]++; counts[e.Cause.Name] == 1 {
			newest = append(newest, e)
		}
	}
	if newest == nil {
		when := "in the last 24 hours (" + m.history.source + ")."
		if since := m.history.since; !since.IsZero() {
			when = "since " + since.UTC().Format("2006-01-02 15:04 MST") + "; earlier lines of the last 24 hours were not read (" + m.history.source + ")."
		}
		return []check.Result{{Text: "No failed sign-in of " + m.whom("an Entra ID user") + " " + when}}
	}
	var results []check.Result
	for _, e := range newest {
		r := check.Result{Answer: check.Warn, Next: strings.ReplaceAll(e.Next(), "{connection}", sshd.ExampleSpec())}
		if e.Cause.Name == "role" {
			r.Next = "Where az is signed in: " + m.Identity.Machine.AssignRole(e.CommandName())
		}
		times := "once"
		if n := counts[e.Cause.Name]; n > 1 {
			times = fmt.Sprintf("%d times", n)
		}
		r.Text = "Sign-in failed " + times + " in the last 24 hours: " + e.Means() + ". Last, from " + m.history.source + ": " + m.excerpt(e)
		results = append(results, r)
	}
	return results
}

// excerpt is the original line with its time.
func (m *machine) excerpt(e trail.Event) string {
	at := ""
	if !e.At.IsZero() {
		at = e.At.UTC().Format("2006-01-02 15:04 MST") + ", "
	}
	return at + e.Program + ": " + trail.Quoted(Redact(e.Text), 240)
}

// settled reports whether the checks for a cause now find that it is gone.
func (m *machine) settled(e trail.Event) bool {
	c := e.Cause
	switch list, algorithm := e.Algorithm(); {
	case c.Name == "groups":
		return m.SSHD.NoLists()
	case algorithm != "":
		return m.SSHD.Accepts(list, algorithm)
	}
	for _, name := range strings.Fields(c.Settled) {
		if !m.passes(name) {
			return false
		}
	}
	return c.Settled != ""
}

// passes reports whether a check ran and found nothing.
func (m *machine) passes(name string) bool {
	results := m.ask(name)
	return len(results) > 0 && !slices.ContainsFunc(results, func(r check.Result) bool { return r.Answer != check.Pass })
}

// ask are the results of a check; none if it did not run.
func (m *machine) ask(name string) (results []check.Result) {
	for _, r := range rows() {
		if r.Name == name {
			results = append(results, r.Run(m)...)
		}
	}
	if results == nil && preflight.InPlace(&m.Facts) { // one of the many checks of the sign-in
		for _, r := range m.Findings() {
			if r.Name == name {
				results = append(results, r)
			}
		}
	}
	return results
}
