package pkgmgr

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"aadsshlogin-handler/internal/host"
)

// scene is one situation in which a real program was recorded: what is the
// matter, and what was run one after the other.
type scene struct {
	name string
	runs []run
}

// run is one command of a scene with what it answered.
type run struct {
	note    string // what was changed before it
	command host.Command
	result  host.Result
}

// scenes reads testdata/scenes/PROGRAM-VERSION.txt; its first lines say how it
// is written.
func scenes(t testing.TB, file string) []scene {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("testdata", "scenes", file+".txt"))
	if err != nil {
		t.Fatal(err)
	}
	var all []scene
	parts := strings.Split("\n"+string(b), "\n### ")[1:]
	for _, part := range parts {
		name, rest, _ := strings.Cut(part, "\n")
		all = append(all, scene{name, sceneRuns(t, file+": "+name, rest)})
	}
	return all
}

func sceneRuns(t testing.TB, at, text string) []run {
	t.Helper()
	var runs []run
	note := ""
	var into *[]byte
	for _, line := range strings.SplitAfter(text, "\n") {
		bare := strings.TrimSuffix(line, "\n")
		switch {
		case strings.HasPrefix(bare, "$ "):
			runs = append(runs, run{note: note, command: shellCommand(bare[2:])})
			note, into = "", nil
		case len(runs) > 0 && into == nil && strings.HasPrefix(bare, "exit: "):
			word, _, _ := strings.Cut(bare[len("exit: "):], " ") // "1 (after 11 s)"
			code, err := strconv.Atoi(word)
			if word == "none," { // it was still running and was killed
				code, err = -1, nil
			}
			if err != nil {
				t.Fatalf("%s: %v", at, err)
			}
			runs[len(runs)-1].result.ExitCode = code
			into = new([]byte)
		case len(runs) == 0 && strings.HasPrefix(bare, "# /"): // a file that it has
			note = bare[2:]
		case len(runs) == 0, into == nil: // what the scene is
		case bare == "stdout:", strings.HasPrefix(bare, "stdout and stderr in one file"):
			into = &runs[len(runs)-1].result.Stdout
		case bare == "stderr:":
			into = &runs[len(runs)-1].result.Stderr
		case bare == "(no output)":
		case strings.HasPrefix(bare, "of that, stderr:"):
			into = new([]byte)
		case strings.HasPrefix(bare, "# "):
			note = strings.TrimSuffix(bare[2:], ":")
		default:
			*into = append(*into, line...)
		}
	}
	return runs
}

// shellCommand splits a command as a shell does, as far as the recordings use
// quotes: single ones.
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

// recordedRun is the first run of a scene whose command has these words, one
// after the other.
func recordedRun(t testing.TB, file, name string, words ...string) run {
	t.Helper()
	for _, s := range scenes(t, file) {
		if s.name != name {
			continue
		}
		for _, r := range s.runs {
			line := " " + strings.Join(append([]string{r.command.Name}, r.command.Args...), " ") + " "
			if strings.Contains(line, " "+strings.Join(words, " ")+" ") {
				return r
			}
		}
	}
	t.Fatalf("testdata/scenes/%s.txt has no %q with %q", file, name, words)
	return run{}
}
