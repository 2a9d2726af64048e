package login

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"aadssh/internal/check"
	"aadssh/internal/host"
	"aadssh/internal/signin/elf"
	"aadssh/internal/signin/gate"
	"aadssh/internal/signin/nss"
	"aadssh/internal/text"
)

// nssService is the name of libnss_aad.so.2 in nsswitch.conf.
const nssService = "aad"

// NSS is the name service switch.
type NSS struct {
	File   string // the effective file; "" if there is none
	Config nss.Config
	// Installed are the services in its lines that have a library on this machine or are
	// built into glibc.
	Installed []string
	Unread    localUser // what glibc does not find in /etc/passwd of the users that sshd needs
	Err       error     // it could not be read
}

// switchFile is the file that glibc and sudo read; sudo reads no other.
const switchFile = "/etc/nsswitch.conf"

// readNSS evaluates what was read of switchFile or, if that does not exist, the vendor's
// file, which the glibc of openSUSE and SLES 16 then uses.
func readNSS(h *host.Host, text []byte, err error) NSS {
	const vendors = "/usr/etc/nsswitch.conf"
	n := NSS{File: switchFile}
	if errors.Is(err, fs.ErrNotExist) {
		n.File, err = "", nil
		if h.Exists(vendors) && libcHas(h, vendors) {
			n.File = vendors
			text, err = h.ReadFile(vendors, 1<<20)
		}
	}
	n.Err = err
	n.Config = nss.Parse(text, true)
	if older := nss.Parse(text, false); !reflect.DeepEqual(older, n.Config) && !libcHas(h, "GLIBC_2.33") {
		n.Config = older
	}
	for _, l := range n.Config.Databases {
		for _, s := range l.Services {
			// glibc has no library for files and dns since 2.34, and before that always.
			if own := s.Name == "files" || s.Name == "dns"; !slices.Contains(n.Installed, s.Name) && (own || slices.ContainsFunc(elf.LibraryDirs(), func(d string) bool { return h.Exists(path.Join(d, "libnss_"+path.Base(s.Name)+".so.2")) })) {
				n.Installed = append(n.Installed, s.Name)
			}
		}
	}
	n.Unread = n.unreadUser(h)
	return n
}

// libcHas reports whether the C library contains a text: the name of a file that it reads,
// or the version of its symbols.
func libcHas(h *host.Host, text string) bool {
	for _, d := range elf.LibraryDirs() {
		if b, err := h.ReadFile(d+"/libc.so.6", fileLimit); err == nil {
			return bytes.Contains(b, []byte(text+"\x00"))
		}
	}
	return true // if it is not found, it is assumed to be a new one
}

// localUser is a user of /etc/passwd that glibc does not find there; no Name: there is none.
type localUser struct {
	Name string
	Line int // that should be theirs; 0: none is
}

// unreadUser looks for sshd's own user and for root, which the cert handler runs as. Root
// has to be there only if nothing else has that name: nss-systemd does.
func (n *NSS) unreadUser(h *host.Host) (u localUser) {
	content, err := h.ReadFile("/etc/passwd", 16<<20)
	if err != nil {
		return u
	}
	if line, found := findUser(content, "sshd"); line > 0 && !found {
		return localUser{Name: "sshd", Line: line}
	}
	others := slices.ContainsFunc(n.Config.Of("passwd").Services, func(s nss.Service) bool { // SSSD leaves root out
		return n.installed(s.Name) && !text.OneOf(s.Name, "files compat sss "+nssService)
	})
	if line, found := findUser(content, "root"); !found && !others {
		return localUser{Name: "root", Line: line}
	}
	return u
}

// findUser is the line of passwd(5) that begins with a user's name, and whether glibc can
// parse it: it needs the first four fields, of which the IDs are numbers.
func findUser(content []byte, name string) (line int, found bool) {
	number := 0
	for raw := range bytes.Lines(content) {
		number++
		f := bytes.Split(bytes.TrimLeft(bytes.TrimRight(raw, "\n"), " \t"), []byte(":"))
		if string(f[0]) != name {
			continue
		}
		if line = number; len(f) >= 4 && isNumber(f[2]) && isNumber(f[3]) {
			return line, name != "root" || len(bytes.Trim(f[2], "0")) == 0
		}
	}
	return line, false
}

func isNumber(b []byte) bool { return len(b) > 0 && len(bytes.Trim(b, "0123456789")) == 0 }

func (n *NSS) installed(service string) bool { return slices.Contains(n.Installed, service) }

