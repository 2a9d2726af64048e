package sshd

import (
	"slices"
	"strconv"
	"strings"

	"aadssh/internal/host"
	"aadssh/internal/text"
)

// unit says how a distribution's sshd unit builds the daemon's command line. Options in it
// win over the global part of the configuration file, so sshd must be asked with the same
// ones.
type unit struct {
	Files     []string // its EnvironmentFile= lines; a later file wins
	Variables []string // the variables that its ExecStart= uses, in order
}

// units are the sshd units as the distributions ship them, for machines whose own are not
// what starts sshd.
func units() []unit {
	return []unit{
		{[]string{"/etc/default/ssh"}, []string{"SSHD_OPTS"}}, // Debian, Ubuntu: ssh.service
		{ // RHEL and its family, Azure Linux: sshd.service. CRYPTO_POLICY is set on RHEL 8; RHEL 9 includes the policy instead.
			[]string{"/etc/crypto-policies/back-ends/opensshserver.config", "/etc/sysconfig/sshd"},
			[]string{"OPTIONS", "CRYPTO_POLICY"},
		},
		{[]string{"/etc/sysconfig/ssh"}, []string{"SSHD_OPTS"}}, // SLES, openSUSE: sshd.service
	}
}

// Source is a file with options of the daemon.
type Source struct {
	Key     string // of a unit's file: the setting that has them; "" in a file of variables
	File    string
	Line    int
	Options []string
	Unfit   Unfit
}

// Unfit is an option with which no sshd stays and serves people.
type Unfit struct {
	_ [0]func() // never compared: no code for == is linked

	Option string // with its value; "" where there is none
	Why    string
	Folder string // that is missing
	File   string // that is there and must not be
}

// daemonOptions are the options of the daemon, except that of its file: those of the
// running one, or else those that it would be started with. On a machine that systemd has
// booted, these are what the unit says, which may start another program too; elsewhere
// those of the files that the distributions' units read.
func daemonOptions(h *host.Host, d *Daemon, unit string) (binary string, options []string, sources []Source) {
	if d.Expected {
		binary, sources = readService(h, d.service(unit)).sources()
	}
	if binary == "" {
		sources = append(sources, fromTable(h)...)
	}
	for _, s := range sources {
		options = append(options, s.Options...)
	}
	if d.Command != nil && !d.eachConnection() {
		options = d.Command
	}
	if binary != "" && (!h.RootOnly(binary) || !runnable(h, binary)) {
		binary = ""
	}
	return binary, options, sources
}

// fromTable are the options in the files that the distributions' units read.
func fromTable(h *host.Host) (sources []Source) {
	for _, u := range units() {
		values := map[string]Source{}
		for _, file := range u.Files {
			text, err := h.ReadFile(file, 1<<20)
			if err != nil {
				continue
			}
			for _, name := range u.Variables {
				if v, line, ok := assigned(string(text), name); ok {
					values[name] = Source{File: file, Line: line, Options: safeOptions(words(v)), Unfit: unfit(h, words(v))}
				}
			}
		}
		for _, name := range u.Variables {
			if s := values[name]; len(s.Options) > 0 || s.Unfit.Option != "" {
				sources = append(sources, s)
			}
		}
	}
	return sources
}

// service is the unit that runs the sshd which people meet.
func (d *Daemon) service(unit string) string {
	if d.eachConnection() {
		return strings.TrimSuffix(d.Unit.Name, ".socket") + "@.service"
	}
	return unit + ".service"
}

// eachConnection: systemd starts an sshd for each, whatever else listens.
func (d *Daemon) eachConnection() bool { return d.Unit.Each && len(d.Unit.Open) > 0 }

// option reports whether a keyword is set on the daemon's command line, and the file that
// sets it; "" if that is not known.
func (f *Facts) option(keywords ...string) (from Source, found bool) {
	sets := func(options []string) bool {
		for i := 0; i+1 < len(options); i += 2 {
			name, _, _ := strings.Cut(strings.Replace(options[i+1], " ", "=", 1), "=")
			if options[i] == "-o" && slices.Contains(keywords, strings.ToLower(strings.TrimSpace(name))) {
				return true
			}
		}
		return false
	}
	if !sets(f.Options) {
		return Source{}, false
	}
	for _, s := range f.Sources {
		if sets(s.Options) {
			return s, true
		}
	}
	return Source{}, true
}

// assigned is the last value of a variable in a systemd environment file.
func assigned(text, variable string) (value string, at int, found bool) {
	number := 0
	for line := range strings.Lines(text) {
		number++
		name, v, ok := strings.Cut(strings.TrimSpace(line), "=")
		if !ok || strings.TrimSpace(name) != variable {
			continue
		}
		v = strings.TrimSpace(v)
		if len(v) >= 2 && (v[0] == '"' || v[0] == '\'') && v[len(v)-1] == v[0] {
			v = v[1 : len(v)-1]
		}
		value, at, found = v, number, true
	}
	return value, at, found
}

// safeOptions are the options that change what a configuration means. Others (-D, -e, -E
// FILE) say how the daemon runs, and some would write files. An option with a directive of
// its own is passed as that (sshd(8)).
func safeOptions(args []string) []string {
	var out []string
	for i := 0; i < len(args); i++ {
		a := args[i]
		switch {
		case len(a) == 2 && a[0] == '-' && strings.IndexByte("ofhpc", a[1]) >= 0 && i+1 < len(args):
			out = append(out, a, args[i+1])
			i++
		case len(a) > 2 && strings.HasPrefix(a, "-o"), len(a) > 2 && strings.HasPrefix(a, "-f"):
			out = append(out, a[:2], a[2:])
		case a == "-g" && i+1 < len(args):
			i++
			out = append(out, "-o", "LoginGraceTime="+args[i])
		case a == "-4":
			out = append(out, "-o", "AddressFamily=inet")
		case a == "-6":
			out = append(out, "-o", "AddressFamily=inet6")
		case a == "-E" || a == "-u" || a == "-C":
			i++
		}
	}
	return out
}

// without are the next step's words, and the command in them, that take the options out
// and restart a unit.
func (s Source) without(unit string) string {
	restart := " && sudo systemctl restart " + unit
	if s.Key != "" {
		restart = " && sudo systemctl daemon-reload" + restart
	}
	switch {
	case s.Key == "ExecStart" && !strings.Contains(s.File, ".d/"): // it must keep one
		return "Take the option out of " + s.File + ", line " + strconv.Itoa(s.Line) + ", then run: " + strings.TrimPrefix(restart, " && ")
	case s.Key == "ExecStart": // with the empty one before it, so that the unit's own is in force
		return "Take the option out of " + s.File + ", for example with: sudo " + text.Edit + ` 's/^\s*ExecStart\s*=/#&/' ` + quote(s.File) + restart
	}
	return "Take the option out of " + s.File + ", for example with: sudo " + text.Edit + " '" + strconv.Itoa(s.Line) + "s/^/#/' " + quote(s.File) + restart
}
