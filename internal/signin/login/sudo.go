package login

import (
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strconv"
	"strings"

	"aadssh/internal/host"
	"aadssh/internal/signin/gate"
	"aadssh/internal/signin/pam"
	"aadssh/internal/signin/sudo"
	"aadssh/internal/text"
)

// sudoFile and sudoGroup are how administrators get their rights: the package
// adds the file, the role "Virtual Machine Administrator Login" the group.
const (
	sudoFile  = "/etc/sudoers.d/aad_admins"
	sudoGroup = "aad_admins"
)

// Sudo is what administrators may do.
type Sudo struct {
	Rules     sudo.Answer
	Found     bool        // the package's file is there
	Newline   bool        // it ends with a line end
	DPKG      bool        // it is dpkg that would put the file back
	HasSudo   bool        // there is a sudo at all
	Plugin    sudo.Place  // a line of sudo.conf for a plugin that is not there
	Denied    *pam.Reason // why the PAM stack of sudo itself keeps people out; nil where it does not
	Elsewhere sudo.Place  // the line of nsswitch.conf by which sudo does not read its files
	NoSetID   string      // the program, where it has lost the mode by which it becomes root; else ""
	Err       error
}

// lookSudo reads the rules. owner is whom sudo wants its files to belong to.
func lookSudo(h *host.Host, owner uint32) Sudo {
	name, _ := h.ReadFile("/proc/sys/kernel/hostname", 4096)
	m := sudo.Machine{File: func(path string) gate.File { return readFile(h, path) }, List: h.Glob, Host: strings.TrimSpace(string(name)), Owner: owner,
		Addresses: h.Addresses(), Number: numberOf(h, sudoGroup)}
	s := Sudo{HasSudo: h.Exists("/usr/bin/sudo") || h.Exists("/bin/sudo"), DPKG: h.Exists("/var/lib/dpkg")}
	mounts, _ := h.Mounts() // where they are not known, none forbids anything
	for _, program := range []string{"/usr/bin/sudo", "/bin/sudo"} {
		if info, err := h.Stat(program); err == nil {
			if uid, _ := owners(info); info.Mode()&fs.ModeSetuid == 0 || uid != owner || mounts.NoSUID(program) {
				s.NoSetID = program
			}
			break
		}
	}
	f := readFile(h, sudoFile)
	s.Found, s.Newline = !f.Missing(), strings.HasSuffix(string(f.Text), "\n")
	if f.Err != nil && !f.Missing() {
		s.Err = f.Err
	}
	s.Rules = sudo.Evaluate(m, sudoGroup)
	s.Plugin, s.Elsewhere = lostPlugin(h), elsewhere(h)
	return s
}

// WithConffiles reinstalls the package with configuration files that were removed, and
// Conffiles is the option of apt that does.
const (
	WithConffiles = "Run: sudo apt-get install --reinstall " + Conffiles + "aadsshlogin"
	Conffiles     = "-o Dpkg::Options::=--force-confmiss "
)

// numberOf is the number of a local group; "" where there is none.
func numberOf(h *host.Host, group string) string {
	text, _ := h.ReadFile("/etc/group", fileLimit)
	_, line, _ := strings.Cut("\n"+string(text), "\n"+group+":")
	_, line, _ = strings.Cut(line, ":")
	number, _, _ := strings.Cut(line, ":")
	return number
}

// sudoConf names sudo's plugins (sudo.conf(5)).
const sudoConf = "/etc/sudo.conf"

// lostPlugin is a line there for a plugin of policies whose file is not there,
// over which sudo refuses everything.
func lostPlugin(h *host.Host) sudo.Place {
	text, _ := h.ReadFile(sudoConf, fileLimit)
	for i, line := range strings.Split(string(text), "\n") {
		if f := strings.Fields(line); len(f) > 2 && strings.EqualFold(f[0], "Plugin") && path.IsAbs(f[2]) && !h.Exists(f[2]) {
			return sudo.Place{File: sudoConf, Line: i + 1, Text: f[2]}
		}
	}
	return sudo.Place{}
}

// elsewhere is the line of nsswitch.conf that names where sudo has its rules from, where
// its own files are not among it. The first such line counts (sudo_read_nss of sudo's
// plugins/sudoers/sudo_nss.c).
func elsewhere(h *host.Host) sudo.Place {
	const file, key = "/etc/nsswitch.conf", "sudoers:"
	content, _ := h.ReadFile(file, fileLimit)
	for i, line := range strings.Split(string(content), "\n") {
		line, _, _ = strings.Cut(strings.ToLower(strings.TrimSpace(line)), "#")
		if services, is := strings.CutPrefix(line, key); is {
			if slices.Contains(strings.Fields(services), "files") {
				break
			}
			return sudo.Place{File: file, Line: i + 1}
		}
	}
	return sudo.Place{}
}

// putBack is how the file comes back. dpkg takes the removal of a configuration
// file for its owner's wish, which another installation respects (dpkg(1),
// --force-confmiss).
func (s *Sudo) putBack() string {
	if s.DPKG {
		return WithConffiles
	}
	return reinstall
}

// skipped is why sudo does not read the package's file, or the one that it was
// renamed to.
func (s *Sudo) skipped() (at sudo.Place, ok bool) {
	for _, p := range s.Rules.Skipped {
		if strings.HasPrefix(path.Base(p.File), path.Base(sudoFile)) || p.File == path.Dir(sudoFile) {
			return p, true
		}
	}
	return at, false
}

