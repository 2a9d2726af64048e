package login

import (
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"aadsshlogin-handler/internal/host"
	"aadsshlogin-handler/internal/signin/sshd"
)

// nssService is what libnss_aad.so.2 is called in nsswitch.conf.
const nssService = "aad"

// NSSLine is one database of nsswitch.conf.
type NSSLine struct {
	Line     int
	Database string   // "passwd", "group", ...
	Services []string // in the order in which they are asked
	Stops    []string // services after which the search may end without having found anything, as in "[NOTFOUND=return]"
}

// NSS is the name service switch.
type NSS struct {
	File  string // the file that is in force; "" where there is none
	Lines []NSSLine
	Err   error // it could not be read
}

// lookNSS reads /etc/nsswitch.conf, or where that does not exist the vendor's
// (openSUSE and SLES 16 moved it to /usr/etc).
func lookNSS(h *host.Host) NSS {
	for _, file := range []string{"/etc/nsswitch.conf", "/usr/etc/nsswitch.conf"} {
		text, err := h.ReadFile(file, 1<<20)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		return NSS{File: file, Lines: ParseNSS(text), Err: err}
	}
	return NSS{}
}

// ParseNSS reads nsswitch.conf(5). It takes any input; a later line for the
// same database wins, as in glibc.
func ParseNSS(text []byte) []NSSLine {
	var out []NSSLine
	number := 0
	for line := range strings.Lines(string(text)) {
		number++
		if i := strings.IndexByte(line, '#'); i >= 0 {
			line = line[:i]
		}
		database, rest, ok := strings.Cut(line, ":")
		database = strings.TrimSpace(database)
		if !ok || database == "" || strings.ContainsAny(database, " \t") {
			continue
		}
		l := NSSLine{Line: number, Database: strings.ToLower(database)}
		l.Services, l.Stops = parseServices(rest)
		out = slices.DeleteFunc(out, func(o NSSLine) bool { return o.Database == l.Database })
		out = append(out, l)
	}
	return out
}

// parseServices reads "files [NOTFOUND=return] aad".
func parseServices(s string) (services, stops []string) {
	for s != "" {
		s = strings.TrimLeft(s, " \t\r\n")
		if strings.HasPrefix(s, "[") {
			action, rest, _ := strings.Cut(s[1:], "]")
			if stopsSearch(action) && len(services) > 0 {
				stops = append(stops, services[len(services)-1])
			}
			s = rest
			continue
		}
		end := strings.IndexAny(s, " \t\r\n[")
		if end < 0 {
			end = len(s)
		}
		if s[:end] != "" {
			services = append(services, s[:end])
		}
		s = s[end:]
	}
	return services, stops
}

// stopsSearch says whether an action ends the search for a name that the
// service does not have.
func stopsSearch(action string) bool {
	for _, f := range strings.Fields(strings.ToLower(action)) {
		status, what, _ := strings.Cut(f, "=")
		if what != "return" {
			continue
		}
		if status == "notfound" || strings.HasPrefix(status, "!") && status != "!notfound" {
			return true
		}
	}
	return false
}

// find is the line of a database.
func (n NSS) find(database string) (NSSLine, bool) {
	for _, l := range n.Lines {
		if l.Database == database {
			return l, true
		}
	}
	return NSSLine{}, false
}

// assess: without passwd nobody is found. That the package also registers with
// group and shadow is likely but not documented, so their absence is no reason
// to reinstall it, and shadow is not needed for certificates.
func (n NSS) assess() []Finding {
	var out []Finding
	for _, database := range []string{"passwd", "group", "shadow"} {
		f := n.assessDatabase(database)
		f.Name = "nss-" + database
		out = append(out, f)
	}
	return out
}

func (n NSS) assessDatabase(database string) Finding {
	f := Finding{File: n.File, Package: true}
	if n.Err != nil {
		return Finding{Answer: sshd.Unknown, File: n.File, Text: "The name service switch could not be read: " + n.Err.Error(), Next: "Make " + n.File + " readable again."}
	}
	failed := sshd.Fail
	if database != "passwd" {
		failed, f.Package = sshd.Warn, false // people get in, but are not shown as members of groups
	}
	line, ok := n.find(database)
	at := slices.Index(line.Services, nssService)
	switch {
	case n.File == "":
		f.Answer, f.Text, f.Next = failed, "There is no nsswitch.conf, so names of Entra ID users are not found.", reinstall
	case (!ok || at < 0) && database == "shadow":
		f.Line = line.Line
		f.Text = fmt.Sprintf("shadow does not ask %s, which certificates do not need.", nssService)
	case !ok || at < 0:
		f.Answer, f.Line = failed, line.Line
		f.Text = fmt.Sprintf("%q is missing from the %s line of %s, so Entra ID users are not found there.", nssService, database, n.File)
		f.Next = fmt.Sprintf("Append %q to the line %q of %s, or reinstall the package aadsshlogin.", nssService, database+":", n.File)
	default:
		f.Line = line.Line
		f.Text = fmt.Sprintf("%s asks %s (%s:%d).", database, nssService, n.File, line.Line)
		for _, stop := range line.Stops {
			if slices.Index(line.Services, stop) < at {
				f.Answer, f.Package = failed, false
				f.Text = fmt.Sprintf("The %s line of %s ends the search after %q, before %q is asked.", database, n.File, stop, nssService)
				f.Next = fmt.Sprintf("In line %d of %s, put %q before the [...=return] that follows %q.", line.Line, n.File, nssService, stop)
				break
			}
		}
	}
	return f
}
