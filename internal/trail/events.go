package trail

import (
	"cmp"
	"net/netip"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"aadssh/internal/order"
	"aadssh/internal/text"
)

// Event is one failure that was not followed by a success.
type Event struct {
	At      time.Time // zero if the log does not say
	Program string
	Text    string // the program's message, including all text from strangers
	Cause   Cause
	who     string
	proved  bool
	groups  map[string]string
	conn    *connection

	stranger bool // of the source alone, and nobody of the directory is known to have connected from there
}

// Algorithm is the algorithm that sshd rejected, and the kind of its list: "Pubkey",
// "CASignature"; "" for events with other causes.
func (e *Event) Algorithm() (list, name string) { return e.groups["list"], e.groups["algorithm"] }

// connection is what is known about one connection, by its process ID.
type connection struct {
	_ [0]func() // never compared: no code for == is linked

	last      time.Time
	who       string // as sshd repeats what was typed
	module    string // the PAM module that refused
	row       string // the cause that this explains
	accepted  bool
	refused   bool
	explained bool // it already has an event
}

// grace is longer than sshd waits for a sign-in (LoginGraceTime, two minutes); after it the
// process ID may belong to another connection.
const grace = 10 * time.Minute

// reader processes the lines one by one.
type reader struct {
	rows     []row
	module   *regexp.Regexp
	harmless *regexp.Regexp
	asks     []*regexp.Regexp
	accepted *regexp.Regexp
	granted  *regexp.Regexp
	ended    *regexp.Regexp
	upn      *regexp.Regexp
	conns    map[int]*connection
	sources  map[string]bool // addresses from which somebody connected under a name of the directory
	events   []*Event
}

type row struct {
	_ [0]func() // never compared: no code for == is linked

	cause Cause
	says  *regexp.Regexp
	words *regexp.Regexp
}

func newReader() *reader {
	r := &reader{
		module:   regexp.MustCompile(`^(pam_[a-z0-9_]+)\([a-z-]+:([a-z]+)\): (.*)$`),
		harmless: regexp.MustCompile(harmless),
		accepted: regexp.MustCompile(`^Accepted publickey for (.*) from (\S+) port \d+ ssh2(?:$|: )`),
		granted:  regexp.MustCompile(`^Login granted for (\S+)`),
		ended:    regexp.MustCompile(`^exited MaxStartups throttling`),
		upn:      regexp.MustCompile(`[A-Za-z0-9._%+#-]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}`),
		conns:    map[int]*connection{},
		sources:  map[string]bool{},
	}
	// The places where sshd repeats the name of the person who connects.
	for _, p := range []string{
		`^(?:Connection closed|Connection reset|Disconnected from) (?:by )?(?:authenticating|invalid) user (.*) (\S+) port \d+$`,
		`^(?:Failed|Postponed|Accepted) [a-z/-]+ for (?:invalid user )?(.*) from (\S+) port \d+ ssh2(?:$|: )`,
		`^Invalid user (.*) from (\S+?)(?: port \d+)?$`,
	} {
		r.asks = append(r.asks, regexp.MustCompile(p))
	}
	for _, c := range Causes() {
		x := row{cause: c}
		if c.says != "" {
			x.says = regexp.MustCompile(`^(?:` + c.says + `)$`)
		} else {
			x.words = regexp.MustCompile(c.words)
		}
		r.rows = append(r.rows, x)
	}
	return r
}

// Events are the failures of people of the directory, newest first, except those that a
// later success shows to be over. It accepts any input. safe reports whether only root can
// write to a file and the folders above it, there whether it exists.
func (l Log) Events(safe, there func(path string) bool) []Event {
	r := newReader()
	for _, line := range l.Lines {
		r.line(line)
	}
	var events []Event
	for _, e := range r.events {
		if e.who == "" && e.conn != nil {
			e.who = e.conn.who
		}
		e.stranger = text.OneOf(e.Cause.Name, "source-limit penalty") && !r.sources[e.groups["from"]]
		switch path := e.groups["path"]; {
		case e.conn != nil && e.conn.accepted && !e.conn.refused:
		case e.who != "" && !fromDirectory(e.who):
		case e.Cause.Name == "unsafe-program" && safe(path):
		case e.Cause.Name == "shell" && e.groups["gone"] != "" && there(path):
		case (e.Cause.Name == "no-module" || e.Cause.Name == "no-program") && there(path) && safe(path):
		default:
			events = append(events, *e)
		}
	}
	slices.Reverse(events)
	order.By(events, func(a, b Event) int { return b.At.Compare(a.At) })
	return events
}

