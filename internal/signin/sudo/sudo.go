// Package sudo reads sudoers as sudo does, and reports whether the members of a group may
// do everything as root, and without a password. It reads no files itself. The grammar is
// that of sudoers(5).
package sudo

import (
	"fmt"
	"net/netip"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"

	"aadssh/internal/signin/gate"
	"aadssh/internal/text"
)

// Machine gives access to the rules.
type Machine struct {
	File func(path string) gate.File
	List func(pattern string) []string // sorted
	Host string                        // the machine's name, for rules that name hosts
	// Addresses are the machine's own, for rules that name hosts by address.
	Addresses []netip.Addr
	// Owner is the user to whom sudo's files must belong: root.
	Owner uint32
	// Number is the number of the group, in decimal; "" if it is not known.
	Number string
	Main   string    // the file of rules that sudo.conf names; "": the usual one
	Now    time.Time // for rules that begin and end
	// Who is a person who counts as a member of the group; nil: only the group is examined.
	Who *gate.Somebody
	// Unwritable is why root cannot write a file, or make a folder; "" where root can.
	Unwritable func(path string, folder bool) string
}

// Place is a line of a file.
type Place struct {
	File string
	Line int
	Text string // the line, or what is wrong with it
}

// Answer is the result of the rules for the group.
type Answer struct {
	Main     string  // the file that sudo reads first; "" if there is none
	Grants   bool    // its members may do everything as root
	Password bool    // and are asked for a password
	Rule     Place   // the deciding rule
	Skipped  []Place // files that sudo does not read, and why
	Broken   *Place  // the first line that sudo may reject, because of which some versions reject everything
	TTY      *Place  // sudo requires a terminal
	Pathless *Place  // secure_path lacks the usual programs
	Refuses  *Place  // a line because of which sudo runs nothing, and why
	Depends  *Place  // a line with a log server without whose answer sudo runs nothing, and its name
	Without  string  // the setting with which sudo goes on nevertheless; "" where there is none
	Untimely *Place  // a rule whose time is over or has not come, and its NOTAFTER or NOTBEFORE
	PAM      Place   // the line that sets sudo's service name in PAM (pam_service), and the name; no File: it is the usual one
	// Account and Session report whether sudo asks those stacks (pam_acct_mgmt, pam_session).
	Account, Session bool
	Files            []string // that were read
}

// Evaluate reads /etc/sudoers or, if that does not exist, the vendor's file.
func Evaluate(m Machine, group string) Answer {
	r := &reader{m: m, group: group, aliases: map[string][]string{}, settings: map[string]setting{}}
	files := []string{"/etc/sudoers", "/usr/etc/sudoers"} // sudo reads the first
	if m.Main != "" {
		files = strings.Split(m.Main, ":")
	}
	for _, main := range files {
		if f := m.File(main); f.Err == nil {
			r.out.Main = main
			r.read(main, 0)
			break
		}
	}
	// Aliases may be defined after the rules that use them, and settings hold for all rules.
	for _, d := range r.defaults {
		r.setDefault(d)
	}
	for _, s := range r.specs {
		r.spec(s)
	}
	r.settle()
	return r.out
}

// reader collects lines. The last matching rule decides.
type reader struct {
	m        Machine
	group    string
	out      Answer
	aliases  map[string][]string // "user ADMINS" -> its words
	specs    []Place
	defaults []Place
	settings map[string]setting
	rule     tags // of the deciding rule; PASSWD is not overridden by "!authenticate"
}

const maxDepth = 128 // MAX_SUDOERS_DEPTH

