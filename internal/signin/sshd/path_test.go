package sshd

import (
	"testing"

	"aadssh/internal/check"
)

// What SetEnv gives is told where no program is found by it.
func TestPathOfSetEnv(t *testing.T) {
	for given, want := range map[string]check.Answer{
		"LANG=C": check.Pass, "PATH=/opt/bin:/usr/bin": check.Pass, "PATH=/bin": check.Pass,
		"SHELLOPTS=monitor": check.Pass, "SHELLOPTS=noexec": check.Unknown, "LD_TRACE_LOADED_OBJECTS=1": check.Unknown,
		"PATH=/opt/bin": check.Unknown, "PATH=/usr/binaries": check.Unknown,
	} {
		f := healthy(t, "SetEnv "+given+"\n"+packageBlock)
		for i := range f.Users {
			f.Users[i].values["setenv"] = []string{given}
		}
		if got := askSessions(&f, &f.Users[0]); got.Answer != want || want == check.Unknown && (!names(got, 1) || got.Decides == "") {
			t.Errorf("%s: %+v", given, got)
		}
	}
}
