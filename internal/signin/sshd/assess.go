package sshd

import (
	"fmt"
	"slices"
	"strings"
	"unicode"
)

// What the package registers with sshd (the block that aadsshlogin appends to
// sshd_config, as Azure/AgentBaker's cse_config.sh quotes it).
const (
	// CertHandler is the program that answers for the keys of Entra ID users.
	CertHandler     = "/usr/sbin/aad_certhandler"
	certHandlerArgs = "%u %k"
	certHandlerUser = "root"
	personPattern   = "*@*"
	servicePattern  = "????????-????-????-????-????????????"
)

// elsewhere is a Match line for everybody but Entra ID users.
const elsewhere = `"Match User *,!` + personPattern + `,!` + servicePattern + `"`

// check is one question about what is in force for one user.
type question struct {
	name string
	ask  func(f Facts, e Effective) Finding
	list bool // an owner's list of who may sign in: that it leaves service principals out alone may be what is meant
}

func questions() []question {
	return []question{
		{"sshd-command", askCommand, false},
		{"sshd-command-user", askCommandUser, false},
		{"sshd-public-key", askPublicKey, false},
		{"sshd-methods", askMethods, false},
		{"sshd-pam", askPAM, false},
		{"sshd-users", askUsers, true},
		{"sshd-groups", askGroups, true},
		{"sshd-algorithms", askAlgorithms, false},
		{"sshd-ca-algorithms", askCAAlgorithms, false},
		{"sshd-tries", askTries, false},
		{"sshd-refuse", askRefuse, false},
	}
}

// Assess says whether somebody with an Entra ID account who has never signed
// in before gets past sshd. The findings are in a fixed order. Where sshd is
// not there, refuses its configuration or could not be asked, that is the only
// finding.
func Assess(f Facts) []Finding {
	out := []Finding{gate(f)}
	if out[0].Answer == Pass {
		for _, c := range questions() {
			answers := make([]Finding, len(f.Users))
			for i, u := range f.Users {
				answers[i] = c.ask(f, u)
			}
			one := merge(answers, c.list)
			one.Name = c.name
			out = append(out, one)
		}
		out = append(out, askRevoked(f), askSwallowed(f), askAddress(f), askListening(f))
	}
	for i := range out {
		out[i].Text, out[i].Next = oneLine(out[i].Text), oneLine(out[i].Next)
	}
	return out
}

// oneLine keeps what a configuration file may hold from breaking a message or
// a terminal.
func oneLine(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, s)
}

// merge makes one finding of a person's and a service principal's: the worse
// one, with a word about whom it concerns where the other is fine.
func merge(answers []Finding, list bool) Finding {
	if len(answers) != 2 {
		return Finding{Answer: Unknown, Text: "sshd was not asked for both kinds of user"}
	}
	person, service := answers[0], answers[1]
	if list && service.Answer == Fail && person.Answer != Fail {
		service.Answer = Warn
	}
	switch {
	case person.Answer == Pass && service.Answer != Pass:
		service.Text += " This concerns service principals only; people can sign in."
		return service
	case service.Answer == Pass && person.Answer != Pass:
		person.Text += " This concerns people only; service principals can sign in."
		return person
	case service.Answer == Fail && person.Answer != Fail:
		return service
	}
	return person
}

// gate answers whether sshd is there and accepts its configuration.
func gate(f Facts) Finding {
	g := Finding{Name: "sshd-config"}
	if f.Binary == "" {
		g.Answer, g.Text, g.Next = Fail, "No SSH server is installed: there is no sshd on this machine.", "Install openssh-server with the machine's package manager."
		return g
	}
	if p := f.Problem; p != nil {
		g.Answer, g.File, g.Line = Fail, p.File, p.Line
		g.Text, g.Next = p.explain(f.Unit)
		return g
	}
	if f.Err != nil {
		g.Answer, g.Text = Unknown, "sshd could not be asked for its configuration: "+firstLine(f.Err.Error())
		g.Next = "Run: sshd -t; sshd -T -C " + Connection(PersonProbe)
		return g
	}
	g.Text = "sshd accepts its configuration."
	if f.Note != "" {
		g.Text = "sshd accepts its configuration (" + f.Note + ")."
	}
	return g
}

// explain is a problem and its remedy in words.
func (p *Problem) explain(unit string) (what, next string) {
	switch p.Kind {
	case NoHostKeys:
		return "sshd has no host key that it can load: " + p.Message, "Make them with: ssh-keygen -A, then: systemctl restart " + unit
	case NoSeparation:
		if volatile(p.Dir) {
			return "sshd's privilege separation directory " + p.Dir + " is missing or unsafe, so every connection is refused.",
				"Run: install -d -m 0755 -o root -g root " + p.Dir
		}
		return "sshd's privilege separation directory " + p.Dir + " is missing or unsafe, so sshd cannot start.", "Reinstall openssh-server with the machine's package manager."
	case NoUser:
		return "sshd cannot start: " + p.Message, "Reinstall openssh-server with the machine's package manager."
	}
	if p.File != "" {
		return fmt.Sprintf("sshd refuses its configuration: %s:%d: %s", p.File, p.Line, p.Message),
			fmt.Sprintf("Correct %s line %d, check with: sshd -t, then: systemctl reload %s", p.File, p.Line, unit)
	}
	return "sshd refuses its configuration: " + p.Message, "Correct /etc/ssh/sshd_config, check with: sshd -t, then: systemctl reload " + unit
}

