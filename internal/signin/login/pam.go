package login

import (
	"cmp"
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"

	"aadssh/internal/check"
	"aadssh/internal/host"
	"aadssh/internal/signin/gate"
	"aadssh/internal/signin/pam"
	"aadssh/internal/signin/sudo"
	"aadssh/internal/text"
)

// PAMModule is the package's module.
const PAMModule = pam.Own

// PAM is the result of sshd's PAM stacks for a person who signs in for the first time.
type PAM struct {
	File    string       // the service file; "" if there is none
	Account string       // the file in which the account line belongs
	Broken  *pam.Problem // why libpam rejects everything
	// Auth and Line are the module's first lines in the auth and account stacks; nil if it
	// has none there.
	Auth, Line *pam.Rule
	One        *gate.Somebody // the person whose sign-in is examined; nil: everybody of the directory
	// Evaluated has the results of the account and session stacks for each of gate.People,
	// in that order; for One, twice the same.
	Evaluated map[pam.Stack][]pam.Outcome
	Path      pam.Setting // the line because of which people's programs do not run; no File: there is none
	Sudo      *pam.Reason // why sudo rejects people whom sshd accepts; nil if it does not
	// Foreseen is the result of the account stack once the package has added its line, if
	// that is missing; otherwise nil.
	Foreseen *gate.Answer
	// Unused is the first line for the module in a file that sshd's stack does not include,
	// for example system-auth.
	Unused string
	// First is the first line of the account and auth stacks in the file in which the
	// module's line belongs; 0 if that has none of its own.
	First map[string]int
	// Renamed is how to make sshd use its own service again; "" if it does.
	Renamed string
	// Profile is the package's profile for pam-auth-update, if enabling one is known to
	// work; otherwise "".
	Profile string
	Tool    string // the program that writes the PAM files of this family: "pam-auth-update", "authselect", "pam-config"; "" if none does
}

// PAMService is the service name with which sshd calls PAM, unless PAMServiceName is set
// (OpenSSH 9.8 and later).
const PAMService = "sshd"

// other is the file that PAM reads for a service without one.
const other = "/etc/pam.d/other"

// GatherPAM reads the stacks of a service. rules say what sudo asks of PAM.
func GatherPAM(h *host.Host, service string, one *gate.Somebody, rules *sudo.Answer, mounts host.Mounts) PAM {
	m := PAMMachine(h, service, mounts)
	s := pam.Load(m)
	p := PAM{One: one, File: cmp.Or(s.File, other), Account: s.Account(), Broken: s.Broken(), Evaluated: map[pam.Stack][]pam.Outcome{}}
	if r, ok := s.Holds(pam.Auth); ok {
		p.Auth = &r
	}
	if r, ok := s.Holds(pam.Account); ok {
		p.Line = &r
	}
	for _, stack := range []pam.Stack{pam.Account, pam.Session} {
		for _, who := range gate.People() {
			if one != nil { // the one person stands for both kinds
				p.Evaluated[stack] = append(p.Evaluated[stack], s.EvaluateOne(stack, *one))
				continue
			}
			p.Evaluated[stack] = append(p.Evaluated[stack], s.Evaluate(stack, who))
		}
	}
	p.Foreseen = p.foresee(&m)
	p.Path, p.Sudo = s.Path(), ofSudo(m, s.Files(), rules, &p.Evaluated[pam.Session][0].Powerless)
	if p.Auth == nil || p.Line == nil {
		p.Unused = unusedPAM(h, m, s.Files())
	}
	for _, tool := range []string{"pam-auth-update", "pam-config", "authselect"} {
		if p.Tool == "" && (h.Exists("/usr/sbin/"+tool) || h.Exists("/usr/bin/"+tool)) {
			p.Tool = tool
		}
	}
	p.First = map[string]int{}
	for _, stack := range []pam.Stack{pam.Auth, pam.Account} {
		for _, r := range s.Rules(stack) {
			if r.File == p.target(string(stack)) && p.First[string(stack)] == 0 {
				p.First[string(stack)] = r.Line
			}
		}
	}
	if p.Tool == "pam-auth-update" && (p.Auth == nil || p.Line == nil) {
		p.Profile = profile(h)
	}
	return p
}

