//go:build rig

package doctor_test

import (
	"slices"
	"strings"
	"testing"
)

// TestHealthy: on a machine on which people can sign in, doctor finds nothing, sends one
// request to each endpoint, and writes nothing.
func TestHealthy(t *testing.T) {
	s := healthy(t, jammy())
	before := s.Snapshot()
	report, code := s.examine(nil)
	after := s.Snapshot()
	if changed := before.Diff(after, nil); len(changed) > 0 {
		t.Errorf("doctor wrote: %s", strings.Join(changed, ", "))
	}
	for _, c := range report.Checks {
		if c.Answer != "pass" {
			t.Errorf("%s %s: %s", c.Answer, c.Name, c.Text)
		}
	}
	if code != 0 || report.Verdict.Code != 0 || len(report.Plan) != 0 || len(report.Unseen) < 3 {
		t.Errorf("exit %d, verdict %+v, plan %v", code, report.Verdict, report.Plan)
	}
	asked := s.endpoints.asked()
	slices.Sort(asked)
	if want := []string{"login.microsoftonline.com", "pas.windows.net"}; !slices.Equal(asked, want) {
		t.Errorf("asked %v", asked)
	}
}