// program is what is wrong with sudo itself, and at which line where it is one.
func (s *Sudo) program() (what, next string, at sudo.Place) {
	switch {
	case !s.HasSudo:
		return "sudo is not installed, so the role Virtual Machine Administrator Login gives no more than a sign-in.", "Install sudo with the machine's package manager.", at
	case s.NoSetID != "":
		return s.NoSetID + " cannot become root (its owner, its mode, or a file system that is mounted nosuid), so administrators cannot use it.",
			"Run as root: chown root:root " + s.NoSetID + " && chmod 4755 " + s.NoSetID, sudo.Place{File: s.NoSetID}
	case s.Plugin.File != "":
		return "sudo refuses everything, because " + s.Plugin.File + ":" + strconv.Itoa(s.Plugin.Line) + " names the plugin " + text.Name(s.Plugin.Text) + ", which is not there.",
			"Put it back, or make a comment of the line, as root: sed -i -e '" + strconv.Itoa(s.Plugin.Line) + "s/^/#/' " + s.Plugin.File, s.Plugin
	case s.Elsewhere.File != "":
		return fmt.Sprintf("sudo does not read its own files, because the line %q at %s names others in their place.", "sudoers:", place(s.Elsewhere.File, s.Elsewhere.Line)),
			"Run: sudo sed -i -e '" + strconv.Itoa(s.Elsewhere.Line) + "s/:/: files/' " + s.Elsewhere.File, s.Elsewhere
	case s.Denied != nil:
		return "sudo refuses people who sign in with Entra ID: " + s.Denied.Text + " (" + place(s.Denied.File, s.Denied.Line) + ").", s.Denied.Next, sudo.Place{File: s.Denied.File, Line: s.Denied.Line}
	}
	return "", "", at
}

// unread is what follows from a file or folder of rules that sudo does not read.
func (s *Sudo) unread(p sudo.Place) (what, next string) {
	switch p.File {
	case path.Dir(sudoFile):
		return "sudo ignores " + p.File + ": " + p.Text + ".", "Run as root: chown root:root " + p.File + " && chmod 0755 " + p.File
	case sudoFile:
		return "sudo ignores " + sudoFile + ": " + p.Text + ".", "Run: sudo chown root:root " + sudoFile + " && sudo chmod 0440 " + sudoFile
	}
	return sudoFile + " is missing, so the role Virtual Machine Administrator Login gives nobody sudo; " + p.File + " is not read: " + p.Text + ".",
		"Run: sudo mv " + p.File + " " + sudoFile
}

// assess: people can sign in without it, so nothing here is more than a warning
// or a reason to reinstall: the file may come with the first administrator.
func (s *Sudo) assess() Finding {
	a := gate.Answer{File: sudoFile, Text: "Administrators may use sudo (" + sudoFile + ")."}
	warn := func(at sudo.Place, what, next string) Finding {
		a.Remark, a.Text, a.Next = true, what, next
		if at.File != "" {
			a.File, a.Line = at.File, at.Line
		}
		return a.Result()
	}
	r := s.Rules
	skipped, left := s.skipped()
	if what, next, at := s.program(); what != "" {
		return warn(at, what, next)
	}
	switch {
	case s.Err != nil:
		return warn(sudo.Place{}, "The sudo rule for administrators could not be read: "+s.Err.Error(), "Make "+sudoFile+" readable again.")
	case r.Grants && r.Password:
		return warn(r.Rule, "sudo asks administrators for a password, which people who sign in with Entra ID do not have, by the rule at "+place(r.Rule.File, r.Rule.Line)+".",
			"Run: sudo visudo -f "+r.Rule.File+", and write NOPASSWD: before the last ALL of line "+strconv.Itoa(r.Rule.Line)+", or remove that line.")
	case r.Grants && r.TTY != nil:
		return warn(*r.TTY, "sudo refuses commands without a terminal (requiretty, "+place(r.TTY.File, r.TTY.Line)+"), as those that are given with ssh.",
			"Run: sudo visudo -f "+r.TTY.File+", and add the line: Defaults:%"+sudoGroup+" !requiretty")
	case r.Grants && r.Pathless != nil:
		return warn(*r.Pathless, "sudo looks for programs where the usual ones are not (secure_path, "+place(r.Pathless.File, r.Pathless.Line)+").",
			"Run: sudo visudo -f "+r.Pathless.File+", and add /usr/sbin:/usr/bin:/sbin:/bin to secure_path")
	case r.Grants && s.Found && !s.Newline:
		return warn(sudo.Place{}, sudoFile+" does not end with a line end, which some versions of sudo refuse.", "Run: echo | sudo tee -a "+sudoFile+" && sudo visudo -c")
	case r.Broken != nil:
		return warn(*r.Broken, "sudo may refuse its rules over "+place(r.Broken.File, r.Broken.Line)+", which it does not understand.", "Run: sudo visudo -c, and correct what it names.")
	case r.Grants:
		return a.Result()
	case left:
		what, next := s.unread(skipped)
		return warn(skipped, what, next)
	case r.Rule.File != "":
		return warn(r.Rule, "The rule at "+place(r.Rule.File, r.Rule.Line)+" takes sudo away from administrators.", "Change or remove it: sudo visudo -f "+r.Rule.File)
	case !s.Found:
		return warn(sudo.Place{}, sudoFile+" is missing, so the role Virtual Machine Administrator Login gives nobody sudo.", s.putBack())
	case r.Main == "":
		return warn(sudo.Place{File: "/etc/sudoers"}, "There is no /etc/sudoers, so sudo lets nobody do anything.", "Reinstall sudo with the machine's package manager.")
	case !r.Included(sudoFile):
		return warn(sudo.Place{File: r.Main}, r.Main+" does not include /etc/sudoers.d, so the rule for administrators is not in force.", "Run: echo '#includedir /etc/sudoers.d' | sudo tee -a "+r.Main+" && sudo visudo -c")
	}
	return warn(sudo.Place{}, sudoFile+" gives %"+sudoGroup+" nothing.", "Move the file out of the way, and: "+s.putBack())
}
