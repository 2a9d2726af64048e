package sshd

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"strings"
	"syscall"

	"aadssh/internal/host"
	"aadssh/internal/signin/elf"
	"aadssh/internal/signin/gate"
	"aadssh/internal/text"
)

// Place is a file or folder that the configuration names.
type Place struct {
	_ [0]func() // never compared: no code for == is linked

	Missing bool
	Dir     bool
	Mode    fs.FileMode
	UID     uint32
	Unsafe  string // of a ChrootDirectory: why sshd rejects it or a folder above it
	Shell   bool   // of a ChrootDirectory: it contains the usual shell
	Starts  string // of a script: the program in its first line, if that is missing; empty: it is not, or it is no script
	Refused string // of sshd's own program: why the kernel does not start it; a part of a sentence
	Behind  string // of a program: what on the way to it prevents people from running it; a part of a sentence
	Session bool   // of a script: it uses what people asked for, or starts a shell
	Bad     string // of a list of revoked keys: why sshd cannot read it
	CA      fate   // of a list of revoked keys: whether it contains the authority of people's certificates
	Key     string // that authority's key as in the list; "" if the list is in binary format
	Handler bool   // of a program: it is CertHandler under another name
	Holds   int    // of sessionScript: the line that may take long or end more than the script; 0: none
	Err     error  // it could not be read
}

// Places are the files in the configuration that sshd needs only when somebody signs in, so
// that "sshd -t" does not report them as missing; by path.
type Places map[string]Place

// largestScript is how much is read of a program that people are forced to run, in bytes.
const largestScript = 64 << 10

// largestList is how much is read of a list of revoked keys, in bytes.
const largestList = 32 << 20

func gatherPlaces(ctx context.Context, h *host.Host, users []Effective) Places {
	p := Places{}
	if text, err := h.ReadFile(sessionScript, largestScript); err == nil {
		p[sessionScript] = Place{Holds: lineOf(text, holds())}
	} else if one := statPlace(h, sessionScript); one.Mode&fs.ModeNamedPipe != 0 {
		p[sessionScript] = one
	}
	for _, e := range users {
		for _, keyword := range opened() {
			if f := e.Value(keyword); path.IsAbs(f) {
				p[f] = statPlace(h, f)
			}
		}
		if f := e.Value("revokedkeys"); f != "" && f != "none" {
			p.add(f, func() Place { return readRevoked(ctx, h, f) })
		}
		for _, keyword := range ownPrograms() {
			if program := e.Value(keyword); program != "" {
				p.add(program, func() Place {
					own := statPlace(h, program)
					own.Refused = elf.NewLoader(h).Refused(program)
					return own
				})
			}
		}
		if program, _, _ := strings.Cut(e.Value("authorizedkeyscommand"), " "); path.IsAbs(program) && program != CertHandler {
			p.add(program, func() Place { return Place{Handler: sameFile(h, program, CertHandler)} })
		}
		if dir := chroot(&e); dir != "" {
			p.add(dir, func() Place { return statChroot(h, dir) })
		}
		if program := readForced(e.Value("forcecommand")).program; program != "" && !sftp(program) {
			p.add(program, func() Place { return findForced(h, program) })
		}
	}
	return p
}

// sameFile reports whether two paths lead to one file, through a link of either kind.
func sameFile(h *host.Host, a, b string) bool {
	var inodes [2]syscall.Stat_t
	for i, name := range [...]string{a, b} {
		info, err := h.Stat(name)
		if err != nil {
			return false
		}
		st, ok := info.Sys().(*syscall.Stat_t)
		if !ok {
			return false
		}
		inodes[i] = *st
	}
	return inodes[0].Ino == inodes[1].Ino && inodes[0].Dev == inodes[1].Dev
}

// isHandler reports whether a program is the package's, whatever its path.
func (f *Facts) isHandler(program string) bool {
	return program == CertHandler || f.Places[program].Handler
}

// sessionScript is run by sh, under the person's account, before each session, and sshd
// waits for its end; its exit code does not matter (do_rc_files in OpenSSH's session.c).
const sessionScript = "/etc/ssh/sshrc"

// holds matches commands that keep a script from ending, or end more than the script.
var holds = text.Pattern(`(^|[\s;&|({])(sleep\s+(\d\d+|\d+[mhd]|inf\w*)|while|until|wait|kill|pkill|killall|inotifywait|flock)\b`)

// lineOf is the first line that matches a pattern and is no comment; 0 if there is none.
func lineOf(text []byte, pattern *regexp.Regexp) int {
	number := 0
	for line := range bytes.Lines(text) {
		number++
		if !bytes.HasPrefix(bytes.TrimSpace(line), []byte("#")) && pattern.Match(line) {
			return number
		}
	}
	return 0
}

