package preflight

import (
	"errors"
	"io/fs"
	"syscall"
	"testing"
	"time"

	"aadssh/internal/facts"
	"aadssh/internal/fault"
	"aadssh/internal/repo"
	"aadssh/test/lib/checktest"
)

// Every check has a machine that is broken for it.
func TestRows(t *testing.T) {
	broken := map[string]checktest.Machine[*facts.Facts]{}
	change := func(check string, breakIt func(f *facts.Facts)) {
		broken[check] = checktest.Machine[*facts.Facts]{Seen: healthy(breakIt)}
	}
	change("settings", func(f *facts.Facts) { f.Unknown = []string{"a"} })
	change("folders", func(f *facts.Facts) { f.StatusErr = errors.New("read-only") })
	change("distro", func(f *facts.Facts) { f.TargetErr = errors.New("no such file") })
	change("memory", func(f *facts.Facts) { f.Memory.Bytes = 512 * facts.MiB })
	change("legacy", func(f *facts.Facts) { f.Legacy.Extension = "/var/lib/waagent/old" })
	change("identity", func(f *facts.Facts) {
		f.Identity.Kind, f.Identity.Fault = 0, fault.New(fault.IdentityMissing, "None.", "")
	})
	change("network", func(f *facts.Facts) { f.Proxy.Origin, f.Proxy.Unread = "the setting proxy", errors.New("no port") })
	change("resources", func(f *facts.Facts) {
		f.Unread = &fs.PathError{Op: "open", Path: "/etc/os-release", Err: syscall.EMFILE}
	})
	change("packages", fresh)
	change("repository", func(f *facts.Facts) {
		f.Problems = []repo.Problem{{File: "/etc/apt/sources.list", What: "no distribution"}}
	})
	change("clock", func(f *facts.Facts) { f.Identity.Dated, f.Identity.ClockAhead = true, 2*time.Hour })

	rows := Preconditions()
	for _, r := range Verification() {
		if r.Name != "resources" { // the same row
			rows = append(rows, r)
		}
	}
	checktest.Rows(t, rows, healthy(nil), broken)
}
