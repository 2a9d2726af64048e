package pam

import (
	"slices"
	"strconv"
	"strings"
)

// environment is modules/pam_env, for readable files.
func environment(c *call) answer {
	if c.stack == Account {
		return answer{codes: []Code{serviceErr}, why: "pam_env has no place in the account stack", fixLine: drop}
	}
	own, shared := pamEnv, environmentFile
	for _, arg := range c.Args {
		if v, ok := strings.CutPrefix(arg, "conffile="); ok && v != "" {
			own = v
		}
		if v, ok := strings.CutPrefix(arg, "envfile="); ok && v != "" {
			shared = v
		}
	}
	if at, why := c.badEnvironment(own); why != "" {
		return answer{codes: []Code{serviceErr}, why: "pam_env fails over " + own + ":" + strconv.Itoa(at.Line) + ", " + why, data: at,
			next: "Comment the line out, as root: " + comment(own, at.Line) + " (what is meant for everybody as NAME=VALUE belongs in " + environmentFile + ")"}
	}
	if !slices.Contains(c.Args, "readenv=0") {
		c.m.File(shared)
	}
	return answer{codes: []Code{Success, ignore}}
}

// badEnvironment is the line of pam_env.conf over which the module fails
// (_parse_config_file): one that leaves a ${ or @{ open (_expand_arg); in older versions one
// that continues after the end of the file, in newer ones a last one that is not understood.
// Others are left out.
func (c *call) badEnvironment(file string) (at Problem, why string) {
	older := func() bool { return c.has("Variable buffer overflow: <%s> + <%s>") } // 1.5.2, but not 1.7
	all, aborts, _ := lines(c.m.File(file).Text)
	for _, l := range all {
		at, why = Problem{File: file, Line: l.number}, ""
		words, good := environmentWords(l.text)
		if !good && !older() {
			why = "its last line, which is no NAME DEFAULT=VALUE"
		}
		for _, w := range words {
			w = strings.ReplaceAll(strings.ReplaceAll(strings.ReplaceAll(w, `\$`, ""), `\@`, ""), "@{", "${")
			if strings.LastIndex(w, "${") > strings.LastIndex(w, "}") {
				return at, "which leaves a brace open"
			}
		}
	}
	if aborts && older() {
		at, why = Problem{File: file, Line: strings.Count(string(c.m.File(file).Text), "\n")}, "after whose backslash the file ends"
	}
	return at, why
}

// environmentWords are the values of a line (_parse_line); ok is false if it is left out.
func environmentWords(line string) (values []string, ok bool) {
	rest := strings.TrimRight(line, " \t\n")
	end := strings.IndexAny(rest, " \t")
	if end < 0 {
		return nil, true
	}
	for rest = strings.TrimLeft(rest[end:], " \t"); rest != ""; rest = strings.TrimLeft(rest, " \t") {
		value, set := strings.CutPrefix(rest, "DEFAULT=")
		if !set {
			if value, set = strings.CutPrefix(rest, "OVERRIDE="); !set {
				return nil, false
			}
		}
		if value, rest, ok = environmentValue(value); !ok {
			return nil, false
		}
		values = append(values, value)
	}
	return values, true
}

// environmentValue is a value at the beginning of s, and what follows it: quotes, if there
// are any, are around all of it.
func environmentValue(s string) (value, rest string, ok bool) {
	if strings.HasPrefix(s, `"`) {
		value, rest, ok = strings.Cut(s[1:], `"`)
		return value, rest, ok && (rest == "" || strings.ContainsAny(rest[:1], " \t"))
	}
	end := strings.IndexAny(s, " \t")
	if end < 0 {
		return s, "", true
	}
	return s[:end], s[end:], true
}