// opened are the directives that name a file which sshd opens before anybody is in.
func opened() []string { return []string{"banner", "trustedusercakeys"} }

func (p Places) add(name string, look func() Place) {
	if _, seen := p[name]; !seen {
		p[name] = look()
	}
}

func statPlace(h *host.Host, name string) Place {
	info, err := h.Stat(name)
	switch {
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, syscall.ENOTDIR):
		return Place{Missing: true}
	case err != nil:
		return Place{Err: err}
	}
	p := Place{Dir: info.IsDir(), Mode: info.Mode()}
	if s, ok := info.Sys().(*syscall.Stat_t); ok {
		p.UID = s.Uid
	}
	return p
}

func readRevoked(ctx context.Context, h *host.Host, name string) Place {
	p := statPlace(h, name)
	if p.Missing || p.Dir || p.Err != nil || p.Mode&fs.ModeCharDevice != 0 { // as empty as /dev/null
		return p
	}
	if p.Mode&fs.ModeNamedPipe != 0 {
		p.Bad = "it is a named pipe"
		return p
	}
	text, err := h.ReadFile(name, largestList)
	if err != nil {
		p.Err = err
		return p
	}
	if p.Bad = checkRevoked(text); p.Bad == "" {
		p.CA, p.Key = revokesAuthority(ctx, h, text)
	}
	return p
}

// revokesAuthority asks the certificate handler, as sshd does at each sign-in, for the
// authority of people's certificates, and searches its key in the list. It is only run if a
// list has keys at all.
func revokesAuthority(ctx context.Context, h *host.Host, list []byte) (revoked fate, named string) {
	key := firstKey(list)
	if key == "" {
		return no, ""
	}
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	r, err := h.Runner.Run(ctx, host.Command{Name: CertHandler, Args: []string{gate.HumanProbe, key}})
	if err != nil {
		return maybe, ""
	}
	authorities := parseAuthorities(string(r.Stdout))
	if len(authorities) == 0 {
		return maybe, ""
	}
	for _, a := range authorities {
		if revokes(list, a) {
			if named = base64.StdEncoding.EncodeToString(a); bytes.HasPrefix(list, []byte(krlMagic)) {
				named = ""
			}
			return yes, named
		}
	}
	return no, ""
}

// statChroot follows safely_chroot in OpenSSH's session.c: the folder and each folder above
// it must belong to root, and nobody else may write there.
func statChroot(h *host.Host, dir string) Place {
	p := statPlace(h, dir)
	if p.Missing || p.Err != nil {
		return p
	}
	for above := path.Clean(dir); ; above = path.Dir(above) {
		one := statPlace(h, above)
		switch {
		case one.Err != nil || one.Missing:
		case !one.Dir:
			p.Unsafe = above + " is no folder"
		case one.UID != 0:
			p.Unsafe = above + " does not belong to root"
		case one.Mode.Perm()&0o022 != 0:
			p.Unsafe = above + " is writable for group or others"
		}
		if p.Unsafe != "" || above == "/" || above == "." {
			break
		}
	}
	for _, shell := range []string{"bash", "sh"} {
		for _, in := range []string{"bin", "usr/bin"} {
			p.Shell = p.Shell || h.Exists(path.Join(dir, in, shell))
		}
	}
	return p
}

func statProgram(h *host.Host, name string) Place {
	p := statPlace(h, name)
	if p.Missing || p.Dir || p.Err != nil {
		return p
	}
	if c := h.ClosedAt(name, 0, 8); c.Path != "" && c.Group == 0 {
		p.Behind = fmt.Sprintf("is in %s, which is closed to everybody but root (mode %04o)", c.Path, c.Mode)
	} else if mounts, err := h.Mounts(); err == nil && mounts.NoExec(name) != "" {
		p.Behind = "is on " + mounts.NoExec(name) + ", which is mounted noexec"
	} else if library, _ := elf.NewLoader(h).Lacks(name); library != "" {
		p.Behind = "needs " + library + ", which is not on this machine"
	}
	head, err := h.ReadHead(name, largestScript)
	if err != nil {
		p.Err = err
		return p
	}
	line, rest, _ := strings.Cut(string(head), "\n")
	if strings.HasPrefix(line, "#!") {
		p.Session = asksFor().MatchString(rest) || startsShell().MatchString(rest)
		if by := text.Interpreter(head); by != "" && statPlace(h, by).Missing {
			p.Starts = by
		}
	}
	return p
}
