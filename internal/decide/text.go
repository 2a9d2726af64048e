package decide

import (
	"fmt"
	"strings"

	"aadssh/internal/text"
)

// PlanText is a plan for people: each step with what it fetches, writes and runs, in that
// order. The commands are those of a run in which nothing fails; secrets are masked.
func PlanText(p Plan) string {
	if p.Empty() {
		return "Nothing is to be done.\n"
	}
	var b strings.Builder
	for i, s := range p.Steps {
		fmt.Fprintf(&b, "%d. %s\n", i+1, text.OneLine(s.Text))
		for _, pin := range s.Pins {
			fmt.Fprintf(&b, "   trust %s %s\n", pin.Fingerprint, pin.Name)
		}
		for _, url := range s.URLs {
			fmt.Fprintf(&b, "   fetch %s\n", url)
		}
		for _, file := range s.Files {
			switch s.Kind {
			case DropFile:
				fmt.Fprintf(&b, "   remove %s\n", file.Path)
			case ImportKey: // the step before has written it
			default:
				fmt.Fprintf(&b, "   write %s (mode %04o)\n", file.Path, file.Mode)
				for _, line := range text.SplitLines(string(file.Content)) {
					fmt.Fprintf(&b, "       %s\n", strings.TrimSuffix(line, "\n"))
				}
			}
		}
		for _, spec := range s.Want {
			fmt.Fprintf(&b, "   package %s %s\n", spec.Name, text.Or(spec.Version, "(newest)"))
		}
		for _, name := range s.Remove {
			fmt.Fprintf(&b, "   remove package %s\n", name)
		}
		for _, c := range s.Commands {
			fmt.Fprintf(&b, "   run %s\n", c)
		}
		if len(s.Units) > 0 {
			fmt.Fprintf(&b, "   by systemd over D-Bus: reload %s\n", strings.Join(s.Units, " or "))
		}
	}
	return text.Lines(b.String())
}
