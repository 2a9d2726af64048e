package doctor

import (
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"aadssh/internal/check"
	"aadssh/internal/names"
)

// ofTheBroken are doctor's reports about the machines in the table of broken machines, each
// also about one person, and one with words in other alphabets.
func ofTheBroken(t *testing.T) map[string]Report {
	t.Helper()
	files, err := filepath.Glob("../../test/suite/doctor/testdata/told/*.txt")
	if err != nil || len(files) < 80 {
		t.Fatalf("%d machines, %v", len(files), err)
	}
	first := regexp.MustCompile("^(fail|warn|unknown|pass) ?([0-9]*) `([^`]*)`: (.*)$")
	all := map[string]Report{}
	for _, file := range files {
		content, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		lines := strings.Split(string(content), "\n")
		m := first.FindStringSubmatch(lines[0])
		if m == nil {
			t.Fatalf("%s: %s", file, lines[0])
		}
		code, _ := strconv.Atoi(m[2])
		all[filepath.Base(file)] = reportOf(Check{Name: m[3], Section: check.SignIn, Answer: m[1], Code: code, Text: m[4], Next: lines[1]})
	}
	all["wide"] = reportOf(Check{Name: "sshd-command", Section: check.SignIn, Answer: "fail", Code: 21,
		Text: "管理者のグループ \"管理者 達\" は " + strings.Repeat("漢字 ", 40) + "e\u0301 of Zoë.",
		Next: "Run: sudo sed -i --follow-symlinks '/管理者  達/d' /etc/ssh/sshd_config.d/管理.conf && sudo sshd -t && sudo systemctl reload-or-restart ssh"})
	return all
}

// reportOf is a report whose verdict is about c; other checks say the same.
func reportOf(c Check) Report {
	warned, unknown := c, c
	warned.Name, warned.Answer, warned.Code = "network-repository", "warn", 0
	unknown.Name, unknown.Answer, unknown.Code, unknown.Next = "sshd-algorithms", "unknown", 0, ""
	r := Report{Version: "1.0.0", Root: true, Machine: Machine{Distribution: "Ubuntu 22.04 LTS", Name: "web1"},
		Checks: []Check{{Name: "distro", Section: check.Machine, Answer: "pass", Text: "Ubuntu 22.04 LTS is supported."}, c, warned, unknown, {Name: "identity", Answer: "unknown", Text: "Only root can read this.", hidden: true}},
		Unseen: []Unseen{{Name: "way-in", Text: c.Text, Commands: []string{c.Next}}}}
	r.Verdict = verdict(r.Checks, false)
	return r
}

var (
	argument = regexp.MustCompile(`'[^']*'|"[^"]*"`)
	color    = regexp.MustCompile(`\x1b\[[0-9]*m`)
	indented = regexp.MustCompile(`(?m)^ +`)
)

// commandOf matches the command in a next step, with what follows a comma or semicolon.
var commandOf = regexp.MustCompile(`(?::|^) ?((?:sudo|az|printf|echo|sed) .*?)(?:\. [A-Z].*|\. ?| \([A-Za-z].*|)$`)

// prose matches what follows a command and is none.
var prose = regexp.MustCompile(`^(put it|there|where|so that|check with|then|else|or|find|whoever|until|its owner|in) `)

// commandsOf are the commands in a next step; between two of them a shell needs no
// backslash.
func commandsOf(next string) (all []string) {
	m := commandOf.FindStringSubmatch(next)
	if m == nil {
		return nil
	}
	for part := range strings.SplitSeq(strings.ReplaceAll(m[1], ", ", "; "), "; ") {
		if prose.MatchString(part) {
			break
		}
		all = append(all, part)
	}
	return all
}

