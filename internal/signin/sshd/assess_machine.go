package sshd

import (
	"cmp"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"aadssh/internal/check"
	"aadssh/internal/order"
	"aadssh/internal/text"
)

// blockDirectives are the directives of the package's block.
func blockDirectives() []string {
	return []string{"authenticationmethods", "pubkeyauthentication", "authorizedkeyscommand", "authorizedkeyscommanduser"}
}

// askSwallowed finds settings that somebody appended to the file: a Match block extends to
// the next Match line, so they only apply to Entra ID users.
func askSwallowed(f *Facts) check.Result {
	found := check.Result{Text: "Nothing is in the aadsshlogin block by accident."}
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
		others = " and " + strconv.Itoa(n) + " more"
	}
	found.Answer, found.File = check.Warn, d.File
	found.Text = d.Word + " at " + d.File + ":" + strconv.Itoa(d.Line) + others + " is in the Match block of aadsshlogin (line " + strconv.Itoa(d.Block.Line) + "), so it applies to Entra ID users only, not to the machine."
	found.Next = "If that is meant for everybody, move it above the block: " + moveAbove(f, d.Block, swallowed...)
	if slices.ContainsFunc(swallowed, func(o Directive) bool { return o.File != o.Block.File }) {
		found.Next = "If it is meant for everybody, move the Include of " + d.File + " above line " + strconv.Itoa(d.Block.Line) + " of " + d.Block.File + ", then: sudo sshd -t && sudo systemctl reload-or-restart " + f.Unit
	}
	return found
}

// shownKeyword is a keyword in the spelling of sshd_config(5).
func shownKeyword(k string) string {
	if k == "denyusers" {
		return "DenyUsers"
	}
	return "AllowUsers"
}

// askGroupBlocks: whether an administrator is already in the package's group when sshd
// evaluates a block for it is not published, so if such a block decides, the result is
// unknown.
func askGroupBlocks(f *Facts) check.Result {
	found := check.Result{Text: "Who gets in does not depend on a group."}
	own := ownBlock(f.Config)
	passed := false
	for _, d := range f.Config.Directives {
		passed = passed || own != nil && d.Block == own
		if d.Block == nil || !decides(d.Keyword) || passed && slices.Contains(blockDirectives(), d.Keyword) || harmless(d) {
			continue
		}
		for _, u := range f.Users {
			if d.Block.applies(&u.Conn) != maybe || f.Config.settled(&u.Conn, &d) {
				continue
			}
			criteria := brief(strings.Join(d.Block.Criteria, " "))
			found.Answer, found.File = check.Unknown, d.File
			found.Decides = d.Word + " at " + d.File + ":" + strconv.Itoa(d.Line) + ", in the block \"Match " + criteria + "\""
			found.Text = d.Word + " at " + d.File + ":" + strconv.Itoa(d.Line) + " is in the block \"Match " + criteria + "\"; whether it applies to " + f.whom() + " is not known."
			found.Next = spare(f, d)
			return found
		}
	}
	return found
}

// settled reports whether an earlier block has set the same directive, in which case that
// value counts; lists are combined.
func (c *Config) settled(of *Connection, d *Directive) bool {
	for i := range c.Directives {
		e := &c.Directives[i]
		switch {
		case e.File == d.File && e.Line == d.Line && e.Block == d.Block || listed(d.Keyword):
			return false
		case e.Keyword == d.Keyword && e.Block != nil && e.Block.applies(of) == yes:
			return true
		}
	}
	return false
}

// harmless reports whether a directive does not reject people who have a certificate.
func harmless(d Directive) bool {
	switch d.Keyword {
	case "pubkeyauthentication":
		return slices.Equal(d.Args, []string{"yes"})
	case "authenticationmethods":
		return slices.Contains(d.Args, "publickey") || slices.Contains(d.Args, "any")
	case "authorizedkeyscommand":
		return len(d.Args) > 0 && d.Args[0] == CertHandler
	case "maxsessions", "maxauthtries":
		return len(d.Args) == 1 && len(d.Args[0]) > 0 && d.Args[0] > "2" || len(d.Args) == 1 && len(d.Args[0]) > 1
	case "usepam":
		return slices.Equal(d.Args, []string{"yes"})
	case "chrootdirectory", "forcecommand":
		return len(d.Args) == 1 && d.Args[0] == "none"
	}
	return false
}

