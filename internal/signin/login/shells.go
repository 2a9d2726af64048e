package login

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"strconv"
	"strings"
	"syscall"

	"aadssh/internal/check"
	"aadssh/internal/host"
	"aadssh/internal/signin/elf"
	"aadssh/internal/signin/gate"
	"aadssh/internal/text"
)

// usualShell is what new accounts probably get; what the package gives them is not
// published.
const usualShell = "/bin/bash"

// Shells says whether people's shells can be started.
type Shells struct {
	Usual   string      // why usualShell cannot be started; "" if it can
	Lost    []string    // the accounts whose own shell cannot be started
	Shell   string      // of the first of them
	Why     string      // why that one cannot be started
	Line    int         // the line of that account
	Count   int         // number of accounts
	Lacks   string      // a library that usualShell needs and that is missing
	Closed  host.Closed // what prevents everybody's programs from starting
	Alone   bool        // Closed prevents usualShell alone
	Names   host.Closed // what prevents people's programs from looking up names
	Ends    *ending     // a line that keeps people from their shells, in a file that these read when they start
	Own     string      // of the examined person, if there is an account: why their shell cannot be started
	OwnLine int         // of that account in /etc/aadpasswd; 0: it is kept elsewhere
}

func readShells(h *host.Host, one *gate.Somebody) Shells {
	libraries := elf.NewLoader(h)
	libraries.People = true
	s := Shells{Usual: unusable(h, libraries, usualShell), Names: h.ClosedAt("/etc/passwd", 0o004, 8), Ends: lookEnds(h, one)}
	s.Lacks, _ = libraries.Lacks(usualShell) // said by Usual
	s.Closed, s.Alone = findClosed(h, libraries.Closed)
	if one != nil && one.Account.Known {
		s.Own = unusable(h, libraries, one.Account.Shell)
	}
	if s.Names.Path == "" {
		s.Names = h.ClosedAt(AccountsFile, 0o004, 8)
	}
	text, err := h.ReadFile(AccountsFile, 16<<20)
	if err != nil {
		return s // nobody has signed in yet, or another check reports that it cannot be read
	}
	why := map[string]string{}
	number := 0
	for raw := range strings.Lines(string(text)) {
		number++
		f := strings.Split(strings.TrimRight(raw, "\r\n"), ":")
		if len(f) < 7 || f[0] == "" || f[0][0] == '#' {
			continue
		}
		s.Count++
		if one != nil && f[0] == one.Name {
			s.OwnLine = number
		}
		shell := f[6]
		if shell == "" {
			shell = "/bin/sh"
		}
		if _, known := why[shell]; !known {
			why[shell] = unusable(h, libraries, shell)
		}
		if why[shell] == "" {
			continue
		}
		if s.Lost = append(s.Lost, f[0]); len(s.Lost) == 1 {
			s.Shell, s.Why, s.Line = shell, why[shell], number
		}
	}
	return s
}

// unusable is why nobody gets a session with a shell: sshd rejects those whose shell is
// missing or cannot be executed (allowed_user in OpenSSH's auth.c), the kernel does not start
// what is no program, and some shells are made to reject people.
func unusable(h *host.Host, libraries *elf.Loader, shell string) string {
	info, err := h.Stat(shell)
	switch base := path.Base(shell); {
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, syscall.ELOOP):
		return "is not there"
	case err != nil:
		return "" // not read, so not judged
	case !info.Mode().IsRegular() || info.Mode().Perm()&0o111 == 0:
		return "cannot be run"
	case text.OneOf(base, "nologin false true sync"):
		return "sends everybody away"
	}
	return libraries.Refused(shell)
}

