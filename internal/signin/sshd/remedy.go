package sshd

import (
	"slices"
	"strconv"
	"strings"

	"aadssh/internal/text"
)

// others is a pattern list for everybody but Entra ID users.
const others = "*,!" + personPattern + ",!" + servicePattern

// elsewhere is a Match line for everybody but Entra ID users.
const elsewhere = "Match User " + others

// elsewhere is a Match line for everybody but those who are asked about.
func (f *Facts) elsewhere() string { return "Match User " + f.others() }

// Reload has sshd read its files again, if it accepts them. Where sshd does not run, it is
// started.
func (f *Facts) Reload() string { return "sudo sshd -t && sudo systemctl reload-or-restart " + f.Unit }

// register has the package write its block again.
const register = "Reinstall the package aadsshlogin with the machine's package manager."

// sed is a command that edits a file which sshd then reads.
func sed(f *Facts, file string, expressions ...string) string {
	return edit(file, expressions...) + " && " + f.Reload()
}

// edit is a command that edits a file.
func edit(file string, expressions ...string) string {
	var b strings.Builder
	b.WriteString("sudo " + text.Edit)
	for _, e := range expressions {
		b.WriteString(" -e '" + strings.ReplaceAll(e, "'", `'\''`) + "'")
	}
	return b.String() + " " + quote(file)
}

