//go:build rig

package doctor_test

import (
	"fmt"
	"regexp"
	"strings"
	"testing"

	"aadssh/internal/doctor"
	"aadssh/test/lib/golden"
)

// screens are the machines whose report is compared as a person sees it, on terminals of
// 60, 80 and 120 columns.
func screens() []string {
	return []string{"no system-assigned identity", "iptables drops port 22", "nftables lets one network in", "AllowGroups in sshd_config", "an automatic update holds the lock",
		"no sshd runs", "the disk is full", "walinuxagent is stopped", "pas.windows.net is refused", "/etc/nologin was left behind"}
}

// volatile is what differs in each run, and what it is replaced by.
var volatile = map[string]*regexp.Regexp{
	"process PID":          regexp.MustCompile(`process \d+`),
	"ps -fp PID":           regexp.MustCompile(`ps -fp \d+`),
	"2026-01-01 00:00 UTC": regexp.MustCompile(`\d{4}-\d\d-\d\d \d\d:\d\d UTC`),
	"N MiB":                regexp.MustCompile(`\d+ MiB`),
}

func steady(s string) string {
	for same, pattern := range volatile {
		s = pattern.ReplaceAllString(s, same)
	}
	return s
}

// screen compares the appearance of a report.
func screen(t *testing.T, machine string, r doctor.Report) {
	t.Helper()
	r.Version = "1.0.0"
	for i, c := range r.Checks {
		r.Checks[i].Text, r.Checks[i].Next = steady(c.Text), steady(c.Next)
	}
	r.Verdict.Text, r.Verdict.Next = steady(r.Verdict.Text), steady(r.Verdict.Next)
	name := strings.Map(func(c rune) rune {
		if c == '/' || c == ' ' {
			return '-'
		}
		return c
	}, machine)
	for _, width := range []int{60, 80, 120} {
		golden.Compare(t, fmt.Sprintf("testdata/screens/%s-%d.txt", name, width), r.Text(doctor.Style{Width: width}))
	}
}
