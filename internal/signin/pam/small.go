package pam

import (
	"path"
	"slices"
	"strconv"
	"strings"

	"aadssh/internal/text"
)

// localUser is modules/pam_localuser: users that are not in /etc/passwd are denied.
func localUser(c *call) answer {
	file := "/etc/passwd"
	for _, arg := range c.Args {
		if v, ok := strings.CutPrefix(arg, "file="); ok {
			file = v
		}
	}
	f := c.m.File(file)
	if f.Err != nil {
		return answer{codes: []Code{serviceErr, systemErr}, why: file + " could not be read: " + f.Err.Error(), data: Problem{File: file}} // system_err before 1.4.1
	}
	a := answer{codes: []Code{permDenied}, data: Problem{File: file},
		why:     "pam_localuser lets in only people who are in " + file,
		fixLine: spare}
	for _, line := range text.SplitLines(string(f.Text)) {
		name, _, _ := strings.Cut(line, ":")
		if c.person.called(name) == yes {
			return answer{codes: []Code{Success}}
		}
		if c.person.called(name) != no && file != "/etc/passwd" {
			a.codes, a.whom = []Code{Success, permDenied}, true
		}
	}
	return a
}

// userType is modules/pam_usertype.
func userType(c *call) answer {
	root, kind := c.person.root(), ""
	for _, arg := range c.Args {
		switch arg {
		case "issystem", "isregular":
			kind = arg
		case "use_uid":
			root = true
		}
	}
	a := answer{why: "pam_usertype asks for " + strconv.Quote(kind), fixLine: spare}
	system, known := root, true
	if !root {
		system, known = false, c.loginDefs("SYS_UID_MAX", c.loginDefs("UID_MIN", lowestUID)-1) < lowestUID
	}
	switch {
	case kind == "":
		a.codes = []Code{serviceErr}
	case !known:
		a.codes = []Code{Success, authErr}
	case system == (kind == "issystem"):
		a.codes = []Code{Success}
	default:
		a.codes = []Code{authErr}
	}
	return a
}

// loginDefs is a number in login.defs(5).
func (c *call) loginDefs(key string, otherwise int64) int64 {
	for _, line := range text.SplitLines(string(c.m.File(loginDefs).Text)) {
		if w := strings.Fields(line); len(w) >= 2 && strings.EqualFold(w[0], key) {
			if n, err := strconv.ParseInt(w[1], 10, 64); err == nil {
				return n
			}
		}
	}
	return otherwise
}

// nologin is modules/pam_nologin.
func nologin(c *call) answer {
	files := []string{"/var/run/nologin", "/run/nologin", "/etc/nologin"}
	none := ignore
	for _, arg := range c.Args {
		if v, ok := strings.CutPrefix(arg, "file="); ok {
			files = []string{v}
		}
		if arg == "successok" {
			none = Success
		}
	}
	for _, file := range files {
		f := c.m.File(file)
		if f.Missing() {
			continue
		}
		a := answer{codes: []Code{authErr}, data: Problem{File: file}, why: "pam_nologin lets in nobody but root while " + file + " is there",
			next: "Run: sudo rm " + text.Quote(file) + " (a machine that boots or shuts down removes /run/nologin by itself)."}
		if f.Mode.IsDir() { // it can be opened, but not read
			a.codes, a.next = []Code{systemErr}, "It is a folder. Run: sudo mv "+text.Quote(file)+" "+text.Quote(file+".off")
		}
		return a
	}
	return answer{codes: []Code{none}}
}

// shells is modules/pam_shells. The shell that the package gives people is not published;
// usually it is shell.
func shells(c *call) answer {
	const file = "/etc/shells"
	f, shell := c.m.File(file), shell
	one, known := c.person.account()
	if known {
		shell = one.Shell
	}
	a := answer{codes: []Code{authErr}, data: Problem{File: file}, next: "Run: echo " + text.Quote(shell) + " | sudo tee -a " + file}
	switch {
	case f.Missing() && c.m.File("/usr/etc/shells").Err == nil:
		a.codes, a.why = []Code{Success, authErr}, "pam_shells reads the vendor's list of shells"
	case f.Err != nil:
		a.why = "pam_shells denies everybody, because there is no " + file
	case f.Mode.Perm()&0o002 != 0:
		a.why, a.next = "pam_shells refuses "+file+", which others may write", "Run: sudo chmod 0644 "+file
	case slices.Contains(strings.Split(string(f.Text), "\n"), shell):
		return answer{codes: []Code{Success}}
	default:
		if !known {
			a.codes = []Code{Success, authErr}
		}
		a.why = "pam_shells lets in only people whose shell is in " + file + ", and " + shell + " is not"
	}
	return a
}

