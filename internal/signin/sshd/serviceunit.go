package sshd

import (
	"path"
	"strings"

	"aadssh/internal/host"
	"aadssh/internal/text"
)

// service is what a unit starts sshd with, read from its files as systemd reads them
// (systemd.service(5), systemd.exec(5)).
type service struct {
	_ [0]func() // never compared: no code for == is linked

	h      *host.Host
	starts []setting // each ExecStart= since the last empty one
	sets   []setting // each Environment=
	files  []setting // each EnvironmentFile=; what these set wins
	held   []Source  // what keeps systemd from starting it at all
}

// setting is a value in a unit's file.
type setting struct {
	_ [0]func() // never compared: no code for == is linked

	key   string // ExecStart, Environment or EnvironmentFile; "" in a file that the last names
	file  string
	line  int
	value string
}

// readService reads a unit.
func readService(h *host.Host, name string) *service {
	s := &service{h: h}
	files := unitFiles(h, name)
	s.holds(files)
	for _, file := range files {
		eachSetting(h, file, "[Service]", func(key, value string, line int) {
			var list *[]setting
			switch key {
			case "ExecStart":
				list = &s.starts
			case "Environment":
				list = &s.sets
			case "EnvironmentFile":
				list = &s.files
			default:
				return
			}
			switch {
			case value == "": // deletes all before it
				*list = nil
			default:
				*list = append(*list, setting{key: key, file: file, line: line, value: value})
			}
		})
	}
	return s
}

// masked is the option of a unit that is a link to /dev/null.
const masked = "/dev/null"

// holds finds why systemd would not start the unit, whatever sshd says: it is masked, needs
// something that is not there, or has a condition that is not met (systemd.unit(5)).
// "systemctl start" of a unit whose condition is not met does not even fail.
func (s *service) holds(files []string) {
	if len(files) == 0 {
		return
	}
	if to, err := s.h.Readlink(files[0]); err == nil && to == masked {
		s.held = append(s.held, Source{File: files[0], Unfit: Unfit{Option: masked}})
		return
	}
	for _, file := range files {
		for _, section := range []string{"[Unit]", "[Service]"} {
			eachSetting(s.h, file, section, func(key, value string, line int) {
				for i := range s.held {
					if o := &s.held[i]; value == "" && (o.Key == key || strings.HasPrefix(key, "Condition") && strings.HasPrefix(o.Key, "Condition")) { // deletes all before it
						o.Unfit.Option = ""
					}
				}
				if u := s.hold(key, value); u.Why != "" {
					u.Option = key + "=" + value
					s.held = append(s.held, Source{Key: key, File: file, Line: line, Unfit: u})
				}
			})
		}
	}
}

// hold is what keeps systemd from starting a unit with such a setting.
func (s *service) hold(key, value string) (u Unfit) {
	name, negated := strings.CutPrefix(value, "!")
	program, _, _ := strings.Cut(value, " ")
	switch {
	case text.OneOf(key, "ConditionPathExists AssertPathExists"):
		if strings.HasPrefix(name, "/") && s.h.Exists(name) == negated {
			u.Why = "is not met"
		}
		if negated {
			u.File = name
		}
	case text.OneOf(key, "Requires Requisite BindsTo"):
		for _, other := range strings.Fields(value) {
			if strings.HasSuffix(other, ".service") && !strings.Contains(other, "@") && unitFiles(s.h, other) == nil {
				u.Why = "needs a unit that is not there"
			}
		}
	case text.OneOf(key, "ExecStartPre WorkingDirectory"):
		if strings.HasPrefix(program, "/") && path.Base(program) != "sshd" && !s.h.Exists(program) {
			u.Why = "is not there"
		}
	}
	return u
}

// command is the program that the unit starts and its arguments with the place of each,
// the variables in them replaced; "" if it is not an sshd.
func (s *service) command() (binary string, args []setting) {
	if len(s.starts) == 0 {
		return "", nil
	}
	start := s.starts[len(s.starts)-1]
	all := words(start.value)
	binary = strings.TrimLeft(all[0], "@-:+!|")
	if path.Base(binary) != "sshd" {
		return "", nil
	}
	named := strings.Contains(strings.TrimSuffix(all[0], binary), "@") // the next word is the name that it is given
	for i, word := range all[1:] {
		name, whole := strings.CutPrefix(word, "$")
		switch {
		case named && i == 0:
		case whole && name != "" && !strings.ContainsAny(name[:1], "{$"): // as many words as it has
			v := s.variable(name)
			for _, w := range words(v.value) {
				args = append(args, setting{key: v.key, file: v.file, line: v.line, value: w})
			}
		default:
			args = append(args, setting{key: start.key, file: start.file, line: start.line, value: s.replaced(word)})
		}
	}
	return binary, args
}

// replaced is a word with each "${NAME}" replaced.
func (s *service) replaced(word string) string {
	before, rest, some := strings.Cut(word, "${")
	name, after, closed := strings.Cut(rest, "}")
	if !some || !closed {
		return strings.NewReplacer("$$", "$", "%%", "%").Replace(word)
	}
	return before + s.variable(name).value + s.replaced(after)
}

// variable is the last value of a variable, and where it stands.
func (s *service) variable(name string) (v setting) {
	for _, set := range s.sets {
		for _, w := range words(set.value) {
			if key, value, ok := strings.Cut(w, "="); ok && key == name {
				v = setting{key: set.key, file: set.file, line: set.line, value: value}
			}
		}
	}
	for _, f := range s.files {
		for _, file := range s.named(f) {
			text, _ := s.h.ReadFile(file, 1<<20) // one that is not there sets nothing
			if value, line, ok := assigned(string(text), name); ok {
				v = setting{file: file, line: line, value: value}
			}
		}
	}
	return v
}

// named are the files that an EnvironmentFile= names.
func (s *service) named(f setting) []string {
	name := strings.Trim(strings.TrimPrefix(f.value, "-"), `"`)
	if strings.ContainsAny(name, "*?[") {
		return s.h.Glob(name)
	}
	return []string{name}
}

// sources are the options with the files that they come from, and what keeps systemd from
// starting it.
func (s *service) sources() (binary string, sources []Source) {
	sources = append(sources, s.held...)
	for _, f := range s.files {
		if name := s.named(f); !strings.HasPrefix(f.value, "-") && len(name) == 1 && !s.h.Exists(name[0]) {
			sources = append(sources, Source{Key: f.key, File: f.file, Line: f.line, Unfit: Unfit{Option: "EnvironmentFile=" + name[0], Why: "is not there"}})
		}
	}
	if n := len(s.starts); n > 1 {
		sources = append(sources, Source{Key: s.starts[n-1].key, File: s.starts[n-1].file, Line: s.starts[n-1].line,
			Unfit: Unfit{Option: "ExecStart=", Why: "is the second, without an empty one before it, and systemd takes one"}})
	}
	binary, args := s.command()
	for len(args) > 0 {
		n, given := 0, []string{}
		for ; n < len(args) && args[n].file == args[0].file && args[n].line == args[0].line; n++ {
			given = append(given, args[n].value)
		}
		sources = append(sources, Source{Key: args[0].key, File: args[0].file, Line: args[0].line, Options: safeOptions(given), Unfit: unfit(s.h, given)})
		args = args[n:]
	}
	return binary, sources
}
