package cli

import (
	"fmt"
	"io"
	"os/exec"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"aadssh/internal/fault"
	"aadssh/internal/names"
	"aadssh/internal/text"
	"aadssh/test/lib/golden"
)

const manPage = "../../misc/man/aadsshlogin-handler.1"

// The man page is rendered from the commands, so it says what --help says.
// UPDATE_GOLDEN=1 go test ./internal/cli renders it again.
func TestManPage(t *testing.T) {
	var code fault.Code
	root := Process{Getenv: func(string) string { return "" }, Out: io.Discard, Err: io.Discard}.root(&code)
	root.InitDefaultHelpCmd()
	root.InitDefaultCompletionCmd()
	want := manOf(root)
	golden.Compare(t, manPage, want)
	for _, c := range root.Commands() {
		if !c.Hidden && !strings.Contains(want, ".SS "+c.Name()) && !strings.Contains(want, ".SS "+troff(c.Name())) {
			t.Errorf("the page leaves %s out", c.Name())
		}
	}
	if path, err := exec.LookPath("groff"); err == nil {
		out, err := exec.Command(path, "-man", "-Tutf8", "-ww", "-z", manPage).CombinedOutput()
		if err != nil || len(out) > 0 {
			t.Errorf("groff: %v\n%s", err, out)
		}
	}
}

// manOf is the page in the macros of man(7).
func manOf(root *cobra.Command) string {
	var b strings.Builder
	b.WriteString(`.\" Rendered from the commands: UPDATE_GOLDEN=1 go test ./internal/cli` + "\n")
	b.WriteString(".TH AADSSHLOGIN-HANDLER 1 \"\" \"aadsshlogin-handler\" \"User Commands\"\n")
	fmt.Fprintf(&b, ".SH NAME\n%s \\- %s\n", troff(root.Name()), troff(text.Small(root.Short)))
	fmt.Fprintf(&b, ".SH SYNOPSIS\n.B %s\n.I command\n.RI [ option ...]\n", troff(root.Name()))
	b.WriteString(".SH DESCRIPTION\n")
	paragraphs(&b, root.Long)
	for _, group := range root.Groups() {
		title := strings.ToUpper(strings.TrimSuffix(group.Title, ":"))
		fmt.Fprintf(&b, ".SH %s\n", troff(title))
		for _, c := range root.Commands() {
			if c.GroupID == group.ID && !c.Hidden {
				commandOf(&b, c)
			}
		}
	}
	b.WriteString(".SH EXIT STATUS\n")
	for _, e := range fault.Catalogue() {
		fmt.Fprintf(&b, ".TP\n.B %d %s\n%s\n", e.Code, troff(e.Name), troff(e.Meaning))
	}
	b.WriteString(".SH ENVIRONMENT\n.TP\n.B NO_COLOR\nNothing is coloured where it is set.\n")
	b.WriteString(".SH FILES\n")
	for _, f := range [][2]string{
		{"/var/lib/aadsshlogin-handler", "What was on the machine before, and the package files for repairs without network."},
		{"/var/lib/aadsshlogin-handler/setup", "Settings, status and log of setup; owner.json beside it says who owns the machine."},
		{"/var/log/azure/" + names.Ours().Full() + "/handler.log", "What was done, and how long it took."},
	} {
		fmt.Fprintf(&b, ".TP\n.I %s\n%s\n", troff(f[0]), troff(f[1]))
	}
	b.WriteString(".SH SEE ALSO\n.BR sshd_config (5),\n.BR pam (7),\n.BR nsswitch.conf (5)\n")
	return b.String()
}

func commandOf(b *strings.Builder, c *cobra.Command) {
	fmt.Fprintf(b, ".SS %s\n", troff(strings.TrimPrefix(c.UseLine(), c.Root().Name()+" ")))
	long := c.Long
	if long == "" || c.Name() == "completion" || c.Name() == "help" { // cobra's own texts are for another reader
		long = c.Short + "."
	}
	paragraphs(b, long)
	c.Flags().VisitAll(func(f *pflag.Flag) {
		if f.Name == "help" || f.Hidden {
			return
		}
		name := "--" + f.Name
		if f.Shorthand != "" {
			name = "-" + f.Shorthand + ", " + name
		}
		if f.Value.Type() != "bool" {
			name += "=" + strings.ToUpper(f.Name)
		}
		fmt.Fprintf(b, ".TP\n.B %s\n%s\n", troff(name), troff(f.Usage))
	})
	if c.Example != "" {
		b.WriteString(".PP\n.nf\n")
		for line := range strings.Lines(c.Example) {
			b.WriteString(troff(strings.TrimRight(line, "\n")) + "\n")
		}
		b.WriteString(".fi\n")
	}
}

func paragraphs(b *strings.Builder, text string) {
	for p := range strings.SplitSeq(strings.TrimSpace(text), "\n\n") {
		fmt.Fprintf(b, ".PP\n%s\n", troff(strings.ReplaceAll(p, "\n", " ")))
	}
}

// troff escapes a text so that nothing in it is read as a request.
func troff(s string) string {
	s = strings.NewReplacer(`\`, `\e`, "-", `\-`, "'", `\(aq`).Replace(s)
	if strings.HasPrefix(s, ".") {
		s = `\&` + s
	}
	return s
}
