package doctor

import (
	"fmt"
	"slices"
	"strings"

	"aadssh/internal/check"
	"aadssh/internal/fault"
	"aadssh/internal/text"
)

// Style is how a report is shown.
type Style struct {
	Color bool
	Width int  // of the terminal in columns; 0: lines are not broken
	All   bool // also what passes
}

// The sections of a report with their titles.
func titles() [][2]string {
	return [][2]string{
		{check.Machine, "Machine"}, {check.Identity, "Identity"}, {check.Repository, "Package repository"},
		{check.Packages, "Packages"}, {check.SignIn, "Sign-in"}, {check.Network, "Network"}, {check.History, "Recent sign-ins"},
	}
}

// Text is the report for a terminal: the verdict, what else does not pass, and how many
// checks do.
func (r Report) Text(s Style) string {
	var b strings.Builder
	s.verdict(&b, r)
	if r.User != nil {
		s.user(&b, r)
		s.hidden(&b, r.Checks)
		return b.String()
	}
	var rest []*Check
	passed, told := 0, r.told()
	for i := range r.Checks {
		switch c := &r.Checks[i]; {
		case c.Answer == "pass":
			passed++
		case !c.hidden && (s.All || !c.Repeats) && c != told:
			rest = append(rest, c)
		}
	}
	if len(rest) > 0 {
		s.title(&b, "Not well, or not known")
		steps := map[string]bool{r.Verdict.Next: true}
		for _, answer := range []string{"fail", "warn", "unknown"} {
			for _, c := range rest {
				if c.Answer != answer {
					continue
				}
				step := c.Next
				if steps[step] && step != "" {
					step = "The same step as above."
				}
				steps[c.Next] = true
				s.entry(&b, c.Answer, c.Name, c.Text, step)
			}
		}
	}
	if s.All {
		s.passed(&b, r.Checks)
	} else if passed > 0 {
		b.WriteString("\n")
		s.wrap(&b, 0, text.Counted(passed, "check")+" passed (--all shows them).")
	}
	s.hidden(&b, r.Checks)
	if r.Verdict.Code == 0 || s.All {
		s.unseen(&b, r.Unseen)
	}
	return b.String()
}

// hidden shows what only root can read, in one line for each reason.
func (s Style) hidden(b *strings.Builder, checks []Check) {
	var told []string
	for i := range checks {
		c, n := &checks[i], 0
		if !c.hidden || slices.Contains(told, c.Text) {
			continue
		}
		for j := range checks {
			if checks[j].hidden && checks[j].Text == c.Text {
				n++
			}
		}
		if len(told) == 0 {
			s.title(b, "Not looked at without root")
		}
		told = append(told, c.Text)
		s.entry(b, "unknown", c.Name, strings.TrimSuffix(c.Text, ".")+" ("+text.Counted(n, "check")+").", "")
	}
}

// answer is the verdict as an answer of a check.
func (v Verdict) answer() string {
	switch {
	case v.Code == int(fault.Usage):
		return "unknown"
	case v.Code != 0:
		return "fail"
	case v.Check != "":
		return "warn"
	}
	return "pass"
}

// told is the check that the verdict is about: the first of its name with the worst answer.
func (r *Report) told() *Check {
	for _, worst := range []string{"fail", "warn", "unknown"} {
		for i := range r.Checks {
			if c := &r.Checks[i]; c.Name == r.Verdict.Check && c.Answer == worst {
				return c
			}
		}
	}
	return nil
}

// brief is how much of an output the agent's Run Command keeps, in bytes.
const brief = 4096

// Brief is the report in at most 4,096 bytes, which is what Run Command keeps: the verdict,
// then as many of the other findings as fit.
func (r Report) Brief() string {
	cut := r
	cut.Verdict.Text, cut.Verdict.Next = text.Clip(r.Verdict.Text, 1200), text.Clip(r.Verdict.Next, 1200)
	var b strings.Builder
	Style{}.verdict(&b, cut)
	const end = 80 // for the last line
	left, told := 0, r.told()
	for _, answer := range []string{"fail", "warn", "unknown"} {
		for i := range r.Checks {
			c := &r.Checks[i]
			if c.Answer != answer || c.hidden || c.Repeats || c == told {
				continue
			}
			line := word(c.Answer) + " " + c.Name + ": " + text.Clip(c.Text, 300) + "\n"
			if left > 0 || b.Len()+len(line)+end > brief {
				left++
				continue
			}
			b.WriteString(line)
		}
	}
	if left > 0 {
		fmt.Fprintf(&b, "And %d more: run doctor without --brief on the machine.\n", left)
	}
	return b.String()
}

// verdict shows the overall result: what is wrong, and what to run.
func (s Style) verdict(b *strings.Builder, r Report) {
	s.headed(b, r.Verdict.answer(), r.Verdict.head(), 0, r.Verdict.Text)
	if r.Verdict.Next != "" {
		s.wrap(b, 0, r.Verdict.Next)
	}
	s.wrap(b, 0, "("+r.headline()+")")
}

