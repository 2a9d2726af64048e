package login

import (
	"slices"
	"testing"

	"aadssh/internal/host"
	"aadssh/internal/host/hosttest"
)

// What the name service says of somebody, and what it does not.
func TestGatherAccount(t *testing.T) {
	const line = "ada@contoso.com:x:1001:1002:Ada:/home/ada:\n"
	for name, c := range map[string]struct {
		passwd, id host.Result
		known, bad bool
		groups     []string
	}{
		"nobody":         {passwd: host.Result{ExitCode: 2}},
		"no answer":      {passwd: host.Result{ExitCode: 3}, bad: true},
		"no line":        {passwd: host.Result{Stdout: []byte("ada@contoso.com:x:1001\n")}, bad: true},
		"an account":     {passwd: host.Result{Stdout: []byte(line)}, id: host.Result{Stdout: []byte("ada\x00domain users\x00")}, known: true, groups: []string{"ada", "domain users"}},
		"no group":       {passwd: host.Result{Stdout: []byte(line)}, id: host.Result{ExitCode: 1}, bad: true},
		"a nameless one": {passwd: host.Result{Stdout: []byte(line)}, id: host.Result{ExitCode: 1, Stdout: []byte("1002\x00admins\x00")}, known: true, groups: []string{"admins"}},
	} {
		r := hosttest.New(t)
		r.Expect("getent passwd ada@contoso.com", c.passwd)
		if c.passwd.ExitCode == 0 && name != "no line" {
			r.Expect("id -Gnz ada@contoso.com", c.id)
		}
		a := GatherAccount(t.Context(), r.Host(), "ada@contoso.com")
		if a.Known != c.known || (a.Err != nil) != c.bad || !slices.Equal(a.Groups, c.groups) || c.known && (a.UID != 1001 || a.GID != 1002 || a.Shell != "/bin/sh") {
			t.Errorf("%s: %+v", name, a)
		}
	}
}
