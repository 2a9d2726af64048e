// Package door evaluates hosts.allow and hosts.deny, with which a program that is linked
// with libwrap accepts or rejects connections before everything else.
package door

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"

	"aadssh/internal/fault"
	"aadssh/internal/host"
	"aadssh/internal/signin/elf"
	"aadssh/internal/signin/gate"
)

// The two files, in the order in which they are read (hosts_access(5)).
const (
	AllowFile = "/etc/hosts.allow"
	DenyFile  = "/etc/hosts.deny"
)

// Facts is what was read.
type Facts struct {
	Allow, Deny []Rule
	Obeyed      string            // the program of sshd that is linked with libwrap; "": none is, and the files have no effect
	Lists       map[string]string // content of files that rules name
	Arc         bool              // people connect from the machine itself
	One         *gate.Somebody    // the person whose sign-in is examined; nil: everybody
	Err         error             // something could not be read
}

// programs are the programs of sshd, by release: before OpenSSH 9.8 it was one, and 10.0
// added another.
func programs() []string {
	out := []string{"/usr/sbin/sshd"}
	for _, dir := range []string{"/usr/lib/openssh", "/usr/libexec/openssh", "/usr/lib/ssh", "/usr/libexec/ssh", "/usr/lib64/ssh", "/usr/libexec"} {
		out = append(out, path.Join(dir, "sshd-session"), path.Join(dir, "sshd-auth"))
	}
	return out
}

// Gather reads the files, and the programs only if the files contain rules. one is the person
// whose sign-in is examined; nil: everybody.
func Gather(h *host.Host, arc bool, one *gate.Somebody) Facts {
	f := Facts{Lists: map[string]string{}, Arc: arc, One: one}
	f.Allow, f.Deny = f.read(h, AllowFile), f.read(h, DenyFile)
	if len(f.Allow) == 0 && len(f.Deny) == 0 && f.Err == nil {
		return f
	}
	var unread error
	f.Obeyed, unread = obeying(h.Open)
	if f.Obeyed == "" {
		f.Err = unread // where it is nil, the files have no effect
		return f
	}
	for _, r := range slices.Concat(f.Allow, f.Deny) {
		for _, w := range append(r.Daemons.words(), r.Clients.words()...) {
			if strings.HasPrefix(w, "/") {
				f.list(h, w)
			}
		}
	}
	return f
}

// obeying is the first program that is linked with libwrap, and the first error by which
// it is not known of one that is there.
func obeying(open func(path string) (*host.Parts, error)) (found string, unread error) {
	for _, p := range programs() {
		program, err := open(p)
		if err != nil {
			if unread == nil && fault.Unreadable(err) {
				unread = err
			}
			continue
		}
		libraries, _ := elf.Needs(program)
		program.Close()
		if slices.ContainsFunc(libraries, func(l string) bool { return strings.HasPrefix(l, "libwrap.so") }) {
			return p, nil
		}
	}
	return "", unread
}

func (f *Facts) read(h *host.Host, name string) []Rule {
	text, err := h.ReadFile(name, 1<<20)
	if err != nil {
		if !errors.Is(err, fs.ErrNotExist) {
			f.Err = err
		}
		return nil
	}
	return Parse(name, string(text))
}

func (f *Facts) list(h *host.Host, name string) {
	text, err := h.ReadFile(name, 1<<20)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		f.Err = fmt.Errorf("%s: %w", name, err)
	}
	f.Lists[name] = string(text)
}
