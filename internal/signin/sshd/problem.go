package sshd

import (
	"errors"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"aadssh/internal/fault"
	"aadssh/internal/text"
)

// Kind is the kind of reason why sshd does not start.
type Kind int

// The kinds that need different texts.
const (
	Broken       Kind = iota // a configuration file has an error
	NoHostKeys               // no host key can be loaded
	NoSeparation             // the privilege separation directory is missing or unsafe
	NoUser                   // the privilege separation user does not exist
)

// Problem is what "sshd -t" complained about.
type Problem struct {
	_ [0]func() // never compared: no code for == is linked

	Kind    Kind
	Message string // sshd's own message, on one line, without the place
	File    string // the file of the error; empty if sshd did not name it
	Line    int
	Dir     string // the privilege separation directory, for NoSeparation
	Keys    string // the first host key that other users can read, for NoHostKeys
	Detail  string // sshd's message about it
}

// The two ways in which sshd names a place (servconf.c of OpenSSH): "FILE: line N: Bad
// configuration option" and "FILE line N: unsupported option".
var placePattern = text.Pattern(`^(?:command-line(?: line 0|, line 0)|(.+?):? line (\d+)): (.*)$|^(.+?) line (\d+): (.*)$`)

// openPattern matches OpenSSH's error for a private key that other users can read
// (authfile.c).
var openPattern = text.Pattern(`^Permissions 0\d+ for '(.+)' are too open\.$`)

// ParseProblem finds the reason in the output of a failing "sshd -t". It accepts any input;
// nil means that no reason was found.
func ParseProblem(output string) *Problem {
	var first, last, keys, detail string
	var placed *Problem
	for _, line := range text.SplitLines(bounded(output)) {
		line = strings.TrimSpace(line)
		if line == "" {
			continue
		}
		if m := openPattern().FindStringSubmatch(line); m != nil && keys == "" {
			keys, detail = m[1], line
		}
		if p := special(line); p != nil {
			if p.Kind == NoHostKeys {
				p.Keys, p.Detail = keys, detail
			}
			return p
		}
		if strings.Contains(line, "Deprecated option") {
			continue // also printed for valid configurations
		}
		if first == "" {
			first = line
		}
		last = line
		if placed == nil {
			placed = parsePlace(line)
		}
	}
	switch {
	case placed != nil && placed.Message == "Bad Match condition" && first != last:
		placed.Message += ": " + first // the line before says which
		return placed
	case placed != nil:
		return placed
	case first == "":
		return nil
	}
	return &Problem{Message: first}
}

// noUser is the beginning of sshd's message that its own user does not exist.
const noUser = "Privilege separation user "

// special recognizes the messages that are no errors in a configuration file (sshd.c of
// OpenSSH).
func special(line string) *Problem {
	const missing, unsafe = "Missing privilege separation directory: ", " must be owned by root and not group or world-writable"
	switch {
	case strings.HasPrefix(line, missing):
		return &Problem{Kind: NoSeparation, Message: line, Dir: strings.TrimSpace(line[len(missing):])}
	case strings.Contains(line, unsafe) && strings.HasPrefix(line, "/"):
		dir, _, _ := strings.Cut(line, unsafe)
		return &Problem{Kind: NoSeparation, Message: line, Dir: dir}
	case strings.Contains(line, "no hostkeys available"):
		return &Problem{Kind: NoHostKeys, Message: line}
	case strings.HasPrefix(line, noUser):
		return &Problem{Kind: NoUser, Message: line}
	}
	return nil
}

func parsePlace(line string) *Problem {
	m := placePattern().FindStringSubmatch(line)
	if m == nil {
		return nil
	}
	file, number, message := m[1], m[2], m[3]
	if m[4] != "" {
		file, number, message = m[4], m[5], m[6]
	}
	if file == "" || file == "command-line" {
		return &Problem{Message: line}
	}
	n, err := strconv.Atoi(number)
	if err != nil || message == "" {
		return nil
	}
	return &Problem{File: file, Line: n, Message: message}
}

