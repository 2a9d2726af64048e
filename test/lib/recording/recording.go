// Package recording reads what real package managers printed and how they ended, situation
// by situation (pkgmgr/testdata/scenes).
package recording

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"aadssh/internal/host"
)

// Scene is one situation in which a real program was recorded: what is wrong, and the
// commands that were run.
type Scene struct {
	Name string
	Runs []Run
}

// Run is one command of a scene with its result.
type Run struct {
	Note    string // what was changed before it
	Line    string // the command line
	Command host.Command
	Result  host.Result // if both streams went to one file, everything is in Stdout
}

// Read reads PROGRAM-VERSION.txt in a folder of scenes; the first lines of that file
// describe its format.
func Read(t testing.TB, folder, program string) []Scene {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(folder, program+".txt"))
	if err != nil {
		t.Fatal(err)
	}
	var all []Scene
	parts := strings.Split("\n"+string(b), "\n### ")[1:]
	for _, part := range parts {
		name, rest, _ := strings.Cut(part, "\n")
		all = append(all, Scene{name, runs(t, program+": "+name, rest)})
	}
	return all
}

func runs(t testing.TB, at, text string) []Run {
	t.Helper()
	var all []Run
	note := ""
	var into *[]byte
	for _, line := range strings.SplitAfter(text, "\n") {
		bare := strings.TrimSuffix(line, "\n")
		switch {
		case strings.HasPrefix(bare, "$ "):
			all = append(all, Run{Note: note, Line: bare[2:], Command: shellCommand(bare[2:])})
			note, into = "", nil
		case len(all) > 0 && into == nil && strings.HasPrefix(bare, "exit: "):
			word, _, _ := strings.Cut(bare[len("exit: "):], " ") // "1 (after 11 s)"
			code, err := strconv.Atoi(word)
			if word == "none," { // it was still running and was killed
				code, err = -1, nil
			}
			if err != nil {
				t.Fatalf("%s: %v", at, err)
			}
			all[len(all)-1].Result.ExitCode = code
			into = new([]byte)
		case len(all) == 0 && strings.HasPrefix(bare, "# /"): // a file that exists there
			note = bare[2:]
		case len(all) == 0, into == nil: // the description of the scene
		case bare == "stdout:", strings.HasPrefix(bare, "stdout and stderr in one file"):
			into = &all[len(all)-1].Result.Stdout
		case bare == "stderr:":
			into = &all[len(all)-1].Result.Stderr
		case bare == "(no output)":
		case strings.HasPrefix(bare, "of that, stderr:"):
			into = new([]byte)
		case strings.HasPrefix(bare, "# "):
			note = strings.TrimSuffix(bare[2:], ":")
		default:
			*into = append(*into, line...)
		}
	}
	return all
}

// shellCommand splits a command as a shell does, as far as the recordings need it: with
// single quotes.
func shellCommand(line string) host.Command {
	var words []string
	for rest := strings.TrimSpace(line); rest != ""; rest = strings.TrimLeft(rest, " ") {
		word := ""
		for rest != "" && rest[0] != ' ' {
			if rest[0] == '\'' {
				quoted, after, _ := strings.Cut(rest[1:], "'")
				word, rest = word+quoted, after
				continue
			}
			end := strings.IndexAny(rest, " '")
			if end < 0 {
				end = len(rest)
			}
			word, rest = word+rest[:end], rest[end:]
		}
		words = append(words, word)
	}
	var c host.Command
	for len(words) > 0 && strings.Contains(words[0], "=") && !strings.HasPrefix(words[0], "-") {
		c.Env, words = append(c.Env, words[0]), words[1:]
	}
	c.Name, c.Args = words[0], words[1:]
	return c
}
