package login

import (
	"bytes"
	"errors"
	"io/fs"
	"path"
	"strconv"
	"strings"
	"time"

	"aadssh/internal/check"
	"aadssh/internal/host"
)

// auditLog is the log of auditd; the part before the last rotation is in a file with ".1"
// appended (auditd.conf(5), log_file and max_log_file).
const auditLog = "/var/log/audit/audit.log"

// auditTail is how much is read from the end of the log, in bytes: some thousand records.
// Older records are ignored.
const auditTail = 1 << 20

// denialAge is the age of the oldest denial that counts. An older one has either been fixed
// or has happened again since.
const denialAge = 24 * time.Hour

// Denial is one access that SELinux denied, as the kernel logged it
// (security/selinux/avc.c, avc_audit_pre_callback and avc_audit_post_callback).
type Denial struct {
	_ [0]func() // never compared: no code for == is linked

	Time   time.Time
	Comm   string // the program, cut to 15 bytes by the kernel
	Wanted string // the permissions, separated by blanks
	Object string // name or path of the object; "" if it has none
	Port   string // of a connection
	Type   string // of the object
	Class  string // "file", "tcp_socket", ...
	Passed bool   // it was only logged, because the machine or the domain is permissive
}

// Denials are the recent ones that concern the product.
type Denials struct {
	Looked bool // the audit log could be read; otherwise there is no result
	Newest Denial
	Count  int // of those that are like Newest in being denied or only logged
}

// readDenials reads the end of the audit log, or nothing if SELinux is not active. A
// machine without auditd, or with a log that cannot be read, shows nothing about sign-in:
// that is no result, not an unknown one.
func readDenials(h *host.Host, s SELinux, now time.Time) Denials {
	if !s.Enabled {
		return Denials{}
	}
	text, err := h.ReadTail(auditLog, auditTail)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return Denials{}
	}
	older, olderErr := []byte(nil), error(nil)
	if room := auditTail - len(text); room > 0 {
		older, olderErr = h.ReadTail(auditLog+".1", int64(room))
	}
	if err != nil && olderErr != nil {
		return Denials{}
	}
	return parseDenials(append(older, text...), s.Enforcing, now)
}

// parseDenials finds the newest denial that concerns the product. A policy that was loaded
// since, for example with a new module, decides anew: denials before it mean nothing. It
// accepts any input.
func parseDenials(log []byte, enforcing bool, now time.Time) Denials {
	found := Denials{Looked: true}
	for line := range bytes.Lines(log) {
		kind, at, text, ok := auditRecord(string(line))
		if age := now.Sub(at); !ok || age > denialAge || age < -time.Hour { // a clock that was set back
			continue
		}
		switch kind {
		case "MAC_POLICY_LOAD", "SYSTEM_BOOT":
			found = Denials{Looked: true}
		case "AVC":
			d, ok := parseDenial(text, enforcing)
			switch {
			case !ok || !d.ours() || found.Count > 0 && d.Passed && !found.Newest.Passed:
				continue
			case d.Passed != found.Newest.Passed:
				found.Count = 0
			}
			d.Time = at
			found.Newest = d
			found.Count++
		}
	}
	return found
}

// auditRecord splits a line of the log: `type=AVC msg=audit(1543482340.599:285): text`. It
// may be preceded by "node=NAME ", and followed, after a group separator, by the same in
// words (auditd.conf(5), name_format and log_format).
func auditRecord(line string) (kind string, at time.Time, text string, ok bool) {
	line, _, _ = strings.Cut(line, "\x1d")
	head, text, ok := strings.Cut(line, "): ")
	if !ok {
		return "", at, "", false
	}
	head, stamp, ok := strings.Cut(head, " msg=audit(")
	if !ok {
		return "", at, "", false
	}
	kind, ok = strings.CutPrefix(head[strings.LastIndexByte(head, ' ')+1:], "type=")
	whole, _, _ := strings.Cut(stamp, ".")
	seconds, err := strconv.ParseInt(whole, 10, 64)
	return kind, time.Unix(seconds, 0), text, ok && err == nil && seconds > 0
}