// bounded limits an excessive output to a screenful.
func bounded(s string) string {
	const limit = 16 << 10
	if len(s) > limit {
		return s[:limit]
	}
	return s
}

// explain is a problem and its next step in words.
func (p *Problem) explain(f *Facts) (what, next string) {
	switch p.Kind {
	case NoHostKeys:
		return explainHostKeys(f, p)
	case NoSeparation:
		for i := range f.Confined {
			if s := &f.Confined[i]; strings.HasSuffix(s.key, "User") { // the folder is made for that user
				return "No sshd can run: its unit sets " + s.shown() + ", and sshd needs to be root.", s.lifted(f.Unit)
			}
		}
		if volatile(p.Dir) {
			return "sshd's privilege separation directory " + p.Dir + " is missing or unsafe, so every connection is refused.",
				"Run: sudo install -d -m 0755 -o root -g root " + p.Dir
		}
		return "sshd's privilege separation directory " + p.Dir + " is missing or unsafe, so sshd cannot start.", "Reinstall openssh-server with the machine's package manager."
	case NoUser:
		user, _, _ := strings.Cut(strings.TrimPrefix(p.Message, noUser), " ")
		return "sshd cannot start: " + p.Message, "Run: sudo useradd --system --no-create-home --home-dir /run/sshd --shell /usr/sbin/nologin " + quote(user) + " && sudo systemctl restart " + f.Unit
	}
	if p.File == "" {
		return p.withoutPlace(f)
	}
	what = "sshd refuses its configuration: " + p.File + ":" + strconv.Itoa(p.Line) + ": " + p.Message
	if next := misplaced(f, p); next != "" {
		return what, next
	}
	for _, b := range f.Config.Blocks {
		if b.File == p.File && b.Line == p.Line {
			return what, "Correct " + p.File + " line " + strconv.Itoa(p.Line) + ", or comment its block out: " + sed(f, p.File, f.Config.comment(b))
		}
	}
	return what, "Correct " + p.File + " line " + strconv.Itoa(p.Line) + ", or comment it out: " + sed(f, p.File, strconv.Itoa(p.Line)+"s/^/#/")
}

// comment turns a Match line and its block into comments: without the line, the block would
// apply to everybody.
func (c *Config) comment(b *Block) string {
	last := b.Line
	for _, d := range c.Directives {
		if d.Block == b && d.File == b.File {
			last = max(last, d.Line)
		}
	}
	return strconv.Itoa(b.Line) + "," + strconv.Itoa(last) + "s/^/#/"
}

// badMatch is a Match line of which sshd names the number and the invalid part, but not the
// file.
func badMatch(f *Facts, message string) *Block {
	m := regexp.MustCompile(`^Invalid Match .* argument '(.*)' at line (\d+)$`).FindStringSubmatch(message)
	for _, b := range f.Config.Blocks {
		if m != nil && strconv.Itoa(b.Line) == m[2] && slices.ContainsFunc(b.Criteria, func(c string) bool { return strings.HasSuffix(c, m[1]) }) {
			return b
		}
	}
	return nil
}

