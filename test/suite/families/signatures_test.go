//go:build rig

package families

import (
	"slices"
	"testing"

	"aadssh/internal/repo"
	"aadssh/test/lib/fixtures"
	"aadssh/test/lib/keys"
	"aadssh/test/lib/roots"
	"aadssh/test/lib/scene"
)

func apt(r release) bool { return r.family == roots.Apt }

// rpms are the releases whose packages carry signatures of their own.
func rpms() []release { return slices.DeleteFunc(kinds(), apt) }

func TestWronglySignedPackage(t *testing.T) {
	for name, signing := range map[string]fixtures.Signing{"unsigned": fixtures.Unsigned, "wrong key": fixtures.WrongKey} {
		t.Run(name, func(t *testing.T) {
			each(t, rpms(), scene.Options{Packages: []fixtures.Spec{{Name: fixtures.Login, Version: newer, Signing: signing}}}, func(m machine) {
				texts := []string{"aadsshlogin-" + newer} // the package, and what signed it
				if signing == fixtures.WrongKey {
					texts = append(texts, keys.Wrong().Fingerprint)
				}
				m.Want(27, texts...)
				m.Has("aadsshlogin", "")
				if m.registered() {
					m.Fatal("the package set itself up all the same")
				}
			})
		})
	}
}

func TestWronglySignedMetadata(t *testing.T) {
	each(t, kinds(), scene.Options{}, func(m machine) {
		wrong := keys.Wrong()
		m.OfferAt(m.Target.Repository.Path, &wrong, login(newest)...)
		m.Want(27, wrong.Fingerprint)
		m.Has("aadsshlogin", "")
		m.tookBack()
	})
}

// Where the package manager cannot install what was asked for, nothing of ours
// stays either.
func TestNothingStaysOfAFailure(t *testing.T) {
	for name, c := range map[string]struct {
		code  int
		login fixtures.Spec
	}{
		"a dependency that nobody has": {26, fixtures.Spec{Name: fixtures.Login, Version: newer, Depends: []string{"no-such-package"}}},
		"no such package":              {28, fixtures.Spec{Name: fixtures.Dependency + "01", Version: "1.0"}},
	} {
		t.Run(name, func(t *testing.T) {
			each(t, kinds(), scene.Options{Packages: []fixtures.Spec{c.login}}, func(m machine) {
				m.Want(c.code)
				m.Has("aadsshlogin", "")
				m.tookBack()
			})
		})
	}
}

// tookBack fails the test where our definition of the repository or our key is
// still there.
func (m machine) tookBack() {
	m.T.Helper()
	for _, file := range []string{repo.DefinitionPath(m.Target.Manager), repo.KeyPath(m.Target.Manager)} {
		if m.Exists(file) {
			m.Fatal("%s is still there", file)
		}
	}
}

// A healthy machine never gets 27: what is wrong with the newer version is a
// warning.
func TestWronglySignedUpgrade(t *testing.T) {
	each(t, rpms(), scene.Options{}, func(m machine) {
		m.Want(0)
		m.Offer(append(login(newer), fixtures.Spec{Name: fixtures.Login, Version: newest, Signing: fixtures.WrongKey})...)
		m.update("1.0.2.0")
		m.Want(0).Warns("packages", newer)
		m.Has("aadsshlogin", newer)
		m.idle()
	})
}

// dnf and zypper call a package installed whose script failed.
func TestFailingScript(t *testing.T) {
	each(t, kinds(), scene.Options{Packages: []fixtures.Spec{{Name: fixtures.Login, Version: newer, FailPost: true}}}, func(m machine) {
		report, err := m.Agent.Apply(m.T.Context(), m.GoalState)
		m.Must(err)
		run := report.Runs[len(report.Runs)-1]
		if e := report.Extension; run.Operation != "enable" || run.ExitCode != 26 && run.ExitCode != 21 || e == nil || e.Status != "error" || e.Code != run.ExitCode {
			m.Fatal("%s ended with %d, the status is %+v", run.Operation, run.ExitCode, e)
		}
		// A corrected package is all that it takes.
		m.Offer(login(newer, newest)...)
		m.set(`{"packageVersion": "` + newest + `"}`)
		m.Want(0)
		m.Has("aadsshlogin", newest)
		if !m.registered() {
			m.Fatal("sshd does not show the package")
		}
	})
}

// A corrected version is taken without being named: a package whose script
// failed is not one that works.
func TestCorrectedPackageIsTaken(t *testing.T) {
	failing := fixtures.Spec{Name: fixtures.Login, Version: newer, FailPost: true}
	each(t, kinds(), scene.Options{Packages: []fixtures.Spec{failing}}, func(m machine) {
		_, err := m.Agent.Apply(m.T.Context(), m.GoalState)
		m.Must(err)
		m.Offer(append(login(newest), failing)...)
		m.set(`{}`)
		m.Want(0)
		m.Has("aadsshlogin", newest)
		if !m.registered() {
			m.Fatal("sshd does not show the package")
		}
	})
}
