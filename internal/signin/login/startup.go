package login

import (
	"bytes"
	"io/fs"
	"path"
	"regexp"
	"strconv"
	"strings"

	"aadssh/internal/host"
	"aadssh/internal/signin/gate"
	"aadssh/internal/text"
)

// ending is a line of a file that shells read when they start, because of which people may
// not get what they asked for.
type ending struct {
	_ [0]func() // never compared: no code for == is linked

	File string
	Line int    // 0: the file is a named pipe
	Word string // of the line
	way
}

// way is a way in which a line of such a file keeps people from their shells.
type way struct {
	_ [0]func() // never compared: no code for == is linked

	words string                // of which its lines have one, with spaces between them
	line  func() *regexp.Regexp // its first group that matches is the word, and behind PATH comes the value
	does  string
	edit  string // sed's command for the line
}

// ways are tried in this order. A command that stands in a condition, a function or a list
// may not be reached: that a person gets in is not known then. exec with only a
// redirection does not replace the shell, but what it prints may go to a file.
func ways() []way {
	const comment = "s/^/#/"
	return []way{
		{words: "exit logout exec", line: text.Pattern(`(?m)^(exit|logout)\b.*|^(exec)[ \t]+[a-zA-Z/$"].*`), does: "ends them", edit: comment},
		{words: "exit logout kill", line: unquoted(`(exit|logout|kill)(?:[ \t;\n]|$)`), does: "may end them", edit: `s/\b\(exit\|logout\|kill\)\b/:/`},
		{words: "set", line: text.Pattern(`(?m)^[ \t]*(set)[ \t]+(?:-[a-zA-Z]*e|-o[ \t]+errexit)`), does: "ends them at the first command that fails", edit: comment},
		{words: "set", line: text.Pattern(`(?m)^[ \t]*(set)[ \t]+(?:-[a-zA-Z]*n|-o[ \t]+noexec)`), does: "keeps those of commands from running them", edit: comment},
		{words: "exit", line: text.Pattern(`(?m)^[ \t]*(trap)[ \t]+["'][^"'\n]*\bexit\b[^\n]*\b(?:ERR|DEBUG)\b`), does: "may end them", edit: comment},
		{words: "exec", line: text.Pattern(`(?m)^(exec)[ \t]+[1&]?>>?[ \t]*["']?/`), does: "takes away what they print", edit: comment},
		{words: "ulimit", line: unquoted(`(ulimit)[ \t]+(?:-[HS][ \t]+)?-[HS]?(?:[nus][ \t]+\d\d?|t[ \t]+\d|[vd][ \t]+\d{1,4})(?:[ \t;\n]|$)`), does: "leaves them too little to work", edit: comment},
		{words: "sleep", line: unquoted(`(sleep)[ \t]+(?:\d\d|\d+[mhd]|inf)`), does: "may make them wait", edit: comment},
		{words: "sleep", line: unquoted(`(while|until)[ \t][^\n]*;[ \t]*do[ \t]+sleep[ \t][^\n]*done`), does: "may make them wait", edit: comment},
		{words: "PATH=", line: text.Pattern(`(?m)^[ \t]*(?:export[ \t]+)?(PATH)=["']?([^$"'; \t\n]*)["']?(?:[; \t\n]|$)`), does: "leaves them without the usual programs", edit: comment},
		{words: "PATH", line: text.Pattern(`(?m)^[ \t]*(unset)[ \t]+(?:-v[ \t]+)?PATH\b`), does: "leaves them without the usual programs", edit: comment},
	}
}

// unquoted matches a command, and in front of it the line of a shell script up to there,
// without comments and quoted words.
func unquoted(command string) func() *regexp.Regexp {
	return text.Pattern(`(?m)^(?:(?:[^\n'"#]|\$#|\$\{[^}\n]*\}|'[^'\n]*'|"[^"\n]*")*(?:[;&|{)]|\bthen|\belse|\bdo))?[ \t]*` + command)
}