// withoutPlace is a problem for which sshd names no place. One of these names its
// directive: authentication methods of which one is turned off.
func (p *Problem) withoutPlace(f *Facts) (what, next string) {
	what = "sshd refuses its configuration: " + p.Message
	if errors.Is(f.Config.Err, fs.ErrNotExist) && len(f.Config.Files) == 0 {
		what = "sshd's configuration " + f.Config.Main + " is missing, so sshd does not start."
		if f.Unit == "ssh" { // Debian and Ubuntu also ship it as a template (ucf)
			return what, "Put back the one that was shipped, and " + fault.Again + ": sudo cp /usr/share/openssh/sshd_config " + quote(f.Config.Main) + " && sudo systemctl restart ssh"
		}
		return what, "Reinstall openssh-server with the machine's package manager" + fault.AndAgain
	}
	if file, lost := strings.CutSuffix(p.Message, ": No such file or directory"); lost && path.IsAbs(file) { // Include only reads existing files
		return what + " (a link to nothing)", "Take the link out, or put back what it leads to: sudo rm " + quote(file) + " && " + f.Reload()
	}
	if strings.HasPrefix(p.Message, "PRNG is not seeded") { // seed_rng of OpenSSH's entropy.c
		return "sshd cannot start, because OpenSSL gives it no random numbers: openssl.cnf activates no provider that has them.",
			"Have openssl.cnf (its folder: openssl version -d) activate the provider default, then: sudo systemctl restart " + f.Unit
	}
	if b := badMatch(f, p.Message); b != nil {
		placed := Problem{Message: p.Message, File: b.File, Line: b.Line}
		return placed.explain(f)
	}
	for _, d := range f.Config.Directives {
		if d.Keyword == "authenticationmethods" && (d.Block == nil || d.Block.all()) && strings.Contains(p.Message, d.Word) {
			return strings.TrimSuffix(what, ".") + " (" + d.File + ":" + strconv.Itoa(d.Line) + ").", spare(f, d)
		}
	}
	if d, ok := blamed(&f.Config, p.Message); ok {
		return strings.TrimSuffix(what, ".") + " (" + d.File + ":" + strconv.Itoa(d.Line) + ").", disable(f, d)
	}
	return what, "Correct " + f.Config.Main + ". Then run: sudo sshd -t && sudo systemctl reload-or-restart " + f.Unit
}

// blamed is the line that a message without a place is about: the first line of the first
// directive that it names ("X set without XUser"), or the Include that includes its own
// file.
func blamed(c *Config, message string) (Directive, bool) {
	if strings.HasPrefix(message, "Too many recursive") {
		for _, d := range c.Directives {
			if d.Keyword == "include" && c.leads(d, d.File, map[string]bool{}) {
				return d, true
			}
		}
		return Directive{}, false
	}
	first, _, _ := strings.Cut(message, " ")
	address, isAddress := strings.CutPrefix(message, "bad addr or host: ")
	for _, d := range c.Directives {
		if strings.EqualFold(d.Keyword, first) || isAddress && d.Keyword == "listenaddress" && d.Block == nil && len(d.Args) > 0 && strings.HasPrefix(address, d.Args[0]+" ") {
			return d, true
		}
	}
	return Directive{}, false
}

// leads reports whether an Include line includes a file, directly or through other files.
func (c *Config) leads(from Directive, file string, seen map[string]bool) bool {
	if from.includes(file) {
		return true
	}
	for _, d := range c.Directives {
		if d.Keyword == "include" && !seen[d.File] && from.includes(d.File) {
			seen[d.File] = true
			if c.leads(d, file, seen) {
				return true
			}
		}
	}
	return false
}

// misplaced is the next step for a directive that is not allowed in a Match block: it was
// appended, or the Include of its file was.
func misplaced(f *Facts, p *Problem) string {
	if !strings.Contains(p.Message, "not allowed within a Match block") {
		return ""
	}
	for _, d := range f.Config.Directives {
		if d.Keyword == "include" && d.Block != nil && d.includes(p.File) {
			above := outermost(d.Block)
			if above.File != d.File {
				break
			}
			return "The line Include at " + d.File + ":" + strconv.Itoa(d.Line) + " is in the block \"Match " + brief(strings.Join(above.Criteria, " ")) + "\" (line " + strconv.Itoa(above.Line) + "), so all that it includes does too. Move it above the block: " + moveAbove(f, above, d)
		}
	}
	for _, d := range f.Config.Directives {
		if d.File == p.File && d.Line == p.Line && d.Block != nil && outermost(d.Block).File == d.File {
			above := outermost(d.Block)
			return "It is in the block \"Match " + brief(strings.Join(above.Criteria, " ")) + "\" (line " + strconv.Itoa(above.Line) + "). Move it above the block: " + moveAbove(f, above, d)
		}
	}
	return ""
}

