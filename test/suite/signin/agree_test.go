//go:build rig

package signin_test

import (
	"slices"
	"sync"
	"testing"

	"aadssh/internal/decide"
	"aadssh/internal/doctor"
)

// TestPlanAgreesWithEnable: on each machine of the matrix, plan says what enable then does.
// Nobody signs in, so all of them only take minutes. If the plan relies on a
// reinstallation, the machine is started again with a package that registers whenever it is
// installed: then nothing excuses another result.
//
// MACHINES selects, as for TestMatrix, which compares the plan too. So without it few are
// run, and others than there.
func TestPlanAgreesWithEnable(t *testing.T) {
	m := matrix{keys: makeKeys(t), modules: makeModules(t), stages: map[string]func() (string, error){}}
	var lock sync.Mutex
	compared, reinstalled := 0, 0
	t.Run("machines", func(t *testing.T) {
		eachMachine(t, 101, func(s situation, persona string) {
			t.Run(s.name+"/"+persona, func(t *testing.T) {
				t.Parallel()
				again := m.agrees(t, s, persona)
				if again {
					s.registers = true
					m.agrees(t, s, persona)
				}
				lock.Lock()
				defer lock.Unlock()
				compared++
				if again {
					reinstalled++
				}
			})
		})
	})
	t.Logf("%d machines, %d of them once more with a package that registers each time", compared, reinstalled)
}

// agrees compares plan with enable on a machine. It reports whether the plan relied on a
// package that registers on its first installation only.
func (m *matrix) agrees(t *testing.T, s situation, persona string) bool {
	t.Helper()
	one := m.set(t, s, persona)
	plan, _ := one.plannedEnable()
	one.stopDaemon()
	return !s.registers && slices.ContainsFunc(plan.Steps, func(s doctor.Step) bool { return s.Kind == decide.Reinstall.String() })
}
