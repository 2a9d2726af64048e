package login

import (
	"errors"
	"strings"
	"testing"

	"aadssh/internal/check"
	"aadssh/internal/fault"
	"aadssh/internal/signin/gate"
)

// A machine that cannot write an account is one for those alone who have one.
func TestNewAccounts(t *testing.T) {
	somebody := func(a gate.Account) *gate.Somebody { return &gate.Somebody{Name: "ada@contoso.com", Account: a} }
	for _, c := range []struct {
		name   string
		broken string
		count  int
		one    *gate.Somebody
		want   check.Answer
		code   fault.Code
		except string
	}{
		{name: "it can be written", count: 1},
		{name: "nobody was here yet", broken: "is mounted read-only", want: check.Fail, code: fault.VerificationFailed},
		{name: "full, and nobody was here yet", broken: "is full", want: check.Fail, code: fault.VerificationFailed},
		{name: "people were here", broken: "is full", count: 2, want: check.Warn, except: "people who sign in here for the first time"},
		{name: "somebody who was here", broken: "is full", count: 2, one: somebody(gate.Account{Known: true})},
		{name: "somebody who was not", broken: "is full", count: 2, one: somebody(gate.Account{}), want: check.Fail, code: fault.VerificationFailed},
		{name: "nobody knows whether they were", broken: "is full", count: 2, one: somebody(gate.Account{Err: errors.New("no answer")}), want: check.Unknown},
	} {
		f := gather(debian(t))
		f.Unwritable, f.Accounts.Count, f.One = c.broken, c.count, c.one
		r := f.newAccounts()
		if r.Answer != c.want || r.Code != c.code || r.Except != c.except || (r.Next == "") != (c.want == check.Pass) {
			t.Errorf("%s: %+v", c.name, r)
		}
		if c.want != check.Pass && !strings.HasPrefix(r.Text, "The file system of /etc "+c.broken) {
			t.Errorf("%s: %s", c.name, r.Text)
		}
	}
}
