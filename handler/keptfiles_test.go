package handler

import (
	"testing"

	"aadssh/internal/facts"
	"aadssh/internal/host/hosttest"
	"aadssh/internal/state"
	"aadssh/pkgmgr"
)

// TestOlderPackageFilesGo: a file of an earlier version that could not be removed when the
// newer one was kept goes in the next run. While no file is known of a package, none goes.
func TestOlderPackageFilesGo(t *testing.T) {
	for name, c := range map[string]struct {
		kept string
		left int
	}{
		"the newer one is kept":     {"aadsshlogin_2_amd64.deb", 1},
		"none was found to be kept": {"", 2},
	} {
		t.Run(name, func(t *testing.T) {
			h := hosttest.New(t).Host()
			h.Root = t.TempDir()
			if err := h.EnsureDir(state.PackagesDir, 0o700); err != nil {
				t.Fatal(err)
			}
			for _, file := range []string{"aadsshlogin_1_amd64.deb", "aadsshlogin_2_amd64.deb"} {
				if _, err := h.EnsureFile(state.PackagesDir+"/"+file, []byte("x"), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			f := &facts.Facts{Receipt: state.Receipt{Looked: "1", Packages: map[string]state.Package{"aadsshlogin": {Kept: c.kept, KeptVersion: "2"}}},
				Packages: pkgmgr.Packages{"aadsshlogin": {Name: "aadsshlogin", Version: "2", State: pkgmgr.Installed}}}
			f.Target.Packages.Login = "aadsshlogin"
			(&run{host: h, log: h.Log}).dropOlder(f.Wanted(), &f.Receipt)
			if left := h.Glob(state.PackagesDir + "/*"); len(left) != c.left {
				t.Errorf("left are %v", left)
			}
		})
	}
}