// askMore: the configuration distinguishes more kinds of connections than sshd is asked
// about.
func askMore(f *Facts) check.Result {
	found := check.Result{Text: "sshd was asked about each kind of connection that its configuration tells apart."}
	if f.More > 0 {
		found.Answer = check.Unknown
		found.Text = "sshd's configuration tells " + strconv.Itoa(f.More+len(f.Users)) + " kinds of connections apart; sshd was asked about the first " + strconv.Itoa(len(f.Users)) + "."
		found.Decides = "the Match blocks of " + f.Config.Main + ", which tell more kinds of connections apart than were asked about"
		found.Next = "Ask about one by hand: sudo sshd -T -C " + ExampleSpec()
	}
	return found
}

// ports are the ports that the configuration names.
func ports(f *Facts) []uint16 {
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
	order.By(out, cmp.Compare)
	return slices.Compact(out)
}

// askListening: a socket unit may listen instead of sshd, also on another port than sshd's
// configuration names, because systemd does not read that.
func askListening(f *Facts) check.Result {
	found := check.Result{}
	want := ports(f)
	var other *Holder
	for _, o := range f.Daemon.Others {
		if slices.Contains(want, o.At.Port()) {
			other = o
		}
	}
	switch {
	case f.Daemon.Err != nil:
		found.Answer, found.Text = check.Unknown, "What this machine listens on is not known: "+text.FirstLine(f.Daemon.Err.Error())
		found.Decides = "what this machine listens on, which is not known"
		return found
	case len(f.Daemon.Unit.Open) > 0:
		return f.askUnit(found, want)
	case len(f.Daemon.Own) > 0 && len(want) > 0 && !slices.ContainsFunc(f.Daemon.Own, func(s netip.AddrPort) bool { return slices.Contains(want, s.Port()) }):
		found.Answer = check.Warn
		found.Text = "sshd's configuration says port " + join(want) + ", but sshd listens on " + strconv.Itoa(int(f.Daemon.Own[0].Port())) + ": it has not read its configuration as it is now."
		found.Next = "Run: sudo systemctl reload-or-restart " + f.Unit + "; where " + f.Unit + ".socket listens, set ListenStream= in it"
		return found
	case len(f.Daemon.Own) > 0:
		found.Text = "sshd listens."
		return f.askConfined(found)
	case other == nil && slices.ContainsFunc(want, f.Daemon.Listens):
		found.Text = "This machine listens on sshd's port."
		return found
	case other == nil && f.Daemon.Listens(22):
		found.Answer = check.Warn
		found.Text = "sshd's configuration says port " + join(want) + ", but this machine listens on 22."
		found.Next = "Run: sudo systemctl reload-or-restart " + f.Unit + "; where " + f.Unit + ".socket listens, set ListenStream= in it"
		return found
	}
	return f.notRunning(found, want, other)
}

// notRunning says why no sshd runs, as far as that can be seen; other is a program that
// listens on its port.
func (f *Facts) notRunning(found check.Result, want []uint16, other *Holder) check.Result {
	found.Answer, found.Decides = check.Warn, "sshd, which is not running"
	if f.Daemon.Expected {
		found.Answer, found.Decides = check.Fail, ""
	}
	start := "sudo systemctl start " + f.Unit
	if !f.Daemon.Expected && f.hidden != "" { // without systemd nothing creates the folder
		start = "sudo mkdir -p -m 0755 " + quote(f.hidden) + " && sudo " + f.Binary
	}
	found.Text, found.Next = "Nothing listens on sshd's port "+join(want)+": no sshd is running.", "Run: "+start
	if f.Daemon.Expected {
		found.Next = Start(f.Unit)
	}
	if why, some := f.tooMany(found); some {
		return why
	}
	if len(f.Confined) > 0 && f.Daemon.PID == 0 && other == nil {
		s := f.Confined[0]
		found.File = s.file
		found.Text += " systemd is told to keep something from it by " + s.shown() + ", which may be why."
		found.Next = s.lifted(f.Unit)
	}
	for _, s := range f.Sources {
		if u := s.Unfit; u.Option != "" && f.Daemon.PID == 0 {
			return f.cannotStay(s)
		}
	}
	if other != nil {
		found.Text = "No sshd is running, and another program listens on its port " + join(want) + ": " + text.Brief(other.Name, 40) + " (process " + other.PID + ")."
		found.Next = "See what it is (ps -fp " + other.PID + "), have it use another port or stop it, then run: " + start
	}
	return found
}

