package sshd

import (
	"path"
	"strings"

	"aadssh/internal/host"
)

// service is what a unit starts sshd with, read from its files as systemd reads them
// (systemd.service(5), systemd.exec(5)).
type service struct {
	_ [0]func() // never compared: no code for == is linked

	h      *host.Host
	starts []setting // each ExecStart= since the last empty one
	sets   []setting // each Environment=
	files  []setting // each EnvironmentFile=; what these set wins
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
	for _, file := range unitFiles(h, name) {
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
