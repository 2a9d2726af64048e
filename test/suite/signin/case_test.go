//go:build rig

package signin_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// situation is one file of testdata/machines: what was done to a machine, and who can then
// sign in. README.md there has the format.
type situation struct {
	name, title string
	personas    []string
	attempts    []attempt
	options     []string // of the daemon's command line
	registers   bool     // the package registers whenever it is installed, not only the first time
	script      string
	sudo        string // whether an administrator's sudo works; "": not tested
	cause       string
	may         []expected // the possible results of enable
	remedy      string     // the next step as a script, if it is not a command that can be pasted
	choice      string     // the choice, if the next step has one
	steps       int        // how many next steps follow one another; 0: there is one
	stays       bool       // a warning stays after the next step, because a person has to decide
	gate        string     // the gate at which those who are out stop, as doctor --user calls it
	check       string     // the check that says so
	says        []string   // words of its text
	also        []string   // what doctor may say about somebody at other gates: "listen warn"
}

// attempt is one connection of a person.
type attempt struct {
	words         string
	bits          int
	user          string
	from, to      string
	port          int
	decoys, fails int
	wait          int // seconds
	truth         string
}

// expected is one possible result of enable.
type expected struct {
	code  int
	quiet bool       // there must be no warning
	warns bool       // there must be one
	names [][]string // each must be named, by one of its words
}

func situations(t *testing.T) []situation {
	t.Helper()
	return situationsOf(t, "machines")
}

// situationsOf are the files in one folder of testdata.
func situationsOf(t *testing.T, folder string) []situation {
	t.Helper()
	files, err := filepath.Glob("testdata/" + folder + "/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatal("no machines: ", err)
	}
	var all []situation
	for _, f := range files {
		text, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		s, err := parseSituation(strings.TrimSuffix(filepath.Base(f), ".txt"), string(text))
		if err != nil {
			t.Fatalf("%s: %v", f, err)
		}
		if len(s.may) == 0 && folder == "machines" {
			t.Fatalf("%s: what enable may say is needed", f)
		}
		all = append(all, s)
	}
	return all
}

func parseSituation(name, text string) (situation, error) {
	s := situation{name: name}
	title, rest, _ := strings.Cut(text, "\n")
	head, rest, _ := strings.Cut(rest, "\n\n")
	script, tail, found := strings.Cut(rest, "\ntruth: ")
	var titled bool
	s.title, titled = strings.CutPrefix(title, "# ")
	if !titled || !found {
		return s, fmt.Errorf("no title, no script or no truth")
	}
	s.script = strings.TrimSpace(script)
	for line := range strings.Lines(head + "\ntruth: " + tail) {
		key, value, ok := strings.Cut(strings.TrimSpace(line), ":")
		if strings.TrimSpace(line) == "" {
			continue
		}
		if !ok {
			return s, fmt.Errorf("%q is no key and value", line)
		}
		if err := s.set(key, strings.TrimSpace(value)); err != nil {
			return s, fmt.Errorf("%s: %w", key, err)
		}
	}
	if len(s.personas) == 0 || len(s.attempts) == 0 {
		return s, fmt.Errorf("personas and client are needed")
	}
	return s, nil
}

func (s *situation) set(key, value string) (err error) {
	switch key {
	case "personas":
		s.personas = strings.Fields(value)
	case "client":
		for _, words := range strings.Split(value, ";") {
			a, err := parseAttempt(strings.TrimSpace(words))
			if err != nil {
				return err
			}
			s.attempts = append(s.attempts, a)
		}
	case "sshd":
		s.options = strings.Fields(value)
	case "package":
		s.registers = value == "registers"
	case "truth":
		return s.truths(value)
	case "sudo":
		s.sudo = value
	case "cause":
		s.cause = value
	case "enable may say":
		for _, words := range strings.Split(value, "|") {
			v, err := parseExpected(strings.TrimSpace(words))
			if err != nil {
				return err
			}
			s.may = append(s.may, v)
		}
	case "remedy":
		s.remedy = value
	case "choice":
		s.choice = value
	case "steps":
		s.steps, err = strconv.Atoi(value)
		return err
	case "stays":
		s.stays = value == "yes"
	case "gate":
		s.gate, s.check, _ = strings.Cut(value, " ")
	case "says":
		s.says = strings.Split(value, " ~ ")
	case "also":
		s.also = strings.Split(value, ", ")
	default:
		return fmt.Errorf("not known")
	}
	return nil
}

// truths parses "in rsa-3072 / out": a word for an attempt, and one for all others.
func (s *situation) truths(value string) error {
	for i := range s.attempts {
		a := &s.attempts[i]
		for _, one := range strings.Split(value, " / ") {
			word, of, ok := strings.Cut(one, " ")
			if ok && of == a.words || !ok && a.truth == "" {
				a.truth = word
			}
		}
		if !slices.Contains([]string{"in", "out", "unchecked", "any"}, a.truth) {
			return fmt.Errorf("no truth for %q", a.words)
		}
	}
	return nil
}

func parseAttempt(words string) (attempt, error) {
	a := attempt{words: words, user: person, from: "10.0.0.1", to: "10.0.0.4", port: 22}
	f := strings.Fields(words)
	var err error
	if a.bits, err = strconv.Atoi(strings.TrimPrefix(f[0], "rsa-")); err != nil {
		return a, err
	}
	for i := 1; i+1 < len(f); i += 2 {
		n, bad := strconv.Atoi(f[i+1])
		switch f[i] {
		case "as":
			a.user, bad = called(f[i+1]), nil
		case "from":
			a.from, bad = f[i+1], nil
		case "to":
			a.to, bad = f[i+1], nil
			if strings.Contains(a.to, ":") {
				a.from = "fd00::1"
			}
		case "port":
			a.port = n
		case "decoys":
			a.decoys = n
		case "fails":
			a.fails = n
		case "wait":
			a.wait = n
		default:
			bad = fmt.Errorf("%q is not known", f[i])
		}
		if bad != nil {
			return a, bad
		}
	}
	return a, nil
}

// parseExpected parses "21 naming a, b~c", "0 + warning naming a", "0 quiet", "0".
func parseExpected(words string) (v expected, err error) {
	words, names, named := strings.Cut(words, " naming ")
	if named {
		for _, n := range strings.Split(names, ",") {
			v.names = append(v.names, strings.Split(strings.TrimSpace(n), "~"))
		}
	}
	f := strings.Fields(words)
	if len(f) == 0 {
		return v, fmt.Errorf("empty")
	}
	switch strings.Join(f[1:], " ") {
	case "quiet":
		v.quiet = true
	case "+ warning":
		v.warns = true
	case "":
	default:
		return v, fmt.Errorf("%q is not known", words)
	}
	v.code, err = strconv.Atoi(f[0])
	return v, err
}

// allows reports whether enable's code and texts are as expected.
func (v expected) allows(code int, said, warned string) bool {
	text := said
	if v.warns {
		text = warned
	}
	text = strings.ToLower(text)
	for _, words := range v.names {
		if !slices.ContainsFunc(words, func(w string) bool { return strings.Contains(text, strings.ToLower(w)) }) {
			return false
		}
	}
	return code == v.code && (!v.quiet || warned == "") && (!v.warns || warned != "")
}
