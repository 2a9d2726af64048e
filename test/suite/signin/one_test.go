//go:build rig

package signin_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"aadssh/internal/doctor"
	"aadssh/test/lib/box"
)

// personsProgram is where a person's copy of the handler lies.
const personsProgram = "/opt/person/aadsshlogin-handler"

// asked are the checks of doctor that need nothing but the machine.
const asked = "network-role-check,network-login,clock,identity"

// oneByOne holds what doctor says of each person and address against what they
// met there, but where several ports are told apart, for doctor is asked about
// people and not about ports. It says "out" where it ends with 21, "in" where each gate is open,
// and else that it does not know.
func (o *machine) oneByOne(before []string) {
	t := o.T
	t.Helper()
	if err := o.WriteFile(personsProgram, o.Package()["bin/aadsshlogin-handler"].Data, 0o755); err != nil {
		t.Fatal(err)
	}
	// A process that another machine's test was starting meanwhile may still hold the
	// file open for writing, until it runs its own program (ETXTBSY).
	o.Do("for i in $(seq 200); do " + personsProgram + " version > /dev/null 2>&1 && exit 0; sleep 0.05; done; " + personsProgram + " version")
	seen := map[string]bool{}
	for i, a := range o.s.attempts {
		who := a.user + " " + a.from
		if seen[who] || !a.ordinary() || a.truth == "any" || slices.ContainsFunc(o.s.attempts, func(a attempt) bool { return a.port != 22 }) {
			continue
		}
		seen[who] = true
		said, why := o.doctorOf(a)
		met := before[i]
		if said == "in" && met == "out" || said == "out" && met == "in" {
			t.Errorf("doctor --user %s --from %s says %s, and they are %s\n%s", a.user, a.from, said, met, why)
		}
		o.ones = append(o.ones, said+" "+met+"\n"+why)
	}
}

// ordinary: nothing is special about the attempt but who comes from where.
func (a attempt) ordinary() bool {
	return a.bits == 3072 && a.decoys == 0 && a.fails == 0 && a.wait == 0 && a.port == 22 && slices.Contains([]string{"10.0.0.4", "fd00::4"}, a.to)
}

// doctorOf asks doctor about whoever makes an attempt.
func (o *machine) doctorOf(a attempt) (said, why string) {
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
	var open []string
	packages := false // what is wrong with them is the verdict, whoever signs in
	for _, g := range report.User.Gates {
		why += fmt.Sprintf("%s %s: %s\n", g.Answer, g.Name, g.Text)
		packages = packages || g.Name == "packages" && g.Answer == "fail"
		if g.Answer != "pass" && !slices.Contains([]string{"role", "history", "sudo", "packages"}, g.Name) {
			open = append(open, g.Name)
		}
	}
	switch {
	case r.ExitCode == 21:
		return "out", why
	case packages && r.ExitCode != 0:
		return "not known", why
	case r.ExitCode != 0:
		t.Errorf("doctor --user %s: exit %d\n%s", a.user, r.ExitCode, why)
	case len(open) == 0:
		return "in", why
	}
	return "not known", why + strings.Join(open, ", ")
}

// TestOnePerson: on each machine of testdata/people, what doctor says of one
// person who comes from one address is what they meet; and each person is either
// in or out by it.
func TestOnePerson(t *testing.T) {
	m := matrix{keys: makeKeys(t), modules: makeModules(t), stages: map[string]func() (string, error){}}
	for _, s := range situationsOf(t, "people") {
		for _, p := range s.personas {
			t.Run(s.name+"/"+p, func(t *testing.T) {
				t.Parallel()
				one := m.stand(t, &result{situation: s, persona: p})
				defer one.stopDaemon()
				if len(one.ones) != len(s.attempts) {
					t.Errorf("doctor was asked about %d of %d", len(one.ones), len(s.attempts))
				}
				for i, a := range s.attempts {
					if i < len(one.ones) && strings.HasPrefix(one.ones[i], "not known") {
						t.Errorf("%s: doctor does not know: %s", a.words, one.ones[i])
					}
				}
			})
		}
	}
}