// quote makes a file name one word of a shell command.
func quote(s string) string {
	if s != "" && strings.Trim(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_./-+:@") == "" {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}

// policyDir has the files of system-wide crypto policies (crypto-policies(7)). The next
// update reverts changes in it.
const policyDir = "/etc/crypto-policies/"

// resetPolicy sets the machine to its distribution's default policy.
func resetPolicy(f *Facts) string {
	return "The value comes from the system-wide crypto policy. Run: sudo update-crypto-policies --set DEFAULT && sudo systemctl restart " + f.Unit
}

// spare excludes Entra ID users from a directive that is meant for others: its Match line
// excludes them, or it gets one that does.
func spare(f *Facts, d Directive) string {
	switch b := d.Block; {
	case strings.HasPrefix(d.File, policyDir):
		return resetPolicy(f)
	case (b == nil || b.all()) && len(f.Config.withUser(d)) > 1:
		return spareAll(f, f.Config.withUser(d))
	case b == nil || b.all():
		return "To exempt " + f.whom() + " from this rule, which loosens it, run: " + sed(f, d.File, strconv.Itoa(d.Line)+`i\`+f.elsewhere(), strconv.Itoa(d.Line)+`a\Match all`)
	case slices.Contains(packageBlocks(f.Config), b):
		if b.File == d.File && !followed(f.Config, d) {
			return "It was appended to the package's block; to have it for everybody else only, run: " + sed(f, d.File, strconv.Itoa(d.Line)+`i\`+elsewhere)
		}
		return disable(f, d)
	default:
		return spareBlock(f, b, d)
	}
}

// everywhere are the lines of keywords that apply to a connection, if all of them are
// outside blocks or in blocks for everybody; otherwise none.
func (c *Config) everywhere(of Connection, keywords ...string) (out []Directive) {
	for _, d := range c.Directives {
		if !slices.Contains(keywords, d.Keyword) || d.Block.applies(&of) == no {
			continue
		}
		if d.Block != nil && !d.Block.all() || strings.HasPrefix(d.File, policyDir) {
			return nil
		}
		out = append(out, d)
	}
	return out
}

// spareAll is spare for several lines outside blocks.
func spareAll(f *Facts, all []Directive) string {
	var files []string
	edits := map[string][]string{}
	for _, d := range all {
		files = appendNew(files, d.File)
		edits[d.File] = append(edits[d.File], strconv.Itoa(d.Line)+`i\`+f.elsewhere(), strconv.Itoa(d.Line)+`a\Match all`)
	}
	var commands []string
	for _, file := range files {
		commands = append(commands, edit(file, edits[file]...))
	}
	return "To exempt " + f.whom() + " from these rules, which loosens them, run: " + strings.Join(append(commands, f.Reload()), " && ")
}

func spareBlock(f *Facts, b *Block, d Directive) string {
	say := "To exempt " + f.whom() + " from that block, which loosens it, run: "
	user := b.User()
	switch {
	case user == "":
		return say + sed(f, b.File, strconv.Itoa(b.Line)+`s/[[:space:]]*\(#.*\)\{0,1\}$/ User `+f.others()+`/`)
	case slices.Contains(split(user), "*"):
		return say + sed(f, b.File, strconv.Itoa(b.Line)+`s/[Uu][Ss][Ee][Rr][[:space:]=]*"\{0,1\}[^[:space:]"]*/&`+strings.TrimPrefix(f.others(), "*")+`/`)
	}
	if f.One != nil {
		return say + sed(f, b.File, strconv.Itoa(b.Line)+`s/[Uu][Ss][Ee][Rr][[:space:]=]*"\{0,1\}[^[:space:]"]*/&`+strings.TrimPrefix(f.others(), "*")+`/`)
	}
	return "If they should sign in too: " + text.Small(disable(f, d))
}

// disable turns a line into a comment. A line that names a program includes the line with
// the user that it runs as.
func disable(f *Facts, d Directive) string {
	if strings.HasPrefix(d.File, policyDir) {
		return resetPolicy(f)
	}
	var lines []string
	for _, o := range f.Config.withUser(d) {
		lines = append(lines, strconv.Itoa(o.Line)+"s/^/#/")
	}
	return "Run: " + sed(f, d.File, lines...)
}

// withUser are a line and, if it names a program for keys, the adjacent lines that set the
// user for it.
func (c *Config) withUser(d Directive) []Directive {
	out := []Directive{d}
	for _, o := range c.Directives {
		if d.Keyword == "authorizedkeyscommand" && o.Keyword == "authorizedkeyscommanduser" && o.Block == d.Block && o.File == d.File {
			out = append(out, o)
		}
	}
	return out
}

// followed reports whether something of the package follows a directive in the package's
// block.
func followed(c Config, d Directive) bool {
	for _, o := range c.Directives {
		if o.Block == d.Block && o.Line > d.Line && slices.Contains(blockDirectives(), o.Keyword) {
			return true
		}
	}
	return false
}

// where is what decides a value: a line, or the daemon's command line.
type where struct {
	Directive
	found  bool
	option bool   // it is on the command line
	from   Source // the file that sets it there
}

// editable reports whether it is a line of a file that whoever keeps the machine changes.
func (w *where) editable() bool {
	return w.found && !w.option && !strings.HasPrefix(w.File, policyDir)
}

// locate finds what sets the effective value for a connection.
func locate(f *Facts, e *Effective, keyword, value string) *where {
	if from, found := f.option(keyword, alias(keyword)); found {
		return &where{option: true, from: from, Directive: Directive{File: from.File, Line: from.Line}}
	}
	d, ok := f.Config.Find(e.Conn, keyword, value)
	if !ok && value != "" {
		d, ok = f.Config.Find(e.Conn, keyword, "")
	}
	return &where{Directive: d, found: ok}
}

// at is the place in words for a sentence.
func (w *where) at() string {
	switch {
	case w.option && w.File == "":
		return " (on the command line of the running sshd)"
	case w.option:
		return " (an option of sshd's command line, from " + w.File + ":" + strconv.Itoa(w.Line) + ")"
	case w.found && w.Block != nil:
		return " (" + w.File + ":" + strconv.Itoa(w.Line) + ", in the block \"Match " + brief(strings.Join(w.Block.Criteria, " ")) + "\")"
	case w.found:
		return " (" + w.File + ":" + strconv.Itoa(w.Line) + ")"
	}
	return ""
}

// undo is the next step for an option, or for a line that gets an exception.
func (w *where) undo(f *Facts) string {
	switch {
	case w.option && strings.HasPrefix(w.File, policyDir):
		return resetPolicy(f)
	case w.option && w.File != "":
		return "What sshd_config says is without effect. " + w.from.without(f.Unit)
	case w.option:
		return "What sshd_config says is without effect. Take the option out of the unit's ExecStart= (see: systemctl cat " + f.Unit + "), then: sudo systemctl daemon-reload && sudo systemctl restart " + f.Unit
	case w.found:
		return spare(f, w.Directive)
	}
	return "See what is in force with: sudo sshd -T -C " + ExampleSpec()
}

// brief keeps a list readable in one line.
func brief(s string) string { return text.Clip(s, 120) }