// sources matches where such a file reads another one; its group is the other's path.
func sources() way {
	return way{words: "/etc/ /opt/ /usr/local/", line: unquoted(`(?:\.|source)[ \t]+["']?(/(?:etc|opt|usr/local)/[A-Za-z0-9._/+-]+)`)}
}

// lines empties all lines of a script that are comments or have none of the words; nil if none
// is left. No pattern goes beyond a line, and to search for words costs a fraction of what it
// costs to make a pattern and to match it.
func (w *way) lines(content string) []byte {
	words, some := strings.Fields(w.words), false
	lines := strings.Split(content, "\n")
	for i, line := range lines {
		has := false
		for _, word := range words {
			has = has || strings.Contains(line, word)
		}
		if has = has && !strings.HasPrefix(strings.TrimSpace(line), "#"); !has {
			lines[i] = ""
		}
		some = some || has
	}
	if !some {
		return nil
	}
	return []byte(strings.Join(lines, "\n"))
}

// ends is the first line of a text that is such a line; nil: none is.
func ends(ways []way, file, script string) *ending {
	for _, w := range ways {
		content := w.lines(script)
		if content == nil {
			continue
		}
		begin := 0
		for at := w.line().FindSubmatchIndex(content); at != nil; at = w.line().FindSubmatchIndex(content[begin:]) {
			for i := range at {
				if at[i] >= 0 {
					at[i] += begin
				}
			}
			begin = at[1]
			from, to := at[2], at[3]
			if from < 0 { // the second of two
				from, to = at[4], at[5]
			} else if len(at) > 4 && at[4] >= 0 && gate.Programs(string(content[at[4]:at[5]])) {
				continue
			}
			return &ending{File: file, Line: 1 + bytes.Count(content[:from], []byte("\n")), Word: string(content[from:to]), way: w}
		}
	}
	return nil
}

const skeleton = "/etc/skel"

// lookEnds reads the files that shells read when they start: also for commands of sshd, or
// for people at a terminal (bash(1), INVOCATION), and those of the owner's that they read in
// turn. New homes get what useradd(8) copies.
func lookEnds(h *host.Host, one *gate.Somebody) *ending {
	home := skeleton
	if one != nil && path.IsAbs(one.Account.Home) {
		home = one.Account.Home
	}
	files := append([]string{"/etc/bash.bashrc", "/etc/bashrc", "/etc/profile"}, h.Glob("/etc/profile.d/*.sh")...)
	files = append(files, home+"/.bashrc", home+"/.bash_profile", home+"/.profile")
	ways, source := ways(), sources()
	for i := 0; i < len(files) && i < 400; i++ {
		if info, err := h.Stat(files[i]); err == nil && info.Mode()&fs.ModeNamedPipe != 0 {
			return &ending{File: files[i]}
		}
		content, err := h.ReadFile(files[i], 1<<20)
		if err != nil {
			continue
		}
		script := string(content)
		if e := ends(ways, files[i], script); e != nil {
			return e
		}
		if others := source.lines(script); others != nil {
			for _, other := range source.line().FindAllSubmatch(others, -1) {
				files = append(files, string(other[1]))
			}
		}
	}
	return nil
}

// told is what to say and to do about it.
func (e *ending) told() (what, next string) {
	if e.Line == 0 {
		return "Whoever signs in" + gate.Waiting(e.File) + ".", gate.Away(e.File)
	}
	whose := "Shells"
	if strings.HasPrefix(e.File, skeleton) {
		whose = "In new homes, shells"
	}
	line := strconv.Itoa(e.Line)
	return whose + " read " + e.File + " when they start, and \"" + e.Word + "\" at line " + line + " " + e.does + ".",
		"To take the line out, run: sudo " + text.Edit + " -e '" + line + e.edit + "' " + text.Quote(e.File)
}
