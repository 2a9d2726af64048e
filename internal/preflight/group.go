package preflight

import (
	"aadssh/internal/check"
	"aadssh/internal/text"
	"slices"
)

// Grouped merges the results of each group into one: the worst answer, and the texts of all
// that do not pass. Where all pass, the text is that of the first check of the cert handler,
// if the group has one, else of the first check: "sshd asks the cert handler" says more than
// that hosts.deny keeps nobody out. The groups are in the order of their first results.
func Grouped(results []check.Result) []check.Result {
	var merged []check.Result
	at := map[string]int{}
	for _, r := range results {
		r.Name = text.Or(r.About().Group, r.Name)
		i, seen := at[r.Name]
		if !seen {
			at[r.Name] = len(merged)
			merged = append(merged, r)
			continue
		}
		m := &merged[i]
		switch {
		case r.Answer == check.Pass:
			if m.Answer == check.Pass && speaks(r) && !speaks(*m) {
				*m = r
			}
		case m.Answer == check.Pass:
			*m = r
		case worse(r.Answer, m.Answer):
			*m, r = r, *m
			fallthrough
		default:
			m.Text += " " + r.Text
			if m.Next == "" {
				m.Next = r.Next
			}
		}
	}
	return merged
}

// speaks reports whether a result that passes says most of its group.
func speaks(r check.Result) bool { return r.About().Gate == check.GateCommand }

// worse orders the answers by severity.
func worse(a, b check.Answer) bool {
	rank := []check.Answer{check.Pass, check.Unknown, check.Warn, check.Fail}
	return slices.Index(rank, a) > slices.Index(rank, b)
}
