package doctor

import (
	"fmt"
	"strings"
)

// Style is how a report is shown.
type Style struct {
	Color bool
	Width int // of the terminal in columns; 0: lines are not broken
}

// The sections of a report as people read them.
func titles() [][2]string {
	return [][2]string{
		{sectionMachine, "Machine"}, {sectionIdentity, "Identity"}, {sectionRepository, "Package repository"},
		{sectionPackages, "Packages"}, {sectionSignIn, "Sign-in"}, {sectionNetwork, "Network"}, {sectionHistory, "Recent sign-ins"},
	}
}

// Text is the report for a terminal: what is wrong first, then everything.
func (r Report) Text(s Style) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n\n", s.bold(r.headline()))
	bad := 0
	for _, answer := range []string{"fail", "warn"} {
		for _, c := range r.Checks {
			if c.Answer == answer {
				s.line(&b, c)
				bad++
			}
		}
	}
	if bad > 0 {
		b.WriteString("\n")
	}
	for _, t := range titles() {
		title := s.bold(t[1]) + "\n"
		for _, c := range r.Checks {
			if c.Section == t[0] && (c.Answer == "pass" || c.Answer == "unknown") {
				b.WriteString(title)
				title = ""
				s.line(&b, c)
			}
		}
	}
	if len(r.Unseen) > 0 {
		b.WriteString("\n" + s.bold("Cannot be seen from this machine") + "\n")
	}
	for _, u := range r.Unseen {
		s.wrap(&b, "  ?        "+pad(u.Name)+"  ", u.Text)
		s.indent(&b, u.Command)
	}
	if !r.Root {
		b.WriteString("\nRun it with sudo to see what only root can see.\n")
	}
	fmt.Fprintf(&b, "\n%s\n", s.bold(fmt.Sprintf("%d %s", r.Verdict.Code, r.Verdict.Name)))
	fmt.Fprintf(&b, "%s\n", r.Verdict.Text)
	if r.Verdict.Next != "" {
		fmt.Fprintf(&b, "%s\n", r.Verdict.Next)
	}
	return b.String()
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
	return strings.Join(parts, ", ")
}

const nameColumn = 18

func pad(s string) string { return fmt.Sprintf("%-*s", nameColumn, s) }

// line is one check: its answer, its name, what is so and what to do.
func (s Style) line(b *strings.Builder, c Check) {
	word := map[string]string{"pass": "ok", "warn": "WARN", "fail": "FAIL", "unknown": "unknown"}[c.Answer]
	color := map[string]string{"pass": "32", "warn": "33", "fail": "31", "unknown": "36"}[c.Answer]
	s.wrap(b, "  "+s.paint(fmt.Sprintf("%-7s", word), color)+"  "+pad(c.Name)+"  ", c.Text)
	if c.Next != "" && c.Answer != "pass" {
		s.indent(b, c.Next)
	}
}

// textColumn is where texts begin.
const textColumn = 2 + 7 + 2 + nameColumn + 2

// wrap writes a text behind a head that fills the columns before it.
func (s Style) wrap(b *strings.Builder, head, text string) {
	room := s.Width - textColumn
	if s.Width == 0 || room < 30 {
		fmt.Fprintf(b, "%s%s\n", head, text)
		return
	}
	length := 0
	b.WriteString(head)
	for i, word := range strings.Fields(text) {
		n := len([]rune(word))
		if i > 0 && length+1+n > room {
			b.WriteString("\n" + strings.Repeat(" ", textColumn))
			length = 0
		} else if i > 0 {
			b.WriteString(" ")
			length++
		}
		b.WriteString(word)
		length += n
	}
	b.WriteString("\n")
}

// indent writes what to do, unbroken: it is there to be copied.
func (s Style) indent(b *strings.Builder, text string) {
	fmt.Fprintf(b, "%s> %s\n", strings.Repeat(" ", textColumn-2), text)
}

func (s Style) bold(text string) string { return s.paint(text, "1") }

func (s Style) paint(text, code string) string {
	if !s.Color {
		return text
	}
	return "\x1b[" + code + "m" + text + "\x1b[0m"
}
