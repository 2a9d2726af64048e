package sshd

import "testing"

// What SetEnv gives is told where no program is found by it.
func TestPathOfSetEnv(t *testing.T) {
	for given, want := range map[string]Level{
		"LANG=C": Pass, "PATH=/opt/bin:/usr/bin": Pass, "PATH=/bin": Pass,
		"PATH=/opt/bin": Unknown, "PATH=/usr/binaries": Unknown,
	} {
		f := healthy(t, "SetEnv "+given+"\n"+packageBlock)
		for i := range f.Users {
			f.Users[i].values["setenv"] = []string{given}
		}
		if got := askSessions(&f, &f.Users[0]); got.Answer != want || want == Unknown && (!names(got, 1) || got.Decides == "") {
			t.Errorf("%s: %+v", given, got)
		}
	}
}
