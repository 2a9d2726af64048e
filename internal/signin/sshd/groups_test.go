package sshd

import (
	"strings"
	"testing"

	"aadssh/internal/check"
	"aadssh/internal/host/hosttest"
	"aadssh/internal/signin/gate"
)

// sshd ignores groups without a name. While there is a list of groups, it rejects people
// who are in no other, even if the list only names whom to reject (allowed_user in
// OpenSSH's auth.c).
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

// Members of a group in /etc/group are asked about if the configuration distinguishes that
// group.
func TestMembersOfGroups(t *testing.T) {
	const members = "staff:x:50:root,anna@contoso.com,x@y.example\nnone:x:51:\nbroken\nother:x:52:anna@contoso.com,Not@Canonical\nrobots:x:53:11111111-2222-3333-4444-555555555555\n"
	for _, c := range []struct{ config, want string }{
		{"", ""},
		{"AllowGroups st*\n", "anna@contoso.com people who are in the group staff"},
		{"AllowGroups wheel\n", ""},
		{"DenyGroups other\n", "anna@contoso.com people who are in the group other"},
		{"Match Group staff,!other\nPubkeyAuthentication yes\n", "x@y.example people who are in the group staff"}, // anna is like everybody there,
		{"AllowGroups robots\n", "11111111-2222-3333-4444-555555555555 people who are in the group robots"},
	} {
		h := hosttest.New(t).Host()
		put(t, h, "/etc/group", members, 0o644)
		f := healthy(t, "UsePAM yes\n"+c.config+packageBlock)
		f.Members = readMembers(h)
		connections, _ := f.connections(nil)
		var got []string
		for _, one := range connections {
			if one.Account.Known {
				got = append(got, one.User+" "+one.whom())
			}
		}
		if strings.Join(got, "; ") != c.want {
			t.Errorf("%q: %q", c.config, got)
		}
	}
}

// A list of groups that lets in some members keeps out everybody else.
func TestSomeMembersPass(t *testing.T) {
	h := hosttest.New(t).Host()
	put(t, h, "/etc/group", "staff:x:50:anna@contoso.com\n", 0o644)
	f := healthy(t, "UsePAM yes\nAllowGroups staff\n"+packageBlock)
	f.Members, f.Users = readMembers(h), nil
	connections, _ := f.connections(nil)
	for _, c := range connections {
		e := ParseEffective(c, golden(t, "9.2"))
		delete(e.values, "allowusers")
		e.values["allowgroups"] = []string{"staff"}
		f.Users = append(f.Users, e)
	}
	for _, r := range Assess(&f) {
		if r.Name == "sshd-groups" && (r.Answer != check.Warn || r.Except != "everybody but people who are in the group staff") {
			t.Errorf("%+v", r)
		}
	}
}
