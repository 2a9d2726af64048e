package sshd

import (
	"io/fs"
	"path"
	"strconv"
	"strings"

	"aadssh/internal/check"
	"aadssh/internal/signin/gate"
)

// chroot is the folder that sessions are confined to; "" if there is none. The tokens for
// the user (%u) and the home folder (%h) are replaced.
func chroot(e *Effective) string {
	dir := e.Value("chrootdirectory")
	if dir == "" || dir == "none" || path.Clean(dir) == "/" {
		return ""
	}
	home := "/home/" + strings.SplitN(e.Conn.User, "@", 2)[0]
	if e.Conn.Account.Known {
		home = e.Conn.Account.Home
	}
	return strings.NewReplacer("%%", "%", "%u", e.Conn.User, "%h", home).Replace(dir)
}

func askChroot(f *Facts, e *Effective) check.Result {
	dir := chroot(e)
	if dir == "" {
		return pass("Sessions of %s see the machine's own files.", f.whom())
	}
	shown := e.Value("chrootdirectory")
	w := locate(f, e, "chrootdirectory", shown)
	p := f.Places[dir]
	why := ""
	switch {
	case p.Missing:
		why = dir + " does not exist"
	case p.Err != nil:
		return unsure(w, "ChrootDirectory"+w.at(),
			dir+", which ChrootDirectory names"+w.at()+", could not be seen: "+p.Err.Error(), "See why: ls -ld "+quote(dir))
	case p.Unsafe != "":
		why = p.Unsafe
	case !p.Shell:
		why = "no shell is in it"
	default:
		return unsure(w, "what is in "+dir+" (ChrootDirectory"+w.at()+")",
			"ChrootDirectory "+shown+" shuts "+f.whom()+" into a folder"+w.at()+"; whether their session works there is not known.", w.undo(f))
	}
	return shut(w, "ChrootDirectory "+shown+" ends every session of "+f.who("an Entra ID user")+w.at()+": "+why+".", w.undo(f))
}

// askSessions: MaxSessions 0 allows only forwarding, and sshd waits for the end of sshrc.
func askSessions(f *Facts, e *Effective) check.Result {
	if f.Places[sessionScript].Mode&fs.ModeNamedPipe != 0 {
		return shut(&where{}, "sshd"+gate.Waiting(sessionScript)+", before each session.", gate.Away(sessionScript))
	}
	got := e.Value("maxsessions")
	if n, err := strconv.Atoi(got); err != nil || n > 0 {
		if line := f.Places[sessionScript].Holds; line > 0 {
			return check.Result{Answer: check.Unknown, File: sessionScript, Decides: "what " + sessionScript + " does (line " + strconv.Itoa(line) + ")",
				Text: "sshd runs " + sessionScript + " before each session and waits for its end; whether it comes to one is not known (line " + strconv.Itoa(line) + ").",
				Next: "Try it as somebody: sudo -u nobody timeout 10 sh " + sessionScript + "; to have it run no more: sudo mv " + sessionScript + " " + sessionScript + ".off"}
		}
		return f.askPath(e)
	}
	w := locate(f, e, "maxsessions", got)
	return shut(w, "MaxSessions is "+got+w.at()+": nobody gets a shell.", w.undo(f))
}

// askPath: SetEnv overrides everything else in the environment (do_setup_env in OpenSSH's
// session.c).
func (f *Facts) askPath(e *Effective) check.Result {
	found := pass("Sessions are allowed.")
	for _, one := range e.List("setenv") {
		name, value, _ := strings.Cut(one, "=")
		if why := gate.Prevents(name, value); why != "" {
			w := locate(f, e, "setenv", "")
			decides := "the " + name + " that SetEnv gives" + w.at()
			found = shut(w, "Commands do not run: "+decides+" "+why+".", w.undo(f))
			found.Answer, found.Decides = check.Unknown, decides
		}
	}
	return found
}

// askStartups: MaxStartups "start:rate:full" limits the connections that are not
// authenticated yet, whoever opened them.
func askStartups(f *Facts, e *Effective) check.Result {
	if n, err := strconv.Atoi(e.Value("persourcemaxstartups")); err == nil && n < 1 {
		w := locate(f, e, "persourcemaxstartups", "")
		return shut(w, "PerSourceMaxStartups is "+strconv.Itoa(n)+w.at()+": every connection is refused.", globally(f, w))
	}
	if found, some := f.askSources(e); some {
		return found
	}
	got := e.Value("maxstartups")
	parts := strings.Split(got, ":")
	start, err := strconv.Atoi(parts[0])
	full, refuses := start, true
	if len(parts) == 3 && err == nil {
		full, err = strconv.Atoi(parts[2])
		refuses = parts[1] != "0"
	}
	if err != nil || full > 2 && (!refuses || start > 2 || parts[len(parts)/2] != "100") {
		return pass("MaxStartups is %s.", got)
	}
	w := locate(f, e, "maxstartups", "")
	return unsure(w, "who else connects (MaxStartups"+w.at()+")",
		"MaxStartups is "+got+w.at()+": one or two connections that do not sign in keep everybody else out.", globally(f, w))
}

// askSources: with a block size of 0 all addresses of a family are one source, so what
// one does counts for everybody: the connections that have not signed in
// (PerSourceMaxStartups), and what PerSourcePenalties, of OpenSSH 9.8 and later, keeps out.
func (f *Facts) askSources(e *Effective) (found check.Result, some bool) {
	four, six, _ := strings.Cut(e.Value("persourcenetblocksize"), ":")
	if four != "0" && six != "0" {
		return found, false
	}
	w, what := locate(f, e, "persourcenetblocksize", ""), ""
	switch n, err := strconv.Atoi(e.Value("persourcemaxstartups")); {
	case err == nil && n <= 2:
		what = "one or two connections that do not sign in keep everybody else out (PerSourceMaxStartups " + strconv.Itoa(n) + ")"
	case e.Has("persourcepenalties") && e.Value("persourcepenalties") != "no":
		what = "a sign-in that fails keeps everybody else out for a time (PerSourcePenalties)"
	default:
		return found, false
	}
	return unsure(w, "who else connects (PerSourceNetBlockSize"+w.at()+")",
		"PerSourceNetBlockSize is "+e.Value("persourcenetblocksize")+w.at()+": all addresses are one source, and "+what+".", globally(f, w)), true
}

// globally is the next step for a directive that is not allowed in a Match block.
func globally(f *Facts, w *where) string {
	if w.found && !w.option {
		return disable(f, w.Directive)
	}
	return w.undo(f)
}

// shortGrace is how long a sign-in may take, in seconds: the certificate handler and the
// role check send requests over the network.
const shortGrace = 5

func askGrace(f *Facts, e *Effective) check.Result {
	for _, keyword := range opened() {
		if name := e.Value(keyword); f.Places[name].Mode&fs.ModeNamedPipe != 0 {
			w := locate(f, e, keyword, name)
			return shut(w, "sshd"+gate.Waiting(name)+w.at()+", until the time to sign in is over.", gate.Away(name))
		}
	}
	n, err := strconv.Atoi(e.Value("logingracetime"))
	if err != nil || n == 0 || n >= shortGrace {
		return pass("There is time to sign in.")
	}
	w := locate(f, e, "logingracetime", "")
	return unsure(w, "how fast a sign-in is (LoginGraceTime"+w.at()+")",
		"LoginGraceTime is "+strconv.Itoa(n)+" s"+w.at()+", in which the certificate handler and the check of the role must have their answers from the network.", globally(f, w))
}
