package login

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"

	"aadsshlogin-handler/internal/host"
	"aadsshlogin-handler/internal/signin/sshd"
)

// PAMModule is the package's module.
const PAMModule = "pam_aad.so"

// pamDirs are where libpam looks for a service, in this order (pam.conf(5);
// the second is openSUSE's and SLES 16's, the third Linux-PAM's vendor folder).
func pamDirs() []string { return []string{"/etc/pam.d", "/usr/etc/pam.d", "/usr/lib/pam.d"} }

// PAMRule is one line of a PAM stack, in the order in which libpam runs them.
type PAMRule struct {
	File    string
	Line    int
	Stack   string // "auth", "account", "password" or "session"
	Control string // "required", "[default=die success=done]", ...
	Module  string // as written, with or without its folder
	Args    []string
}

// Is says whether the rule runs a module, whatever folder it is named with.
func (r PAMRule) Is(module string) bool { return path.Base(r.Module) == module }

// PAM is sshd's PAM stacks with everything that they include.
type PAM struct {
	File  string    // the service file; "" where there is none
	Rules []PAMRule // of the auth and account stacks
	Err   error     // a file could not be read: rules may be missing above
	// Unused is the first line for the module in a file that sshd's stack does
	// not include, for example common-auth under another name.
	Unused string
}

// maxPAMDepth is how deep includes are followed; libpam stops at 32
// (PAM_SUBSTACK_MAX_LEVEL is 16).
const maxPAMDepth = 16

// maxPAMFiles bounds how many files are read for a stack: files that include
// each other several times would grow with every level.
const maxPAMFiles = 200

func lookPAM(h *host.Host) PAM {
	r := &pamReader{h: h}
	for _, stack := range []string{"auth", "account"} {
		r.service("sshd", stack, 0)
	}
	p := PAM{Rules: r.rules, Err: r.err}
	if file, _, err := r.find("sshd"); err == nil {
		p.File = file
	}
	if !p.has("auth") || !p.has("account") {
		p.Unused = unusedPAM(h, r.seen)
	}
	return p
}

func (p PAM) has(stack string) bool {
	return slices.ContainsFunc(p.Rules, func(r PAMRule) bool { return r.Stack == stack && r.Is(PAMModule) })
}

type pamReader struct {
	h     *host.Host
	rules []PAMRule
	seen  []string
	files int // read so far
	err   error
}

// find reads a service file: an absolute path as it is, a name from the first
// folder that has it.
func (r *pamReader) find(name string) (file string, text []byte, err error) {
	if path.IsAbs(name) {
		text, err = r.h.ReadFile(name, 1<<20)
		return name, text, err
	}
	err = fs.ErrNotExist
	for _, dir := range pamDirs() {
		file = path.Join(dir, name)
		if text, err = r.h.ReadFile(file, 1<<20); err == nil || !errors.Is(err, fs.ErrNotExist) {
			return file, text, err
		}
	}
	return "/etc/pam.d/" + name, nil, err
}

func (r *pamReader) service(name, stack string, depth int) {
	if r.files++; depth > maxPAMDepth || r.files > maxPAMFiles {
		r.fail(fmt.Errorf("%s: included too deeply", name))
		return
	}
	file, text, err := r.find(name)
	if err != nil {
		r.fail(fmt.Errorf("read %s: %w", file, err))
		return
	}
	if !slices.Contains(r.seen, file) {
		r.seen = append(r.seen, file)
	}
	for _, rule := range ParsePAM(file, text) {
		switch {
		case rule.Stack == "": // "@include FILE": every stack of that file (Debian's addition)
			r.service(rule.Module, stack, depth+1)
		case rule.Stack != stack:
		case rule.Control == "include" || rule.Control == "substack":
			r.service(rule.Module, stack, depth+1)
		default:
			r.rules = append(r.rules, rule)
		}
	}
}

func (r *pamReader) fail(err error) {
	if r.err == nil {
		r.err = err
	}
}