func (r *reader) read(file string, depth int) {
	f := r.m.File(file)
	switch {
	case depth > maxDepth || len(r.out.Files) > 2*maxDepth:
		r.skip(file, "the files include each other too deeply")
		return
	case f.Missing():
		return // a missing include is no error
	case f.Err != nil:
		r.skip(file, f.Err.Error())
		return
	case r.unsafe(f) != "":
		r.skip(file, r.unsafe(f))
		return
	}
	r.out.Files = append(r.out.Files, file)
	number, first, joined := 0, 0, ""
	for _, raw := range text.SplitLines(string(f.Text)) {
		number++
		if joined == "" {
			first = number
		}
		raw = strings.TrimRight(raw, "\r\n")
		if before, ok := strings.CutSuffix(raw, `\`); ok && !strings.HasPrefix(strings.TrimSpace(raw), "#") {
			joined += before + " "
			continue
		}
		r.line(Place{File: file, Line: first, Text: strings.TrimSpace(joined + raw)}, depth)
		joined = ""
	}
	if joined != "" {
		r.broken(Place{File: file, Line: first, Text: strings.TrimSpace(joined)})
	}
}

// unsafe is why sudo reads neither a file nor the files in a folder.
func (r *reader) unsafe(f gate.File) string {
	switch {
	case f.UID != r.m.Owner:
		return "it belongs to user " + strconv.Itoa(int(f.UID)) + ", not to root"
	case f.Mode.Perm()&0o002 != 0 || f.Mode.Perm()&0o020 != 0 && f.GID != r.m.Owner:
		return fmt.Sprintf("others may write it (mode %04o)", f.Mode.Perm())
	}
	return ""
}

func (r *reader) skip(file, why string) {
	r.out.Skipped = append(r.out.Skipped, Place{File: file, Text: why})
}

func (r *reader) broken(at Place) {
	if r.out.Broken == nil {
		r.out.Broken = &at
	}
}

// line parses one line.
func (r *reader) line(p Place, depth int) {
	word, rest, _ := strings.Cut(strings.ReplaceAll(p.Text, "\t", " "), " ")
	rest = strings.Trim(strings.TrimSpace(rest), `"`)
	switch word {
	case "#include", "@include":
		r.read(r.name(p.File, rest), depth+1)
		return
	case "#includedir", "@includedir":
		dir := r.name(p.File, rest)
		if f := r.m.File(dir); f.Err == nil && r.unsafe(f) != "" {
			r.skip(dir, r.unsafe(f))
			return
		}
		for _, file := range r.m.List(path.Join(dir, "*")) {
			if base := path.Base(file); strings.Contains(base, ".") || strings.HasSuffix(base, "~") || r.m.File(file).Mode.IsDir() {
				if !strings.HasPrefix(base, ".") && !r.m.File(file).Mode.IsDir() {
					r.skip(file, "sudo leaves out names with a dot or a ~ at their end")
				}
				continue
			}
			r.read(file, depth+1)
		}
		return
	}
	p.Text = uncomment(p.Text)
	word, rest, _ = strings.Cut(strings.ReplaceAll(p.Text, "\t", " "), " ")
	switch kind, alias := strings.CutSuffix(word, "_Alias"); {
	case p.Text == "":
	case alias && slices.Contains([]string{"User", "Host", "Runas", "Cmnd", "Cmd"}, kind):
		for _, one := range strings.Split(rest, ":") {
			name, list, ok := strings.Cut(one, "=")
			if !ok {
				r.broken(p)
				return
			}
			r.aliases[strings.Replace(strings.ToLower(kind), "cmd", "cmnd", 1)+" "+strings.TrimSpace(name)] = words(list)
		}
	case strings.HasPrefix(word, "Defaults"):
		r.defaults = append(r.defaults, p)
	case !strings.Contains(p.Text, "="):
		r.broken(p)
	default:
		r.specs = append(r.specs, p)
	}
}

// name is the path of an included file, which may be relative to the including file, with
// %h for the machine's name.
func (r *reader) name(from, name string) string {
	name = strings.ReplaceAll(strings.ReplaceAll(name, `\ `, " "), "%h", r.m.Host)
	if !path.IsAbs(name) {
		name = path.Join(path.Dir(from), name)
	}
	return path.Clean(name)
}

// member reports whether a list contains a match; the last matching word decides, and "!"
// before it means no.
func (r *reader) member(kind string, list []string, fits func(string) bool, depth int) (yes, known bool) {
	for _, w := range list {
		bare := strings.TrimLeft(w, "! ")
		negated := strings.Count(w[:len(w)-len(bare)], "!")%2 == 1
		hit := bare == "ALL" || fits(bare)
		if inner, ok := r.aliases[kind+" "+bare]; ok && depth < 16 {
			in, said := r.member(kind, inner, fits, depth+1)
			if !said {
				continue
			}
			hit = true
			negated = negated != !in
		}
		if hit {
			yes, known = !negated, true
		}
	}
	return yes, known
}

func (r *reader) has(kind string, list []string, fits func(string) bool) bool {
	yes, _ := r.member(kind, list, fits, 0)
	return yes
}

// us reports whether a word of a list of users means the group, or the person in it.
func (r *reader) us(word string) bool {
	word = strings.ReplaceAll(strings.Trim(word, `"`), `\`, "") // before a sign it is the sign itself
	same := func(of, name string) bool {
		return word == name || !r.settings["case_insensitive_"+of].off && strings.EqualFold(word, name)
	}
	if who := r.m.Who; who != nil && (same("user", who.Name) || who.Account.Known && word == "#"+strconv.FormatInt(who.Account.UID, 10) ||
		slices.ContainsFunc(who.Account.Groups, func(group string) bool { return same("group", "%"+group) })) {
		return true
	}
	return same("group", "%"+r.group) || r.m.Number != "" && word == "%#"+r.m.Number
}

// here reports whether a word means this machine: its name with or without its domain,
// possibly with wildcards, one of its addresses, or a network that contains one.
func (r *reader) here(word string) bool {
	if network, ok := gate.Network(word); ok {
		return slices.ContainsFunc(r.m.Addresses, network.Contains)
	}
	short, _, _ := strings.Cut(r.m.Host, ".")
	named := func(name string) bool {
		met, err := path.Match(strings.ToLower(word), strings.ToLower(name))
		return err == nil && met && name != ""
	}
	return named(r.m.Host) || named(short)
}

func root(word string) bool { return word == "root" || word == "#0" }

// spec parses "USERS HOSTS = COMMANDS [: HOSTS = COMMANDS]".
func (r *reader) spec(p Place) {
	users, rest := list(p.Text)
	if rest == "" || !r.has("user", words(users), r.us) {
		return
	}
	var parts []string
	for _, part := range splitOutside(rest, ':') {
		if n := len(parts); n > 0 && !strings.Contains(part, "=") {
			parts[n-1] += ":" + part // a digest before a command
			continue
		}
		parts = append(parts, part)
	}
	for _, part := range parts {
		hosts, commands, ok := strings.Cut(part, "=")
		if !ok {
			r.broken(p)
			return
		}
		if r.has("host", words(hosts), r.here) {
			r.commands(p, commands)
		}
	}
}
