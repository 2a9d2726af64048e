package preflight

import "strings"

// Group is the substatus under which a check is reported: few and stable, so
// that people can query them across a fleet. doctor shows each check.
func Group(check string) string {
	for _, g := range []struct{ prefix, name string }{
		{"sshd", "sshd"}, {"cert-handler", "sshd"}, {"package-files", "packages"},
		{"pam", "pam"}, {"user-add", "pam"}, {"sudo", "pam"}, {"shell", "pam"},
		{"nss", "nss"}, {"accounts", "nss"},
		{"selinux", "selinux"},
	} {
		if strings.HasPrefix(check, g.prefix) {
			return g.name
		}
	}
	return check
}

// Grouped merges the results of one group into one: the worst answer, and the
// texts of all that are not well. The order is that of first appearance.
func Grouped(results []Result) []Result {
	var merged []Result
	at := map[string]int{}
	for _, r := range results {
		r.Name = Group(r.Name)
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

// worse orders the answers as a person would.
func worse(a, b Answer) bool {
	rank := map[Answer]int{Pass: 0, Unknown: 1, Warn: 2, Fail: 3}
	return rank[a] > rank[b]
}