// askConfined: sshd runs, and systemd keeps something from it or from people's sessions. Whether people get in all
// the same hangs on what they and the package need of it.
func (f *Facts) askConfined(found check.Result) check.Result {
	if p := f.Daemon.Profile; p != "" {
		found.Answer, found.Decides = check.Unknown, "AppArmor's profile "+text.Name(p)
		found.Text = "sshd listens, but " + found.Decides + " confines it; whether people get in with that is not known."
		found.Next = "If people do not get in, have it only log: sudo aa-complain " + quote(p)
		return found
	}
	if len(f.Confined) == 0 {
		return found
	}
	s := f.Confined[0]
	found.Answer, found.File, found.Decides = check.Unknown, s.file, s.shown()
	found.Text = "sshd listens, but systemd keeps something from it or from people's sessions by " + s.shown() + "; whether people get in with that is not known."
	found.Next = s.lifted(f.Unit)
	return found
}

// shown is a setting with its place.
func (s *setting) shown() string {
	return s.key + "=" + text.Brief(s.value, 40) + " (" + s.file + ":" + strconv.Itoa(s.line) + ")"
}

// lifted is how to do without a setting.
func (s *setting) lifted(unit string) string {
	return "If people do not get in, do without it, run: sudo " + text.Edit + " '" + strconv.Itoa(s.line) + "s/^/#/' " + quote(s.file) + " && sudo systemctl daemon-reload && sudo systemctl restart " + unit
}

// maxSockets is the number of sockets that sshd listens on at most (MAX_LISTEN_SOCKS in
// OpenSSH's sshd.c): at one more it ends, and "sshd -t" does not look at that.
const maxSockets = 16

// tooMany says that the configuration names more sockets than sshd can have.
func (f *Facts) tooMany(found check.Result) (check.Result, bool) {
	if len(f.Users) == 0 || f.Daemon.PID != 0 {
		return found, false
	}
	total := len(f.Users[0].List("listenaddress"))
	if total <= maxSockets {
		return found, false
	}
	var lines []Directive
	for _, keyword := range []string{"port", "listenaddress"} {
		if of := f.Config.global(keyword); len(of) > len(lines) {
			lines = of
		}
	}
	found.Text = "No sshd is running, and none can: its configuration names " + strconv.Itoa(total) + " addresses with their ports, and sshd ends over more than " + strconv.Itoa(maxSockets) + "."
	found.Next = "See them with: sudo " + f.Binary + " -T | grep listenaddress"
	if len(lines) == 0 {
		return found, true
	}
	surplus := lines[max(1, len(lines)*maxSockets/total):]
	found.File = lines[0].File
	found.Next = "Have it listen on fewer, run: " + sed(f, found.File, commented(surplus, found.File)...)
	return found, true
}

// global are the lines of a directive outside of Match blocks.
func (c *Config) global(keyword string) (out []Directive) {
	for _, d := range c.Directives {
		if d.Keyword == keyword && d.Block == nil {
			out = append(out, d)
		}
	}
	return out
}

// commented are sed's expressions that make comments of the lines of a file.
func commented(lines []Directive, file string) (edits []string) {
	for _, d := range lines {
		if d.File == file {
			edits = append(edits, strconv.Itoa(d.Line)+"s/^/#/")
		}
	}
	return edits
}

