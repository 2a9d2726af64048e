package sshd

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"aadssh/internal/check"
	"aadssh/internal/signin/gate"
	"aadssh/internal/text"
)

// What the package registers in sshd_config (the block that aadsshlogin appends, as quoted
// in Azure/AgentBaker's cse_config.sh).
const (
	// CertHandler is the program that returns the keys of Entra ID users.
	CertHandler     = "/usr/sbin/aad_certhandler"
	certHandlerArgs = "%u %k"
	certHandlerUser = "root"
	personPattern   = "*@*"
	servicePattern  = "????????-????-????-????-????????????"
)

// merge combines the findings for each kind of connection.
func (f *Facts) merge(answers []check.Result) check.Result {
	if len(answers) == 0 {
		return f.unasked()
	}
	if f.One != nil {
		return mergeOne(f, answers)
	}
	return mergeAll(f.Users, answers)
}

// unasked: there was no kind of connection to ask sshd about.
func (f *Facts) unasked() check.Result {
	return check.Result{Answer: check.Unknown, Text: "sshd was not asked what it does with people.", Decides: "sshd, which was not asked"}
}

// mergeAll: what rejects everybody is a failure; what rejects only some is a warning that
// says whom.
func mergeAll(users []Effective, answers []check.Result) check.Result {
	var shut [2]bool // somebody of a kind is rejected
	var open [2]bool // somebody of a kind is accepted
	for i, a := range answers {
		p := users[i].Conn.Person
		if a.Answer == check.Fail {
			shut[p] = true
		} else {
			open[p] = true
		}
	}
	at := 0
	for i, a := range answers {
		if severity(a.Answer) > severity(answers[at].Answer) {
			at = i
		}
	}
	found := answers[at]
	switch {
	case found.Answer != check.Fail:
	case shut[gate.Human] && !open[gate.Human] && open[gate.Service]:
		found.Text += " This concerns people only; service principals can sign in."
	case !open[gate.Human] && !open[gate.Service]:
	case !shut[gate.Human]:
		found.Answer, found.Except = check.Warn, gate.Service.String()
		found.Text += " This concerns service principals only; people can sign in."
	default:
		found.Answer, found.Except = check.Warn, whom(users, answers)
		found.Text += " This concerns " + found.Except + "; others can sign in."
	}
	return found
}

func severity(l check.Answer) int {
	return slices.Index([]check.Answer{check.Pass, check.Warn, check.Unknown, check.Fail}, l)
}

// whom are the people whom a gate rejects while it accepts others: those with something
// particular, or all except those.
func whom(users []Effective, answers []check.Result) string {
	var out, in []string
	common := false
	for i, a := range answers {
		c := users[i].Conn
		switch {
		case c.Person != gate.Human:
		case a.Answer != check.Fail:
			in = appendNew(in, c.whom())
		case c.whom() == "":
			common = true
		default:
			out = appendNew(out, c.whom())
		}
	}
	in = slices.DeleteFunc(in, func(s string) bool { return s == "" })
	if common || len(out) == 0 {
		if len(in) == 0 {
			return "some people"
		}
		return "everybody but " + in[0]
	}
	if len(out) > 1 {
		return out[0] + " (and " + strconv.Itoa(len(out)-1) + " more kinds of connections)"
	}
	return out[0]
}

// accepts checks that sshd is installed and accepts its configuration.
func accepts(f *Facts) check.Result {
	g := check.Result{}
	if f.Binary == "" {
		g.Answer, g.Text, g.Next = check.Fail, "No SSH server is installed: there is no sshd on this machine.", "Install openssh-server with the machine's package manager."
		return g
	}
	if p := f.Problem; p != nil {
		g.Answer, g.File = check.Fail, p.File
		g.Text, g.Next = p.explain(f)
		return g
	}
	if f.Killed != "" {
		g.Answer = check.Fail
		g.Text, g.Next, g.File = explainKilled(f)
		return g
	}
	if f.Err != nil {
		g.Answer, g.Text = check.Unknown, "sshd could not be asked for its configuration: "+text.FirstLine(f.Err.Error())
		g.Next = "Run: sudo sshd -t; sudo sshd -T -C " + ExampleSpec()
		g.Decides = "sshd's configuration, which could not be asked for"
		if pipe := f.Config.Pipe; pipe != "" {
			g.File, g.Text = pipe, "sshd"+gate.Waiting(pipe)+", when it starts."
			g.Next = gate.Away(pipe) + " && sudo systemctl restart " + f.Unit
		}
		return g
	}
	if found, lost := f.lostProgram(); lost {
		return found
	}
	g.Text = "sshd accepts its configuration."
	if f.Note != "" {
		g.Text = "sshd accepts its configuration (" + f.Note + ")."
	}
	return g
}

