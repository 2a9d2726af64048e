package sshd

import (
	"testing"

	"aadsshlogin-handler/internal/host/hosttest"
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

// Whom /etc/group has in a group may be in one that is listed.
func TestMembersOfGroups(t *testing.T) {
	h := hosttest.New(t).Host()
	put(t, h, "/etc/group", "staff:x:50:root,anna@contoso.com,x@y.example\nnone:x:51:\nbroken\nfalse:x:52:anna@contoso.com,Not@Canonical\n", 0o644)
	m := lookMembers(h)
	for _, c := range []struct {
		keyword string
		list    []string
		want    string
	}{
		{"allowgroups", []string{"st*"}, "anna@contoso.com and x@y.example"},
		{"allowgroups", []string{"fa*"}, "anna@contoso.com"},
		{"allowgroups", []string{"root"}, ""},
		{"denygroups", []string{"false"}, "x@y.example"},
		{"denygroups", []string{"root"}, "anna@contoso.com and x@y.example"},
	} {
		if got := m.passing(c.keyword, c.list); got != c.want {
			t.Errorf("%s %q: %q", c.keyword, c.list, got)
		}
	}
	f := healthy(t, "UsePAM yes\n"+packageBlock)
	for _, u := range f.Users {
		u.values["allowgroups"] = []string{"staff"}
	}
	f.Members = m
	for _, r := range Assess(&f) {
		if r.Name == "sshd-groups" && (r.Answer != Warn || r.Except != "everybody but anna@contoso.com and x@y.example") {
			t.Errorf("%+v", r)
		}
	}
}
