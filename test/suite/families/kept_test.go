//go:build rig

package families

import (
	"strings"
	"testing"

	"aadssh/internal/state"
	"aadssh/test/lib/roots"
	"aadssh/test/lib/scene"
	"aadssh/test/lib/stage"
)

// The package is set up anew from the repository where its kept file is gone or is no
// longer what was kept, also where nothing on the machine names the repository any more.
func TestRepairWithoutTheKeptFile(t *testing.T) {
	const block = `sed -i '/Added by aadsshlogin installer/,$d' /etc/ssh/sshd_config; `
	for _, persona := range []roots.Persona{roots.Ubuntu("22.04"), roots.RHEL("9.4")} {
		for name, files := range map[string]string{
			"gone":                            "rm " + state.PackagesDir + "/*",
			"cut short":                       "truncate -s 1000 " + state.PackagesDir + "/*",
			"gone, and so is the definition":  "rm " + state.PackagesDir + "/* $(ls /etc/apt/sources.list.d/aadsshlogin* /etc/yum.repos.d/aadsshlogin* 2>/dev/null)",
			"another, and the lists are gone": "echo x > $(ls " + state.PackagesDir + "/* | head -n1); rm -rf /var/lib/apt/lists/* /var/cache/dnf/* /var/cache/apt/archives/*.deb",
		} {
			t.Run(persona.Name+"/"+name, func(t *testing.T) {
				s := stage.New(t, scene.Options{Persona: persona})
				s.Want(0)
				s.Sh(block + files)
				s.Want(0)
				if out := s.Sh("cat /etc/ssh/sshd_config; ls -s " + state.PackagesDir); !strings.Contains(out, "aad_certhandler") || !strings.Contains(out, "aadsshlogin") {
					t.Errorf("the block or the kept file is not back:\n%s", out)
				}
			})
		}
	}
}
