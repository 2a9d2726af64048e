// Package distro describes the Linux distributions: which release this machine runs,
// whether sign-in is supported on it, and where its packages come from. It reads no files
// and runs nothing: text and tables in, values out.
package distro

import (
	"fmt"
	"slices"
	"strings"
)

// Manager is the package manager that a distribution uses.
type Manager string

// The package managers.
const (
	Apt    Manager = "apt"
	Dnf    Manager = "dnf"
	Yum    Manager = "yum" // EL7, before dnf
	Tdnf   Manager = "tdnf"
	Zypper Manager = "zypper"
)

// Managers are all of them.
func Managers() []Manager { return []Manager{Apt, Dnf, Yum, Tdnf, Zypper} }

// Target is everything that depends on the distribution, for one machine.
type Target struct {
	Name       string // what people call it: "Ubuntu 22.04"
	Tested     bool   // false: covered only by a family's rule, or for an architecture of which nobody has seen a build
	Note       string // completes the sentence "it is not on the list of tested releases:"; empty if Tested
	Manager    Manager
	Repository Repository
	Packages   Packages
	Transport  string   // package without which apt cannot fetch over https; empty: apt can
	Legacy     []string // packages of the older extension, in the order in which they must be removed
	Pin        string   // exact version of Packages.Login; "" is the newest
	SSHUnits   []string // units of the SSH server, in order of preference
	SELinux    bool     // the repository has Packages.SELinux
}

// Packages are the names of the packages that make sign-in work.
type Packages struct {
	_ [0]func() // never compared: no code for == is linked

	Login   string
	SELinux string // only where the kernel has SELinux enabled
}

// Repository is where the packages come from.
type Repository struct {
	ID             string   // of our definition: rpm section, zypper alias
	Name           string   // for people
	Path           string   // below the package host; begins with "/"
	OtherPaths     []string // where the host serves the same content
	Suite          string   // apt
	Component      string   // apt
	Arches         []string // GOARCH
	Keys           []string // names in trust's table; empty with OnImage
	MetadataSigned bool     // the package manager can verify the metadata with the key of the definition
	OnImage        *ImageRepository
}

// ImageRepository is a repository whose definition and key come with the distribution's
// image (CBL-Mariner, Azure Linux).
type ImageRepository struct {
	ID      string   // rpm section
	Package string   // package that contains the definition
	Keys    []string // files of the keys that the image trusts
}

// Unsupported says why a release is refused. It is the only error of Lookup.
type Unsupported struct {
	Found     string   // the release, as it calls itself
	Arch      string   // GOARCH
	Supported []string // on this architecture, one line per family: "RHEL 7.4-7.9, 8.3+, 9.0+, 10"
	Reason    string   // one sentence
}

// Error is one line for an operator, without the list of supported releases.
func (u *Unsupported) Error() string {
	return u.Found + " on " + u.Arch + " is not supported: " + u.Reason
}

// Lookup returns what the table says about a release on an architecture (GOARCH). The error
// is always *Unsupported.
func Lookup(r Release, goarch string) (Target, error) {
	row, suite, refused := find(r, goarch)
	if refused != "" {
		return Target{}, &Unsupported{Found: r.String(), Arch: goarch, Supported: Supported(goarch), Reason: refused}
	}
	return row.target(r, goarch, suite), nil
}

// find returns the row of a release, with the suite of its repository, or why it is refused.
func find(r Release, goarch string) (row *Row, suite, refused string) {
	family := familyOf(r.ID)
	if len(family) == 0 {
		return nil, "", whyUnknown(r)
	}
	if r.VersionID == "" {
		return nil, "", "os-release has no VERSION_ID, so the release is not known; a rolling or testing release has no package repository"
	}
	found, err := parseVersion(r.VersionID)
	if err != nil {
		return nil, "", err.Error()
	}
	row, ok := covering(family, found)
	switch {
	case !ok:
		return nil, "", whyOutside(family, found)
	case row.Refused != "":
		return nil, "", row.Refused
	case !slices.Contains(row.Arches, goarch) && !slices.Contains(row.Unseen, goarch):
		return nil, "", "its repository has packages for " + strings.Join(row.arches(), " and ") + " only"
	case row.Suite != "" && r.Codename != "" && r.Codename != row.Suite:
		return nil, "", fmt.Sprintf("its codename is %q and that of %s %s is %q: it is another distribution under that name, and nothing is guessed", r.Codename, row.Family, row.Releases, row.Suite)
	case row.Suite != "" || row.Manager != Apt:
		return row, row.Suite, ""
	case !isCodename(r.Codename):
		return nil, "", fmt.Sprintf("it is reached by the rule for newer releases, which needs VERSION_CODENAME in os-release, and that is %q", r.Codename)
	}
	return row, r.Codename, ""
}

// whyUnknown is the reason for an ID that no row has. ID_LIKE is not followed, because the
// packages, the sshd and the SELinux policy of a derivative are its own. It only helps to
// name a distribution that the operator knows.
func whyUnknown(r Release) string {
	reason := fmt.Sprintf("%q is not one of the supported distributions", r.ID)
	for _, like := range r.IDLike {
		if rows := familyOf(like); len(rows) > 0 {
			return reason + "; it calls itself like " + like + ", but nobody has tested the packages for " + rows[0].Family + " on it, and nothing is guessed"
		}
	}
	return reason
}

// whyOutside is the reason for a version that no row of its family covers.
func whyOutside(family []*Row, found version) string {
	var next *Row
	for _, row := range family {
		if from := row.from(); found.less(from) && (next == nil || from.less(next.from())) {
			next = row
		}
	}
	if next != nil {
		return "the first release from there on that is supported is " + next.Family + " " + next.From
	}
	last := family[len(family)-1]
	return "it is newer than " + last.Family + " " + last.Releases + ", and no rule says where its packages would be"
}
