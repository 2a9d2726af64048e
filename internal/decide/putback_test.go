package decide

import (
	"slices"
	"testing"

	"aadssh/internal/facts"
	"aadssh/internal/state"
	"aadssh/pkgmgr"
)

// TestPlanAfterARemoval: what was removed is restored from the kept files, as it was and
// without the repository, if all of it was kept.
func TestPlanAfterARemoval(t *testing.T) {
	keep := func(version string) state.Package {
		return state.Package{Kept: "x.rpm", KeptVersion: version, SHA256: "0"}
	}
	for _, c := range []struct {
		name   string
		change func(*facts.Facts)
		goal   Goal
		want   []pkgmgr.Spec // of the put-back; nil: it is installed from the repository
	}{
		{name: "both are gone", want: []pkgmgr.Spec{{Name: "aadsshlogin", Version: "1.0.1-1"}, {Name: "aadsshlogin-selinux", Version: "1.0.2-1"}}},
		{name: "one is gone", change: func(f *facts.Facts) {
			f.Packages["aadsshlogin"] = pkgmgr.Package{Name: "aadsshlogin", Version: "1.0.9-1", State: pkgmgr.Installed} // newer than what was kept
		}, want: []pkgmgr.Spec{{Name: "aadsshlogin-selinux", Version: "1.0.2-1"}}},
		{name: "the owner wants this version", change: func(f *facts.Facts) { f.Settings.PackageVersion = "1.0.1" },
			want: []pkgmgr.Spec{{Name: "aadsshlogin", Version: "1.0.1-1"}, {Name: "aadsshlogin-selinux", Version: "1.0.2-1"}}},
		{name: "the owner wants another version", change: func(f *facts.Facts) { f.Settings.PackageVersion = "1.0.3" }},
		{name: "one was not kept", change: func(f *facts.Facts) { delete(f.Receipt.Packages, "aadsshlogin-selinux") }},
		{name: "one is half installed", change: func(f *facts.Facts) {
			f.Packages["aadsshlogin"] = pkgmgr.Package{Name: "aadsshlogin", Version: "1.0.1-1", State: pkgmgr.Broken}
		}},
		{name: "install looks for the newest", goal: Goal{Newest: true}},
		{name: "the files did not do", goal: Goal{Sources: true}},
	} {
		t.Run(c.name, func(t *testing.T) {
			f, ok := fresh(t, "../../distro/testdata/os-release/rhel-9.4")
			if !ok {
				t.Fatal("rhel-9.4 is not in the table")
			}
			f.Receipt.Packages["aadsshlogin"], f.Receipt.Packages["aadsshlogin-selinux"] = keep("1.0.1-1"), keep("1.0.2-1")
			if c.change != nil {
				c.change(&f)
			}
			p, err := NewPlan(&f, c.goal)
			if err != nil {
				t.Fatal(err)
			}
			if p.Has(PutBack) != (c.want != nil) || p.Has(Install) == p.Has(PutBack) || p.Has(Refresh) == p.Has(PutBack) {
				t.Fatalf("the plan is\n%s", PlanText(p))
			}
			for _, s := range p.Steps {
				if s.Kind == PutBack && (!slices.Equal(s.Want, c.want) || len(s.Commands) != 1 || s.Commands[0].Name != "rpm") {
					t.Errorf("the plan is\n%s", PlanText(p))
				}
			}
		})
	}
}
