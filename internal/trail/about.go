package trail

import (
	"regexp"
	"strings"
	"time"
)

// About is what a log says of one person.
type About struct {
	Lines   []Line    // of their connections and of programs that name them, the oldest first
	Granted time.Time // when the role check let them in last; zero: the log does not say
	Admin   bool      // then, as an administrator
	In      time.Time // when sshd accepted their key last; zero: the log does not say
}

// About goes through the lines of one person: those of connections in which
// sshd names them, and those of the sign-in programs that do. It takes any
// input. A name in a line is what somebody typed, unless a key was accepted.
func (l Log) About(name string) About {
	r := newReader()
	admin := regexp.MustCompile(`^Login granted for \S+ as an admin\b`)
	by := make([]*connection, len(l.Lines))
	named := make([]bool, len(l.Lines))
	var a About
	for i, line := range l.Lines {
		by[i] = r.connection(line)
		r.line(line)
		who, said := r.speaker(line, line.Text)
		if who == byHandler || who == byAccount {
			named[i] = strings.EqualFold(r.upn.FindString(said), name)
		}
		if part := r.granted.FindStringSubmatch(said); part != nil && who == byAccount && strings.EqualFold(strings.TrimRight(part[1], "."), name) {
			a.Granted, a.Admin = line.At, admin.MatchString(said)
		}
		if part := r.accepted.FindStringSubmatch(line.Text); part != nil && who == bySSHD && strings.EqualFold(part[1], name) {
			a.In = line.At
		}
	}
	for i, line := range l.Lines {
		if line.Program != kernel && (named[i] || strings.EqualFold(by[i].who, name)) {
			a.Lines = append(a.Lines, line)
		}
	}
	return a
}
