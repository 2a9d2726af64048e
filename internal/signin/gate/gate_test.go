package gate

import (
	"testing"

	"aadssh/internal/check"
	"aadssh/internal/fault"
)

func TestResult(t *testing.T) {
	for _, c := range []struct {
		name   string
		answer Answer
		want   check.Answer
		code   fault.Code
		except string
		open   string
	}{
		{"in", Answer{}, check.Pass, fault.OK, "", ""},
		{"in, with a remark", Answer{Remark: true}, check.Warn, fault.OK, "", ""},
		{"out for everybody", Answer{Outcome: Out}, check.Fail, fault.VerificationFailed, "", ""},
		{"out for some", Answer{Outcome: Out, Whom: "service principals"}, check.Warn, fault.OK, "service principals", ""},
		{"not known", Answer{Outcome: NotKnown, Decides: "pam_duo.so"}, check.Unknown, fault.OK, "", "pam_duo.so"},
		{"not known for some", Answer{Outcome: NotKnown, Whom: "people who connect from 10.0.0.0/8", Decides: "pam_duo.so"}, check.Unknown, fault.OK, "", "pam_duo.so"},
		{"not known, and not said why", Answer{Outcome: NotKnown}, check.Unknown, fault.OK, "", "what could not be seen"},
	} {
		r := c.answer.Result()
		if r.Answer != c.want || r.Code != c.code || r.Except != c.except || r.Decides != c.open {
			t.Errorf("%s: %s, code %d, except %q, decides %q", c.name, r.Answer, r.Code, r.Except, r.Decides)
		}
	}
}
