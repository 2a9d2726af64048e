//go:build rig

package families

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"aadssh/test/lib/scene"
)

// TestDenials: denials of the sign-in programs by SELinux are warned of while they are
// recent and the policy is the same. They fail nothing and write nothing.
func TestDenials(t *testing.T) {
	each(t, typical(), scene.Options{Packages: both(newer), Box: selinux(t, "1")}, func(m machine) {
		const log = "/var/log/audit/audit.log"
		record := func(kind, text string) string {
			return fmt.Sprintf("type=%s msg=audit(%d.123:456): %s\n", kind, time.Now().Unix(), text)
		}
		// As in Azure/azure-linux-extensions#2208 for RHEL 10.
		denial := record("AVC", `avc:  denied  { execute } for  pid=2883 comm="sshd-session" name="aaduseradd" dev="sda2" ino=42 scontext=system_u:system_r:sshd_session_t:s0-s0:c0.c1023 tcontext=system_u:object_r:useradd_exec_t:s0 tclass=file permissive=0`)
		quiet := func(when string) {
			m.T.Helper()
			for _, s := range m.Want(0).Report.Extension.Substatus {
				if s.Name == "selinux" && s.Status != "success" {
					m.T.Errorf("%s: %s %s", when, s.Status, s.Message)
				}
			}
		}
		m.Sh("mkdir -p /var/lib/selinux/targeted/active/modules/400/aad_permissions") // the folder of semodule
		quiet("without an audit log")
		m.Write(log, record("CRYPTO_KEY_USER", "pid=1 uid=0 msg='op=destroy kind=server'"))
		quiet("nothing is denied")
		m.Write(log, denial)
		m.Want(0).Warns("selinux", `SELinux denied sshd-session the access "execute" to aaduseradd of type useradd_exec_t (once`, "ausearch -m avc -ts yesterday -c sshd-session", "restorecon -v")
		m.idle()
		m.Sh("mv " + log + " " + log + ".1; touch " + log)
		m.Want(0).Warns("selinux", "SELinux denied sshd-session")
		load := record("MAC_POLICY_LOAD", "auid=0 ses=1 lsm=selinux res=1")
		m.Write(log, load)
		quiet("another policy was loaded")
		m.Write(log, load+strings.Replace(denial, "permissive=0", "permissive=1", 1))
		m.Want(0).Warns("selinux", "SELinux is permissive, and let pass")
		m.Sh("rm -r /var/log/audit; mkdir -p " + log)
		quiet("what cannot be read")
	})
}
