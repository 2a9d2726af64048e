package sshd

import (
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"

	"aadssh/internal/check"
	"aadssh/internal/host"
	"aadssh/internal/text"
)

// forcedCommand is what a ForceCommand runs: sshd passes it to the person's shell instead
// of what they asked for.
type forcedCommand struct {
	program string // the program of its last command, which decides what people get; "" if it has none
	asked   bool   // that command uses what people asked for, or their shell
	shell   bool   // it is a shell without a command
}

// asksFor matches what people asked for, or their own shell.
var asksFor = text.Pattern(`SSH_ORIGINAL_COMMAND|\bSHELL\b`)

// startsShell matches a shell, or a program that starts one, in the text of a script.
var startsShell = text.Pattern(`(^|[\s/"'])(ba|da|k|z|tc|c|fi)?sh([\s"';]|$)|\b(tmux|screen|login|tlog-rec-session|script)\b`)

// readForced evaluates a command as a shell does, as far as ForceCommand lines need it: the
// last of several commands, without programs that only start another one.
func readForced(command string) forcedCommand {
	if command == "" || command == "none" {
		return forcedCommand{}
	}
	last := lastCommand(command)
	args := started(words(last))
	if inner := given(args); inner != "" {
		return readForced(inner)
	}
	f := forcedCommand{asked: asksFor().MatchString(last)}
	if len(args) == 0 {
		return f
	}
	f.program = args[0]
	name := path.Base(f.program)
	f.shell = isShell(name) && !slices.ContainsFunc(args[1:], func(a string) bool { return !strings.HasPrefix(a, "-") })
	if strings.ContainsAny(f.program, "$`(){}[]<>") || text.OneOf(f.program, "fi done esac }") {
		f.program = "" // more of the shell's language than is evaluated here
		f.asked = asksFor().MatchString(command)
	}
	return f
}

// started removes what only starts another command: assignments, exec, env.
func started(args []string) []string {
	for len(args) > 0 {
		switch name, _, assigned := strings.Cut(args[0], "="); {
		case assigned && !strings.ContainsAny(name, "$/"), text.OneOf(args[0], "exec command nohup setsid eval"):
			args = args[1:]
		case text.OneOf(path.Base(args[0]), "env nice ionice timeout"):
			args = args[1:]
			for len(args) > 0 && (strings.HasPrefix(args[0], "-") || strings.Trim(args[0], "0123456789.smh") == "") { // options, and their numbers
				args = args[1:]
			}
		default:
			return args
		}
	}
	return nil
}

// given is the text that a shell runs ("sh -c TEXT"); "" without one.
func given(args []string) string {
	if len(args) == 0 || !isShell(path.Base(args[0])) {
		return ""
	}
	for i, a := range args[1:] {
		if len(a) > 1 && a[0] == '-' && a[1] != '-' && strings.HasSuffix(a, "c") && i+2 < len(args) {
			return args[i+2]
		}
	}
	return ""
}

func isShell(name string) bool {
	return text.OneOf(name, "sh bash dash ksh zsh fish tcsh csh rbash")
}

// lastCommand is what follows the last sign outside quotes that ends a command.
func lastCommand(s string) string {
	begin, quote := 0, byte(0)
	s = strings.TrimRight(s, "; \t")
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == '\\':
			i++
		case quote != 0:
			if c == quote {
				quote = 0
			}
		case c == '"' || c == '\'':
			quote = c
		case c == ';' || c == '|' || c == '\n' || c == '&' && (i == 0 || s[i-1] != '>'): // not "2>&1"
			begin = i + 1
		}
	}
	return strings.TrimSpace(s[begin:])
}

// ends are programs, and words of the shell, that do nothing and end.
func ends() []string {
	return []string{"false", "true", "nologin", "exit", ":", "echo", "printf", "cat", "sleep", "logger", "date", "logout", "return", "kill"}
}

// sftp reports whether a program only copies files.
func sftp(program string) bool {
	return program == "internal-sftp" || path.Base(program) == "sftp-server"
}

// findForced finds the program that a ForceCommand runs; one named without its folder is
// searched in sshd's default PATH (pathnames.h of OpenSSH, as the distributions build it).
func findForced(h *host.Host, program string) Place {
	if strings.Contains(program, "/") {
		return statProgram(h, program)
	}
	for _, dir := range []string{"/usr/local/bin", "/usr/bin", "/bin", "/usr/local/sbin", "/usr/sbin", "/sbin", "/usr/games"} {
		if p := statProgram(h, path.Join(dir, program)); !p.Missing {
			return p
		}
	}
	return Place{Missing: true}
}

// askForced: administrators use a wrapper for logging or a second factor, and it finally
// runs what people asked for. A program that ends at once, or that is missing, ends every
// session.
func askForced(f *Facts, e *Effective) check.Result {
	command := e.Value("forcecommand")
	c := readForced(command)
	if c == (forcedCommand{}) {
		return pass("No command is forced on %s.", f.whom())
	}
	w := locate(f, e, "forcecommand", command)
	why, known := "", true
	switch p, seen := f.Places[c.program]; {
	case c.program == "":
		known = c.asked
	case sftp(c.program):
		why = "it copies files and gives nobody a shell"
	case slices.Contains(ends(), path.Base(c.program)):
		why = "it ends at once"
	case !seen:
		known = c.asked || c.shell
	default:
		why, known = p.runs(c.program)
		known = known || c.asked || c.shell
	}
	switch {
	case why != "":
		return shut(w, "ForceCommand "+strconv.Quote(brief(command))+" replaces the session of "+f.who("every Entra ID user")+w.at()+", and "+why+".", w.undo(f))
	case !known:
		return unsure(w, "ForceCommand"+w.at(),
			"ForceCommand "+strconv.Quote(brief(command))+" replaces the session of "+f.who("every Entra ID user")+w.at()+"; whether it gives people one in the end is not known.", w.undo(f))
	case c.shell && !c.asked:
		return check.Result{Answer: check.Warn, File: w.File, Except: "people who give ssh a command",
			Text: "ForceCommand " + strconv.Quote(brief(command)) + " gives everybody a shell" + w.at() + "; what people ask ssh to run is not run.", Next: w.undo(f)}
	}
	return pass("ForceCommand runs %s%s.", brief(command), w.at())
}

// runs is why people cannot run a program and, if they can, whether it is known to run what
// they asked for.
func (p Place) runs(name string) (why string, known bool) {
	switch {
	case p.Missing && !strings.Contains(name, "/"):
		return name + " is in no folder that people's programs are looked for in", true
	case p.Missing:
		return name + " does not exist", true
	case p.Dir:
		return name + " is a folder", true
	case p.Err != nil:
		return "", false
	case p.Mode.Perm()&0o001 == 0:
		return fmt.Sprintf("%s cannot be executed by everybody (mode %04o)", name, p.Mode.Perm()), true
	case p.Behind != "":
		return name + " " + p.Behind, true
	case p.Starts != "":
		return name + " is a script for " + text.Name(p.Starts) + ", which is not there", true
	}
	return "", p.Session
}
