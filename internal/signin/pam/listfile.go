package pam

import (
	"io/fs"
	"slices"
	"strings"

	"aadssh/internal/text"
)

// listfile is modules/pam_listfile.
func listfile(c *call) answer {
	o := readListOptions(c.Args)
	if o.unknown {
		return answer{codes: []Code{serviceErr}, why: "pam_listfile does not know onerr=" + printable(o.value)}
	}
	onerr, item, file, sense, apply := o.onerr, o.item, o.file, o.sense, o.apply
	failed := func(why string) answer {
		return answer{codes: []Code{onerr}, why: "pam_listfile: " + why, fixLine: drop, data: Problem{File: file}}
	}
	if o.unclear {
		return failed("its line cannot be understood")
	}
	if apply != "" && item != "user" && item != "ruser" && item != "group" {
		applies := c.person.called(apply)
		if group, ok := strings.CutPrefix(apply, "@"); ok {
			applies = c.person.in(group)
		}
		switch applies {
		case no:
			return answer{codes: []Code{ignore}}
		case some:
			return answer{codes: []Code{ignore, Success, authErr, onerr}, whom: true, fixLine: spare, data: Problem{File: file},
				why: "pam_listfile applies to " + printable(apply) + " only"}
		}
	}
	if item == "ruser" { // sshd sets none: "sure not to match"
		return c.listed(no, sense, file)
	}
	f := c.m.File(file)
	switch {
	case file == "":
		return failed("its file= has no name")
	case f.Missing():
		return failed(file + " is not there")
	case f.Link, f.Mode&fs.ModeType != 0, f.Mode.Perm()&0o002 != 0:
		return answer{codes: []Code{authErr}, why: "pam_listfile refuses " + file + ", which others may write or which is no plain file",
			next: "Run: sudo chmod o-w " + text.Quote(file), data: Problem{File: file}}
	}
	listed := no
	for _, raw := range text.SplitLines(string(f.Text)) {
		raw = strings.TrimSuffix(strings.TrimSuffix(raw, "\n"), "\r")
		if raw == "" {
			continue
		}
		listed = listed.or(c.listItem(item, raw))
	}
	return c.listed(listed, sense, file)
}

// listOptions are the arguments of pam_listfile.
type listOptions struct {
	onerr                    Code
	item, file, sense, apply string
	unknown                  bool   // onerr has an unknown value: the module reads no further options
	value                    string // that value
	unclear                  bool   // the module cannot evaluate the line
}

func readListOptions(args []string) listOptions {
	o := listOptions{onerr: serviceErr}
	named := false // a file was named, even with an empty name
	for _, arg := range args {
		name, value, ok := strings.Cut(arg, "=")
		if !ok {
			continue // "quiet", or an invalid option, which is ignored
		}
		switch name {
		case "onerr":
			switch value {
			case "succeed":
				o.onerr = Success
			case "fail":
				o.onerr = serviceErr
			default:
				o.unknown, o.value = true, value
				return o
			}
		case "sense":
			o.sense, o.unclear = value, value != "allow" && value != "deny"
		case "file":
			o.file, named = value, true
		case "item":
			o.item = value
		case "apply":
			o.apply = value
		default:
			o.unclear = true
		}
		if o.unclear {
			return o
		}
	}
	known := slices.Contains([]string{"user", "tty", "rhost", "ruser", "group", "shell"}, o.item)
	o.unclear = !known || !named || o.sense == "" || o.apply == "@" || strings.Contains(strings.Join(args, " ")+" ", "apply= ")
	return o
}

// listItem compares one line of the file with the wanted item.
func (c *call) listItem(item, word string) truth {
	switch item {
	case "user":
		return c.person.called(word)
	case "group":
		return c.person.in(word)
	case "shell":
		if a, ok := c.person.account(); ok {
			return is(word == a.Shell)
		}
		if word == shell {
			return some
		}
		return no
	case "tty":
		return is(strings.TrimPrefix(word, "/dev/") == terminal)
	}
	if from := c.person.from(); from != "" {
		return is(strings.EqualFold(word, from)) // rhost
	}
	return some
}

func (c *call) listed(t truth, sense, file string) answer {
	if sense == "deny" {
		t = t.not()
	}
	a := answer{fixLine: spare, data: Problem{File: file}}
	switch t {
	case yes:
		a.codes = []Code{Success}
	case no:
		a.codes = []Code{authErr}
		a.why = "pam_listfile (sense=" + sense + ") keeps everybody out who is not meant in " + file
	default:
		a.codes, a.whom = []Code{Success, authErr}, true
		a.why = "pam_listfile (sense=" + sense + ") lets in only some, by " + file
	}
	return a
}
