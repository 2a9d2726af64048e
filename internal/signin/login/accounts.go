package login

import (
	"errors"
	"io/fs"
	"strconv"
	"strings"

	"aadssh/internal/check"
	"aadssh/internal/host"
	"aadssh/internal/signin/gate"
	"aadssh/internal/text"
)

// AccountsFile has the accounts that were created at first sign-ins.
const AccountsFile = "/etc/aadpasswd"

// Clash is an account that is in two databases.
type Clash struct {
	_ [0]func() // never compared: no code for == is linked

	Name  string
	Line  int    // in /etc/aadpasswd
	Local bool   // a local account has the same name, so one of the two has to be renamed
	Why   string // "the name is in /etc/passwd too", ...
}

// Accounts is what is wrong with people's accounts.
type Accounts struct {
	Count   int
	Clashes []Clash
	Err     error
}

type account struct {
	_ [0]func() // never compared: no code for == is linked

	name, uid string
	line      int
}

// parsePasswd parses passwd(5). It accepts any input.
func parsePasswd(text []byte) []account {
	var out []account
	number := 0
	for line := range strings.Lines(string(text)) {
		number++
		f := strings.Split(strings.TrimRight(line, "\r\n"), ":")
		if len(f) < 4 || f[0] == "" || strings.HasPrefix(f[0], "#") {
			continue
		}
		out = append(out, account{name: f[0], uid: f[2], line: number})
	}
	return out
}

func readAccounts(h *host.Host) Accounts {
	text, err := h.ReadFile(AccountsFile, 16<<20)
	if errors.Is(err, fs.ErrNotExist) {
		return Accounts{} // nobody has signed in yet
	}
	if err != nil {
		return Accounts{Err: err}
	}
	local, err := h.ReadFile("/etc/passwd", 16<<20)
	if err != nil {
		return Accounts{Err: err}
	}
	return clashes(parsePasswd(text), parsePasswd(local))
}

// clashes: names are compared ignoring case, as in Entra ID.
func clashes(entra, local []account) Accounts {
	out := Accounts{Count: len(entra)}
	names, uids := map[string]bool{}, map[string]string{}
	for _, a := range local {
		names[strings.ToLower(a.name)] = true
		uids[a.uid] = a.name
	}
	seenName, seenUID := map[string]int{}, map[string]string{}
	for _, a := range entra {
		lower := strings.ToLower(a.name)
		why := ""
		switch {
		case seenName[lower] > 0:
			why = "line " + strconv.Itoa(seenName[lower]) + " has the same name"
		case names[lower]:
			why = "the name is in /etc/passwd too"
		case uids[a.uid] != "":
			why = uids[a.uid] + " in /etc/passwd has the same user id " + a.uid
		case seenUID[a.uid] != "":
			why = seenUID[a.uid] + " has the same user id " + a.uid
		}
		if why != "" {
			out.Clashes = append(out.Clashes, Clash{Name: a.name, Line: a.line, Why: why, Local: seenName[lower] == 0 && names[lower]})
		}
		if seenName[lower] == 0 {
			seenName[lower] = a.line
		}
		seenUID[a.uid] = a.name
	}
	return out
}

// of are the clashes of one person's account.
func (a Accounts) of(name string) Accounts {
	one := Accounts{Count: a.Count, Err: a.Err}
	for i := range a.Clashes {
		if strings.EqualFold(a.Clashes[i].Name, name) {
			one.Clashes = append(one.Clashes, a.Clashes[i])
		}
	}
	return one
}

func (a Accounts) assess() check.Result {
	out := gate.Answer{File: AccountsFile, Text: "No account of an Entra ID user clashes with another one."}
	switch {
	case a.Err != nil:
		out.Outcome, out.Decides = gate.NotKnown, AccountsFile
		out.Text, out.Next = "The accounts of Entra ID users could not be read: "+a.Err.Error(), "See why, and make them readable again: ls -lL "+AccountsFile+" /etc/passwd"
	case len(a.Clashes) > 0:
		c := a.Clashes[0]
		others := ""
		if n := len(a.Clashes) - 1; n > 0 {
			others = " (and " + strconv.Itoa(n) + " more)"
		}
		out.Outcome, out.Line, out.Whom = gate.Out, c.Line, c.Name+others
		out.Text = "The account " + c.Name + " in " + AccountsFile + ":" + strconv.Itoa(c.Line) + " clashes: " + c.Why + others + "."
		out.Next = "Take the line out, the person gets a new account at the next sign-in: sudo " + text.Edit + " -e '" + strconv.Itoa(c.Line) + "d' " + AccountsFile
		if c.Local {
			out.Next = "Ask whoever has the local account " + c.Name + " to take another name, or to go: both people would be in the same account."
		}
	}
	return out.Result()
}
