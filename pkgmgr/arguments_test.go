package pkgmgr

import (
	"errors"
	"strings"
	"testing"

	"aadssh/distro"
	"aadssh/internal/fault"
	"aadssh/internal/host/hosttest"
)

// A word that a manager could misread is not passed to it: no command is run, because the
// runner expects none.
func TestWordsThatManagersMisread(t *testing.T) {
	for _, m := range distro.Managers() {
		for what, c := range map[string]struct {
			order  Order
			source Source
			only   distro.Manager
		}{
			"a version that removes":         {order: Order{Install: []Spec{{Name: "aadsshlogin", Version: "1.0-"}}}},
			"a version that is a pattern":    {order: Order{Install: []Spec{{Name: "aadsshlogin", Version: "1.*"}}}},
			"a name that is an option":       {order: Order{Install: []Spec{{Name: "--nogpgcheck"}}}},
			"a name with controls":           {order: Order{Remove: []string{"aadlogin\x1b[2J"}}},
			"a repository that is an option": {source: Source{ID: "--no-gpg-checks"}, only: "rpm"},
			"a repository that is a list":    {source: Source{ID: "a,b"}, only: "rpm"},
			"a list with a line end":         {source: Source{ListFile: "/etc/apt/sources.list.d/x\n.list"}, only: distro.Apt},
		} {
			if c.only != "" && (c.only == distro.Apt) != (m == distro.Apt) {
				continue
			}
			manager, err := For(m)
			if err != nil {
				t.Fatal(err)
			}
			s := &Session{Manager: manager, Host: hosttest.New(t).Host(), Source: c.source}
			_, err = s.order(t.Context(), c.order, manager.Install, transacts)
			var f *fault.Fault
			if !errors.As(err, &f) || strings.ContainsAny(f.What, "\x1b\n") {
				t.Errorf("%s, %s: %v", m, what, err)
			}
		}
	}
}