// head is the answer, and the exit code if it is not 0.
func (v Verdict) head() string {
	answer := word(v.answer())
	if v.Code != 0 {
		return fmt.Sprintf("%s %d %s:", answer, v.Code, v.Name)
	}
	return strings.ToUpper(answer) + ":"
}

func (s Style) passed(b *strings.Builder, checks []Check) {
	for _, t := range titles() {
		title := t[1]
		for i := range checks {
			if c := &checks[i]; c.Section == t[0] && c.Answer == "pass" {
				if title != "" {
					s.title(b, title)
				}
				title = ""
				s.entry(b, c.Answer, c.Name, c.Text)
			}
		}
	}
}

func (s Style) unseen(b *strings.Builder, all []Unseen) {
	if len(all) > 0 {
		s.title(b, "Cannot be seen from this machine")
	}
	for _, u := range all {
		s.entry(b, "unknown", u.Name, u.Text, u.Commands...)
	}
}

func (r Report) headline() string {
	parts := []string{"aadsshlogin-handler " + r.Version}
	if r.Machine.Distribution != "" {
		parts = append(parts, r.Machine.Distribution)
	}
	switch {
	case r.Machine.ScaleSet != "":
		parts = append(parts, "an instance of the scale set "+r.Machine.ScaleSet)
	case r.Machine.Name != "":
		parts = append(parts, r.Machine.Name)
	}
	line := strings.Join(parts, ", ")
	if r.foreign != "" {
		line += "; " + r.foreign
	}
	return line
}

// word is an answer as it is shown.
func word(answer string) string {
	word, _ := appearance(answer)
	return word
}

// appearance is an answer's word and color.
func appearance(answer string) (word, color string) {
	switch answer {
	case "pass":
		return "ok", "32"
	case "warn":
		return "WARN", "33"
	case "fail":
		return "FAIL", "31"
	}
	return "?", "36"
}

const (
	answerColumn = 2 + 4 + 2 // where names begin
	nameColumn   = 18
	textColumn   = answerColumn + nameColumn + 2 // where texts begin on a wide terminal
	narrow       = 72                            // columns, below which texts have lines of their own
)

// entry is one line of the report: an answer, its name, the finding, the next step.
func (s Style) entry(b *strings.Builder, answer, name, what string, next ...string) {
	_, color := appearance(answer)
	head := "  " + s.paint(fmt.Sprintf("%-4s", word(answer)), color) + "  "
	indent := textColumn
	if s.Width > 0 && s.Width < narrow {
		indent = 4
		b.WriteString(head)
		s.fill(b, []token{{text: name}}, answerColumn, indent, 0, "")
		b.WriteString(strings.Repeat(" ", indent))
	} else {
		b.WriteString(head + fmt.Sprintf("%-*s  ", nameColumn, name))
	}
	s.wrap(b, indent, what)
	for _, step := range next {
		if step != "" {
			b.WriteString(strings.Repeat(" ", indent))
			s.wrap(b, indent, step)
		}
	}
}

// headed writes a text after a head in the color of an answer.
func (s Style) headed(b *strings.Builder, answer, head string, indent int, text string) {
	_, color := appearance(answer)
	s.fill(b, tokens(head+" "+text), 0, indent, len(strings.Fields(head)), color)
}

// title is the heading of a part of the report.
func (s Style) title(b *strings.Builder, title string) {
	var lines strings.Builder
	s.wrap(&lines, 0, title)
	b.WriteString("\n" + s.paint(strings.TrimSuffix(lines.String(), "\n"), "1") + "\n")
}

// wrap writes a text where indent columns of the first line are already written.
func (s Style) wrap(b *strings.Builder, indent int, text string) {
	s.fill(b, tokens(text), indent, indent, 0, "")
}

// fill writes the words of a text where used columns of the first line are already written.
// Lines are broken between words, within a command with a backslash, so that it can be
// pasted as it is shown. A word that is longer than a line is not broken, nor is an argument
// in quotes. The first words are in a color.
func (s Style) fill(b *strings.Builder, all []token, used, indent, colored int, color string) {
	for i := range all {
		w, blank := &all[i], min(i, 1)
		n := columns(w.text)
		reserve := 0
		if i+1 < len(all) && all[i+1].within {
			reserve = 2 // for the backslash that may follow
		}
		switch {
		case s.Width > 0 && used+blank > indent && used+blank+n+reserve > s.Width:
			if w.within {
				b.WriteString(" \\")
			}
			b.WriteString("\n" + strings.Repeat(" ", indent))
			used, blank = indent, 0
		case i > 0:
			b.WriteString(" ")
		}
		if i < colored {
			w.text = s.paint(w.text, color)
		}
		b.WriteString(w.text)
		used += blank + n
	}
	b.WriteString("\n")
}

func (s Style) paint(text, code string) string {
	if !s.Color {
		return text
	}
	return "\x1b[" + code + "m" + text + "\x1b[0m"
}
