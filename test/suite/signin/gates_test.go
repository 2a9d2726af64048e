//go:build rig

package signin_test

import (
	"slices"
	"strings"
	"testing"

	"aadssh/test/lib/nextstep"
)

// TestOnePerson: on each machine of testdata/people, doctor's result for one person from
// one address is what they experience, and each person is either in or out. Those who are
// out are rejected by the gate that the file names, and by no other; and doctor's next step
// lets them in.
func TestOnePerson(t *testing.T) {
	m := matrix{keys: makeKeys(t), modules: makeModules(t), stages: map[string]func() (string, error){}}
	for _, s := range situationsOf(t, "people") {
		for _, p := range s.personas {
			if !taken(s.name, p, 9) {
				continue
			}
			t.Run(s.name+"/"+p, func(t *testing.T) {
				t.Parallel()
				one := m.start(t, &result{situation: s, persona: p})
				one.sudo()
				if len(one.ones) != len(s.attempts) {
					t.Errorf("doctor was asked about %d of %d", len(one.ones), len(s.attempts))
				}
				for _, a := range one.ones {
					one.atItsGate(a)
				}
				one.lettingIn()
				one.stopDaemon()
			})
		}
	}
}

// notOfTheMachine are gates about which a machine without a log and without Azure has no
// result.
var notOfTheMachine = []string{"role", "history"}

// atItsGate compares the gates of one person with what the file says of the machine.
func (o *machine) atItsGate(a answered) {
	t := o.T
	t.Helper()
	if a.said == "not known" && o.s.gate == "" && o.s.also == nil {
		t.Errorf("%s: doctor does not know\n%s", a.words, a.why)
	}
	v := a.report.Verdict
	said := v.Text + " > " + v.Next
	for _, g := range a.report.User.Gates {
		seen := g.Name + " " + g.Answer
		here := g.Name == o.s.gate && (a.truth == "out" || o.s.sudo == "no")
		switch {
		case here && g.Answer == "pass":
			t.Errorf("%s: %s passes at %s\n%s", a.words, a.user, g.Name, a.why)
		case !here && g.Answer != "pass" && !slices.Contains(notOfTheMachine, g.Name) && !slices.Contains(o.s.also, seen):
			t.Errorf("%s: of %s doctor says %s: %s", a.words, a.user, seen, g.Text)
		case !here:
		case v.Check != o.s.check:
			t.Errorf("%s: the first line is about %s: %s", a.words, v.Check, said)
		}
	}
	if a.truth != "out" && o.s.sudo != "no" {
		return
	}
	for _, words := range o.s.says {
		if !strings.Contains(said, words) {
			t.Errorf("%s: %q is not in: %s", a.words, words, said)
		}
	}
	t.Logf("%s: %s: %s", a.words, v.Check, said)
}

// lettingIn: the people who are rejected ask doctor and do what it says, one after the
// other. In the end everybody gets in, and doctor says so.
func (o *machine) lettingIn() {
	t := o.T
	t.Helper()
	done := []string{}
	for _, a := range o.ones {
		if a.truth != "out" && o.s.sudo != "no" {
			continue
		}
		if len(done) > 0 {
			if a = o.doctorOf(a.attempt); a.said == "in" && o.s.sudo != "no" {
				continue // what somebody else did helps them as well
			}
		}
		script := o.s.remedy
		if script == "" {
			script = nextstep.Command(a.report.Verdict.Next)
		}
		if script == "" {
			t.Errorf("%s: no command in: %s", a.words, a.report.Verdict.Next)
			return
		}
		if r := o.Try(nextstep.Unattended(script)); r.ExitCode != 0 {
			t.Errorf("%s: %s: exit %d\n%s", a.words, script, r.ExitCode, r.Output())
		}
		done = append(done, script)
		o.options()
		o.restartDaemon()
	}
	if len(done) == 0 {
		return
	}
	for i, met := range o.attempts() {
		if met != "in" {
			t.Errorf("%s: after %q they are %s", o.s.attempts[i].words, done, met)
		}
	}
	if o.s.sudo == "no" {
		o.s.sudo = "yes"
		o.sudo()
	}
	for _, a := range o.ones {
		if again := o.doctorOf(a.attempt); again.said != "in" && o.s.also == nil {
			t.Errorf("%s: after %q doctor says %s\n%s", a.words, done, again.said, again.why)
		}
	}
}
