package pkgmgr

import (
	"slices"
	"testing"

	"aadssh/distro"
)

// TestEachManager: each name has a manager with recorded answers, and each row of the table
// of distributions uses one of them.
func TestEachManager(t *testing.T) {
	recorded := recordings()
	for _, name := range distro.Managers() {
		if m := manager(t, name); m.Name != name {
			t.Errorf("%s gives the manager %s", name, m.Name)
		}
		found := false
		for _, of := range recorded {
			found = found || of == name
		}
		if !found {
			t.Errorf("testdata has no recorded answers of %s", name)
		}
	}
	for _, row := range distro.Rows() {
		if row.Manager != "" && !slices.Contains(distro.Managers(), row.Manager) { // a row without one is refused
			t.Errorf("%s %s: distro.Managers does not list %s", row.Family, row.Releases, row.Manager)
		}
	}
}
