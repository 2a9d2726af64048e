package facts

import (
	"testing"

	"aadssh/pkgmgr"
)

func TestConfining(t *testing.T) {
	for version, want := range map[string]bool{
		"42.1.18-4.el10_2.2": true, "42.1.18-5.el10": true, "42.2.1-1.el10_3": true,
		"42.1.18-4.el10_2.1": false, "40.13.26-1.el10": false, "38.1.53-5.el9": false, "99.1-1.el9": false, "": false,
	} {
		if got := confining(pkgmgr.Package{State: pkgmgr.Installed, Version: version}); (got != "") != want {
			t.Errorf("%q: %q", version, got)
		}
	}
	if got := confining(pkgmgr.Package{Version: "42.1.18-4.el10_2.2"}); got != "" {
		t.Errorf("not installed: %q", got)
	}
}