// ownPrograms are the directives with the paths of the programs that sshd starts for each
// connection (OpenSSH 9.8 and 10.0).
func ownPrograms() []string { return []string{"sshdsessionpath", "sshdauthpath"} }

// lostProgram: sshd does not start without these programs, starts one for each connection,
// and "sshd -t" does not check for them (main in OpenSSH's sshd.c).
func (f *Facts) lostProgram() (found check.Result, lost bool) {
	for i := range f.Users {
		for _, keyword := range ownPrograms() {
			program := f.Users[i].Value(keyword)
			p, seen := f.Places[program]
			if !seen || p.Err != nil || !p.Missing && !p.Dir && p.Mode.Perm()&0o111 != 0 && p.Refused == "" {
				continue
			}
			w := locate(f, &f.Users[i], keyword, "")
			what := "sshd cannot start, for its own program " + program + " is not there or cannot be executed" + w.at() + "."
			if p.Refused != "" {
				what = "sshd closes every connection, for its own program " + program + " " + p.Refused + w.at() + "."
			}
			if w.found || w.option {
				return shut(w, what, globally(f, w)), true
			}
			return shut(w, what, "Reinstall openssh-server with the machine's package manager."), true
		}
	}
	return check.Result{}, false
}

// pass is a passed check.
func pass(format string, args ...any) check.Result {
	return check.Result{Answer: check.Pass, Text: fmt.Sprintf(format, args...)}
}

// shut is a failure because of a configured value.
func shut(w *where, text, next string) check.Result {
	return check.Result{Answer: check.Fail, File: w.File, Text: text, Next: next}
}

// unsure is a configured value of which it is not known whether it keeps people out.
func unsure(w *where, decides, text, next string) check.Result {
	return check.Result{Answer: check.Unknown, File: w.File, Decides: decides, Text: text, Next: next}
}

// version is that of sshd, as it is shown.
func (f *Facts) version() string { return text.Or(f.Version, "version unknown") }

// packageBlocks are the Match blocks of the package: those with its pattern for a person's
// name that name its program, or contain only what it could have written.
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

func askCommand(f *Facts, e *Effective) check.Result {
	got := e.Value("authorizedkeyscommand")
	program, args, _ := strings.Cut(got, " ")
	if f.isHandler(program) {
		w := locate(f, e, "authorizedkeyscommand", got)
		if args == certHandlerArgs {
			return check.Result{Answer: check.Pass, Text: "sshd asks " + program + " for the keys of " + f.whom() + w.at() + ".", File: w.File}
		}
		return unsure(w, "the arguments of AuthorizedKeysCommand"+w.at(),
			"sshd calls "+CertHandler+" with "+strconv.Quote(args)+" instead of "+strconv.Quote(certHandlerArgs)+w.at()+", so it may not see who signs in.",
			"Run: "+sed(f, w.File, strconv.Itoa(w.Line)+`c\    AuthorizedKeysCommand `+CertHandler+` `+certHandlerArgs))
	}
	blocks := packageBlocks(f.Config)
	own := ownBlock(f.Config)
	d, ok := f.Config.Find(e.Conn, "authorizedkeyscommand", "")
	switch {
	case own == nil && len(blocks) == 0 && ok && d.Block != nil && f.registers():
		return check.Result{Answer: check.Fail, File: d.File,
			Text: "For " + f.whom() + " sshd asks " + strconv.Quote(got) + " (AuthorizedKeysCommand at " + d.File + ":" + strconv.Itoa(d.Line) + "), not " + CertHandler + ": the Match block at " + d.Block.File + ":" + strconv.Itoa(d.Block.Line) + " comes before the end of " + f.Config.Main + ", where the block of aadsshlogin is missing.",
			Next: spare(f, d)}
	case own == nil:
		return noBlock(f, blocks, got)
	case f.Config.Err != nil && !ok:
	case ok && d.Block != nil && d.Block != own:
		return check.Result{Answer: check.Fail, File: d.File,
			Text: "For " + f.whom() + " sshd asks " + strconv.Quote(got) + " (AuthorizedKeysCommand at " + d.File + ":" + strconv.Itoa(d.Line) + "), not " + CertHandler + ": the Match block at " + d.Block.File + ":" + strconv.Itoa(d.Block.Line) + " comes before the one of aadsshlogin (" + own.File + ":" + strconv.Itoa(own.Line) + ").",
			Next: spare(f, d)}
	case !slices.Contains(blocks, own):
		return check.Result{Answer: check.Fail, File: own.File,
			Text: "The Match line of the aadsshlogin block at " + own.File + ":" + strconv.Itoa(own.Line) + " is not for all Entra ID users any more (Match " + brief(strings.Join(own.Criteria, " ")) + ").",
			Next: "Run: " + sed(f, own.File, strconv.Itoa(own.Line)+`c\Match User `+personPattern+`,`+servicePattern)}
	}
	return check.Result{Answer: check.Fail, File: own.File,
		Text: "The aadsshlogin block at " + own.File + ":" + strconv.Itoa(own.Line) + " does not apply: for " + f.whom() + " sshd asks " + strconv.Quote(got) + ".",
		Next: "Move the block out of what stands around it, to the end of " + f.Config.Main + ", then: sudo sshd -t && sudo systemctl reload-or-restart " + f.Unit}
}