// NoLocalUsers reports that not even the users in /etc/passwd are found, including sshd's
// own: then errors of sshd are caused by this.
func (n *NSS) NoLocalUsers() bool {
	if n.Unread.Name != "" || n.Config.Broken > 0 {
		return true
	}
	line := n.Config.Of("passwd")
	for _, local := range []string{"files", "compat", "db", "extrausers"} {
		switch v, by := line.Search(local, n.installed); v {
		case nss.Absent:
		case nss.NotKnown:
			return by == nssService // and it does not know them
		default:
			return v == nss.Lost
		}
	}
	return n.Err == nil
}

// assessPasswd: without it nobody is found. That the package also registers for group and
// shadow is likely but not documented, so if those are missing that is no reason to
// reinstall it, and shadow is not needed for certificates.
func (n *NSS) assessPasswd() gate.Answer {
	a := gate.Answer{File: n.File, Outcome: gate.Out}
	line := n.Config.Of("passwd")
	a.Line = line.Number
	switch {
	case n.Err != nil:
		a.Outcome, a.Text, a.Next = gate.NotKnown, "The name service switch could not be read: "+n.Err.Error(), "See why, and make it readable again: ls -lL "+text.Quote(n.File)
		a.Decides = n.File
	case n.Config.Broken > 0:
		a.Line = n.Config.Broken
		a.Text = "The C library cannot read line " + strconv.Itoa(a.Line) + " of " + n.File + " (an action that is not [STATUS=return] or the like), so no user at all is found."
		// The command removes bracketed parts, and what is left of brackets that are not
		// closed.
		a.Next = fmt.Sprintf(`Take the brackets out of the line. As root, run: `+text.Edit+` -e '%[1]ds/\[[^]]*\]//g' -e '%[1]ds/[^[:space:]]*[]=[][^[:space:]]*//g' %[2]s && getent passwd root`, a.Line, n.File)
	case n.Unread.Name != "":
		a.File, a.Line, a.Text, a.Next = n.Unread.explain()
	case n.NoLocalUsers():
		a.Text = "The passwd line of " + n.File + " does not ask \"files\", so not even local users are found, sshd's own among them."
		a.Next = n.rewrite("passwd")
	default:
		return n.assessDatabase(a, "passwd")
	}
	return a
}

// explain is what sshd makes of it, and what to do.
func (u localUser) explain() (file string, line int, why, next string) {
	file, line = "/etc/passwd", u.Line
	switch {
	case u.Name != "root":
		return file, line, "Line " + strconv.Itoa(line) + " of " + file + ", sshd's own user, is broken, so sshd does not start or refuses everybody.", "Correct it: sudo vipw; try it with: getent passwd sshd"
	case line == 0:
		return file, line, file + " has no user root, whom sshd runs the cert handler as, so it refuses everybody.", `As root, run: ` + text.Edit + ` -e '1i\root:x:0:0:root:/root:/bin/bash' ` + file
	}
	return file, line, "Line " + strconv.Itoa(line) + " of " + file + ", root, is broken, so sshd cannot run the cert handler and refuses everybody.",
		fmt.Sprintf("As root, run: "+text.Edit+` -e '%dc\root:x:0:0:root:/root:/bin/bash' %s`, line, file)
}

func (n *NSS) assessDatabase(a gate.Answer, database string) gate.Answer {
	line := n.Config.Of(database)
	verdict, by := line.Search(nssService, n.installed)
	switch {
	case n.File == "":
		a.Text = "There is no nsswitch.conf, so names of Entra ID users are not found."
		a.Next = `Run: printf 'passwd: files systemd aad\ngroup: files systemd aad\nshadow: files\nhosts: files dns\n' | sudo tee /etc/nsswitch.conf`
	case verdict == nss.Found:
		a.Outcome, a.Part = gate.In, check.Scripts
		a.Text = database + " asks " + nssService + " (" + n.File + ":" + strconv.Itoa(line.Number) + ")."
	case verdict == nss.Lost:
		a.Text = "The " + database + " line of " + n.File + " ends the search after " + strconv.Quote(by) + ", before " + strconv.Quote(nssService) + " is asked."
		a.Next = n.rewrite(database)
		if line.Behind(by, nssService) {
			a.Text = "The " + database + " line of " + n.File + " goes on to " + strconv.Quote(by) + " after " + strconv.Quote(nssService) + " has found somebody, whose answer is lost by that."
			a.Next = n.rewrite(database)
		}
	case verdict == nss.NotKnown:
		a.Outcome, a.Decides = gate.NotKnown, "what the name service "+strconv.Quote(by)+" says ("+n.File+":"+strconv.Itoa(line.Number)+")"
		a.Text = "The " + database + " line of " + n.File + " may end the search after " + strconv.Quote(by) + ", before " + strconv.Quote(nssService) + " is asked."
		a.Next = n.rewrite(database)
	case n.Config.Unended > 0 && line.Number == 0:
		a.Line = n.Config.Unended
		a.Text = "The last line of " + n.File + " has no line end, so the C library leaves it out, and Entra ID users are not found."
		a.Next = "Run: echo | sudo tee -a " + n.File
	default:
		// The package's script edits an existing line: if it is missing, or overrides
		// another, it is not known whether a reinstallation repairs it; and at the end of a
		// line whose search ends earlier, the service is of no use.
		then := nss.Line{Services: append(slices.Clone(line.Services), nss.Service{Name: nssService})}
		if ends, _ := then.Search(nssService, n.installed); line.Number > 0 && !line.Again && ends != nss.Lost {
			a.Part = check.Scripts
		}
		a.Text = strconv.Quote(nssService) + " is missing from the " + database + " line of " + n.File + ", so Entra ID users are not found there."
		a.Next = n.rewrite(database)
	}
	return a
}