// ParsePAM reads one service file as pam.conf(5) describes it: '#' begins a
// comment, a backslash at the end joins lines, a '-' before the type silences
// a missing module, and a control may be a list in brackets. It takes any
// input; a line that libpam could not read either is left out. For "@include"
// the rule has no Stack and Module is the file.
func ParsePAM(file string, text []byte) []PAMRule {
	var out []PAMRule
	number, first, pending := 0, 0, ""
	for line := range strings.Lines(string(text)) {
		number++
		if i := strings.IndexByte(line, '#'); i >= 0 {
			line = line[:i]
		}
		line = strings.TrimRight(line, " \t\r\n")
		if pending == "" {
			first = number
		}
		if joined, ok := strings.CutSuffix(line, `\`); ok && len(pending) < 1<<16 {
			pending += joined + " "
			continue
		}
		if rule, ok := parsePAMRule(pending + line); ok {
			rule.File, rule.Line = file, first
			out = append(out, rule)
		}
		pending = ""
	}
	if rule, ok := parsePAMRule(pending); ok {
		rule.File, rule.Line = file, first
		out = append(out, rule)
	}
	return out
}

func parsePAMRule(line string) (PAMRule, bool) {
	stack, rest := nextField(line)
	if stack == "@include" {
		name, _ := nextField(rest)
		return PAMRule{Module: name}, name != ""
	}
	r := PAMRule{Stack: strings.ToLower(strings.TrimPrefix(stack, "-"))}
	if !slices.Contains([]string{"auth", "account", "password", "session"}, r.Stack) {
		return PAMRule{}, false
	}
	rest = strings.TrimLeft(rest, " \t")
	if strings.HasPrefix(rest, "[") {
		end := strings.IndexByte(rest, ']')
		if end < 0 {
			return PAMRule{}, false
		}
		r.Control, rest = strings.Join(strings.Fields(rest[:end+1]), " "), rest[end+1:]
	} else {
		r.Control, rest = nextField(rest)
		r.Control = strings.ToLower(r.Control)
	}
	r.Module, rest = nextField(rest)
	r.Args = strings.Fields(rest)
	return r, r.Module != ""
}

func nextField(s string) (field, rest string) {
	s = strings.TrimLeft(s, " \t")
	if i := strings.IndexAny(s, " \t"); i >= 0 {
		return s[:i], s[i:]
	}
	return s, ""
}

// unusedPAM is where the module stands in a file that sshd does not include.
func unusedPAM(h *host.Host, used []string) string {
	for _, file := range h.Glob("/etc/pam.d/*") {
		if slices.Contains(used, file) {
			continue
		}
		text, err := h.ReadFile(file, 1<<20)
		if err != nil {
			continue
		}
		for _, rule := range ParsePAM(file, text) {
			if rule.Is(PAMModule) {
				return fmt.Sprintf("%s:%d", rule.File, rule.Line)
			}
		}
	}
	return ""
}

func (p PAM) assess() []Finding {
	return []Finding{p.assessStack("pam-auth", "auth"), p.assessStack("pam-account", "account")}
}

// assessStack: the module must be there, and nothing before it may end the
// stack for somebody whom only the module knows.
func (p PAM) assessStack(name, stack string) Finding {
	f := Finding{Name: name, Package: true}
	var before []PAMRule
	for _, r := range p.Rules {
		if r.Stack != stack {
			continue
		}
		if r.Is(PAMModule) {
			f.File, f.Line = r.File, r.Line
			f.Text = fmt.Sprintf("%s is in sshd's %s stack (%s:%d).", PAMModule, stack, r.File, r.Line)
			if d, ok := barrier(before); ok {
				f.Answer, f.Package, f.File, f.Line = sshd.Warn, false, d.File, d.Line
				f.Text = fmt.Sprintf("%s at %s:%d ends sshd's %s stack before %s (%s:%d) is asked.", path.Base(d.Module), d.File, d.Line, stack, PAMModule, r.File, r.Line)
				f.Next = fmt.Sprintf("Move the line of %s above it, or remove it.", PAMModule)
			}
			return f
		}
		before = append(before, r)
	}
	if p.Err != nil {
		f.Answer, f.Text = sshd.Unknown, "sshd's PAM stack could not be read: "+p.Err.Error()
		f.Next = "Make the file readable again, or reinstall openssh-server and libpam."
		f.Package = false
		return f
	}
	f.Answer, f.File = sshd.Fail, p.File
	f.Text = fmt.Sprintf("%s is not in sshd's PAM %s stack (%s), so nobody's role is checked and no account is made.", PAMModule, stack, p.File)
	if stack == "auth" {
		// sshd asks this stack for passwords, not for certificates.
		f.Answer = sshd.Warn
		f.Text = fmt.Sprintf("%s is not in sshd's PAM auth stack (%s): certificates work, other ways to sign in with Entra ID do not.", PAMModule, p.File)
	}
	f.Next = remedyPAM(p)
	return f
}

// barrier finds a pam_deny that everybody reaches before the module. Rules that
// another one may jump over are left out: whether it does depends on the user.
func barrier(before []PAMRule) (PAMRule, bool) {
	skip := 0
	for _, r := range before {
		n := jump(r.Control)
		if skip > 0 {
			skip = max(skip-1, n)
			continue
		}
		skip = n
		if r.Is("pam_deny.so") && (r.Control == "requisite" || r.Control == "required") {
			return r, true
		}
	}
	return PAMRule{}, false
}

// jump is the largest number of rules that a bracketed control may skip.
func jump(control string) int {
	most := 0
	for _, f := range strings.Fields(strings.Trim(control, "[]")) {
		_, action, _ := strings.Cut(f, "=")
		n := 0
		for _, c := range []byte(action) {
			if c < '0' || c > '9' || n > 1000 {
				n = 0
				break
			}
			n = n*10 + int(c-'0')
		}
		most = max(most, n)
	}
	return most
}

func remedyPAM(p PAM) string {
	switch {
	case p.Unused != "":
		return fmt.Sprintf("It stands in %s, which %s does not include: include that file again, or reinstall the package aadsshlogin.", p.Unused, p.File)
	case slices.ContainsFunc(p.Rules, func(r PAMRule) bool { return strings.HasPrefix(path.Base(r.File), "common-") }):
		return "Run: pam-auth-update --package; where it says \"Local modifications\", compare /etc/pam.d/common-* with pam-auth-update --force and take over your changes."
	}
	return reinstall
}
