package handler

import (
	"slices"
	"strings"

	"aadssh/internal/check"
	"aadssh/internal/fault"
	"aadssh/internal/preflight"
	"aadssh/internal/standalone"
	"aadssh/internal/text"
	"aadssh/status"
)

// outcome is the result of an operation.
type outcome struct {
	fault   *fault.Fault // nil: success
	message string       // of a success, one line
	results []check.Result
}

func failed(err error, results []check.Result) outcome {
	return outcome{fault: fault.ByCause(fault.Of(err)), results: results}
}

func (v outcome) code() fault.Code {
	if v.fault == nil {
		return fault.OK
	}
	return v.fault.Code
}

// standalone rewrites the verdict for a person who runs setup or remove.
func (v outcome) standalone(speaker standalone.Speaker) outcome {
	words := speaker.Words
	if v.fault != nil {
		f := *v.fault
		f.What, f.Next = words(f.What), words(f.Remedy())
		v.fault = &f
	}
	v.results = slices.Clone(v.results)
	for i, c := range v.results {
		v.results[i].Text, v.results[i].Next = words(c.Text), words(c.Next)
	}
	return v
}

// removing rewrites the next step of an uninstallation that failed: the agent does not run
// it again, and what it left goes with the next one.
func (v outcome) removing() outcome {
	if v.fault != nil {
		f := *v.fault
		f.Next = strings.NewReplacer(fault.Again, "set the extension and remove it again", fault.AgainFirst, "Set the extension and remove it again").Replace(f.Remedy())
		v.fault = &f
	}
	return v
}

// lines are what a person reads first: what is wrong, and what to do about it.
func (v outcome) lines() (what, next string) {
	if v.fault == nil {
		return text.Shown(v.message), ""
	}
	return v.fault.Lines()
}

// report is the verdict as the agent reads it. The status is only ever success or error: a
// warning would delay the extensions that depend on this one (waagent exthandlers.py,
// wait_for_handler_completion). Warnings are in the substatuses.
func (v outcome) report(operation string) status.Report {
	r := status.Report{Operation: operation, Level: status.Success, Code: int(v.code())}
	what, next := v.lines()
	r.Message = what
	if v.fault != nil {
		r.Level = status.Failure
		r.Message = what + " " + next
	}
	for _, c := range preflight.Grouped(v.results) {
		s := status.Substatus{Name: c.Name, Level: status.Success, Message: c.Text}
		switch c.Answer {
		case check.Warn, check.Unknown:
			s.Level = status.Warning
		case check.Fail:
			s.Level, s.Code = status.Failure, int(c.Code)
		}
		if c.Next != "" {
			s.Message += " " + c.Next
		}
		r.Substatuses = append(r.Substatuses, s)
	}
	return r
}
