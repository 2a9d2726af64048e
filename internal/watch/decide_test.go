package watch

import (
	"strings"
	"testing"
	"time"

	"aadssh/internal/check"
	"aadssh/internal/fault"
	"aadssh/internal/preflight"
	"aadssh/status"
)

func failure(code fault.Code, name, what string) Observation {
	return Observation{Fault: fault.New(code, what, "Do something."),
		Report: status.Report{Level: status.Failure, Code: int(code), Message: what + " Do something.",
			Substatuses: []status.Substatus{{Name: group(name), Level: status.Failure}}},
		Results: []check.Result{{Name: name, Row: &check.About{Group: group(name)}, Answer: check.Fail, Code: code, Text: what}}}
}

// group is the substatus of a check of enable.
func group(name string) string {
	for _, c := range append(check.List(preflight.Preconditions()), check.List(preflight.Verification())...) {
		if c.Name == name {
			return c.Group
		}
	}
	return name
}

func well(unknown ...string) Observation {
	v := Observation{Report: status.Report{Level: status.Success, Message: "People can sign in."}}
	for _, name := range unknown {
		v.Results = append(v.Results, check.Result{Name: name, Row: &check.About{Group: group(name)}, Answer: check.Unknown})
	}
	return v
}

// warned is a verdict with a warning that has come, as of a denial of SELinux.
func (v Observation) warned() Observation {
	v.Results = append(v.Results, check.Result{Name: "selinux-denials", Row: &check.About{Group: group("selinux-denials")}, Answer: check.Warn})
	return v
}

func (v Observation) repairable() Observation { v.Repair = "reinstall it"; return v }

// TestDecide follows the verdict over several checks: what people read after each.
func TestDecide(t *testing.T) {
	missing := failure(fault.IdentityMissing, "identity", "No identity.")
	drift := failure(fault.VerificationFailed, "sshd-command", "The block is missing.").repairable()
	owner := failure(fault.VerificationFailed, "sshd-groups", "AllowGroups.")
	other := failure(fault.VerificationFailed, "sshd-users", "DenyUsers.")
	type step struct {
		seen Observation
		busy bool   // somebody is changing the machine
		say  string // beginning of the report; "" if the verdict has not changed
		fix  bool   // a repair is started, and assumed to succeed
	}
	for name, steps := range map[string][]step{
		"well":                         {{seen: well()}, {seen: well()}},
		"unknown on a well machine":    {{seen: well("identity")}, {seen: well("sshd-config")}},
		"identity goes":                {{seen: missing}, {seen: missing, say: "No identity."}, {seen: missing}, {seen: well(), say: "People"}, {seen: well()}},
		"identity flickers":            {{seen: missing}, {seen: well()}, {seen: missing}, {seen: well()}},
		"unknown between two":          {{seen: missing}, {seen: well("identity")}, {seen: missing}},
		"unknown keeps a failure":      {{seen: missing}, {seen: missing, say: "No identity."}, {seen: well("identity")}, {seen: well(), say: "People"}},
		"another unknown does not":     {{seen: owner, say: "AllowGroups."}, {seen: well("selinux"), say: "People"}},
		"the same unknown does":        {{seen: owner, say: "AllowGroups."}, {seen: well("sshd-config")}, {seen: well(), say: "People"}},
		"a warning comes and goes":     {{seen: well()}, {seen: well().warned()}, {seen: well().warned()}, {seen: well()}},
		"a warning keeps no failure":   {{seen: owner, say: "AllowGroups."}, {seen: well().warned(), say: "People"}, {seen: well()}},
		"a failure with a warning":     {{seen: owner.warned(), say: "AllowGroups."}, {seen: owner}, {seen: owner.warned()}},
		"the owner's move":             {{seen: owner, say: "AllowGroups."}, {seen: owner}, {seen: other, say: "DenyUsers."}},
		"drift is put back":            {{seen: drift, fix: true}, {seen: well()}},
		"drift comes back":             {{seen: drift, fix: true}, {seen: drift, say: "The block is missing. Do something. It was put back at "}, {seen: drift}, {seen: well(), say: "People"}},
		"one cause is not the other's": {{seen: drift, fix: true}, {seen: failure(fault.PackageManagerFailed, "packages", "Gone.").repairable(), fix: true}},
		// A machine that is busy forever delays the repair, and nothing else.
		"drift while somebody is at work": {{seen: drift, busy: true}, {seen: drift, busy: true, say: "The block is missing."}, {seen: drift, busy: true}, {seen: drift, fix: true}, {seen: well(), say: "People"}},
		"half of a change":                {{seen: drift, busy: true}, {seen: well()}, {seen: owner, busy: true}, {seen: owner, say: "AllowGroups."}},
	} {
		t.Run(name, func(t *testing.T) {
			told, m, now := status.Report{Level: status.Success}, Memory{}, time.Unix(1e9, 0)
			for i, s := range steps {
				now = now.Add(15 * time.Minute)
				d := decide(told, s.seen, otherHandler{}, m, s.busy, now)
				said := ""
				if d.say != nil {
					said, told = d.say.Message, *d.say
				}
				if !strings.HasPrefix(said, s.say) || said != "" && s.say == "" || d.repair != s.fix {
					t.Fatalf("look %d: says %q, repair %v; want %q, %v (%s)", i+1, said, d.repair, s.say, s.fix, d.why)
				}
				if m = d.memory; d.repair {
					m.Repairs = map[string]Repair{s.seen.cause(): {Time: now}}
				}
			}
		})
	}
}

func TestRepairIsTriedAgainAfterADay(t *testing.T) {
	drift := failure(fault.VerificationFailed, "sshd-command", "The block is missing.").repairable()
	at := time.Unix(1e9, 0)
	m := Memory{Repairs: map[string]Repair{"sshd-command": {Time: at, Code: 21, Failed: "It did not help."}}}
	ok := status.Report{Level: status.Success}
	if d := decide(ok, drift, otherHandler{}, m, false, at.Add(23*time.Hour)); d.repair || d.say == nil || d.say.Message != "It did not help. (It was tried at 2001-09-09 01:46 UTC; the watch tries once in 24 hours.)" {
		t.Errorf("on the same day: %+v", d)
	}
	if d := decide(ok, drift, otherHandler{}, m, false, at.Add(25*time.Hour)); !d.repair || d.say != nil {
		t.Errorf("after a day: %+v", d)
	}
	if d := decide(ok, drift, otherHandler{}, m, false, at.Add(-48*time.Hour)); !d.repair {
		t.Error("a clock that was set back ends repairs")
	}
	if len(m.Repairs) != 1 {
		t.Error("decide changed what it was given")
	}
}
