package distro

import (
	"fmt"
	"slices"
	"strings"
)

// Markdown renders the table as docs/distributions.md.
func Markdown() string {
	var b strings.Builder
	b.WriteString(`# Distributions

<!-- Rendered from the table in package distro; change the table, then run
     UPDATE_GOLDEN=1 go test ./distro -->

What the handler does depends on the ID and VERSION_ID that /etc/os-release
gives. The table is complete: nothing is probed, and ID_LIKE is never followed.

## Tested releases

Tested means: the handler ran with this release's os-release and paths and its
family's package manager on a Debian userland, with stand-in packages. No release
but Debian's own, and not the vendor's packages, was run: see
[what the tests replace](stand-ins.md).

`)
	for _, line := range tested(func(*Row) bool { return true }) {
		fmt.Fprintf(&b, "- %s\n", line)
	}
	b.WriteString(`
## All rows

A release that is not tested is handled by its family's rule, with a warning.
Architectures in parentheses are tried with a warning: no package for them was
seen in the repository yet. Paths are below the package host.

| distribution | os-release | releases | tested | manager | repository | suite | architectures | keys | version |
|---|---|---|---|---|---|---|---|---|---|
`)
	for _, row := range Rows() {
		fmt.Fprintf(&b, "| %s | %s | %s | %s | %s | %s | %s | %s | %s | %s |\n",
			row.Family, strings.Join(row.IDs, ", "), row.Releases, row.tested(), row.Manager, code(row.Path),
			row.suite(), row.architectures(), row.keys(), row.version())
	}
	b.WriteString("\n## Notes and refusals\n\n")
	for _, row := range Rows() {
		if note := row.Note + row.Refused; note != "" {
			fmt.Fprintf(&b, "- %s %s: %s\n", row.Family, row.Releases, strings.TrimSuffix(note, "."))
		}
	}
	b.WriteString(`- RHEL 10 and its rebuilds: selinux-policy-42.1.18-4.el10_2.2 and later confine what sshd starts, which has broken other
  programs that AuthorizedKeysCommand names (Azure/azure-linux-extensions#2208)

## Image-based systems

Packages of these come with their image or by transactional updates; what is added
to a running machine does not stay, or cannot be added. They are refused with 51
before anything is written, whatever their ID is, unless the packages are in the
image and people can sign in: then the answer is 0, and nothing is ever repaired.
Build the image with ` + "`aadsshlogin`" + ` and, where SELinux is active, ` + "`aadsshlogin-selinux`" + ` from the
repository of the row above, and set the extension on machines that are made of it.
They are recognised by VARIANT_ID in os-release:

`)
	for _, row := range imageVariants() {
		fmt.Fprintf(&b, "- `%s`: %s\n", row.variant, row.name)
	}
	b.WriteString(`
or by the machine itself: /run/ostree-booted is there, or the root is read-only and
transactional-update is installed. A read-only /usr alone is a fault of the machine (30).
`)
	b.WriteString("\n## Where each fact comes from\n\n| fact | source | rows |\n|---|---|---|\n")
	for _, fact := range provenance() {
		fmt.Fprintf(&b, "| %s | %s | %s |\n", fact.Fact, fact.Where, strings.Join(fact.rows, "; "))
	}
	return b.String()
}

func code(s string) string {
	if s == "" {
		return ""
	}
	return "`" + s + "`"
}

func (row *Row) tested() string {
	switch {
	case row.Refused != "":
		return "refused"
	case row.Tested:
		return "yes"
	default:
		return "by rule"
	}
}

func (row *Row) suite() string {
	if row.Manager == Apt && row.Suite == "" {
		return "VERSION_CODENAME"
	}
	return row.Suite
}

func (row *Row) architectures() string {
	words := slices.Clone(row.Arches)
	for _, arch := range row.Unseen {
		words = append(words, "("+arch+")")
	}
	return strings.Join(words, ", ")
}

func (row *Row) keys() string {
	if row.OnImage != nil {
		return "the image's"
	}
	return strings.Join(row.Keys, ", ")
}

func (row *Row) version() string {
	switch {
	case row.Refused != "":
		return ""
	case row.Pin != "":
		return row.Pin
	default:
		return "newest"
	}
}

// sourced is a source with the rows that are based on it.
type sourced struct {
	Source
	rows []string
}

// provenance lists the table's sources with their rows, sorted by fact, so that a source
// which turns out wrong shows which rows are affected.
func provenance() []sourced {
	var all []sourced
	for _, row := range Rows() {
		for _, source := range row.Sources {
			i := slices.IndexFunc(all, func(s sourced) bool { return s.Fact == source.Fact && s.Where == source.Where })
			if i < 0 {
				i = len(all)
				all = append(all, sourced{Source: source})
			}
			all[i].rows = append(all[i].rows, row.Family+" "+row.Releases)
		}
	}
	for i := range all {
		if len(all[i].rows) > 12 {
			all[i].rows = []string{fmt.Sprintf("%d rows", len(all[i].rows))}
		}
	}
	slices.SortStableFunc(all, func(a, b sourced) int { return strings.Compare(a.Fact, b.Fact) })
	return all
}
