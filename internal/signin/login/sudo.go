package login

import (
	"cmp"
	"io/fs"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"

	"aadssh/internal/check"
	"aadssh/internal/fault"
	"aadssh/internal/host"
	"aadssh/internal/signin/elf"
	"aadssh/internal/signin/gate"
	"aadssh/internal/signin/pam"
	"aadssh/internal/signin/sudo"
	"aadssh/internal/text"
)

// sudoFile and sudoGroup give administrators their rights: the package adds the file, the
// role "Virtual Machine Administrator Login" adds people to the group.
const (
	sudoFile  = "/etc/sudoers.d/aad_admins"
	sudoGroup = "aad_admins"
)

// Sudo says what administrators may do.
type Sudo struct {
	Rules     sudo.Answer
	Found     bool        // the package's file is there
	Newline   bool        // it ends with a newline
	HasSudo   bool        // sudo is installed
	Plugin    sudo.Place  // a line of sudo.conf with a plugin that is missing
	Other     sudo.Place  // a line of sudo.conf with a plugin that may refuse what the rules allow
	Denied    *pam.Reason // why sudo's own PAM stack rejects people; nil if it does not
	Elsewhere sudo.Place  // the line of nsswitch.conf because of which sudo does not read its files
	Withheld  bool        // sshd runs without the right to it, and so does all that it starts (NoNewPrivileges= of its unit)
	NoSetID   string      // the program, if it has lost the mode with which it becomes root, or others may not run it; else ""
	Lacks     string      // a file that it needs to start, and that is not there
	Err       error
	One       *gate.Somebody // the person whose sign-in is examined; nil: everybody
}

// readSudo reads the rules. owner is the user to whom sudo's files must belong, switches is
// the content of switchFile.
func readSudo(h *host.Host, libraries *elf.Loader, owner uint32, switches []byte, mounts host.Mounts, one *gate.Somebody) Sudo {
	name, _ := h.ReadFile("/proc/sys/kernel/hostname", 4096)
	number, twin := numberOf(h, sudoGroup)
	var unread error // the first of sudo's files that is there and could not be read
	plugins := readPlugins(h, owner)
	m := sudo.Machine{Main: plugins.rules, Now: time.Now(), File: func(path string) gate.File {
		f := readFile(h, path)
		if unread == nil && fault.Unreadable(f.Err) {
			unread = f.Err
		}
		return f
	}, List: h.Glob, Host: strings.TrimSpace(string(name)), Owner: owner,
		Addresses: h.Addresses(""), Number: number, Who: one, Unwritable: h.Unwritable}
	s := Sudo{One: one, HasSudo: h.Exists("/usr/bin/sudo") || h.Exists("/bin/sudo")}
	for _, program := range []string{"/usr/bin/sudo", "/bin/sudo"} {
		if info, err := h.Stat(program); err == nil {
			uid, gid := owners(info)
			closed := info.Mode()&0o001 == 0 && strconv.Itoa(int(gid)) != number
			if info.Mode()&fs.ModeSetuid == 0 || uid != owner || closed || mounts.NoSUID(program) {
				s.NoSetID = program
			}
			if s.Lacks, _ = libraries.Lacks(program); s.Lacks == "" {
				s.Lacks = plugins.lacks(h)
			}
			break
		}
	}
	f := readFile(h, sudoFile)
	s.Found, s.Newline = !f.Missing(), strings.HasSuffix(string(f.Text), "\n")
	if f.Err != nil && !f.Missing() {
		s.Err = f.Err
	}
	if s.Rules = sudo.Evaluate(m, sudoGroup); twin.File != "" { // sudo knows the number by that group's name
		s.Rules.Refuses = &twin
	}
	s.Err = cmp.Or(s.Err, unread)
	s.Plugin, s.Other, s.Elsewhere = plugins.lost, plugins.other, elsewhere(switches)
	return s
}

// groups has the local groups.
const groups = "/etc/group"

// numberOf is the number of a local group, "" if there is none, and the line of an earlier
// group with the same number.
func numberOf(h *host.Host, group string) (number string, twin sudo.Place) {
	content, _ := h.ReadFile(groups, fileLimit)
	_, line, _ := strings.Cut("\n"+string(content), "\n"+group+":")
	_, line, _ = strings.Cut(line, ":")
	number, _, _ = strings.Cut(line, ":")
	for i, line := range strings.Split(string(content), "\n") {
		f := strings.Split(line, ":")
		if len(f) < 3 || f[2] != number {
			continue
		}
		if f[0] != group {
			twin = sudo.Place{File: groups, Line: i + 1, Text: f[0]}
		}
		break
	}
	return number, twin
}

// elsewhere is the line of nsswitch.conf that says where sudo finds its rules, if its own
// files are not among them. The first such line counts (sudo_read_nss in sudo's
// plugins/sudoers/sudo_nss.c).
func elsewhere(switches []byte) sudo.Place {
	for i, line := range strings.Split(string(switches), "\n") {
		line, _, _ = strings.Cut(strings.ToLower(strings.TrimSpace(line)), "#")
		if services, is := strings.CutPrefix(line, "sudoers:"); is {
			if slices.Contains(strings.Fields(services), "files") {
				break
			}
			return sudo.Place{File: switchFile, Line: i + 1}
		}
	}
	return sudo.Place{}
}

