package fault

import (
	"fmt"
	"strings"
)

// Markdown is the page docs/exit-codes.md.
func Markdown() string {
	var b strings.Builder
	b.WriteString(`# Exit codes

<!-- Rendered from internal/fault/catalogue.go: UPDATE_GOLDEN=1 go test ./internal/fault -->

What each exit code of the handler means, who must act, and what to do.
On a machine, ` + "`aadsshlogin-handler explain CODE`" + ` says the same.
In the commands, GROUP, NAME and SET stand for the resource group, the VM and the scale set.
` + settingsNote + `

| code | name | meaning |
|---|---|---|
`)
	for _, e := range Catalogue() {
		fmt.Fprintf(&b, "| [%d](#%s) | %s | %s |\n", e.Code, e.anchor(), e.Name, e.Meaning)
	}
	for _, e := range Catalogue() {
		fmt.Fprintf(&b, "\n## %d %s\n\n%s\n\n", e.Code, e.Name, e.Meaning)
		fmt.Fprintf(&b, "- Who must act: %s\n- Try again: %s\n- Next step: %s\n", e.Owner, e.Retry, e.Next)
		if e.Az != "" {
			fmt.Fprintf(&b, "\n```sh\n%s\n```\n", e.Az)
		}
	}
	return b.String()
}

// anchor is the heading's fragment as GitHub makes it.
func (e Entry) anchor() string { return fmt.Sprintf("%d-%s", e.Code, e.Name) }
