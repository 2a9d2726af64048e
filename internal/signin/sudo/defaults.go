package sudo

import (
	"path"
	"slices"
	"strconv"
	"strings"

	"aadssh/internal/signin/gate"
	"aadssh/internal/text"
)

// setting is the last line that sets a setting.
type setting struct {
	_ [0]func() // never compared: no code for == is linked

	at    Place
	value string
	off   bool // "!NAME"
}

// setDefault records a setting for everybody, for the group, for the machine, or for the
// user that is run as.
func (r *reader) setDefault(p Place) {
	word, rest, _ := strings.Cut(strings.ReplaceAll(p.Text, "\t", " "), " ")
	switch scope := strings.TrimPrefix(word, "Defaults"); {
	case scope == "":
	case scope[0] == ':' && r.has("user", words(scope[1:]), r.us):
	case scope[0] == '>' && r.has("runas", words(scope[1:]), root):
	case scope[0] == '@' && r.has("host", words(scope[1:]), r.here):
	case scope == "!ALL": // every command
	default:
		return
	}
	for _, one := range words(rest) {
		name, off := strings.CutPrefix(one, "!")
		key, value, _ := strings.Cut(name, "=")
		r.settings[strings.TrimRight(key, " +")] = setting{at: p, value: strings.Trim(value, ` "`), off: off}
	}
}

// on returns an effective setting that is off by default.
func (r *reader) on(key string) (s setting, on bool) {
	s, set := r.settings[key]
	return s, set && !s.off
}

// settle evaluates the settings.
func (r *reader) settle() {
	if r.settings["authenticate"].off {
		r.out.Password = r.out.Password && r.rule.tagged
	}
	if s, on := r.on("requiretty"); on {
		r.out.TTY = &s.at
	}
	exempt, on := r.on("exempt_group") // from passwords and from secure_path
	free := on && exempt.value == r.group
	r.out.Password = r.out.Password && !free
	if s, on := r.on("secure_path"); on && !gate.Programs(s.value) && !free {
		r.out.Pathless = &s.at
	}
	if s, on := r.on("pam_service"); on {
		r.out.PAM = s.at
		r.out.PAM.Text = s.value
	}
	r.out.Account, r.out.Session = !r.settings["pam_acct_mgmt"].off, !r.settings["pam_session"].off
	r.settleLogs()
	r.settleFolders()
	r.settleLimits()
	r.settleShell()
}

// settleFolders: sudo changes to a folder, and to a root in which it then looks for the
// command. The rule's own go before the settings (sudoers(5)).
func (r *reader) settleFolders() {
	for _, of := range []struct{ option, key string }{{"CWD", "runcwd"}, {"CHROOT", "runchroot"}} {
		at, name, folder := r.out.Rule, of.option, r.rule.options[of.option]
		if s, on := r.on(of.key); on && folder == "" {
			at, name, folder = s.at, of.key, s.value
		}
		user, _, _ := strings.Cut(strings.TrimPrefix(folder, "~"), "/")
		nobody := strings.HasPrefix(folder, "~") && user != "" && r.account(user) == nil
		if !path.IsAbs(folder) && !nobody { // "~", "*", or none
			continue
		}
		why, f := "", r.m.File(folder)
		switch {
		case nobody:
			why = "is the home of nobody in /etc/passwd"
		case f.Missing():
			why = "is not there"
		case f.Err == nil && !f.Mode.IsDir():
			why = "is no folder"
		case of.key == "runchroot" && r.m.File(path.Join(folder, "bin")).Missing() && r.m.File(path.Join(folder, "usr/bin")).Missing():
			why = "has no programs"
		}
		if why != "" {
			at.Text = name + " " + folder + " " + why
			r.out.Refuses = &at
		}
	}
}

// enough are the limits of a command from which on the usual programs start, in bytes, and
// for nofile in files. The others end a command that has started, or do not hold for root.
func enough() []leastLimit {
	return []leastLimit{{key: "rlimit_as", least: 64 << 20}, {key: "rlimit_data", least: 4 << 20}, {key: "rlimit_stack", least: 128 << 10}, {key: "rlimit_nofile", least: 16}}
}

type leastLimit struct {
	_ [0]func() // never compared: no code for == is linked

	key   string
	least int64
}

// settleLimits: a program that cannot be mapped is not started. "soft,hard" is one value;
// words such as "default" and "infinity" set none.
func (r *reader) settleLimits() {
	for _, limit := range enough() {
		s, on := r.on(limit.key)
		soft, _, _ := strings.Cut(s.value, ",")
		if n, err := strconv.ParseInt(strings.TrimSpace(soft), 10, 64); on && err == nil && n >= 0 && n < limit.least {
			r.refuse(s.at, limit.key, "", "with so little as "+soft+" a program may not start")
		}
	}
}

// settleShell: with runas_check_shell sudo runs commands as root only where root's shell is
// one of /etc/shells. Without that file the C library has a list of its own.
func (r *reader) settleShell() {
	s, on := r.on("runas_check_shell")
	shells := r.m.File("/etc/shells")
	if !on || shells.Err != nil {
		return
	}
	if root := r.account("root"); root != nil && !slices.ContainsFunc(strings.Split(string(shells.Text), "\n"), func(shell string) bool { return strings.TrimSpace(shell) == root[6] }) {
		r.refuse(s.at, "runas_check_shell", "", "root's shell "+root[6]+" is not in /etc/shells")
	}
}

// account is the line of a user in /etc/passwd, by its seven fields; nil: there is none.
func (r *reader) account(user string) []string {
	for _, line := range text.SplitLines(string(r.m.File("/etc/passwd").Text)) {
		if f := strings.Split(strings.TrimRight(line, "\n"), ":"); len(f) >= 7 && f[0] == user {
			return f
		}
	}
	return nil
}