// foresee evaluates the account stack with the package's line at the beginning of the file
// in which it belongs, and with the module installed, if the line is missing there.
func (p *PAM) foresee(m *pam.Machine) *gate.Answer {
	if p.Line != nil || p.Broken != nil {
		return nil
	}
	with, file := *m, p.target(string(pam.Account))
	with.File = func(name string) gate.File {
		f := m.File(name)
		if name == file {
			rest := string(f.Text)
			if strings.HasPrefix(rest, "#") { // it replaces that line, so that the numbers stay
				_, rest, _ = strings.Cut(rest, "\n")
			}
			f.Text = []byte("account sufficient " + PAMModule + "\n" + rest)
		}
		return f
	}
	with.Module = func(name string) gate.File {
		f := m.Module(name)
		if f.Missing() && path.Base(name) == PAMModule {
			f = m.Module(path.Join(path.Dir(name), "pam_unix.so"))
		}
		return f
	}
	s := pam.Load(with)
	line, ok := s.Holds(pam.Account)
	if !ok {
		return nil
	}
	of := []pam.Outcome{s.Evaluate(pam.Account, gate.Human), s.Evaluate(pam.Account, gate.Service)}
	then := PAM{File: p.File, Account: p.Account, One: p.One, Line: &line, Evaluated: map[pam.Stack][]pam.Outcome{pam.Account: of}}
	a := then.assessAccount()
	return &a
}

// ofSudo is why sudo rejects people: because of its own stacks, by something that is in
// none of sshd's files, or because of a limit that sshd's session has set.
func ofSudo(m pam.Machine, sshd []string, rules *sudo.Answer, powerless *pam.Problem) *pam.Reason {
	m.Service = cmp.Or(rules.PAM.Text, "sudo")
	s := pam.Load(m)
	if b := s.Broken(); b != nil {
		if slices.Contains(sshd, b.File) {
			return nil
		}
		return &pam.Reason{Rule: pam.Rule{File: b.File, Line: b.Line}, Text: b.Text, Next: b.Remedy()}
	}
	var asked []pam.Stack
	if rules.Account {
		asked = append(asked, pam.Account)
	}
	if rules.Session {
		asked = append(asked, pam.Session)
	}
	for _, stack := range asked {
		o := s.Evaluate(stack, gate.People()[0])
		if stack == pam.Session { // it is that of the command's user (sudo_pam_begin_session in sudo's pam.c)
			o = s.EvaluateOne(stack, gate.Root())
		}
		if o.Access == pam.Out && !o.Mild && !slices.Contains(sshd, o.Reasons[0].File) {
			return &o.Reasons[0]
		}
	}
	if powerless.File == "" {
		return nil
	}
	return &pam.Reason{Rule: pam.Rule{File: powerless.File, Line: powerless.Line}, Text: "nonewprivs keeps it from becoming root",
		Next: fmt.Sprintf("Change the line, or comment it out, as root: "+text.Edit+" -e '%ds/^/#/' %s", powerless.Line, text.Quote(powerless.File))}
}

// profile finds the package's own profile. Releases before 2019 cannot enable one that was
// once removed.
func profile(h *host.Host) string {
	program, err := h.ReadFile("/usr/sbin/pam-auth-update", 1<<20)
	if err != nil || !strings.Contains(string(program), "--enable") {
		return ""
	}
	for _, file := range h.Glob("/usr/share/pam-configs/*") {
		if text, err := h.ReadFile(file, 1<<20); err == nil && strings.Contains(string(text), PAMModule) {
			return path.Base(file)
		}
	}
	return ""
}