// parseDenial parses `avc:  denied  { execute } for  pid=1 comm="sshd" name="x" ...`. Old
// kernels do not say whether it was only logged; then the machine's mode decides.
func parseDenial(text string, enforcing bool) (d Denial, ok bool) {
	before, rest, _ := strings.Cut(text, "{")
	wanted, rest, closed := strings.Cut(rest, "}")
	words := strings.Fields(before)
	if !closed || len(words) != 2 || words[0] != "avc:" || words[1] != "denied" {
		return d, false
	}
	d.Wanted, d.Passed = shown(strings.Join(strings.Fields(wanted), " ")), !enforcing
	for _, field := range strings.Fields(rest) {
		name, value, _ := strings.Cut(field, "=")
		value = shown(strings.Trim(value, `"`))
		switch name {
		case "comm":
			d.Comm = value
		case "name", "path":
			d.Object = value
		case "dest":
			d.Port = value
		case "tcontext": // user:role:type:level
			if parts := strings.SplitN(value, ":", 4); len(parts) > 2 {
				d.Type = parts[2]
			}
		case "tclass":
			d.Class = value
		case "permissive":
			d.Passed = value == "1"
		}
	}
	return d, d.Comm != "" && d.Wanted != ""
}

// shown is a value from the log in a form that is safe to show: a program can choose the
// names of its files.
func shown(value string) string {
	const longest = 120
	value = strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' {
			return '?'
		}
		return r
	}, value)
	return value[:min(len(value), longest)]
}

// ours reports whether the denial concerns the product: its program, the file that was
// accessed, or the type that the package aadsshlogin-selinux gives its files. Other denials
// of sshd may be about anything.
func (d Denial) ours() bool {
	for _, name := range []string{"aad_certhandler", "aaduseradd", "aaduserdel", "aadsshlogin", "aadpasswd", PAMModule, nssLibrary} {
		if strings.HasPrefix(d.Comm, name) || strings.HasPrefix(path.Base(d.Object), name) {
			return true
		}
	}
	return strings.HasPrefix(d.Type, "aad")
}

// assess warns and never fails: the log does not show which denial ends a sign-in and which
// a program can do without.
func (d Denials) assess() []check.Result {
	if !d.Looked {
		return nil
	}
	f := check.Result{Text: "The audit log shows no recent denial of SELinux that names the sign-in programs."}
	if d.Count > 0 {
		n, times := d.Newest, "once"
		if d.Count > 1 {
			times = strconv.Itoa(d.Count) + " times"
		}
		f.Answer, f.File = check.Warn, auditLog
		f.Text = "SELinux denied " + n.access() + " (" + times + " in the last 24 hours, last at " + n.at() + "), which may end sign-in."
		if n.Passed {
			f.Text = "SELinux is permissive, and let pass what it denies when it is enforcing: " + n.access() + " (" + times + " in the last 24 hours, last at " + n.at() + ")."
		}
		f.Next = "See all: sudo ausearch -m avc -ts yesterday -c " + n.program() + ". Update or reinstall the package aadsshlogin-selinux with the machine's package manager (on RHEL 10 sshd runs in a domain that its first versions do not know), and run: restorecon -v " + certHandler + " " + addUser + ". Do not switch SELinux off."
	}
	return []check.Result{f}
}

func (d Denial) at() string { return d.Time.UTC().Format("2006-01-02 15:04 MST") }

// program is the name for ausearch, if it is safe in a command that people copy.
func (d Denial) program() string {
	if strings.Trim(d.Comm, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-") != "" {
		return path.Base(certHandler)
	}
	return d.Comm
}

// access says who tried to do what.
func (d Denial) access() string {
	object := "a " + d.Class
	if d.Object != "" {
		object = d.Object
	}
	if d.Port != "" {
		object += " to port " + d.Port
	}
	return d.Comm + " the access " + strconv.Quote(d.Wanted) + " to " + object + " of type " + d.Type
}
