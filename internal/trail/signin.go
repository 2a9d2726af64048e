package trail

import (
	"regexp"
	"time"
)

// SignedIn is when a person of the directory last signed in, according to the journal, and
// when sshd last started to listen or was told to read its configuration again. Zero: the
// journal does not say. A sign-in is one connection, identified by its process, whose key
// was accepted, whose session PAM opened, and in which nothing was refused.
func (l Log) SignedIn() (signedIn, listening time.Time) {
	if l.Source != journal {
		return signedIn, listening // anybody may write to a log file
	}
	var (
		accepted = regexp.MustCompile(`^Accepted publickey for (\S+@\S+) from \S+ port \d+ ssh2: RSA-CERT `)
		opened   = regexp.MustCompile(`^pam_[a-z0-9_]+\(sshd:session\): session opened for user (\S+?)(?:\(uid=\d+\))?(?: by .*)?$`)
		refused  = regexp.MustCompile(`^(?:fatal|error): (?:PAM|Access denied)|^Access denied|^pam_[a-z0-9_]+\(sshd:(?:account|session)\): .*(?:denied|fail)`)
		listens  = regexp.MustCompile(`^(?:Server listening on \S+ port \d+|Received SIGHUP; restarting)\.$`)
	)
	type state struct {
		who  string
		at   time.Time
		open bool
	}
	conns := map[int]*state{}
	for _, line := range l.Lines {
		switch m := accepted.FindStringSubmatch(line.Text); {
		case line.PID == 0 || line.At.IsZero():
		case listens.MatchString(line.Text):
			listening = line.At
		case m != nil:
			conns[line.PID] = &state{who: m[1]}
		case conns[line.PID] == nil:
		case refused.MatchString(line.Text):
			delete(conns, line.PID)
		default:
			c := conns[line.PID]
			if o := opened.FindStringSubmatch(line.Text); o != nil && o[1] == c.who {
				c.open, c.at = true, line.At
			}
		}
	}
	for _, c := range conns {
		if c.open && c.at.After(signedIn) {
			signedIn = c.at
		}
	}
	return signedIn, listening
}