// execute is modules/pam_exec: the exit code of the program decides.
func execute(c *call) answer {
	_, _, kind := c.stack.names()
	args := c.Args
	for len(args) > 0 && !strings.HasPrefix(args[0], "/") {
		word := strings.ToLower(args[0])
		switch name, _, _ := strings.Cut(word, "="); name {
		case "type":
			if args[0][len("type="):] != kind {
				return answer{codes: []Code{ignore}}
			}
		case "log":
			if dir := path.Dir(args[0][len("log="):]); c.m.File(dir).Missing() {
				return answer{codes: []Code{systemErr}, data: Problem{File: dir}, why: "pam_exec fails, because the folder of its log, " + text.Name(dir) + ", is not there",
					next: "Run: sudo mkdir -p " + text.Quote(dir), fixLine: asSaid}
			}
		case "debug", "stdout", "seteuid", "quiet", "quiet_log", "expose_authtok":
		default:
			return c.program(args)
		}
		args = args[1:]
	}
	if len(args) == 0 {
		return answer{codes: []Code{serviceErr}, why: "pam_exec has no program to run", fixLine: drop}
	}
	return c.program(args)
}

// program is what the exit code of a program with arguments means to pam_exec. The arguments
// are not repeated, because the answer is passed on and they may hold a secret.
func (c *call) program(words []string) answer {
	name := words[0]
	f := c.m.File(name)
	a := answer{codes: []Code{systemErr}, data: Problem{File: name},
		next: "Ask whoever wrote the line to put the program back, where people need it.", fixLine: drop}
	switch {
	case f.Missing():
		a.why = "pam_exec fails, because " + text.Name(name) + " is not there"
	case f.Err == nil && (f.Mode.IsDir() || f.Mode.Perm()&0o111 == 0):
		a.why, a.next, a.fixLine = "pam_exec fails, because "+text.Name(name)+" cannot be run", "Run: sudo chmod 0755 "+text.Quote(name), asSaid
	case c.m.NoExec != nil && c.m.NoExec(name):
		a.why = "pam_exec fails, because " + text.Name(name) + " is on a file system that is mounted noexec"
	case name == "/bin/false" || name == "/usr/bin/false":
		a.why = "pam_exec keeps everybody out, because " + name + " always fails"
	case name == "/bin/true" || name == "/usr/bin/true":
		return answer{codes: []Code{Success}}
	case len(f.Text) > 0 && !strings.HasPrefix(string(f.Text), "#!") && !strings.HasPrefix(string(f.Text), "\x7fELF"):
		a.why = "pam_exec fails, because " + text.Name(name) + " is a script without a first line that names its shell (#!)"
		a.next, a.fixLine = `Run: sudo `+text.Edit+` '1i\#!/bin/sh' `+text.Quote(name), asSaid
	case text.Interpreter(f.Text) != "" && c.m.File(text.Interpreter(f.Text)).Missing():
		a.why = "pam_exec fails, because " + text.Name(name) + " is a script for " + text.Name(text.Interpreter(f.Text)) + ", which is not there"
	default:
		a.codes = []Code{Success, systemErr}
		a.why = "pam_exec lets in whom the program " + text.Name(name) + " lets in"
		a.fixLine = asSaid
		arguments, line := "", ""
		_, _, stack := c.stack.names()
		if len(words) > 1 {
			arguments, line = " with the line's own arguments in the place of ARGUMENTS,", " ARGUMENTS"
		}
		a.next = "Run it as pam_exec does," + arguments + " and see whether it exits with 0: sudo env PAM_USER=someone@example.com PAM_SERVICE=" + c.m.Service +
			" PAM_TYPE=" + stack + " " + text.Quote(name) + line
	}
	return a
}

// sepermit is modules/pam_sepermit: it ignores people whom its file does not name.
func sepermit(c *call) answer {
	const file = "/etc/security/sepermit.conf"
	f := c.m.File(file)
	if f.Missing() {
		if c.m.File("/usr/etc/security/sepermit.conf").Err == nil {
			return answer{codes: []Code{ignore}}
		}
		return answer{codes: []Code{serviceErr}, why: "pam_sepermit fails, because there is no " + file, data: Problem{File: file}, next: "Make the file again (it may be empty): sudo touch " + file}
	}
	t := no
	for _, line := range text.SplitLines(string(f.Text)) {
		word, _, _ := strings.Cut(strings.TrimSpace(line), ":")
		switch {
		case word == "" || word[0] == '#':
		case word[0] == '@':
			t = t.or(c.person.in(word[1:]))
		case word[0] == '%':
			t = t.or(possible(word[1:] == c.selinuxUser()))
		default:
			t = t.or(c.person.called(word))
		}
	}
	if t == no {
		return answer{codes: []Code{ignore}}
	}
	return answer{codes: []Code{ignore, Success, authErr}, whom: true, why: "pam_sepermit decides about some people, by " + file, data: Problem{File: file}}
}

// selinuxUser is the SELinux user of people who have none of their own
// (getseuserbyname(3)); "" if the policy sets none.
func (c *call) selinuxUser() string {
	policy := ""
	for _, line := range text.SplitLines(string(c.m.File("/etc/selinux/config").Text)) {
		if name, value, ok := strings.Cut(line, "="); ok && strings.TrimSpace(name) == "SELINUXTYPE" {
			policy = strings.TrimSpace(value)
		}
	}
	for _, line := range text.SplitLines(string(c.m.File("/etc/selinux/" + policy + "/seusers").Text)) {
		if rest, ok := strings.CutPrefix(strings.TrimSpace(line), "__default__:"); ok {
			user, _, _ := strings.Cut(rest, ":")
			return user
		}
	}
	return ""
}

