package decide

import (
	"errors"
	"syscall"
	"testing"
	"time"

	"aadssh/internal/check"
	"aadssh/internal/facts"
	"aadssh/internal/fault"
	"aadssh/internal/host"
	"aadssh/internal/identity"
	"aadssh/internal/signin/sshd"
	"aadssh/pkgmgr"
)

// The decision in cases in which enable, the watch, plan and doctor once differed.
func TestFor(t *testing.T) {
	interrupted := fault.Wrap(pkgmgr.ErrInterrupted, fault.PackageManagerFailed, "The package database is damaged.", "Repair it.")
	unknown := identity.Answer{Kind: identity.Unknown, Fault: fault.New(fault.IdentityUnknown, "No answer.", "Look."), Cloud: identity.Clouds()[0]}
	installed := func(f *facts.Facts) {
		for _, name := range f.Wanted() {
			f.Packages[name] = pkgmgr.Package{Name: name, Version: "1.0", State: pkgmgr.Installed}
		}
	}
	for _, c := range []struct {
		name        string
		change      func(*facts.Facts)
		stops, ends fault.Code
		steps       bool
		provisional bool
	}{
		{name: "fresh", change: func(*facts.Facts) {}, steps: true},
		{name: "no identity", change: func(f *facts.Facts) {
			f.Identity = identity.Answer{Kind: identity.None, Fault: fault.New(fault.IdentityMissing, "None.", "")}
		}, stops: fault.IdentityMissing, ends: fault.IdentityMissing, steps: true},
		{name: "identity not known", change: func(f *facts.Facts) { f.Identity = unknown }, stops: fault.IdentityUnknown, ends: fault.IdentityUnknown, steps: true},
		{name: "interrupted database", change: func(f *facts.Facts) { f.PackagesErr = interrupted }, steps: true, provisional: true},
		{name: "interrupted database, identity not known", change: func(f *facts.Facts) { f.PackagesErr, f.Identity = interrupted, unknown }, ends: fault.PackageManagerFailed},
		{name: "broken database", change: func(f *facts.Facts) {
			f.PackagesErr = fault.New(fault.PackageManagerFailed, "The package database is damaged.", "")
		}, ends: fault.PackageManagerFailed},
		{name: "damaged key", change: func(f *facts.Facts) {
			f.Settings.Repository.TrustedKeys = []string{"-----BEGIN PGP PUBLIC KEY BLOCK-----\nx"}
		},
			stops: fault.SettingsInvalid, ends: fault.SettingsInvalid, steps: true},
		{name: "damaged key on a machine that has the packages", change: func(f *facts.Facts) {
			installed(f)
			f.Settings.Repository.TrustedKeys = []string{"x"}
		}, stops: fault.SettingsInvalid, ends: fault.SettingsInvalid, steps: true},
		{name: "a clock that no installation sets", change: func(f *facts.Facts) { f.Identity.Dated, f.Identity.ClockAhead = true, 3*time.Hour }, ends: fault.VerificationFailed, steps: true},
		{name: "an sshd that its owner broke, and no package", change: func(f *facts.Facts) {
			f.SSHD.Binary, f.SSHD.Problem = "/usr/sbin/sshd", &sshd.Problem{}
		}, ends: fault.VerificationFailed, steps: true},
		{name: "a transaction is at work", change: func(f *facts.Facts) {
			f.Transaction, f.Identity, f.PackagesErr = &host.Running{PID: 7}, unknown, interrupted
		}, steps: true, provisional: true},
		{name: "another run is at work", change: func(f *facts.Facts) { f.OtherRun, f.Identity = "process 7, install of version 1.0", unknown }, steps: true, provisional: true},
		{name: "a lock that cannot be taken", change: func(f *facts.Facts) { f.LockErr, f.Identity = syscall.EROFS, unknown }, stops: fault.Disk, ends: fault.Disk, steps: true},
		{name: "a lock that cannot be taken where nothing is to be done", change: func(f *facts.Facts) {
			installed(f)
			f.LockErr = syscall.EROFS
		}, stops: fault.Disk, ends: fault.Disk, steps: true},
		{name: "unknown distribution", change: func(f *facts.Facts) { f.TargetErr = errors.New("no os-release") }, stops: fault.DistroUnsupported, ends: fault.DistroUnsupported},
	} {
		t.Run(c.name, func(t *testing.T) {
			f, ok := fresh(t, "../../distro/testdata/os-release/ubuntu-22.04")
			if !ok {
				t.Fatal("no facts")
			}
			c.change(&f)
			d := For(&f, Goal{})
			if code(d.Stops()) != c.stops || code(d.Outlook()) != c.ends || d.Plan.Empty() == c.steps || d.Provisional != c.provisional {
				t.Errorf("stops %v, ends %v, %d steps, provisional %v", d.Stops(), d.Outlook(), len(d.Plan.Steps), d.Provisional)
			}
		})
	}
}

func code(f *fault.Fault) fault.Code {
	if f == nil {
		return fault.OK
	}
	return f.Code
}

// A reinstallation restores a file of the package; whether its scripts restore what they
// set up is not known beforehand; everything else still fails afterwards.
func TestOutlook(t *testing.T) {
	fails := func(part check.Part) check.Result {
		return check.Result{Answer: check.Fail, Code: fault.VerificationFailed, Part: part}
	}
	steps := Plan{Steps: []Step{{Kind: Reinstall}}}
	for _, c := range []struct {
		name            string
		plan            Plan
		left            []check.Result
		ends, otherwise fault.Code
	}{
		{"nothing fails", Plan{}, nil, fault.OK, fault.OK},
		{"nothing is done", Plan{}, []check.Result{fails(check.Scripts)}, fault.VerificationFailed, fault.OK},
		{"scripts", steps, []check.Result{fails(check.Scripts)}, fault.OK, fault.VerificationFailed},
		{"the owner's, too", steps, []check.Result{fails(check.Scripts), fails(check.NoPart)}, fault.VerificationFailed, fault.OK},
	} {
		d := Decision{Plan: c.plan, left: c.left, reinstalls: !c.plan.Empty()}
		if ends, otherwise := code(d.Outlook()), code(d.Otherwise()); ends != c.ends || otherwise != c.otherwise {
			t.Errorf("%s: %d, otherwise %d", c.name, ends, otherwise)
		}
	}
}
