// Package pam evaluates the Linux-PAM stacks that sshd uses when somebody signs in with a
// certificate: account and session. It reads the files as libpam does and evaluates the
// stacks with the answers that each module can give for such a person. It reads no files
// itself: the caller passes functions for that. C source files named in comments are
// Linux-PAM's, of 1.5.2 and 1.7.
package pam

import (
	"bytes"
	"io/fs"
	"path"
	"slices"
	"strings"
	"time"

	"aadssh/internal/signin/gate"
)

// Stack is one of PAM's four types of lines.
type Stack string

// The stacks. sshd uses Account and Session for everybody, and Auth and Password for those
// who have no key; a failure of Auth while setting credentials after a sign-in with a key
// (pam_setcred) has no effect: do_pam_setcred in OpenSSH's auth-pam.c.
const (
	Auth     Stack = "auth"
	Account  Stack = "account"
	Password Stack = "password"
	Session  Stack = "session"
)

// Own is the package's module.
const Own = "pam_aad.so"

// Machine is what the stacks are evaluated from.
type Machine struct {
	Service  string // sshd's service name in PAM: "sshd", or the value of PAMServiceName
	Library  Library
	File     func(path string) gate.File
	Module   func(path string) gate.File   // as File; of a module only the header and the names of its functions
	List     func(pattern string) []string // sorted
	ReadOnly func(path string) bool        // nothing can be written there
	NoExec   func(path string) bool        // no program or module there can be used
	Lacks    func(module string) string    // a missing library that a module needs; "" if none is missing
	Now      time.Time
}

// Library says how libpam was built, according to its content.
type Library struct {
	Debian  bool     // it has the patches of Debian and Ubuntu: "@include", and a tolerant pam_limits
	Configs []string // folders of services, in the order in which they are searched
	Modules []string // folders of modules, in that order
	header  []byte   // of the file: a module must be for the same processor
}

// configDirs are the folders that libpam can have been built with; the second has the
// vendor's files (pam.d(5)), the third those of openSUSE and SLES 16.
func configDirs() []string { return []string{"/etc/pam.d", "/usr/lib/pam.d", "/usr/etc/pam.d"} }

// ModuleDirs are the folders in which the distributions' libpam searches modules.
func ModuleDirs() []string {
	return []string{"/lib/x86_64-linux-gnu/security", "/lib/aarch64-linux-gnu/security",
		"/usr/lib/x86_64-linux-gnu/security", "/usr/lib/aarch64-linux-gnu/security",
		"/lib64/security", "/usr/lib64/security", "/lib/security", "/usr/lib/security"}
}

// headerLength is the length of an ELF header up to the end of e_machine (elf(5)).
const headerLength = 20

// ReadLibrary finds the folders in the content of libpam.so.0. Without that, all known
// folders are searched.
func ReadLibrary(text []byte, debian bool) Library {
	l := Library{Debian: debian, Configs: configDirs(), Modules: ModuleDirs()}
	if len(text) < headerLength {
		return l
	}
	has := func(s string) bool { return bytes.Contains(text, []byte(s+"\x00")) }
	l.header, l.Debian = text[:headerLength], has("@include")
	l.Configs = slices.DeleteFunc(l.Configs, func(d string) bool { return !has(d + "/%s") })
	l.Modules = slices.DeleteFunc(l.Modules, func(d string) bool { return !has(d) && !has(d+"/") })
	return l
}

func (l Library) dirs() []string {
	if len(l.Configs) == 0 {
		return configDirs()
	}
	return l.Configs
}

// module finds the file of a module (_pam_load_module). $ISA in its name is the folder for
// this processor.
func (m Machine) module(name string) (file string, f gate.File) {
	dirs := m.Library.Modules
	if len(dirs) == 0 {
		dirs = ModuleDirs()
	}
	names := []string{name}
	if before, after, ok := strings.Cut(name, "$ISA"); ok {
		names = nil
		for _, d := range append([]string{"."}, dirs...) {
			names = append(names, before+d+after)
		}
	}
	file, f = path.Join(dirs[0], name), gate.File{Err: fs.ErrNotExist}
	for _, n := range names {
		in := dirs
		if path.IsAbs(n) {
			in = []string{""}
		}
		for _, d := range in {
			at := n
			if d != "" {
				at = d + "/" + n
			}
			switch one := m.Module(at); {
			case one.Err == nil:
				return at, one
			case !one.Missing() && f.Missing(): // it may be there
				file, f = at, one
			}
		}
	}
	return file, f
}

// loads says why the dynamic loader cannot load a module; "" if it can.
func (m Machine) loads(file string, f gate.File) string {
	switch {
	case f.Err != nil && f.Missing():
		return "is not installed"
	case f.Err != nil:
		return "could not be read: " + f.Err.Error()
	case f.Mode.IsDir():
		return "is a folder"
	case len(f.Text) < headerLength || !bytes.HasPrefix(f.Text, []byte("\x7fELF")):
		return "is no module"
	case m.Library.header != nil && (f.Text[4] != m.Library.header[4] || !bytes.Equal(f.Text[18:headerLength], m.Library.header[18:])):
		return "is for another processor"
	case m.NoExec != nil && m.NoExec(file):
		return "is on a file system that is mounted noexec"
	case m.Lacks != nil:
		if library := m.Lacks(file); library != "" {
			return "cannot be loaded, because " + library + " is not there, which it needs"
		}
	}
	return ""
}

// function is the function that libpam calls in a module for a stack.
func function(s Stack) string {
	called, _, _ := s.names()
	return called
}

// names is what a stack is called: the function in a module, and the words of pam_debug and
// of pam_exec.
func (s Stack) names() (function, debug, exec string) {
	switch s {
	case Auth:
		return "pam_sm_authenticate", "auth", "auth"
	case Account:
		return "pam_sm_acct_mgmt", "acct", "account"
	case Session:
		return "pam_sm_open_session", "open_session", "open_session"
	default:
		return "pam_sm_chauthtok", "chauthtok", "password"
	}
}
