//go:build rig

package pkgmgr_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"aadssh/distro"
	"aadssh/internal/repo"
	"aadssh/test/lib/roots"
)

// TestZypperVerifies: a zypper entry counts as verifying if zypper itself rejects what is
// not signed, both metadata and package: that depends on three settings, none of which
// decides alone.
func TestZypperVerifies(t *testing.T) {
	values := []string{"", "1", "Off"}
	each(t, slices.DeleteFunc(rpmRoots(), func(p roots.Persona) bool { return distro.Manager(p.Family) != distro.Zypper }), login(newer), func(m machine) {
		m.addStranger(stranger{name: "stranger", version: "1"})
		for i := range len(values) * len(values) * len(values) {
			text := "[aaa]\nname=aaa\nbaseurl=file:///foreign\nenabled=1\n"
			for at, key := range []string{"gpgcheck", "repo_gpgcheck", "pkg_gpgcheck"} {
				if v := values[i/[]int{1, 3, 9}[at]%3]; v != "" {
					text += fmt.Sprintf("%s=%s\n", key, v)
				}
			}
			m.write("/etc/zypp/repos.d/aaa.repo", text)
			m.Do("rm -rf /var/cache/zypp /foreign-ran; zypper --non-interactive refresh aaa >/dev/null 2>&1; zypper --non-interactive install --from aaa stranger >/tmp/said 2>&1; rpm -e stranger >/dev/null 2>&1; true")
			taken := strings.Contains(m.Do("ls / "), "foreign-ran")
			entries, problems := repo.ParseRepo(distro.Zypper, "aaa.repo", []byte(text), true)
			if len(entries) != 1 || len(problems) > 0 {
				t.Fatalf("%q: %+v %+v", text, entries, problems)
			}
			if entries[0].Verifies == taken {
				t.Errorf("%s\nverifies: %v, and zypper accepts unsigned packages: %v\n%s", text, entries[0].Verifies, taken, m.Do("tail -n 12 /tmp/said"))
			}
		}
	})
}