// namespace is modules/pam_namespace, which needs its file, and does nothing if its files
// have no line; the result of a line depends on folders and the kernel.
func namespace(c *call) answer {
	const own, vendors = "/etc/security/namespace.conf", "/usr/etc/security/namespace.conf"
	if slices.Contains(c.Args, "require_selinux") && c.m.File("/sys/fs/selinux/enforce").Missing() {
		return answer{codes: []Code{sessionErr}, why: "pam_namespace with require_selinux ends every session while SELinux is off",
			next: "Turn SELinux on, where that is wanted, or run: sudo " + edit(c.File, strconv.Itoa(c.Line)+"s/[[:space:]]*require_selinux//")}
	}
	first := own
	if c.m.File(own).Missing() {
		if first = vendors; c.m.File(vendors).Err != nil {
			return answer{codes: []Code{sessionErr}, why: own + " is not there, over which pam_namespace fails", data: Problem{File: own},
				next: "Make the file again (it may be empty): " + touch(own)}
		}
	}
	for _, file := range append([]string{first}, c.m.List("/etc/security/namespace.d/*.conf")...) {
		number := 0
		for _, line := range text.SplitLines(string(c.m.File(file).Text)) {
			number++
			if line = strings.TrimSpace(line); line != "" && line[0] != '#' {
				return answer{codes: []Code{Success, sessionErr}, data: Problem{File: file, Line: number},
					why:  "pam_namespace gives people folders of their own, by " + file + ":" + strconv.Itoa(number) + ", and ends the session where it cannot",
					next: "Have somebody sign in once, and where that fails look at line " + strconv.Itoa(number) + " of " + file + "."}
			}
		}
	}
	return answer{codes: []Code{Success}}
}

// homes is the folder in which home folders are created.
const homes = "/home"

// model is the folder that new ones are copied from.
func model(args []string) string {
	for _, arg := range args {
		if v, ok := strings.CutPrefix(arg, "skel="); ok {
			return v
		}
	}
	return "/etc/skel"
}

// makeHome is modules/pam_mkhomedir, for a person without a home folder.
func makeHome(c *call) answer {
	helpers := []string{"/sbin/mkhomedir_helper", "/usr/sbin/mkhomedir_helper"}
	f := c.m.File(homes)
	a := answer{codes: []Code{Success, permDenied}, data: Problem{File: homes}, next: "Ask who keeps the machine's file systems to make " + homes + " a folder that can be written."}
	switch {
	case !slices.ContainsFunc(helpers, func(h string) bool { return c.m.File(h).Err == nil }):
		a.why, a.next = "pam_mkhomedir makes no folders without its program "+helpers[0], "Reinstall libpam with the machine's package manager."
	case f.Missing():
		return answer{codes: []Code{Success}} // it is created
	case f.Err != nil || !f.Mode.IsDir():
		a.why = homes + " is no folder, so pam_mkhomedir cannot make one for people"
	case c.m.File(model(c.Args)).Missing():
		a.why = "pam_mkhomedir cannot make folders for people, because their model " + text.Name(model(c.Args)) + " is not there"
		a.data, a.next = Problem{File: model(c.Args)}, "Run: sudo install -d "+text.Quote(model(c.Args))
	case c.m.ReadOnly != nil && c.m.ReadOnly(homes):
		a.why = homes + " is mounted read-only, so pam_mkhomedir cannot make folders for people"
	default:
		return answer{codes: []Code{Success}}
	}
	return a
}

// motd is modules/pam_motd: it shows the first of its files that is there, and answers
// ignore until 1.5.
func motd(c *call) answer {
	files := "/etc/motd:/run/motd:/usr/lib/motd"
	for _, arg := range c.Args {
		if v, ok := strings.CutPrefix(arg, "motd="); ok {
			files = v
		}
	}
	for _, file := range strings.Split(files, ":") {
		if !c.m.File(file).Missing() {
			break
		}
	}
	return answer{codes: []Code{Success, ignore}}
}

// loginDefs is the file of shadow's settings, which many modules read.
const loginDefs = "/etc/login.defs"

// wheel is modules/pam_wheel, which is meant for su: it checks the calling user, which in
// sshd is nobody or root.
func wheel(c *call) answer {
	return answer{codes: []Code{serviceErr, permDenied, authErr, ignore, Success}, why: "pam_wheel is made for su, and what it says in sshd depends on who started it",
		fixLine: drop}
}

// loginUID is modules/pam_loginuid. In containers it answers ignore.
func loginUID(c *call) answer {
	if slices.Contains(c.Args, "require_auditd") {
		return answer{codes: []Code{Success, ignore, sessionErr}, why: "pam_loginuid lets people in only while auditd runs", next: "Install auditd and have it run, where that is wanted, or run: sudo " + edit(c.File, strconv.Itoa(c.Line)+"s/[[:space:]]*require_auditd//")}
	}
	return answer{codes: []Code{Success, ignore}}
}