// skipped is why sudo does not read the package's file, a renamed copy of it, or what includes it.
func (s *Sudo) skipped() (at sudo.Place, ok bool) {
	for _, p := range s.Rules.Skipped {
		if strings.HasPrefix(path.Base(p.File), path.Base(sudoFile)) || p.File == path.Dir(sudoFile) || p.File == s.Rules.Main {
			return p, true
		}
	}
	return at, false
}

// line is "FILE:LINE".
func line(p *sudo.Place) string { return place(p.File, p.Line) }

// comment is a command for root that turns a line into a comment.
func comment(p *sudo.Place) string {
	return text.Edit + " -e '" + strconv.Itoa(p.Line) + "s/^/#/' " + text.Quote(p.File)
}

// visudo is the command that opens the file of a line.
func visudo(p *sudo.Place) string { return "sudo visudo -f " + text.Quote(p.File) }

// program is what is wrong with sudo itself, and the line if one is the cause.
func (s *Sudo) program() (at *sudo.Place, what, next string) {
	switch {
	case !s.HasSudo:
		return nil, "sudo is not installed, so the role Virtual Machine Administrator Login gives no more than a sign-in.", "Install sudo with the machine's package manager."
	case s.NoSetID != "":
		return &sudo.Place{File: s.NoSetID}, "Administrators cannot use " + s.NoSetID + ": its owner, its mode, or a file system that is mounted nosuid keeps it from becoming root for them.",
			"Run as root: chown root:root " + s.NoSetID + " && chmod 4755 " + s.NoSetID
	case s.Withheld:
		return nil, "sudo cannot become root in people's sessions: the running sshd has given up that right for all that it starts (NoNewPrivileges=).",
			"Take it out of the unit, which shows where it stands: sudo systemctl cat ssh.service sshd.service | grep -n -e '^# /' -e NoNew. Then: sudo systemctl daemon-reload, and restart sshd."
	case s.Lacks != "":
		return nil, "sudo does not start, because " + s.Lacks + " is not on this machine.", "Reinstall sudo with the machine's package manager."
	case s.Plugin.File != "":
		return &s.Plugin, "sudo refuses everything, because " + line(&s.Plugin) + " names the plugin " + text.Name(s.Plugin.Text) + ", which is not there.",
			"Put it back, or comment the line out, as root: " + comment(&s.Plugin)
	case s.Elsewhere.File != "":
		return &s.Elsewhere, `sudo does not read its own files, because the line "sudoers:" at ` + line(&s.Elsewhere) + " names others in their place.",
			"Run: sudo " + text.Edit + " -e '" + strconv.Itoa(s.Elsewhere.Line) + "s/:/: files/' " + s.Elsewhere.File
	case s.Other.File != "":
		return &s.Other, "Whether sudo runs anything for administrators is not known: the plugin " + text.Name(s.Other.Text) + " decides (" + line(&s.Other) + ").",
			"See whether it does, as an administrator: sudo -n true; and ask whoever runs that plugin."
	case s.Denied != nil:
		at = &sudo.Place{File: s.Denied.File, Line: s.Denied.Line}
		return at, "sudo refuses people who sign in with Entra ID: " + s.Denied.Text + " (" + line(at) + ").", s.Denied.Next
	case s.Err != nil:
		return nil, "The sudo rule for administrators could not be read: " + s.Err.Error(), "See why, and make it readable again: ls -lL " + sudoFile
	}
	return nil, "", ""
}

// unread is the problem of a file or folder of rules that sudo does not read.
func unread(p *sudo.Place) (at *sudo.Place, what, next string) {
	switch p.File {
	case path.Dir(sudoFile):
		return p, "sudo ignores " + p.File + ": " + p.Text + ".", "Run as root: chown root:root " + p.File + " && chmod 0755 " + p.File
	case sudoFile:
		return p, "sudo ignores " + sudoFile + ": " + p.Text + ".", "Run: sudo chown root:root " + sudoFile + " && sudo chmod 0440 " + sudoFile
	}
	if !strings.HasPrefix(path.Base(p.File), path.Base(sudoFile)) { // the file that sudo begins with
		return p, "sudo refuses everything because of " + p.File + ": " + p.Text + ".", "Run as root: chown root:root " + text.Quote(p.File) + " && chmod 0440 " + text.Quote(p.File)
	}
	return p, sudoFile + " is missing, so the role Virtual Machine Administrator Login gives nobody sudo; " + p.File + " is not read: " + p.Text + ".", "Run: sudo mv " + text.Quote(p.File) + " " + sudoFile
}

