package handler

import (
	"strings"

	"aadssh/internal/check"
	"aadssh/internal/decide"
	"aadssh/internal/facts"
)

// repaired reports what was repaired and why. The machine is healthy again, so this is not
// a warning; but it must be visible, so that people find out what breaks the machine every
// night.
func repaired(plan decide.Plan, before, after *facts.Facts) []check.Result {
	if !plan.Has(decide.Reinstall, decide.PutBack) {
		return nil
	}
	still := map[string]bool{}
	for _, r := range after.Findings() {
		still[r.Name] = r.Answer == check.Fail
	}
	var what []string
	for _, r := range before.Findings() {
		if r.Part != check.NoPart && r.Answer == check.Fail && !still[r.Name] {
			what = append(what, r.Text)
		}
	}
	if len(what) == 0 {
		return nil
	}
	return []check.Result{{Name: "repair", Text: "Put right by installing " + after.Target.Packages.Login + " anew: " + strings.Join(what, " "),
		Next: "Where this comes back, ask whoever keeps this machine what undoes it: a hardening script, configuration management, or VMAccess (reset SSH)."}}
}