// fromDirectory: names of people of the directory contain an @, and its applications have a
// GUID as their name.
func fromDirectory(name string) bool {
	return strings.Contains(name, "@") || len(name) == 36 && strings.Count(name, "-") == 4
}

func (r *reader) connection(l Line) *connection {
	if l.PID == 0 || l.Program == kernel {
		return &connection{}
	}
	c := r.conns[l.PID]
	if c == nil || !l.At.IsZero() && l.At.Sub(c.last) > grace {
		c = &connection{}
		r.conns[l.PID] = c
	}
	c.last = l.At
	return c
}

// speaker is the program that wrote a line, and the line without the name of a module.
func (r *reader) speaker(l Line, text string) (by speaker, rest string) {
	switch {
	case l.Program == "aad_certhandler":
		return byHandler, text
	case l.Program == kernel:
		return byKernel, text
	}
	part := r.module.FindStringSubmatch(text)
	switch {
	case part == nil:
		return bySSHD, text
	case part[1] == "pam_aad" && part[2] == "account":
		return byAccount, part[3]
	case part[1] == "pam_aad":
		return 0, part[3] // it is called before the user is known
	}
	return byModules, text
}

func (r *reader) line(l Line) {
	text := strings.TrimSuffix(l.Text, " [preauth]")
	for _, level := range []string{"error: ", "fatal: "} {
		text = strings.TrimPrefix(text, level)
	}
	c := r.connection(l)
	by, said := r.speaker(l, text)
	if by == bySSHD {
		for _, p := range r.asks {
			if part := p.FindStringSubmatch(text); part != nil {
				c.who = part[1]
				r.sources[part[2]] = r.sources[part[2]] || fromDirectory(part[1])
			}
		}
		if part := r.accepted.FindStringSubmatch(text); part != nil && fromDirectory(part[1]) {
			c.accepted = true
			r.over(c, part[1], part[2], true)
			return
		}
		if r.ended.MatchString(text) {
			r.drop(func(e *Event) bool { return e.Cause.Name == "throttled" })
			return
		}
	}
	if part := r.granted.FindStringSubmatch(said); part != nil && by == byAccount {
		r.over(c, strings.TrimRight(part[1], "."), "", false)
		return
	}
	if (by == byHandler || by == byAccount) && r.harmless.MatchString(said) {
		return
	}
	if by == byModules {
		c.complains(r.module.FindStringSubmatch(text))
	}
	for _, x := range r.rows {
		if x.cause.by&by != 0 && r.matches(x, l, by, said, c) {
			return
		}
	}
}

// complains keeps what may explain a refusal: a line of a module in the account stack, or in
// the session stack of one that says something only where it fails.
func (c *connection) complains(part []string) {
	switch {
	case part[2] == "account":
		c.module, c.row = part[1], "pam-refused"
	case part[2] == "session" && text.OneOf(part[1], "pam_limits pam_loginuid pam_selinux pam_namespace pam_mkhomedir pam_oddjob_mkhomedir pam_exec pam_access pam_listfile pam_time pam_succeed_if pam_tty_audit"):
		c.module, c.row = part[1], "pam-session"
	}
}

// matches records an event if the row matches the line.
func (r *reader) matches(x row, l Line, by speaker, said string, c *connection) bool {
	e := &Event{At: l.At, Program: l.Program, Text: l.Text, Cause: x.cause, conn: c, groups: map[string]string{}}
	e.proved = x.cause.proved || by == byAccount
	if x.words != nil {
		if !x.words.MatchString(r.spoken(by, said)) {
			return false
		}
	} else {
		part := x.says.FindStringSubmatch(said)
		if part == nil {
			return false
		}
		for i, name := range x.says.SubexpNames() {
			e.groups[name] = part[i]
		}
		e.who = e.groups["who"]
	}
	if by == byHandler || by == byAccount {
		e.who = r.upn.FindString(said)
	}
	c.who = cmp.Or(e.who, c.who)
	if x.cause.refusal {
		c.refused = true
		if c.explained {
			return true // explained by what a module reported before
		}
		if c.module != "" && x.cause.Name == c.row {
			e.Cause = byModule()
			e.groups["module"] = c.module
		}
	}
	c.explained = true
	r.events = append(r.events, e)
	return true
}