// pass, and place, keep the questions short.
func pass(format string, args ...any) Finding {
	return Finding{Answer: Pass, Text: fmt.Sprintf(format, args...)}
}

// place finds where the value in force stands, and says so in the text.
func place(f Facts, e Effective, keyword, value string) (at string, file string, line int) {
	d, ok := f.Config.Find(e.User, keyword, value)
	if !ok {
		return "", "", 0
	}
	return fmt.Sprintf(" (%s:%d)", d.File, d.Line), d.File, d.Line
}

// reload is the end of every remedy that edits a file.
func reload(f Facts) string { return ", then: sshd -t && systemctl reload " + f.Unit }

// packageBlocks are the Match blocks of the package: those for its pattern of
// a person's name that name its program or nothing but it could have written.
func packageBlocks(c Config) []*Block {
	var out []*Block
	for _, b := range c.Blocks {
		patterns := split(b.User())
		if slices.Contains(patterns, personPattern) && slices.Contains(patterns, servicePattern) {
			out = append(out, b)
		}
	}
	return out
}

func askCommand(f Facts, e Effective) Finding {
	got := e.Value("authorizedkeyscommand")
	program, args, _ := strings.Cut(got, " ")
	if program == CertHandler {
		at, file, line := place(f, e, "authorizedkeyscommand", got)
		if args == certHandlerArgs {
			return Finding{Answer: Pass, Text: "sshd asks " + CertHandler + " for the keys of Entra ID users" + at + ".", File: file, Line: line}
		}
		return Finding{Answer: Warn, File: file, Line: line,
			Text: fmt.Sprintf("sshd calls %s with %q instead of %q%s, so it may not see who signs in.", CertHandler, args, certHandlerArgs, at),
			Next: fmt.Sprintf("Make it \"AuthorizedKeysCommand %s %s\"%s", CertHandler, certHandlerArgs, reload(f))}
	}
	blocks := packageBlocks(f.Config)
	own := ownBlock(f.Config, blocks)
	switch {
	case f.Config.Err != nil && own == nil:
		return Finding{Answer: Fail, Package: true,
			Text: "sshd does not ask " + CertHandler + " for the keys of Entra ID users, and its files could not be read: " + firstLine(f.Config.Err.Error()),
			Next: "Have the package register with sshd again by reinstalling aadsshlogin."}
	case own == nil && len(blocks) == 0:
		return Finding{Answer: Fail, Package: true, File: f.Config.Main,
			Text: "sshd does not ask " + CertHandler + " for the keys of Entra ID users: the aadsshlogin block is missing from " + f.Config.Main + ".",
			Next: "Reinstall the package aadsshlogin. VMAccess (reset SSH) and hardening scripts remove the block."}
	case own == nil:
		b := blocks[0]
		return Finding{Answer: Fail, Package: true, File: b.File, Line: b.Line,
			Text: fmt.Sprintf("The aadsshlogin block at %s:%d does not name %s.", b.File, b.Line, CertHandler),
			Next: fmt.Sprintf("Directly below the block's Match line put \"AuthorizedKeysCommand %s %s\" and \"AuthorizedKeysCommandUser %s\" (sshd takes the first of each)%s", CertHandler, certHandlerArgs, certHandlerUser, reload(f))}
	}
	if d, ok := f.Config.Find(e.User, "authorizedkeyscommand", ""); ok && d.Block != nil && d.Block != own {
		return Finding{Answer: Fail, File: d.File, Line: d.Line,
			Text: fmt.Sprintf("For Entra ID users sshd asks %q, not %s: the Match block at %s:%d comes before the one of aadsshlogin (%s:%d).", got, CertHandler, d.Block.File, d.Block.Line, own.File, own.Line),
			Next: fmt.Sprintf("Leave Entra ID users out of that block, for example with %s, or move it to the end of the file%s", elsewhere, reload(f))}
	}
	return Finding{Answer: Fail, File: own.File, Line: own.Line,
		Text: fmt.Sprintf("The aadsshlogin block at %s:%d does not apply: for Entra ID users sshd asks %q.", own.File, own.Line, got),
		Next: fmt.Sprintf("Move the block out of what stands around it, to the end of %s%s", f.Config.Main, reload(f))}
}

// ownBlock is the block in which the package's program is named: by its
// pattern, else by the program.
func ownBlock(c Config, blocks []*Block) *Block {
	for _, d := range c.Directives {
		if d.Keyword == "authorizedkeyscommand" && d.Block != nil && len(d.Args) > 0 && d.Args[0] == CertHandler {
			if len(blocks) == 0 || slices.Contains(blocks, d.Block) {
				return d.Block
			}
		}
	}
	return nil
}

func askCommandUser(f Facts, e Effective) Finding {
	got := e.Value("authorizedkeyscommanduser")
	program, _, _ := strings.Cut(e.Value("authorizedkeyscommand"), " ")
	if got == certHandlerUser || program != CertHandler {
		return pass("AuthorizedKeysCommandUser is %s.", got) // another program is sshd-command's finding
	}
	at, file, line := place(f, e, "authorizedkeyscommanduser", got)
	return Finding{Answer: Fail, File: file, Line: line,
		Text: fmt.Sprintf("%s is run as %q, not as %s%s, so it cannot check anybody.", CertHandler, got, certHandlerUser, at),
		Next: "Set \"AuthorizedKeysCommandUser " + certHandlerUser + "\" in the aadsshlogin block" + reload(f)}
}
