package facts

import (
	"strings"

	"aadsshlogin-handler/distro"
	"aadsshlogin-handler/internal/text"
)

// install is how a next step names a package before the machine's package
// manager is known.
var install = text.Pattern(`(?i)\b(re)?install (?:the package )?([a-z0-9.+-]+(?: and [a-z0-9.+-]+)*) with the machine's package manager(\.$)?`)

// ByManager puts a command of the machine's own package manager in the place of
// the words for it. Where the manager is not known the words stay.
func ByManager(m distro.Manager, next string) string {
	if m == "" || !strings.Contains(next, "package manager") {
		return next
	}
	pattern := install()
	return pattern.ReplaceAllStringFunc(next, func(words string) string {
		part := pattern.FindStringSubmatch(words)
		run := "run: sudo "
		if words[0] == 'R' || words[0] == 'I' {
			run = "Run: sudo "
		}
		return run + installing(m, part[1] != "") + " " + strings.ReplaceAll(packageNames(m).Replace(part[2]), " and ", " ")
	})
}

// Reinstallation is the command that reinstalls a package, as ByManager gives it.
func Reinstallation(m distro.Manager, name string) string {
	return "sudo " + installing(m, true) + " " + name
}

// installing is the command before the names of packages. zypper knows no
// reinstallation of its own (zypper(8), --force).
func installing(m distro.Manager, again bool) string {
	switch {
	case m == distro.Apt && again:
		return "apt-get install --reinstall"
	case m == distro.Apt:
		return "apt-get install"
	case m == distro.Zypper && again:
		return "zypper install --force"
	case again:
		return string(m) + " reinstall"
	}
	return string(m) + " install"
}

// packageNames are those that differ from one family to the other.
func packageNames(m distro.Manager) *strings.Replacer {
	switch m {
	case distro.Apt:
		return strings.NewReplacer("libpam", "libpam-modules")
	case distro.Zypper:
		return strings.NewReplacer("libpam", "pam", "openssh-server", "openssh")
	}
	return strings.NewReplacer("libpam", "pam")
}