// granted is what prevents administrators from using their rules.
func (s *Sudo) granted() (at *sudo.Place, what, next string) {
	r := &s.Rules
	switch {
	case r.Password:
		return &r.Rule, "sudo asks administrators for a password, which people who sign in with Entra ID do not have, by the rule at " + line(&r.Rule) + ".",
			"Run: " + visudo(&r.Rule) + ", and write NOPASSWD: before the last ALL of line " + strconv.Itoa(r.Rule.Line) + ", or remove that line."
	case r.Refuses != nil:
		why, next := r.Refuses.Text, "Put it right, or comment the line out, as root: "+comment(r.Refuses)
		if r.Without != "" {
			next = "Put it right, or have sudo go on without it, as root: printf '\\nDefaults " + r.Without + "\\n' >> " + text.Quote(r.Refuses.File)
		}
		if r.Refuses.File == groups {
			next = "Give it another number, as root: vipw -g"
			why = "the group " + text.Name(why) + " has the number of " + sudoGroup
		}
		return r.Refuses, "sudo runs nothing for administrators: " + text.Clip(why, 120) + " (" + line(r.Refuses) + ").", next
	case r.Depends != nil:
		return r.Depends, "Whether sudo runs anything for administrators is not known: without an answer of the log server " + text.Name(r.Depends.Text) + " it runs nothing (log_servers, " + line(r.Depends) + ").",
			"See whether it does, as an administrator: sudo -n true; to have it go on without the server, as root: printf '\\nDefaults " + r.Without + "\\n' >> " + text.Quote(r.Depends.File)
	case r.TTY != nil:
		return r.TTY, "sudo refuses commands without a terminal (requiretty, " + line(r.TTY) + "), as those that are given with ssh.",
			"Run: " + visudo(r.TTY) + ", and add the line: Defaults:%" + sudoGroup + " !requiretty"
	case r.Pathless != nil:
		return r.Pathless, "sudo looks for programs where the usual ones are not (secure_path, " + line(r.Pathless) + ").",
			"Run: " + visudo(r.Pathless) + ", and add /usr/sbin:/usr/bin:/sbin:/bin to secure_path"
	case s.Found && !s.Newline:
		return nil, sudoFile + " does not end with a line end, which some versions of sudo refuse.", "Run: echo | sudo tee -a " + sudoFile + " && sudo visudo -c"
	}
	return s.broken()
}

// broken: some versions reject everything because of a line that they cannot parse.
func (s *Sudo) broken() (at *sudo.Place, what, next string) {
	if at = s.Rules.Broken; at != nil {
		what, next = "sudo may refuse its rules over "+line(at)+", which it does not understand.", "See what it names, and correct that: sudo visudo -c"
	}
	return at, what, next
}

// missing is why the rules give administrators nothing.
func (s *Sudo) missing() (at *sudo.Place, what, next string) {
	r := &s.Rules
	skipped, left := s.skipped()
	switch {
	case r.Broken != nil:
		return s.broken()
	case left:
		return unread(&skipped)
	case r.Untimely != nil && r.Rule.File == "":
		return r.Untimely, "The rule for administrators at " + line(r.Untimely) + " is not in force at this time: " + text.Brief(r.Untimely.Text, 60) + ".", "Give it another time, or take that out: " + visudo(r.Untimely)
	case r.Rule.File != "":
		return &r.Rule, "The rule at " + line(&r.Rule) + " takes sudo away from administrators.", "Change or remove it: " + visudo(&r.Rule)
	case !s.Found:
		return nil, sudoFile + " is missing, so the role Virtual Machine Administrator Login gives nobody sudo.", reinstall
	case r.Main == "":
		return &sudo.Place{File: "/etc/sudoers"}, "There is no /etc/sudoers, so sudo lets nobody do anything.", "Reinstall sudo with the machine's package manager."
	case !slices.Contains(r.Files, sudoFile):
		return &sudo.Place{File: r.Main}, r.Main + " does not include /etc/sudoers.d, so the rule for administrators is not in force.", "Run: echo '#includedir /etc/sudoers.d' | sudo tee -a " + r.Main + " && sudo visudo -c"
	}
	return nil, sudoFile + " gives %" + sudoGroup + " nothing.", "Move the file out of the way, and: " + reinstall
}

// assess: people can sign in without it, so this is only a warning or a reason to
// reinstall: the file may be created with the first administrator.
func (s *Sudo) assess() check.Result {
	a := gate.Answer{File: sudoFile, Text: "Administrators may use sudo (" + sudoFile + ")."}
	if s.One != nil && s.One.Account.Known && !slices.Contains(s.One.Account.Groups, sudoGroup) {
		a.Text = "Administrators may use sudo; " + s.One.Name + " is none so far: a sign-in with the role Virtual Machine Administrator Login adds them to the group " + sudoGroup + "."
	}
	at, what, next := s.program()
	switch {
	case what != "":
	case s.Rules.Grants:
		at, what, next = s.granted()
	default:
		a.Part = check.Conffile
		at, what, next = s.missing()
	}
	if s.One != nil {
		what = strings.ReplaceAll(what, "administrators", s.One.Name)
	}
	if what != "" {
		a.Remark, a.Text, a.Next = true, what, next
		if at != nil && at.File != "" {
			a.File, a.Line = at.File, at.Line
		}
	}
	return a.Result()
}
