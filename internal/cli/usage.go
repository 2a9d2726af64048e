package cli

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"aadssh/internal/fault"
	"aadssh/internal/host"
	"aadssh/internal/text"
)

// typed is what somebody typed in a form that is safe to show: quoted and cut.
func typed(s string) string { return fmt.Sprintf("%q", text.Clip(s, 60)) }

// noArguments rejects arguments of a command that takes none.
func noArguments(c *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	return fault.New(fault.Usage, c.Name()+" takes no argument like "+typed(args[0])+".", helpOf(c))
}

// noCheckBehind is noArguments for doctor: an argument there is usually the name of a
// check, meant for --only.
func noCheckBehind(c *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	what := c.Name() + " takes no argument like " + typed(args[0]) + "."
	if name := checksLike(args[0]); name != "" {
		return fault.New(fault.Usage, what, "Did you mean: "+"sudo "+pathOf(c)+" --only "+name)
	}
	if strings.Contains(args[0], "@") {
		return fault.New(fault.Usage, what, "Did you mean: "+"sudo "+pathOf(c)+" --user "+text.Quote(text.Clip(args[0], 120)))
	}
	return fault.New(fault.Usage, what, helpOf(c))
}

// checksLike suggests values of --only for a word: the check of that name, or else those of
// a group or section or with the same beginning, or else the most similar.
func checksLike(word string) string {
	word = strings.ToLower(word)
	var names, like []string
	for _, r := range checks() {
		if r.Section == "" {
			continue
		}
		if r.Name == word {
			return word
		}
		names = append(names, r.Name)
		if word == r.Group || word == r.Section || strings.HasPrefix(r.Name, word+"-") {
			like = append(like, r.Name)
		}
	}
	if like == nil {
		like = text.Near(word, names)
	}
	return strings.Join(like, ",")
}

func helpOf(c *cobra.Command) string { return "Run: " + pathOf(c) + " --help" }

// pathOf is a command as it is typed on this machine, with the program's path.
func pathOf(c *cobra.Command) string {
	return strings.Replace(c.CommandPath(), c.Root().Name(), host.Program(), 1)
}

// wrongOption explains a wrong option.
func wrongOption(c *cobra.Command, err error) error {
	var unknown *pflag.NotExistError
	var bare *pflag.ValueRequiredError
	var invalid *pflag.InvalidValueError
	var syntax *pflag.InvalidSyntaxError
	switch {
	case errors.As(err, &unknown):
		name, next := "--"+unknown.GetSpecifiedName(), helpOf(c)
		if unknown.GetSpecifiedShortnames() != "" {
			name = "-" + unknown.GetSpecifiedName()
		}
		if near := nearOptions(c, unknown.GetSpecifiedName()); len(near) > 0 {
			next = "Did you mean " + strings.Join(near, " or ") + "? " + next
		}
		return fault.New(fault.Usage, c.Name()+" has no option "+text.Brief(name, 60)+".", next)
	case errors.As(err, &bare):
		return fault.New(fault.Usage, "--"+bare.GetFlag().Name+" needs a value.", helpOf(c))
	case errors.As(err, &invalid):
		f := invalid.GetFlag()
		takes := map[string]string{"bool": "takes no value", "duration": "takes a time such as 90s or 5m", "stringSlice": "takes names with commas between them"}[f.Value.Type()]
		return fault.New(fault.Usage, "--"+f.Name+" "+text.Or(takes, "takes another value")+", not "+typed(invalid.GetValue())+".", helpOf(c))
	case errors.As(err, &syntax):
		return fault.New(fault.Usage, typed(syntax.GetSpecifiedFlag())+" is no option.", helpOf(c))
	}
	return fault.New(fault.Usage, text.Capital(err.Error())+".", helpOf(c))
}

// nearOptions are the options of a command that are similar to a name.
func nearOptions(c *cobra.Command, name string) (near []string) {
	var all []string
	c.LocalFlags().VisitAll(func(f *pflag.Flag) {
		if !f.Hidden {
			all = append(all, f.Name)
		}
	})
	for _, n := range all {
		if len(name) == 1 && strings.HasPrefix(n, name) {
			near = append(near, "--"+n)
		}
	}
	for _, n := range text.Near(name, all) {
		if !slices.Contains(near, "--"+n) {
			near = append(near, "--"+n)
		}
	}
	return near
}

// together matches cobra's error about options that exclude each other.
func together() *regexp.Regexp {
	return regexp.MustCompile(`^if any flags in the group .* none of the others can be; \[(.*)\] were all set$`)
}

// plainly rewrites the remaining errors of cobra, of the command that was meant.
func plainly(meant *cobra.Command, err error) *fault.Fault {
	if m := together().FindStringSubmatch(err.Error()); m != nil {
		return fault.New(fault.Usage, "--"+strings.Join(strings.Fields(m[1]), " and --")+" cannot be given together.", "Give one of them alone. "+helpOf(meant))
	}
	what := text.Capital(strings.TrimSuffix(err.Error(), "."))
	if !strings.HasSuffix(what, "?") {
		what += "."
	}
	return fault.New(fault.Usage, what, helpOf(meant))
}

// shells are the shells for which a completion can be printed.
func shells(completion *cobra.Command) []string {
	var names []string
	for _, c := range completion.Commands() {
		names = append(names, c.Name())
		c.Args = noArguments
	}
	return names
}

// onlyKnownShells makes cobra's completion command reject other shells.
func onlyKnownShells(root *cobra.Command) {
	root.InitDefaultCompletionCmd()
	for _, c := range root.Commands() {
		if c.Name() != "completion" {
			continue
		}
		names := strings.Join(shells(c), ", ")
		c.Args = cobra.ArbitraryArgs
		c.RunE = func(c *cobra.Command, args []string) error {
			what := "completion needs the name of a shell."
			if len(args) > 0 {
				what = "There is no completion for " + typed(args[0]) + "."
			}
			return fault.New(fault.Usage, what, "These are known: "+names+". For example: "+pathOf(c)+" bash")
		}
	}
}

// knownTopics makes cobra's help command reject unknown commands.
func knownTopics(root *cobra.Command) {
	root.InitDefaultHelpCmd()
	for _, c := range root.Commands() {
		if c.Name() == "help" {
			c.Args = func(_ *cobra.Command, args []string) error {
				if _, rest, err := root.Find(args); err != nil || len(rest) > 0 {
					return knownCommand(root, args)
				}
				return nil
			}
		}
	}
}
