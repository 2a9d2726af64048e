package doctor

import (
	"bufio"
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"aadssh/internal/fault"
	"aadssh/internal/host"
	"aadssh/internal/order"
	"aadssh/internal/text"
)

// Fleet is the reports of many machines.
type Fleet struct {
	reports []Report
}

// Add reads the reports in one file, one after the other, as doctor --json prints them. The
// error is a *fault.Fault of code Usage.
func (f *Fleet) Add(name string, in io.Reader) error {
	const most = 64 << 20 // bytes: thousands of reports
	input := bufio.NewReader(in)
	switch mark, _ := input.Peek(3); { // PowerShell begins a file with one
	case bytes.Equal(mark, []byte("\xef\xbb\xbf")):
		_, _ = input.Discard(len(mark))
	case bytes.HasPrefix(mark, []byte("\xff\xfe")), bytes.HasPrefix(mark, []byte("\xfe\xff")):
		return fault.New(fault.Usage, name+" is in UTF-16, as PowerShell writes it.", "Run: iconv -f UTF-16 -t UTF-8 "+text.Quote(name)+" | "+host.Program()+" doctor --merge -")
	}
	d := json.NewDecoder(io.LimitReader(input, most))
	for n := 1; ; n++ {
		var r Report
		err := d.Decode(&r)
		switch {
		case errors.Is(err, io.EOF) && n > 1:
			return nil
		case errors.Is(err, io.EOF):
			return fault.New(fault.Usage, name+" has no report in it.", printed())
		case err != nil:
			return fault.Wrap(err, fault.Usage, fmt.Sprintf("Report %d of %s is no report of doctor: %s.", n, name, notReport(err)), printed())
		case r.Schema != schemaVersion:
			return fault.New(fault.Usage, fmt.Sprintf("Report %d of %s has the schema %q; this program reads %q.", n, name, text.Brief(r.Schema, 40), schemaVersion), "Print it anew, with this version of the program: sudo "+host.Program()+" doctor --json")
		case r.Verdict.Code < 0 || r.Verdict.Code > 255: // as an exit code, 256 is success
			return fault.New(fault.Usage, fmt.Sprintf("Report %d of %s is no report of doctor: %d is no exit code.", n, name, r.Verdict.Code), printed())
		case r.Verdict.Name == "" || r.Checks == nil: // what status and plan print has the same schema
			return fault.New(fault.Usage, fmt.Sprintf("Report %d of %s is no report of doctor: it has no verdict or no checks.", n, name), printed())
		}
		if r.Machine.Name == "" {
			r.Machine.Name = fmt.Sprintf("(%s:%d)", name, n)
		}
		f.reports = append(f.reports, r)
	}
}

// Worst is the highest exit code of all machines.
func (f *Fleet) Worst() int {
	worst := 0
	for _, r := range f.reports {
		worst = max(worst, r.Verdict.Code)
	}
	return worst
}

// Summary lists the causes, those on most machines first.
type Summary struct {
	Schema   string  `json:"schema"`
	Machines int     `json:"machines"`
	Well     int     `json:"well"`                // without a failure
	Unjudged int     `json:"notJudged,omitempty"` // not examined as root
	Causes   []Cause `json:"causes"`
}

// Cause is one verdict and the machines that have it.
type Cause struct {
	Code     int      `json:"code"` // 0: a warning, or something unknown
	Name     string   `json:"name"`
	Check    string   `json:"check"`
	Text     string   `json:"text"` // the text of the first of these machines
	Next     string   `json:"next,omitempty"`
	Machines []string `json:"machines"`
}

// Summary summarizes the reports. One cause is one check that fails with one code: the
// texts contain names and numbers that differ between machines.
func (f *Fleet) Summary() Summary {
	s := Summary{Schema: schemaVersion, Machines: len(f.reports), Causes: []Cause{}}
	at := map[string]int{}
	for _, r := range f.reports {
		v := r.Verdict
		switch {
		case v.Code == 0:
			s.Well++
		case v.Code == int(fault.Usage):
			s.Unjudged++
		}
		if v.Check == "" && v.Code == 0 {
			continue
		}
		key := fmt.Sprint(v.Code, v.Check)
		i, seen := at[key]
		if !seen {
			i = len(s.Causes)
			at[key] = i
			s.Causes = append(s.Causes, Cause{Code: v.Code, Name: v.Name, Check: v.Check, Text: v.Text, Next: v.Next})
		}
		s.Causes[i].Machines = append(s.Causes[i].Machines, text.Printable(r.Machine.Name))
	}
	order.By(s.Causes, func(a, b Cause) int {
		if failed := cmp.Compare(min(b.Code, 1), min(a.Code, 1)); failed != 0 {
			return failed
		}
		return cmp.Compare(len(b.Machines), len(a.Machines))
	})
	return s
}

// Text is the summary for a terminal.
func (s Summary) Text(style Style) string {
	var b strings.Builder
	head := fmt.Sprintf("%s: %d without a failure, %d with one", text.Counted(s.Machines, "machine"), s.Well, s.Machines-s.Well-s.Unjudged)
	if s.Unjudged > 0 {
		head += fmt.Sprintf(", %d not looked at as root", s.Unjudged)
	}
	style.wrap(&b, 0, head+".")
	for _, c := range s.Causes {
		answer := Verdict{Code: c.Code, Check: c.Check}.answer()
		b.WriteString("\n")
		style.headed(&b, answer, fmt.Sprintf("%s %d %s", word(answer), c.Code, text.Or(c.Check, c.Name)), 2, fmt.Sprintf("on %s: %s", text.Counted(len(c.Machines), "machine"), strings.Join(c.Machines, ", ")))
		b.WriteString("  ")
		style.wrap(&b, 2, text.Printable(c.Text))
		if c.Next != "" {
			b.WriteString("  ")
			style.wrap(&b, 2, text.Printable(c.Next))
		}
	}
	return b.String()
}

// printed says how to make reports.
func printed() string {
	return "Name files that this printed: sudo " + host.Program() + " doctor --json"
}

// notReport is why some input is not a report, without the JSON decoder's words about our
// types.
func notReport(err error) string {
	var form *json.UnmarshalTypeError
	switch {
	case errors.As(err, &form):
		return "it is JSON of another form"
	case errors.Is(err, io.ErrUnexpectedEOF):
		return "it ends in the middle"
	}
	return text.OneLine(err.Error())
}
