package sshd

import (
	"testing"

	"aadsshlogin-handler/internal/signin/gate"
)

// sshd leaves out groups without a name, and shuts out whoever is in no other
// while there is a list of groups, also where it names whom to refuse
// (allowed_user of OpenSSH's auth.c).
func TestListsOfGroups(t *testing.T) {
	for _, c := range []struct {
		keyword string
		groups  []string
		passes  bool
	}{
		{"allowgroups", []string{"staff"}, true},
		{"allowgroups", []string{"other"}, false},
		{"allowgroups", nil, false},
		{"denygroups", []string{"staff"}, false},
		{"denygroups", []string{"other"}, true},
		{"denygroups", nil, false},
	} {
		of := Connection{Account: gate.Account{Known: true, Groups: c.groups}}
		if got := of.passes(c.keyword, []string{"st*"}); got != c.passes {
			t.Errorf("%s, somebody in %q: passes %v", c.keyword, c.groups, got)
		}
	}
}