// cannotStay: the file that the unit reads has an option over which sshd ends.
func (f *Facts) cannotStay(s Source) check.Result {
	found := check.Result{Answer: check.Fail, File: s.File}
	found.Text = "No sshd is running, and none can: its option " + text.Brief(s.Unfit.Option, 80) + " (" + s.File + ":" + strconv.Itoa(s.Line) + ") " + s.Unfit.Why + "."
	if found.Next = s.without(f.Unit); s.Unfit.Folder != "" {
		found.Next = "Run: sudo mkdir -p " + quote(s.Unfit.Folder) + " && sudo systemctl restart " + f.Unit
	}
	switch file := quote(s.Unfit.File); {
	case s.Unfit.Option == masked:
		found.Text = "No sshd is running, and none can: its unit is masked (" + s.File + ")."
		found.Next = Unmask(f.Unit)
	case s.Unfit.File != "":
		found.Next = "Run: sudo mv " + file + " " + file + ".off && sudo systemctl start " + f.Unit
	}
	return found
}

// Start is what to do about a unit that does not run.
func Start(unit string) string {
	return "Run: sudo systemctl start " + unit + ". See why it stopped: sudo journalctl -u " + unit + " -n 50"
}

// Unmask is what to do about a unit that is masked.
func Unmask(unit string) string {
	return "Run: sudo systemctl unmask " + unit + " && sudo systemctl enable --now " + unit
}

// askUnit: people reach the addresses of the socket unit. Unless an administrator changed
// the unit, the port in sshd's configuration was meant.
func (f *Facts) askUnit(found check.Result, want []uint16) check.Result {
	u := f.Daemon.Unit
	s := u.asks()
	found.Text = u.Name + " listens on port " + strconv.Itoa(int(u.Open[0].Port())) + " in sshd's place."
	meets := slices.ContainsFunc(u.Open, func(at netip.AddrPort) bool { return slices.Contains(want, at.Port()) })
	if meets || strings.HasPrefix(s.File, "/etc/") || len(want) == 0 {
		return found
	}
	found.Answer, found.File = check.Warn, s.File
	found.Text = "sshd's configuration says port " + join(want) + ", but " + u.Name + " listens on " + strconv.Itoa(int(u.Open[0].Port())) + " in its place (" + s.File + ":" + strconv.Itoa(s.Line) + "), which does not read that."
	if strings.HasPrefix(s.File, "/run/systemd/generator") { // Ubuntu's generator derives it from sshd's configuration
		found.Text = "sshd's configuration says port " + join(want) + ", but " + u.Name + " listens on " + strconv.Itoa(int(u.Open[0].Port())) + " in its place: it has not read the configuration as it is now."
		found.Next = "Run: sudo systemctl daemon-reload && sudo systemctl restart " + u.Name
		return found
	}
	found.Next = "To have it listen there, run: " + u.listen(want)
	return found
}

func join(ports []uint16) string {
	words := make([]string, len(ports))
	for i, p := range ports {
		words[i] = strconv.Itoa(int(p))
	}
	return strings.Join(words, ", ")
}

// askLoaded reports whether the running daemon has read the current files; it has no result
// if that is not known. There is no way to ask a daemon for its configuration in memory.
func askLoaded(f *Facts) []check.Result {
	switch {
	case f.Loaded.IsZero() || f.Config.Changed.IsZero():
		return nil
	case f.Deaf:
		return []check.Result{{Answer: check.Warn, Text: "sshd's configuration was changed after the running sshd read it, and a reload since has not made it read it.",
			Next:    "See what the reload does (systemctl show -p ExecReload " + f.Unit + "), and run: sudo sshd -t && sudo systemctl restart " + f.Unit,
			Decides: "sshd, which has not read its configuration since it was changed"}}
	case f.Config.Changed.After(f.Loaded):
		return []check.Result{{Answer: check.Warn, Text: "sshd's configuration was changed after the running sshd read it.",
			Next:    "Run: sudo sshd -t && sudo systemctl reload-or-restart " + f.Unit,
			Decides: "sshd, which has not read its configuration since it was changed"}}
	case f.Config.Touched.After(f.Loaded):
		return []check.Result{{Answer: check.Warn, Text: "After the running sshd read its configuration, one of its files was replaced, removed or given other rights; whether it says something else now cannot be seen.",
			Next:    "Run: sudo sshd -t && sudo systemctl reload " + f.Unit,
			Decides: "sshd, which may not have read its configuration as it is now"}}
	}
	return []check.Result{{Text: "The running sshd has read its configuration as it is now."}}
}