// moveAbove is a command that moves lines before the first Match line of their file.
func moveAbove(f *Facts, b *Block, lines ...Directive) string {
	for _, o := range f.Config.Blocks {
		if o.File == b.File && o.Line < b.Line {
			b = o
		}
	}
	var edits []string
	for _, d := range lines {
		edits = append(edits, strconv.Itoa(d.Line)+"d", strconv.Itoa(b.Line)+`i\`+d.Word+` `+strings.Join(d.Args, " "))
	}
	return sed(f, b.File, edits...)
}

func outermost(b *Block) *Block {
	for b.Within != nil {
		b = b.Within
	}
	return b
}

// includes reports whether an Include line names a file.
func (d Directive) includes(file string) bool {
	return slices.ContainsFunc(d.Args, func(pattern string) bool {
		if !path.IsAbs(pattern) {
			pattern = path.Join("/etc/ssh", pattern)
		}
		met, err := path.Match(pattern, file)
		return err == nil && met
	})
}

// explainHostKeys: if keys exist and sshd rejects them, other users can read them; creating
// new ones would leave them unchanged.
func explainHostKeys(f *Facts, p *Problem) (what, next string) {
	if p.Keys != "" {
		return "sshd takes none of its host keys, because others may read them: " + p.Keys + " (" + p.Detail + ").",
			"Run: sudo chmod 600 " + hostKeys(f) + " && sudo systemctl restart " + f.Unit
	}
	if name, required := f.tooSmall(); name != "" {
		return "sshd has no host key that it can load: " + name + " has " + strconv.Itoa(f.HostKeys[name].Bits) + " bits, and RequiredRSASize asks for " + strconv.Itoa(required) + ".", larger(f, name, required)
	}
	named := ""
	for _, d := range f.Config.Directives {
		if d.Keyword == "hostkey" && d.Block == nil && len(d.Args) > 0 && !strings.HasPrefix(path.Base(d.Args[0]), "ssh_host_") {
			named = d.Args[0]
		}
	}
	if named != "" {
		return "sshd has no host key that it can load; its configuration names " + named + ".",
			"Run: sudo ssh-keygen -q -N '' -f " + quote(named) + " && sudo systemctl restart " + f.Unit
	}
	aside := ""
	for _, name := range f.Config.hostKeys() {
		if k := f.HostKeys[name]; k.Kind != "" || k.Err != nil { // it is there, and ssh-keygen -A would keep it
			aside += "sudo mv " + quote(name) + " " + quote(name+".unusable") + " && "
		}
	}
	return "sshd has no host key that it can load: " + p.Message, "Run: " + aside + "sudo ssh-keygen -A && sudo systemctl restart " + f.Unit
}

// hostKeys are the private host keys as words of a shell command.
func hostKeys(f *Facts) string {
	var words []string
	for _, d := range f.Config.Directives {
		if d.Keyword == "hostkey" && d.Block == nil && len(d.Args) > 0 {
			words = append(words, quote(d.Args[0]))
		}
	}
	if len(words) == 0 {
		return "/etc/ssh/ssh_host_*_key"
	}
	return strings.Join(words, " ")
}

// explainKilled names the known cause of a crash of sshd: OpenSSH 10.0 crashes with a
// Subsystem in a Match block that applies, if there is none before it.
func explainKilled(f *Facts) (what, next, file string) {
	for _, d := range f.Config.Directives {
		if d.Keyword == "subsystem" && d.Block != nil {
			what = "sshd (" + f.version() + ") is killed by every connection of " + f.who("an Entra ID user") + " (" + f.Killed + "): Subsystem at " + d.File + ":" + strconv.Itoa(d.Line) + " is in the block \"Match " + brief(strings.Join(d.Block.Criteria, " ")) + "\"."
			if above := outermost(d.Block); above.File == d.File {
				return what, "Move it above the block: " + moveAbove(f, above, d), d.File
			}
			return what, disable(f, d), d.File
		}
	}
	return "sshd (" + f.version() + ") accepts its configuration, but is killed by every connection of " + f.who("an Entra ID user") + " (" + f.Killed + ").",
		"See what kills it with: sudo sshd -T -C " + ExampleSpec() + "; take back the last change of " + f.Config.Main + ", or update openssh-server.", f.Config.Main
}
