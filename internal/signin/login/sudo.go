package login

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"aadsshlogin-handler/internal/host"
	"aadsshlogin-handler/internal/signin/sshd"
)

// sudoFile and sudoGroup are how administrators get their rights: the package
// adds the file, the role "Virtual Machine Administrator Login" the group.
const (
	sudoFile  = "/etc/sudoers.d/aad_admins"
	sudoGroup = "%aad_admins"
)

// Sudo is the rule for administrators.
type Sudo struct {
	Found     bool
	Grants    bool // a line gives the group something
	Newline   bool // the file ends with a line end
	Mode      fs.FileMode
	UID       uint32
	Included  bool // /etc/sudoers includes /etc/sudoers.d
	DPKG      bool // it is dpkg that would put the file back
	HasSudo   bool // there is a sudo at all
	Err       error
	IncludeAt int // line of the include
}

func lookSudo(h *host.Host) Sudo {
	s := Sudo{HasSudo: h.Exists("/usr/bin/sudo") || h.Exists("/bin/sudo"), DPKG: h.Exists("/var/lib/dpkg")}
	for _, main := range []string{"/etc/sudoers", "/usr/etc/sudoers"} {
		text, err := h.ReadFile(main, 1<<20)
		if err == nil {
			s.IncludeAt = includeLine(text)
			s.Included = s.IncludeAt > 0
			break
		}
	}
	info, err := h.Stat(sudoFile)
	if err != nil {
		if !errors.Is(err, fs.ErrNotExist) {
			s.Err = err
		}
		return s
	}
	s.Found, s.Mode = true, info.Mode()
	s.UID, _ = owner(info)
	text, err := h.ReadFile(sudoFile, 64<<10)
	if err != nil {
		s.Err = err
		return s
	}
	s.Newline = strings.HasSuffix(string(text), "\n")
	for line := range strings.Lines(string(text)) {
		if f := strings.Fields(line); len(f) >= 2 && f[0] == sudoGroup {
			s.Grants = true
		}
	}
	return s
}

// putBack is how the file comes back. dpkg takes the removal of a configuration
// file for its owner's wish, which another installation respects (dpkg(1),
// --force-confmiss).
func (s Sudo) putBack() string {
	if s.DPKG {
		return "Run: sudo apt-get install --reinstall -o Dpkg::Options::=--force-confmiss aadsshlogin"
	}
	return reinstall
}

// includeLine is where sudoers includes the folder; the '#' is part of the
// older directive and no comment (sudoers(5)).
func includeLine(text []byte) int {
	number := 0
	for line := range strings.Lines(string(text)) {
		number++
		f := strings.Fields(line)
		if len(f) == 2 && (f[0] == "#includedir" || f[0] == "@includedir") && strings.TrimSuffix(f[1], "/") == "/etc/sudoers.d" {
			return number
		}
	}
	return 0
}

// assess: people can sign in without it, so nothing here is more than a warning
// or a reason to reinstall: the file may come with the first administrator.
func (s Sudo) assess() Finding {
	f := Finding{Name: "sudo", File: sudoFile, Text: "Administrators may use sudo (" + sudoFile + ")."}
	warn := func(what, next string) {
		f.Answer, f.Text, f.Next = sshd.Warn, what, next
	}
	switch {
	case s.Err != nil:
		f.Answer, f.Text = sshd.Unknown, "The sudo rule for administrators could not be read: "+s.Err.Error()
	case !s.Found:
		warn(sudoFile+" is missing, so the role Virtual Machine Administrator Login gives nobody sudo.", s.putBack())
	case !s.Grants:
		warn(sudoFile+" gives "+sudoGroup+" nothing.", "Move the file out of the way, and: "+s.putBack())
	case s.UID != 0 || s.Mode.Perm()&0o022 != 0:
		warn(fmt.Sprintf("sudo ignores %s: it belongs to user %d and has mode %04o.", sudoFile, s.UID, s.Mode.Perm()), "Run: chown root:root "+sudoFile+" && chmod 0440 "+sudoFile)
	case !s.Newline:
		warn(sudoFile+" does not end with a line end, which some versions of sudo refuse.", "Run: echo >> "+sudoFile+" && visudo -c")
	case !s.HasSudo:
		warn("sudo is not installed, so the role Virtual Machine Administrator Login gives no more than a sign-in.", "Install sudo with the machine's package manager.")
	case !s.Included:
		warn("/etc/sudoers does not include /etc/sudoers.d, so the rule for administrators is not in force.", "Run visudo and add the line: @includedir /etc/sudoers.d")
	}
	return f
}
