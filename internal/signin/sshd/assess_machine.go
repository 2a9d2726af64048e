package sshd

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// askRevoked: while RevokedKeys cannot be read, sshd refuses every key.
func askRevoked(f Facts) Finding {
	if len(f.Missing) == 0 {
		return Finding{Name: "sshd-revoked-keys", Text: "No list of revoked keys is missing."}
	}
	at, file, line := "", "", 0
	if len(f.Users) > 0 {
		at, file, line = place(f, f.Users[0], "revokedkeys", f.Missing[0])
	}
	return Finding{Name: "sshd-revoked-keys", Answer: Fail, File: file, Line: line,
		Text: fmt.Sprintf("RevokedKeys names %s, which does not exist%s, so sshd refuses every key.", f.Missing[0], at),
		Next: "Make the file (it may be empty), or remove RevokedKeys" + reload(f)}
}

// blockDirectives is what the package's block consists of.
func blockDirectives() []string {
	return []string{"authenticationmethods", "pubkeyauthentication", "authorizedkeyscommand", "authorizedkeyscommanduser"}
}

// askSwallowed finds settings that somebody appended to the file: a Match
// block reaches to the next Match line, so they mean Entra ID users only.
func askSwallowed(f Facts) Finding {
	found := Finding{Name: "sshd-order", Text: "Nothing stands in the aadsshlogin block by accident."}
	blocks := packageBlocks(f.Config)
	var swallowed []Directive
	for _, d := range f.Config.Directives {
		if d.Block != nil && slices.Contains(blocks, d.Block) && !slices.Contains(blockDirectives(), d.Keyword) {
			swallowed = append(swallowed, d)
		}
	}
	if len(swallowed) == 0 {
		return found
	}
	d := swallowed[0]
	others := ""
	if n := len(swallowed) - 1; n > 0 {
		others = fmt.Sprintf(" and %d more", n)
	}
	found.Answer, found.File, found.Line = Warn, d.File, d.Line
	found.Text = fmt.Sprintf("%s at %s:%d%s stands in the Match block of aadsshlogin (line %d), so it applies to Entra ID users only, not to the machine.", shownKeyword(d.Keyword), d.File, d.Line, others, d.Block.Line)
	found.Next = fmt.Sprintf("If it is meant for everybody, move it above line %d of %s%s", d.Block.Line, d.Block.File, reload(f))
	return found
}

func shownKeyword(k string) string { return strings.ToUpper(k[:1]) + k[1:] }

// decisive are the directives that decide whether a person gets in and that
// may stand in a Match block.
func decisive(d Directive) bool {
	switch d.Keyword {
	case "pubkeyauthentication":
		return !slices.Equal(d.Args, []string{"yes"})
	case "authenticationmethods":
		return !slices.Contains(d.Args, "publickey") && !slices.Contains(d.Args, "any")
	case "authorizedkeyscommand":
		return len(d.Args) == 0 || d.Args[0] != CertHandler
	case "allowusers", "allowgroups", "denyusers", "denygroups", "pubkeyacceptedalgorithms", "pubkeyacceptedkeytypes", "refuseconnection":
		return true
	}
	return false
}

// askAddress: sshd was asked for one address only. A block for other addresses
// that decides who gets in is named. Where it stands after the package's, what
// the package sets wins over it.
func askAddress(f Facts) Finding {
	found := Finding{Name: "sshd-address", Text: "Who gets in does not depend on where they come from."}
	own := ownBlock(f.Config, packageBlocks(f.Config))
	passed := false
	for _, d := range f.Config.Directives {
		passed = passed || own != nil && d.Block == own
		if d.Block.applies(PersonProbe) != maybe || !decisive(d) || passed && slices.Contains(blockDirectives(), d.Keyword) {
			continue
		}
		found.Answer, found.File, found.Line = Warn, d.File, d.Line
		found.Text = fmt.Sprintf("%s at %s:%d applies to people who connect from or to some addresses only (Match %s): they may be refused.", shownKeyword(d.Keyword), d.File, d.Line, strings.Join(d.Block.Criteria, " "))
		found.Next = "If Entra ID users sign in from there, leave them out of that block with \"User *,!" + personPattern + ",!" + servicePattern + "\""
		return found
	}
	return found
}

// ports are the ports that the configuration names.
func ports(f Facts) []uint16 {
	var out []uint16
	if len(f.Users) == 0 {
		return nil
	}
	for _, p := range f.Users[0].List("port") {
		if n, err := strconv.ParseUint(p, 10, 16); err == nil {
			out = append(out, uint16(n))
		}
	}
	for _, a := range f.Users[0].List("listenaddress") {
		if i := strings.LastIndexByte(a, ':'); i >= 0 {
			if n, err := strconv.ParseUint(a[i+1:], 10, 16); err == nil {
				out = append(out, uint16(n))
			}
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// askListening: a socket unit may listen in sshd's place, also on another port
// than the configuration names, which systemd does not read.
func askListening(f Facts) Finding {
	found := Finding{Name: "sshd-listening"}
	want := ports(f)
	switch {
	case f.Daemon.Err != nil:
		found.Answer, found.Text = Unknown, "What this machine listens on is not known: "+firstLine(f.Daemon.Err.Error())
		return found
	case slices.ContainsFunc(want, f.Daemon.Listens):
		found.Text = "This machine listens on sshd's port."
		return found
	case f.Daemon.Listens(22):
		found.Answer = Warn
		found.Text = fmt.Sprintf("sshd's configuration says port %s, but this machine listens on 22.", join(want))
		found.Next = fmt.Sprintf("Run: systemctl reload %s; where %s.socket listens, set ListenStream= in it", f.Unit, f.Unit)
		return found
	}
	found.Answer = Warn
	if f.Daemon.Expected {
		found.Answer = Fail
	}
	found.Text = fmt.Sprintf("Nothing listens on sshd's port %s: no sshd is running.", join(want))
	found.Next = "Run: systemctl start " + f.Unit
	return found
}

func join(ports []uint16) string {
	words := make([]string, len(ports))
	for i, p := range ports {
		words[i] = strconv.Itoa(int(p))
	}
	return strings.Join(words, ", ")
}

// AssessReload says whether the running daemon has read the files as they are
// now. loaded is when its unit was last started or reloaded; zero: not known.
func AssessReload(f Facts, loaded time.Time) Finding {
	found := Finding{Name: "sshd-reload", Text: "The running sshd has read its configuration as it is now."}
	switch {
	case f.Daemon.PID == 0:
		found.Text = "No sshd is running that could have an old configuration."
	case loaded.IsZero() || f.Config.Changed.IsZero():
		found.Answer, found.Text = Unknown, "It is not known when sshd last read its configuration."
	case f.Config.Changed.After(loaded):
		found.Answer = Warn
		found.Text = "sshd's configuration was changed after the running sshd read it."
		found.Next = "Run: sshd -t && systemctl reload " + f.Unit
	}
	return found
}