// registers reports whether the package's block belongs in the configuration that sshd
// reads.
func (f *Facts) registers() bool {
	return f.Config.Err == nil && (f.Config.Main == mainConfig || f.Config.Main == vendorConfig)
}

// byBlock is for a keyword that the package's block sets. If the block is missing, the
// package's scripts repair that too, unless an earlier Match block sets the keyword.
func byBlock(keyword string, ask func(*Facts, *Effective) check.Result) func(*Facts, *Effective) check.Result {
	return func(f *Facts, e *Effective) check.Result {
		found := ask(f, e)
		program, _, _ := strings.Cut(e.Value("authorizedkeyscommand"), " ")
		if found.Answer != check.Fail || f.isHandler(program) || !f.registers() || ownBlock(f.Config) != nil {
			return found
		}
		if d, ok := f.Config.Find(e.Conn, keyword, ""); !ok || d.Block == nil {
			found.Part = check.Scripts
		}
		return found
	}
}

// noBlock: the package's block is missing, or names another program. got is what sshd asks
// instead.
func noBlock(f *Facts, blocks []*Block, got string) check.Result {
	instead := ""
	if got != "" && got != "none" {
		instead = ", but " + strconv.Quote(got)
	}
	said := "sshd does not ask " + CertHandler + " for the keys of Entra ID users" + instead
	switch {
	case f.Config.Err != nil:
		return check.Result{Answer: check.Fail, Part: check.Scripts,
			Text: said + ", and its files could not be read: " + text.FirstLine(f.Config.Err.Error()),
			Next: register}
	case len(blocks) == 0 && !f.registers():
		return check.Result{Answer: check.Fail, File: f.Config.Main,
			Text: said + ": sshd is started with -f " + f.Config.Main + ", in which the aadsshlogin block is missing; the package registers in " + mainConfig + ".",
			Next: "Append the block, run: printf '" + strings.ReplaceAll(blockText(), "\n", `\n`) + "' | sudo tee -a " + quote(f.Config.Main) + " && " + f.Reload()}
	case len(blocks) == 0:
		return check.Result{Answer: check.Fail, Part: check.Scripts, File: f.Config.Main,
			Text: said + ": the aadsshlogin block is missing from " + f.Config.Main + ".",
			Next: register + " VMAccess (reset SSH) and hardening scripts remove the block."}
	}
	b := blocks[0]
	return check.Result{Answer: check.Fail, Part: check.Scripts, File: b.File,
		Text: "The aadsshlogin block at " + b.File + ":" + strconv.Itoa(b.Line) + " does not name " + CertHandler + instead + ".",
		Next: "Run: " + sed(f, b.File, strconv.Itoa(b.Line)+`a\    AuthorizedKeysCommand `+CertHandler+` `+certHandlerArgs+`\n    AuthorizedKeysCommandUser `+certHandlerUser)}
}

// blockText is the block that the package registers.
func blockText() string {
	return "Match User " + personPattern + "," + servicePattern + "\n    AuthenticationMethods publickey\n    PubkeyAuthentication yes\n    AuthorizedKeysCommand " +
		CertHandler + " " + strings.ReplaceAll(certHandlerArgs, "%", "%%") + "\n    AuthorizedKeysCommandUser " + certHandlerUser + "\n"
}

// ownBlock is the block that names the package's program.
func ownBlock(c Config) *Block {
	for _, d := range c.Directives {
		if d.Keyword == "authorizedkeyscommand" && d.Block != nil && len(d.Args) > 0 && d.Args[0] == CertHandler {
			return d.Block
		}
	}
	return nil
}

func askCommandUser(f *Facts, e *Effective) check.Result {
	got := e.Value("authorizedkeyscommanduser")
	program, _, _ := strings.Cut(e.Value("authorizedkeyscommand"), " ")
	if got == certHandlerUser || !f.isHandler(program) {
		return pass("AuthorizedKeysCommandUser is %s.", got) // another program is reported by sshd-command
	}
	w := locate(f, e, "authorizedkeyscommanduser", got)
	return shut(w, CertHandler+" is run as "+strconv.Quote(got)+", not as "+certHandlerUser+" (AuthorizedKeysCommandUser"+w.at()+"), so it cannot check anybody.",
		"Run: "+sed(f, w.File, strconv.Itoa(w.Line)+`c\    AuthorizedKeysCommandUser `+certHandlerUser))
}
