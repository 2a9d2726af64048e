package pkgmgr

import (
	"fmt"

	"aadssh/distro"
	"aadssh/internal/fault"
	"aadssh/internal/grammar"
	"aadssh/internal/text"
)

// fits returns a fault if a word of an order would be misread by the package manager. The
// settings were checked before; this is for values from repositories, the package database
// and the machine.
func (s *Session) fits(o Order, source Source) *fault.Fault {
	for _, p := range o.Install {
		if !grammar.PackageName(p.Name) || p.Version != "" && !grammar.Version(p.Version) {
			return fault.New(fault.PackageUnavailable,
				fmt.Sprintf("The version %q of the package %q is none that %s can be given.", shown(p.Version), shown(p.Name), s.Manager.Name),
				fault.WhereSet+"name another version in the setting packageVersion; handler.log has which source offers this one.")
		}
	}
	for _, name := range o.Remove {
		if !grammar.PackageName(name) {
			return fault.New(fault.PackageManagerFailed, fmt.Sprintf("%q is no name of a package.", shown(name)), "See what there is: dpkg -l 'aad*' || rpm -qa 'aad*'")
		}
	}
	return s.fitsSource(source)
}

func (s *Session) fitsSource(source Source) *fault.Fault {
	is := grammar.RepositoryID
	if s.Manager.Name == distro.Zypper {
		is = grammar.Alias
	}
	if source.ID != "" && s.Manager.Name != distro.Apt && !is(source.ID) {
		return fault.New(fault.RepositoryUntrusted,
			fmt.Sprintf("The repository is called %q on this machine, which %s could take for something else.", shown(source.ID), s.Manager.Name),
			"Find its file (grep -rn '^\\[' /etc/yum.repos.d /etc/zypp/repos.d) and call it by letters, digits, dots, colons and hyphens there.")
	}
	if source.ListFile != "" && s.Manager.Name == distro.Apt && !grammar.Path(source.ListFile) {
		return fault.New(fault.RepositoryUntrusted,
			fmt.Sprintf("The repository's entry is in the file %q, whose name apt could take for something else.", shown(source.ListFile)),
			"Rename the file, by letters, digits, dots and hyphens alone: ls -lb /etc/apt/sources.list.d")
	}
	return nil
}

func shown(s string) string { return text.Clip(s, 80) }
