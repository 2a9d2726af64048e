package cli

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"aadssh/internal/agent"
	"aadssh/internal/check"
	"aadssh/internal/doctor"
	"aadssh/internal/fault"
	"aadssh/internal/host"
	"aadssh/internal/text"
	"aadssh/internal/watch"
)

// explain describes exit codes and checks.
func (p Process) explain() *cobra.Command {
	return &cobra.Command{
		Use:     "explain CODE|NAME",
		Short:   "Say what an exit code or a check means and what to do about it",
		Example: "  aadsshlogin-handler explain 22\n  aadsshlogin-handler explain identity-missing\n  aadsshlogin-handler explain sshd-groups",
		GroupID: groupPeople,
		Args: func(c *cobra.Command, args []string) error {
			if len(args) != 1 {
				return fault.New(fault.Usage, "explain needs one code or name.", "For example: "+pathOf(c)+" 22")
			}
			return nil
		},
		RunE: func(c *cobra.Command, args []string) error {
			told := explained(args[0])
			if told == "" {
				return notExplained(args[0])
			}
			fmt.Fprint(c.OutOrStdout(), told)
			return nil
		},
		ValidArgsFunction: func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
			return explainable(), cobra.ShellCompDirectiveNoFileComp
		},
	}
}

// checks are all checks.
func checks() []check.About { return doctor.Table() }

// explained is the text for a word: an exit code, a name of one, or a check; one name can
// be both.
func explained(word string) string {
	if told := fault.Foreign(word); told != "" {
		return told + "\n"
	}
	var parts []string
	if entry, ok := fault.Find(word); ok {
		parts = append(parts, strings.ReplaceAll(entry.Text(), watch.Program, host.Program()))
	}
	if row, ok := check.Find(checks(), strings.ToLower(word)); ok {
		parts = append(parts, checkText(row))
		if row.Name == "settings" {
			parts = append(parts, agent.SettingsText())
		}
	}
	return strings.Join(parts, "\n")
}

// checkText says what a check asks and where its answer is shown.
func checkText(r check.About) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s, a check: %s\n%s\n", r.Name, r.Asks, r.Doc)
	if r.Group != "" {
		fmt.Fprintf(&b, "The extension's status has its answer under %q.\n", r.Group)
	}
	fmt.Fprintf(&b, "Run: sudo %s doctor --only %s\n", host.Program(), r.Name)
	return b.String()
}

func explainable() (all []string) {
	for _, e := range fault.Catalogue() {
		all = append(all, e.Name)
	}
	for _, r := range checks() {
		all = append(all, r.Name)
	}
	return all
}

func notExplained(word string) error {
	next := "Codes: " + fault.Codes() + " Checks: " + strings.Join(doctor.Names(), ", ") + ". For example: " + host.Program() + " explain 22"
	if near := text.Near(word, explainable()); len(near) > 0 {
		next = "Did you mean: " + host.Program() + " explain " + near[0] + "? " + next
	}
	return fault.New(fault.Usage, typed(word)+" is neither an exit code of this handler nor the name of a code or a check.", next)
}