// rewrite is a command that rewrites the line of a database: first its local services, then
// the package's, without the brackets that end a search.
func (n *NSS) rewrite(database string) string {
	line := n.Config.Of(database)
	var first, rest []string
	for _, s := range line.Services {
		switch s.Name {
		case nssService, "files":
		case "compat", "systemd", "db", "extrausers":
			first = append(first, s.Name)
		default:
			if n.installed(s.Name) { // one that is not installed finds nothing, and may be a typing error
				rest = append(rest, s.Name)
			}
		}
	}
	if !slices.Contains(first, "compat") { // it reads the same files
		first = append([]string{"files"}, first...)
	}
	as := "Run: sudo "
	if n.NoLocalUsers() || n.crashes(database) { // sudo does not know the user who runs it, or crashes too
		as = "As root, run: "
	}
	services := strings.Join(slices.Concat(first, []string{nssService}, rest), " ")
	if line.Number == 0 {
		return as + text.Edit + ` '$a\` + database + `: ` + services + `' ` + n.File
	}
	return as + text.Edit + ` '` + strconv.Itoa(line.Number) + `c\` + database + `: ` + services + `' ` + n.File
}

// crashes reports whether the line of a database has no service, over which glibc since 2.33
// may crash whoever asks it: sshd's PAM stack or sudo, if they do.
func (n *NSS) crashes(database string) bool {
	l := n.Config.Of(database)
	return l.Number > 0 && len(l.Services) == 0
}

// emptied is the answer for such a line.
func (n *NSS) emptied(database string) gate.Answer {
	at := n.Config.Of(database).Number
	return gate.Answer{Outcome: gate.NotKnown, File: n.File, Line: at, Next: n.rewrite(database),
		Decides: "the empty " + database + " line of " + n.File,
		Text:    "The " + database + " line of " + n.File + ":" + strconv.Itoa(at) + " names no service, which can end sshd and sudo as soon as they ask it."}
}

// assessGroup: people can sign in without it, but are not shown as members of groups. If
// there is a line for initgroups, that is used instead.
func (n *NSS) assessGroup() gate.Answer {
	a := gate.Answer{File: n.File, Line: n.Config.Of("group").Number, Text: "The name service switch is not looked at for groups."}
	if n.Err != nil || n.File == "" || n.Config.Broken > 0 {
		return a // already reported
	}
	database := "group"
	if n.crashes(database) {
		return n.emptied(database)
	}
	if line, set := n.Config.Databases["initgroups"]; set {
		if verdict, _ := line.Search(nssService, n.installed); verdict != nss.Found {
			database = "initgroups"
		}
	}
	a.Outcome, a.Line = gate.Out, n.Config.Of(database).Number
	if a = n.assessDatabase(a, database); a.Outcome != gate.In {
		a.Outcome, a.Remark, a.Part = gate.In, true, check.NoPart
	}
	return a
}

func (n *NSS) assessShadow() gate.Answer {
	a := gate.Answer{File: n.File, Line: n.Config.Of("shadow").Number, Part: check.Scripts}
	a.Text = "shadow does not ask " + nssService + ", which certificates do not need."
	if n.crashes("shadow") {
		return n.emptied("shadow")
	}
	if verdict, _ := n.Config.Of("shadow").Search(nssService, n.installed); verdict == nss.Found {
		a.Text = "shadow asks " + nssService + " (" + n.File + ":" + strconv.Itoa(a.Line) + ")."
	}
	return a
}
