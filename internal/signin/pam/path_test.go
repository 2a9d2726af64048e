package pam

import (
	"maps"
	"testing"

	"aadssh/internal/signin/gate"
)

// The last PATH counts, and no variable is put in but by pam_env's own file.
func TestPath(t *testing.T) {
	const own, shared = "/etc/security/pam_env.conf", "/etc/environment"
	for _, c := range []struct {
		title string
		files disk
		file  string
		line  int
	}{
		{"none", disk{}, "", 0},
		{"usual", disk{shared: "PATH=\"/usr/local/bin:/usr/bin\"\n"}, "", 0},
		{"the site's folder only", disk{shared: "LANG=C\nPATH=\"/opt/bin\"\n"}, shared, 2},
		{"itself", disk{shared: "export PATH=$PATH:/opt/bin\n"}, shared, 1},
		{"twice", disk{shared: "PATH=/opt/bin\nPATH=/bin\n"}, "", 0},
		{"nothing", disk{shared: "PATH=\n#PATH=/opt\nMANPATH=/opt\n"}, "", 0},
		{"its own file", disk{own: "PATH DEFAULT=/usr/bin OVERRIDE=/opt/bin\n"}, own, 1},
		{"its own file adds", disk{own: "PATH DEFAULT=/usr/bin\nPATH DEFAULT=${PATH}:/opt/bin\n"}, "", 0},
		{"the shared file is later", disk{own: "PATH DEFAULT=/opt/bin\n", shared: "PATH=/usr/bin\n"}, "", 0},
		{"bash reads only", disk{shared: "SHELLOPTS=braceexpand:noexec\nPATH=/bin\n"}, shared, 1},
		{"another is corrected later", disk{shared: "SHELLOPTS=noexec\nPATH=/opt/bin\nPATH=/bin\n"}, shared, 1},
		{"the last of two", disk{shared: "SHELLOPTS=noexec\nPATH=/opt/bin\n"}, shared, 2},
		{"bash has other options", disk{shared: "SHELLOPTS=braceexpand:monitor\n"}, "", 0},
		{"the loader lists", disk{own: "LD_TRACE_LOADED_OBJECTS DEFAULT=1\n"}, own, 1},
		{"another variable", disk{own: "MANPATH DEFAULT=/opt/man\n"}, "", 0},
	} {
		for _, stack := range []Stack{Auth, Session} {
			d := disk{"/etc/pam.d/sshd": string(stack) + " required pam_env.so\n"}
			maps.Copy(d, c.files)
			s := Load(d.machine(true))
			if got := s.Path(); got.File != c.file || got.Line != c.line {
				t.Errorf("%s, %s: %+v", c.title, stack, got)
			}
			d["/etc/pam.d/sshd"] = string(stack) + " required pam_env.so conffile=/lost readenv=0\n"
			if s = Load(d.machine(true)); s.Path().File != "" {
				t.Errorf("%s, %s: a file is read that PAM does not read", c.title, stack)
			}
		}
	}
}

// A limit by which sudo cannot become root, where the module knows it.
func TestLimitsThatPreventRoot(t *testing.T) {
	for _, c := range []struct {
		limits, module string
		line           int
	}{
		{"* - nonewprivs 1\n", "+nonewprivs", 1},
		{"# x\n* hard nonewprivs 1\n", "+nonewprivs", 2},
		{"* - nonewprivs 1\n* - nonewprivs 0\n", "+nonewprivs", 0},
		{"* - nonewprivs 0\n", "+nonewprivs", 0},
		{"someone@example.com - nonewprivs 1\n* - nonewprivs 0\n", "+nonewprivs", 0},
		{"* - nonewprivs 1\n", "+", 0},
		{"* - nofile 100\n", "+nonewprivs", 0},
	} {
		d := disk{"/etc/pam.d/sshd": "session required pam_limits.so\n", "/etc/security/limits.conf": c.limits, moduleDir + "/pam_limits.so": c.module}
		s := Load(d.machine(false))
		if o := s.Evaluate(Session, gate.Human); o.Access != In || o.Powerless.Line != c.line {
			t.Errorf("%q: %s, %+v", c.limits, o.Access, o.Powerless)
		}
	}
}

// sudo takes session_err alone for no failure.
func TestSessionErrIsNoFailureForSudo(t *testing.T) {
	for stack, mild := range map[string]bool{
		"session required pam_deny.so\n":                                true,
		"session required pam_lost.so\n":                                false,
		"account required pam_deny.so\n":                                false, // no line for sessions
		"session optional pam_permit.so\n":                              false,
		"session requisite pam_deny.so\nsession required pam_lost.so\n": true,
	} {
		s := Load(disk{"/etc/pam.d/sshd": stack}.machine(false))
		if o := s.Evaluate(Session, gate.Human); o.Mild != mild {
			t.Errorf("%q: mild %v", stack, o.Mild)
		}
	}
}