// spoken is the message of a vendor's program without the names in it. Before a person is
// proved, their name may be any text, so only what precedes the name counts.
func (r *reader) spoken(by speaker, said string) string {
	if by == byHandler {
		at := nameBegin().FindStringIndex(said)
		if at != nil {
			said = said[:at[0]]
		}
		return said
	}
	for _, p := range []string{`"[^"]*"`, `'[^']*'`, `\S*@\S*`} {
		said = regexp.MustCompile(p).ReplaceAllString(said, "NAME")
	}
	return said
}

// over removes what a success shows to be fixed. That a module granted access shows less
// than that sshd accepted.
func (r *reader) over(c *connection, who, from string, accepted bool) {
	r.drop(func(e *Event) bool {
		if e.conn == c {
			return false // the end of this connection shows the result
		}
		name := cmp.Or(e.who, e.conn.who)
		switch {
		case e.Cause.scope == machine:
			return accepted
		case e.Cause.scope == address:
			return accepted && e.isFrom(from)
		}
		return strings.EqualFold(name, who)
	})
}

func (r *reader) drop(gone func(*Event) bool) { r.events = slices.DeleteFunc(r.events, gone) }

// Concerns reports whether an event matters for one person's sign-in: it is theirs, or may
// affect them too. An empty name is everybody's. from is where they connect from; the zero address: not known.
func (e *Event) Concerns(name string, from netip.Addr) bool {
	switch e.Cause.scope {
	case machine:
		return true
	case address:
		if from.IsValid() {
			return e.isFrom(from.String())
		}
		return !e.stranger
	}
	return name == "" || strings.EqualFold(e.who, name)
}

// isFrom reports whether one of the words for the other end is an address: of the TCP wrappers
// these are a name and an address in brackets.
func (e *Event) isFrom(address string) bool {
	return slices.Contains(strings.FieldsFunc(e.groups["from"], func(r rune) bool { return strings.ContainsRune(" ()[]", r) }), address)
}

// CommandName is a name that is safe in a command, or PERSON.
func (e *Event) CommandName() string {
	if e.proved && matchesAll(userName, e.who) {
		return e.who
	}
	return "PERSON"
}

// commandPath is a path that is safe in a command, or PATH.
func (e *Event) commandPath() string {
	if matchesAll(plainPath, e.groups["path"]) {
		return e.groups["path"]
	}
	return "PATH"
}

var (
	userName   = text.Pattern(`^[A-Za-z0-9][A-Za-z0-9._%+#-]*(@[A-Za-z0-9.-]+)?$`)
	plainPath  = text.Pattern(`^/[A-Za-z0-9._/+-]+$`)
	personName = text.Pattern(`^[A-Za-z][A-Za-z._+-]{0,63}@[A-Za-z][A-Za-z-]{0,62}(\.[A-Za-z]{2,24}){1,4}$`)
	nameBegin  = text.Pattern(`["'` + "`" + `]|(?i)\b(?:user|for|name|upn|account|principal|of)\b|\S*@`)
)

func matchesAll(pattern func() *regexp.Regexp, s string) bool {
	return len(s) <= 256 && pattern().MatchString(s)
}

// Means is the meaning of the line, for people.
func (e *Event) Means() string {
	who := "somebody"
	switch {
	case e.who == "":
	case e.proved && e.CommandName() == e.who:
		who = e.who
	default:
		who = Quoted(e.who, 64)
	}
	shown := e.commandPath()
	if shown == "PATH" {
		shown = Quoted(e.groups["path"], 120)
	}
	return strings.NewReplacer("{who}", who, "{from}", Quoted(e.groups["from"], 64), "{path}", shown, "{why}", Quoted(e.groups["why"], 120), "{module}", e.groups["module"]).Replace(e.Cause.Means)
}

// Next is the next step. It only contains names that were proved, and plain words.
func (e *Event) Next() string {
	return strings.NewReplacer("{who}", e.CommandName(), "{path}", e.commandPath(), "{module}", e.groups["module"]).Replace(e.Cause.Next)
}

// Quoted is a text by others in a form that is safe to show: in quotes, cut to most
// characters, and without anything that a terminal interprets.
func Quoted(s string, most int) string {
	if runes := []rune(s); len(runes) > most {
		s = string(runes[:most]) + "..."
	}
	return strconv.Quote(s)
}
