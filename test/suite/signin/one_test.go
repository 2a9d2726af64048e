//go:build rig

package signin_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"aadssh/internal/doctor"
	"aadssh/test/lib/box"
)

// personsProgram is a person's copy of the handler.
const personsProgram = "/opt/person/aadsshlogin-handler"

// asked are the checks of doctor that only need the machine.
const asked = "network-role-check,network-login,clock,identity"

// oneByOne compares doctor's result for each person and address with what they experienced,
// unless the machine distinguishes ports, because doctor is asked about people and not
// about ports. It is "out" if doctor ends with 21, "in" if each gate is open, and otherwise
// unknown.
func (o *machine) oneByOne(before []string) {
	t := o.T
	t.Helper()
	if err := o.WriteFile(personsProgram, o.Package()["bin/aadsshlogin-handler"].Data, 0o755); err != nil {
		t.Fatal(err)
	}
	// A process that another machine's test is starting may still hold the file open for
	// writing, until its exec (ETXTBSY).
	o.Do("for i in $(seq 200); do " + personsProgram + " version > /dev/null 2>&1 && exit 0; sleep 0.05; done; " + personsProgram + " version")
	seen := map[string]bool{}
	for i, a := range o.s.attempts {
		who := a.user + " " + a.from
		if seen[who] || !a.ordinary() || a.truth == "any" || slices.ContainsFunc(o.s.attempts, func(a attempt) bool { return a.port != 22 }) {
			continue
		}
		seen[who] = true
		one := o.doctorOf(a)
		met := before[i]
		if one.said == "in" && met == "out" || one.said == "out" && met == "in" {
			t.Errorf("doctor --user %s --from %s says %s, and they are %s\n%s", a.user, a.from, one.said, met, one.why)
		}
		o.ones = append(o.ones, one)
	}
}

// answered is doctor's result for the person who makes an attempt.
type answered struct {
	attempt
	said, why string
	report    doctor.Report
}

// ordinary: nothing is special about the attempt except who connects from where.
func (a attempt) ordinary() bool {
	return a.bits == 3072 && a.decoys == 0 && a.fails == 0 && a.port == 22 && slices.Contains([]string{"10.0.0.4", "fd00::4"}, a.to)
}

// doctorOf runs doctor for the person who makes an attempt.
func (o *machine) doctorOf(a attempt) answered {
	t := o.T
	t.Helper()
	r, err := o.Run(t.Context(), box.Environment(), personsProgram, "doctor", "--json", "--skip", asked, "--user", a.user, "--from", a.from)
	if err != nil {
		t.Fatal(err)
	}
	var report doctor.Report
	if err := json.Unmarshal(r.Stdout, &report); err != nil || report.User == nil {
		t.Fatalf("%v\n%s", err, r.Output())
	}
	why, said := "", "not known"
	var open []string
	packages := false // a fault of theirs is the verdict for everybody
	for _, g := range report.User.Gates {
		why += fmt.Sprintf("%s %s: %s\n", g.Answer, g.Name, g.Text)
		packages = packages || g.Name == "packages" && g.Answer == "fail"
		if g.Answer != "pass" && !slices.Contains([]string{"role", "history", "sudo", "packages"}, g.Name) {
			open = append(open, g.Name)
		}
	}
	switch {
	case r.ExitCode == 21:
		said = "out"
	case packages && r.ExitCode != 0:
	case r.ExitCode != 0:
		t.Errorf("doctor --user %s: exit %d\n%s", a.user, r.ExitCode, why)
	case len(open) == 0:
		said = "in"
	}
	return answered{a, said, why + strings.Join(open, ", "), report}
}
