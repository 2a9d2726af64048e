package facts

import (
	"fmt"
	"testing"
)

// The manager of a user outlives the session: it does not count as one, and does not hide
// one.
func TestSessionsTellWhoIsLeaving(t *testing.T) {
	process := func(name string, uid int) string { return fmt.Sprintf("Name:\t%s\nUid:\t%d\t%d\n", name, uid, uid) }
	h := root(t, map[string]string{
		"/etc/aadpasswd":   "gone@example.com:x:2001:2001::/home/gone:/bin/bash\nhere@example.com:x:2002:2002::/home/here:/bin/bash\n",
		"/proc/10/status":  process("systemd", 2001),
		"/proc/11/status":  process("(sd-pam)", 2001),
		"/proc/20/status":  process("systemd", 2002),
		"/proc/30/status":  process("bash", 2002),
		"/proc/31/status":  process("vim", 2002),
		"/proc/1/status":   process("systemd", 0),
		"/proc/abc/status": process("bash", 2001),
	})
	got := Sessions(h)
	want := []Session{{"gone@example.com", 10, "systemd", true}, {"here@example.com", 30, "bash", false}}
	if len(got) != 2 || got[0] != want[0] || got[1] != want[1] {
		t.Errorf("%+v, want %+v", got, want)
	}
}