// TestEveryWidth: on terminals with 20 to 200 columns no line is longer than the terminal
// unless it is a single word, no word is lost or printed twice, and each command is still
// one command for a shell.
func TestEveryWidth(t *testing.T) {
	commands, begin := 0, 20
	for name, r := range ofTheBroken(t) {
		one := r
		one.User = &User{Name: "ada@contoso.com", From: "198.51.100.23", Gates: []Gate{{Name: "listen", Answer: "fail", Text: r.Verdict.Text, Checks: []string{r.Verdict.Check, "network-repository"}}}}
		fleet := Summary{Machines: 3, Unjudged: 1, Causes: []Cause{{Code: 21, Check: r.Verdict.Check, Text: r.Verdict.Text, Next: r.Verdict.Next, Machines: []string{"web1", "web2", "web3"}}}}
		for shown, text := range map[string]func(Style) string{"all": r.Text, "one person": one.Text, "fleet": fleet.Text} {
			want := words(text(Style{All: true}))
			begin = 20 + (begin+1)%20 // each machine has other widths, and all machines together have all
			for width := begin; width <= 200; width += 20 {
				got := text(Style{Width: width, All: true})
				if line := tooLong(got, width); line != "" {
					t.Errorf("%s, %s, %d columns: a line of %d: %s", name, shown, width, columns(line), line)
				}
				if words(got) != want {
					t.Fatalf("%s, %s, %d columns: other words:\n%s\nnot\n%s", name, shown, width, words(got), want)
				}
				pasted := strings.ReplaceAll(indented.ReplaceAllString(got, ""), " \\\n", " ")
				for _, c := range commandsOf(r.Verdict.Next) {
					if commands++; !strings.Contains(pasted, c) {
						t.Fatalf("%s, %s, %d columns: the command is not whole: %s\n%s", name, shown, width, c, got)
					}
				}
				if colored := color.ReplaceAllString(text(Style{Width: width, All: true, Color: true}), ""); colored != got {
					t.Fatalf("%s, %s, %d columns: colors change where lines break:\n%s", name, shown, width, colored)
				}
			}
		}
	}
	if commands < 1000 {
		t.Errorf("only %d commands", commands)
	}
}

// words are the words of a text, however it is broken into lines.
func words(s string) string {
	return strings.Join(strings.Fields(strings.ReplaceAll(s, " \\\n", "\n")), " ")
}

// tooLong is a line that is longer than a terminal and more than one word, or argument in
// quotes.
func tooLong(text string, width int) string {
	for line := range strings.Lines(text) {
		line = strings.TrimRight(line, "\n")
		if columns(line) > width && strings.Contains(argument.ReplaceAllString(strings.TrimSuffix(strings.TrimSpace(line), ` \`), "x"), " ") {
			return line
		}
	}
	return ""
}

// TestStatusEveryWidth: status keeps to the width of the terminal as doctor does, and has
// the same words at every width.
func TestStatusEveryWidth(t *testing.T) {
	for name, r := range ofTheBroken(t) {
		at := time.Unix(1e9, 0).UTC()
		v := r.Verdict
		s := Status{Handler: names.Ours().Full(), Extension: "1.0.1.0", State: "Enabled", Operation: "enable", Code: v.Code, Name: v.Name, Message: v.Text + " " + v.Next,
			Said: &at, Since: &at, Notice: "The newest version could not be installed, so the older one stays.", Reload: true, Running: "process 7, enable of version 1.0",
			Parts: []Part{{Name: "sshd", Level: "error", Text: v.Text}, {Name: "repository", Level: "success", Text: "In order."}}, Health: &v}
		whole := words(s.Text(at, Style{}))
		for _, width := range []int{20, 40, 71, 72, 80, 120, 200} {
			got := s.Text(at, Style{Width: width})
			if line := tooLong(got, width); line != "" {
				t.Errorf("%s: %d columns: %q", name, width, line)
			}
			if words(got) != whole {
				t.Errorf("%s: %d columns: other words:\n%s", name, width, got)
			}
		}
	}
}

// TestColumns: what a terminal shows in two columns counts twice.
func TestColumns(t *testing.T) {
	for s, want := range map[string]int{"": 0, "abc": 3, "Zoë": 3, "Zoe\u0308": 3, "管理": 4, "한글": 4, "ｶﾅ": 2, "！": 2, "🔥": 2, "…": 1} {
		if got := columns(s); got != want {
			t.Errorf("%s: %d columns, want %d", s, got, want)
		}
	}
}
