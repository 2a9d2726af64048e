package trail

import (
	"regexp"
	"strings"
	"time"
)

// About is what a log says about one person.
type About struct {
	Lines   []Line    // lines about their connections and of programs that name them, oldest first
	Granted time.Time // when the role check last allowed them in; zero: the log does not say
	Admin   bool      // at that time, as an administrator
}

// About collects the lines about one person: those of connections in which sshd names them,
// and those of the sign-in programs that do. It accepts any input. Unless a key was
// accepted, a name in a line is only what somebody typed.
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
	}
	for i, line := range l.Lines {
		if line.Program != kernel && (named[i] || strings.EqualFold(by[i].who, name)) {
			a.Lines = append(a.Lines, line)
		}
	}
	return a
}
