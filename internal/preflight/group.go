package preflight

import "aadssh/internal/text"

// Grouped merges the results of each group into one: the worst answer, and the texts of all
// that do not pass. The groups are in the order of their first results.
func Grouped(results []Result) []Result {
	var merged []Result
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
		case r.Answer == Pass:
		case m.Answer == Pass:
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

// worse orders the answers by severity.
func worse(a, b Answer) bool {
	rank := map[Answer]int{Pass: 0, Unknown: 1, Warn: 2, Fail: 3}
	return rank[a] > rank[b]
}
