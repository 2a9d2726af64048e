package login

import (
	"testing"

	"aadssh/internal/check"
)

// A reinstallation is expected to help if the database has one line, which lacks the
// package. If there is no line, or one overrules another that has the package, it is not
// known whether the package's script repairs that.
func TestReinstallForTheNameServiceSwitch(t *testing.T) {
	for text, helps := range map[string]bool{
		"passwd: files\n":                    true,
		"passwd: files aadd\n":               true,
		"PASSWD: files aad\n":                false,
		"group: files aad\n":                 false,
		"passwd: files aad\npasswd: files\n": false,
		"passwd: files\npasswd: files\n":     false,
	} {
		h := debian(t)
		put(t, h, "/etc/nsswitch.conf", text, 0o644)
		if got := of(t, Assess(gather(h)), "nss-passwd"); got.Answer != check.Fail || (got.Part == check.Scripts) != helps {
			t.Errorf("%q: %+v, want a reinstallation: %v", text, got, helps)
		}
	}
}