// unusedPAM is the place of the module in a file that sshd does not include.
func unusedPAM(h *host.Host, m pam.Machine, used []string) string {
	for _, file := range h.Glob("/etc/pam.d/*") {
		if slices.Contains(used, file) {
			continue
		}
		number := 0
		for _, line := range text.SplitLines(string(m.File(file).Text)) {
			number++
			if line, _, _ = strings.Cut(line, "#"); strings.Contains(line, PAMModule) {
				return file + ":" + strconv.Itoa(number)
			}
		}
	}
	return ""
}

// renamed is an answer about the stacks of a service other than sshd's own: the next step
// is to undo that setting.
func (p *PAM) renamed(a gate.Answer) gate.Answer {
	if p.Renamed != "" && (a.Outcome != gate.In || a.Remark) {
		a.Part, a.Next = check.NoPart, p.Renamed
	}
	return a
}

// assessAuth: sshd uses this stack for passwords, not for certificates.
func (p *PAM) assessAuth() gate.Answer {
	a := gate.Answer{Part: check.Scripts}
	if p.Auth != nil {
		a.File, a.Line = p.Auth.File, p.Auth.Line
		a.Text = PAMModule + " is in sshd's auth stack (" + p.Auth.Place() + ")."
		return a
	}
	a.File, a.Remark, a.Next = p.File, true, p.remedy("auth")
	a.Text = PAMModule + " is not in sshd's PAM auth stack (" + p.File + "): certificates work, other ways to sign in with Entra ID do not."
	return a
}

func (p *PAM) assessAccount() gate.Answer {
	a := gate.Answer{}
	switch {
	case p.Broken != nil:
		a.Outcome, a.File, a.Line = gate.Out, p.Broken.File, p.Broken.Line
		a.Text = "PAM gives sshd's stacks up, so nobody gets in: " + p.Broken.Text + " (" + place(p.Broken.File, p.Broken.Line) + ")."
		a.Next = p.Broken.Remedy()
		return a
	case p.Line == nil:
		if o := p.Evaluated[pam.Account]; len(o) > 0 && o[0].Access == pam.NotKnown && len(o[0].Reasons) > 0 && o[0].Reasons[0].Module == "" {
			return p.evaluated(a, pam.Account) // the files could not be evaluated
		}
		a.Outcome, a.File = gate.Out, p.File
		if p.Tool != "pam-auth-update" || path.Base(p.Account) == "common-account" { // otherwise it writes a file that sshd does not include
			a.Part = check.Scripts
		}
		a.Text = PAMModule + " is not in sshd's PAM account stack (" + p.File + "), so nobody's role is checked and no account is made."
		a.Next = p.remedy("account")
		return a
	}
	a.File, a.Line = p.Line.File, p.Line.Line
	a.Text = PAMModule + " is in sshd's account stack (" + p.Line.Place() + "), and nothing there keeps people out."
	a = p.evaluated(a, pam.Account)
	o := p.Evaluated[pam.Account][gate.Human]
	if a.Outcome == gate.Out && a.Whom == "" || !o.Unasked {
		return a
	}
	// People sign in without a check of their role.
	a.File, a.Line, a.Next = o.Ender.File, o.Ender.Line, o.Ender.Next
	if o.Always && o.Access != pam.In {
		// Whatever is unknown there: nobody signs in as they should.
		a.Outcome, a.Whom, a.File, a.Line, a.Next = gate.Out, "", o.Keeper.File, o.Keeper.Line, o.Keeper.Next
		a.Text = "PAM's account stack keeps people out: " + o.Keeper.Text + " (" + o.Keeper.Place() + "); whom it lets in, it does not ask " + PAMModule + " about."
		return a
	}
	if o.Always {
		a.Outcome, a.Whom = gate.Out, ""
		a.Text = path.Base(o.Ender.Module) + " at " + o.Ender.Place() + " ends sshd's account stack before " + PAMModule + " (" + p.Line.Place() + ") is asked, so people get in whatever their role is."
		return a
	}
	if a.Outcome == gate.In {
		a.Remark = true
		a.Text = path.Base(o.Ender.Module) + " at " + o.Ender.Place() + " may end sshd's account stack before " + PAMModule + " (" + p.Line.Place() + ") is asked, so some people get in whatever their role is."
	}
	return a
}

