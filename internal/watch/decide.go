package watch

import (
	"fmt"
	"time"

	"aadssh/internal/fault"
	"aadssh/status"
)

// again is how long after a repair the same cause is not repaired again.
const again = 24 * time.Hour

// decision is what to do after a check.
type decision struct {
	say    *status.Report // the new verdict to report; nil: it has not changed
	repair bool           // sign-in is to be repaired
	leave  bool           // there is nothing left to watch
	memory Memory
	why    string // for the journal, if nothing is reported
}

// acts reports whether the decision does more than remember something.
func (d decision) acts() bool { return d.say != nil || d.repair || d.leave }

// decide depends on its arguments alone: the verdict that was reported last, the one that
// was found now, and what earlier checks recorded. While somebody changes the machine a
// failure may be temporary, and nothing is repaired.
func decide(told status.Report, seen Observation, other otherHandler, m Memory, busy bool, now time.Time) decision {
	d := decision{memory: m.clone(now)}
	failing := told.Level == status.Failure
	if other.coming && seen.Fault != nil {
		d.why = "the agent is working on " + other.name
		return d
	}
	if other.deleted(seen) {
		return d.deleted(other.name)
	}
	d.memory.Deleted = ""
	if seen.Fault == nil {
		return d.well(told, seen)
	}
	key := fmt.Sprintf("%d %s", seen.Fault.Code, seen.cause())
	if (busy || !failing && seen.Fault.Code.Is(fault.Passing) || seen.twice(told, other)) && m.Suspect != key {
		d.memory.Suspect = key
		d.why = "found for the first time, and it may be temporary: " + seen.Fault.What
		return d
	}
	report := seen.Report
	if seen.Repair != "" {
		tried, ok := d.memory.Repairs[seen.cause()]
		switch {
		case ok:
			report = tried.stands(report)
		case !busy:
			d.repair = true
			return d
		}
	}
	d.memory.Suspect = ""
	if failing && told.Code == report.Code && told.Message == report.Message {
		d.why = "unchanged: " + seen.Fault.What
		return d
	}
	d.say = &report
	return d
}

// well is the decision if no fault is found.
func (d decision) well(told status.Report, seen Observation) decision {
	failing := told.Level == status.Failure
	switch {
	case failing && seen.doubts(told):
		d.why = "whether it still fails cannot be determined now, so the verdict stays"
	case failing:
		d.memory.Suspect = ""
		d.say = &seen.Report
	default:
		d.memory.Suspect = ""
		d.why = "people can sign in"
	}
	return d
}

// deleted ends setup's watch: whoever deleted the other handler did not want its packages.
func (d decision) deleted(name string) decision {
	key := "deleted " + name
	if d.memory.Suspect != key {
		d.memory.Suspect = key
		d.why = "seen for the first time: " + name + " and its packages are gone"
		return d
	}
	d.memory.Deleted, d.leave = name, true
	return d
}

// twice reports whether what needs repair must be found a second time: a first installation
// waits for the identity, whose state varies while it is new, and with another handler the
// packages may be missing for a moment.
func (v Observation) twice(told status.Report, other otherHandler) bool {
	first := told.Level == status.Failure && fault.Code(told.Code).Is(fault.Passing)
	return v.Repair != "" && (first && v.Gone || other.name != "")
}

// stands is the verdict of a machine that was repaired not long ago.
func (r Repair) stands(now status.Report) status.Report {
	at := r.Time.UTC().Format("2006-01-02 15:04 MST")
	if r.Failed != "" {
		now.Code, now.Message = r.Code, r.Failed+" (It was tried at "+at+"; the watch tries once in 24 hours.)"
		return now
	}
	now.Message += " It was put back at " + at + " already; the watch does so once in 24 hours. Find out what takes it away (a configuration management tool, a hardening script)."
	return now
}