// of is about one person: the account's own shell counts, or else that of new accounts.
func (s Shells) of(who *gate.Somebody) check.Result {
	a := &who.Account
	if !a.Known || s.Own == "" && (s.Ends != nil || s.Names.Path != "") || s.Closed.Path != "" && s.Own == "" && (!s.Alone || path.Base(a.Shell) == path.Base(usualShell)) {
		s.Lost = nil
		return s.assess()
	}
	out := gate.Answer{Text: "The shell " + a.Shell + " can be started."}
	if s.Own != "" {
		out.Outcome, out.Text = gate.Out, "The account's shell "+a.Shell+" "+s.Own+"."
		another := "sudo usermod -s " + usualShell + " " + text.Quote(who.Name)
		if s.OwnLine > 0 {
			out.File, out.Line = AccountsFile, s.OwnLine
			another = "sudo " + text.Edit + " -e '" + strconv.Itoa(s.OwnLine) + "s,[^:]*$," + usualShell + ",' " + AccountsFile
		}
		if out.Next = "Put " + a.Shell + " back, or give the account another shell, run: " + another; s.Usual != "" {
			out.Next = s.back()
		}
	}
	return out.Result()
}

func (s Shells) assess() check.Result {
	a := gate.Answer{Text: "People's shells can be started."}
	switch n := len(s.Lost); {
	case s.Closed.Path != "" && s.Usual == "":
		a.Outcome, a.File, a.Text, a.Next = gate.Out, s.Closed.Path, "%s is closed to everybody but root (mode %04o), so people's shell does not start.", closedRemedy(s.Closed)
		if s.Closed.Dir {
			a.Text = "The folder %s is closed to everybody but root (mode %04o), so no program of people starts."
		}
		a.Text = fmt.Sprintf(a.Text, s.Closed.Path, s.Closed.Mode)
		if s.Closed.Group != 0 || s.Alone { // people may be in that group, or have another shell
			a.Outcome, a.Decides = gate.NotKnown, s.Closed.Path+", which is closed to others"
		}
	case n > 0:
		a.Outcome, a.File, a.Line, a.Whom = gate.Out, AccountsFile, s.Line, s.Lost[0]
		if n > 1 {
			a.Whom += " and " + strconv.Itoa(n-1) + " more"
		}
		a.Text = "The shell " + s.Shell + " of " + a.Whom + " (" + AccountsFile + ":" + strconv.Itoa(s.Line) + ") " + s.Why + ", so they do not get in."
		a.Next = s.another()
		if n == s.Count && s.Usual != "" {
			a.Whom = "" // everybody who has an account, and who comes next
		}
	case s.Names.Path != "" && s.Names.Group == 0:
		a.Outcome, a.Decides, a.File = gate.NotKnown, s.Names.Path+", which is closed to others", s.Names.Path
		a.Text = fmt.Sprintf("%s is closed to everybody but root (mode %04o), so people's programs do not know who they are.", s.Names.Path, s.Names.Mode)
		a.Next = closedRemedy(s.Names)
	case s.Ends != nil:
		a.Outcome, a.File, a.Line = gate.NotKnown, s.Ends.File, s.Ends.Line
		a.Decides = "what " + place(a.File, a.Line) + " does"
		a.Text, a.Next = s.Ends.told()
	case s.Usual != "":
		a.Outcome, a.Decides = gate.NotKnown, "the shell that new accounts get ("+usualShell+" "+s.Usual+")"
		a.Text = usualShell + " " + s.Usual + ", and new accounts are likely to get it as their shell."
		a.Next = s.back()
	}
	return a.Result()
}

// back is how usualShell can be started again.
func (s Shells) back() string {
	if s.Lacks != "" {
		return "Ask whoever keeps this machine's packages to reinstall the one that has " + s.Lacks + "."
	}
	return "Put " + usualShell + " back: reinstall the package bash with the machine's package manager."
}

// another gives the accounts whose shell cannot be started the usual one.
func (s Shells) another() string {
	const plain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/-_" // characters without a special meaning in a pattern
	switch {
	case s.Usual != "" && s.Shell == usualShell:
		return s.back()
	case s.Usual != "" || strings.Trim(s.Shell, plain) != "":
		return "Ask whoever keeps this machine's packages to put " + s.Shell + " back."
	}
	return "Put " + s.Shell + " back, or give them another shell, run: sudo " + text.Edit + " -e 's,:" + s.Shell + "$,:" + usualShell + ",' " + AccountsFile
}