func (p *PAM) assessSession() gate.Answer {
	a := gate.Answer{Text: "Nothing in sshd's PAM session stack keeps people out.", File: p.File}
	if p.Broken != nil {
		return a // already reported
	}
	a = p.evaluated(a, pam.Session)
	if a.Outcome == gate.In && p.Path.File != "" {
		a.Outcome, a.File, a.Line = gate.NotKnown, p.Path.File, p.Path.Line
		if p.Path.Line == 0 {
			a.Decides, a.Text, a.Next = a.File, p.Path.Text+".", gate.Away(a.File)
			return a
		}
		a.Decides = "the " + p.Path.Name + " at " + place(a.File, a.Line)
		a.Text = "People's commands do not run: " + a.Decides + " " + p.Path.Text + "."
		a.Next = fmt.Sprintf("Run: sudo "+text.Edit+" -e '%ds/^/#/' %s", a.Line, text.Quote(a.File))
		if p.Path.Name == "PATH" {
			a.Next = fmt.Sprintf(`Add them, run: sudo `+text.Edit+` -e '%ds,="*,&%s:,g' %s`, a.Line, gate.UsualPath, text.Quote(a.File))
		}
	}
	return a
}

// evaluated is the result of a stack for people and, if they pass, for service principals.
func (p *PAM) evaluated(a gate.Answer, stack pam.Stack) gate.Answer {
	of := p.Evaluated[stack]
	if len(of) == 0 {
		return a
	}
	who, o := gate.Human, of[gate.Human]
	if o.Access == pam.In {
		if who, o = gate.Service, of[gate.Service]; o.Access == pam.In {
			return a
		}
	}
	first := o.Reasons[0]
	a.File, a.Line, a.Next = first.File, first.Line, first.Next
	if first.Data.File != "" {
		a.File, a.Line = first.Data.File, first.Data.Line
	}
	whom := "people who sign in with Entra ID"
	switch {
	case p.One != nil:
		whom = p.One.Name
	case who == gate.Service:
		whom = who.String()
	}
	switch o.Access {
	case pam.Out:
		a.Outcome = gate.Out
		a.Text = "PAM's " + string(stack) + " stack keeps out " + whom + ": " + first.Text + " (" + first.Place() + ")."
		if who == gate.Service {
			a.Whom = whom
		}
	case pam.Partly:
		a.Outcome = gate.Out
		a.Whom = "those whom " + path.Base(first.Module) + " keeps out (" + place(a.File, a.Line) + ")"
		a.Text = "PAM's " + string(stack) + " stack keeps out some: " + first.Text + " (" + first.Place() + ")."
	default:
		a.Outcome, a.Decides = gate.NotKnown, deciders(o.Reasons)
		a.Text = "Whether PAM's " + string(stack) + " stack lets in " + whom + " is not known: " + first.Text + " (" + first.Place() + ")."
	}
	return a
}

// deciders names the deciding lines, for a sentence.
func deciders(all []pam.Reason) string {
	const most = 3
	var words []string
	for i, r := range all {
		name := path.Base(r.Module)
		if r.Module == "" {
			name = "a line of PAM"
		}
		if i == most {
			return strings.Join(words, ", ") + " and " + strconv.Itoa(len(all)-most) + " more"
		}
		words = append(words, name+" ("+r.Place()+")")
	}
	return strings.Join(words, ", ")
}

func place(file string, line int) string {
	if line == 0 {
		return file
	}
	return file + ":" + strconv.Itoa(line)
}
