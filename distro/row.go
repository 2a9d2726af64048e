package distro

import (
	"aadssh/internal/order"
	"slices"
	"strings"
)

// Row is one line of the table: a release, or a range of releases that do not differ in
// anything that matters here.
type Row struct {
	Family   string   // what people call it: "RHEL"
	IDs      []string // of os-release
	Releases string   // for people: "8.3+"
	From     string   // the first VERSION_ID that the row covers
	Below    string   // the first VERSION_ID that the row no longer covers; empty: no end
	Tested   bool     // on the documented list; false: a rule, which Note explains
	Note     string   // of an untested row: why sign-in is tried all the same
	Refused  string   // why the release is refused; the rest of the row is empty then

	Manager   Manager
	Path      string // {version}, {major}, {codename}, {basearch} are filled in
	Other     []string
	Suite     string   // apt codename; empty: VERSION_CODENAME
	Arches    []string // GOARCH for which packages were seen in the repository
	Unseen    []string // GOARCH that is tried with a warning, because nobody has checked the repository yet
	Keys      []string
	OnImage   *ImageRepository
	Transport string // see Target
	Pin       string
	SELinux   bool
	SSHUnits  []string

	Sources []Source
}

// Source says where a fact of a row was found.
type Source struct {
	_ [0]func() // never compared: no code for == is linked

	Fact, Where string
}

// familyOf returns the rows of an os-release ID, in table order.
func familyOf(id string) []*Row {
	return slices.DeleteFunc(Rows(), func(row *Row) bool { return !slices.Contains(row.IDs, id) })
}

// covering returns the first row that covers a version.
func covering(family []*Row, v version) (*Row, bool) {
	i := slices.IndexFunc(family, func(row *Row) bool { return row.covers(v) })
	if i < 0 {
		return nil, false
	}
	return family[i], true
}

func (row *Row) covers(v version) bool {
	if v.less(row.from()) {
		return false
	}
	if row.Below == "" {
		return true
	}
	below, _ := parseVersion(row.Below) // a test parses all of them
	return v.less(below)
}

func (row *Row) from() version {
	v, _ := parseVersion(row.From) // a test parses all of them
	return v
}

// target is the row, completed for one machine.
func (row *Row) target(r Release, goarch, suite string) Target {
	v, _ := parseVersion(r.VersionID) // Lookup has parsed it
	fill := strings.NewReplacer("{version}", r.VersionID, "{major}", v.major(), "{codename}", suite, "{basearch}", baseArch(goarch))
	t := Target{
		Name:    row.Family + " " + r.VersionID,
		Tested:  row.Tested,
		Note:    row.Note,
		Manager: row.Manager,
		Repository: Repository{
			ID:             "aadsshlogin",
			Name:           "Microsoft packages for " + row.Family + " " + row.repositoryRelease(r, v),
			Path:           fill.Replace(row.Path),
			Suite:          suite,
			Arches:         row.arches(),
			Keys:           slices.Clone(row.Keys),
			MetadataSigned: row.Manager != Apt,
			OnImage:        row.OnImage.filled(fill),
		},
		Packages: Packages{Login: "aadsshlogin", SELinux: "aadsshlogin-selinux"},
		// aadlogin-selinux refuses to be removed before aadlogin
		// (MicrosoftDocs/azure-docs#78581).
		Legacy:    []string{"aadlogin", "aadlogin-selinux"},
		Transport: row.Transport,
		Pin:       row.Pin,
		SSHUnits:  slices.Clone(row.SSHUnits),
		SELinux:   row.SELinux,
	}
	for _, other := range row.Other {
		t.Repository.OtherPaths = append(t.Repository.OtherPaths, fill.Replace(other))
	}
	if row.Manager == Apt {
		t.Repository.Component = "main"
	}
	if t.Tested && !slices.Contains(row.Arches, goarch) {
		t.Tested = false
		t.Note = "no package for " + goarch + " was seen in its repository yet; it is tried all the same"
	}
	return t
}

// filled is the repository of one release and architecture.
func (r *ImageRepository) filled(fill *strings.Replacer) *ImageRepository {
	if r == nil {
		return nil
	}
	one := *r
	one.Keys = nil
	for _, key := range r.Keys {
		one.Keys = append(one.Keys, fill.Replace(key))
	}
	return &one
}

// arches are all architectures that are tried.
func (row *Row) arches() []string { return slices.Concat(row.Arches, row.Unseen) }

// repositoryRelease is the part of the version that is in the repository's name: apt
// repositories belong to one release, the others to a major version.
func (row *Row) repositoryRelease(r Release, v version) string {
	if strings.Contains(row.Path, "{major}") {
		return v.major()
	}
	return r.VersionID
}

// baseArch is an architecture in rpm's terms.
func baseArch(goarch string) string {
	switch goarch {
	case "amd64":
		return "x86_64"
	case "arm64":
		return "aarch64"
	default:
		return goarch
	}
}

// Supported lists the tested releases whose repository has packages for an architecture
// (GOARCH), one line per family, sorted by family.
func Supported(goarch string) []string {
	return tested(func(row *Row) bool { return slices.Contains(row.arches(), goarch) })
}

// tested lists the tested releases of the selected rows.
func tested(wanted func(*Row) bool) []string {
	releases := map[string][]string{}
	for _, row := range Rows() {
		if row.Tested && wanted(row) {
			releases[row.Family] = append(releases[row.Family], row.Releases)
		}
	}
	var lines []string
	for family, list := range releases {
		lines = append(lines, family+" "+strings.Join(list, ", "))
	}
	order.By(lines, func(a, b string) int { return strings.Compare(strings.ToLower(a), strings.ToLower(b)) })
	return lines
}
