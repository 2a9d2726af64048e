//go:build rig

package watch_test

import (
	"strings"
	"testing"

	"aadssh/test/lib/golden"
	"aadssh/test/lib/source"
	"aadssh/test/lib/stage"
)

// TestObserveScript: misc/observe runs on a machine with the stand-ins, changes nothing and
// shows no secret; its output about them is what it compares a real machine with.
// UPDATE_GOLDEN=1 rewrites that.
func TestObserveScript(t *testing.T) {
	for _, p := range families() {
		t.Run(p.Name, func(t *testing.T) {
			s := bootPersona(t, p)
			program := s.program("1.0.0.0")
			s.run(0, program+" setup")
			s.Do("aaduseradd " + person)
			stage.Must(t, s.WriteFile("/opt/observe", []byte(source.Read(t, "misc/observe/observe")), 0o755))
			s.rest()
			before := s.inventory()
			out := s.run(0, "/opt/observe")
			if strings.Contains(out, person) || strings.Contains(out, "eyJ") {
				t.Errorf("it shows a name or a token:\n%s", out)
			}
			for _, want := range []string{"AuthorizedKeysCommand", "pam_aad.so", "xms_mirid", "[digests]"} {
				if !strings.Contains(out, want) {
					t.Errorf("it does not show %s:\n%s", want, out)
				}
			}
			if s.inventory() != before {
				t.Error("it changed something")
			}
			name := map[string]string{"ubuntu22.04": "debian", "rhel9.4": "rhel", "sles15.6": "suse"}[p.Name]
			golden.Compare(t, source.Path(t, "misc/observe/assumed-"+name+".txt"), "\n"+s.run(0, "/opt/observe assumptions")+"\n")
			s.Do("/opt/observe assumptions > /opt/assumed.txt")
			if out := s.run(0, "/opt/observe compare /opt/assumed.txt"); !strings.Contains(out, "Nothing differs") {
				t.Errorf("compared with itself it says: %s", out)
			}
			s.Do("sed -i 's/^Match.*aad.*/&/; $a # aad' /etc/ssh/sshd_config")
			s.run(1, "/opt/observe compare /opt/assumed.txt")
		})
	}
}
