package facts

import (
	"runtime"
	"strings"

	"aadssh/distro"
	"aadssh/internal/agent"
	"aadssh/internal/check"
	"aadssh/internal/fault"
	"aadssh/internal/host"
	"aadssh/internal/repo"
	"aadssh/internal/text"
	"aadssh/pkgmgr"
)

// install matches how a next step names a package when the package manager is not known.
var install = text.Pattern(`(?i)\b(re)?install (?:the package )?([a-z0-9.+-]+(?: and [a-z0-9.+-]+)*) with the machine's package manager(\.$)?`)

// Refetch says how to reinstall a package that no source of this machine has: apt then prints
// that it cannot be downloaded, and exits with 0.
const Refetch = fault.AgainFirst + ", which fetches the package and installs it anew"

// Commands is the next step of a result with commands of this machine's package manager in
// place of the words for installing packages. If the manager is not known the words stay.
func (f *Facts) Commands(r *check.Result) string {
	m := f.Target.Manager
	if m == "" {
		return r.Next
	}
	pattern := install()
	return pattern.ReplaceAllStringFunc(r.Next, func(words string) string {
		part := pattern.FindStringSubmatch(words)
		names := strings.Split(packageNames(m).Replace(part[2]), " and ")
		run := "run: sudo "
		if names[0] == "sudo" { // which does not work
			run = "run as root: "
		}
		command := run + installing(m, part[1] != "") + " "
		if part[1] != "" && m == distro.Apt {
			command += removedConffiles + " "
		}
		command += strings.Join(names, " ")
		if part[1] != "" && strings.HasPrefix(names[0], f.Target.Packages.Login) {
			command = f.reinstalling(names, r.Part == check.Conffile && m == distro.Apt)
			if r.Part == check.Scripts && r.About().Group == "sshd" && strings.HasPrefix(command, "run: ") { // sshd has to read what they write; Azure's way has it do so
				command += " && " + f.SSHD.Reload()
			}
		}
		if words[0] == 'R' || words[0] == 'I' {
			return text.Capital(command)
		}
		return command
	})
}

// removedConffiles has dpkg restore what it otherwise takes as removed on purpose (dpkg(1)):
// /etc/sudoers, /etc/pam.d/sshd. rpm and zypper restore it without being told.
const removedConffiles = "-o Dpkg::Options::=--force-confmiss"

// Reinstallation is the command for reinstalling a package, or the words for it.
func (f *Facts) Reinstallation(name string) string {
	return f.Commands(&check.Result{Next: "Reinstall " + name + " with the machine's package manager."})
}

// reinstalling makes the product's packages set themselves up again, in the way that works
// on this machine: kept files need no source; without them a source with the packages is
// needed.
func (f *Facts) reinstalling(names []string, conffiles bool) string {
	m, err := pkgmgr.For(f.Target.Manager)
	var have []pkgmgr.Spec
	for _, name := range names {
		have = append(have, pkgmgr.Spec{Name: name, Version: f.Packages[name].Version})
	}
	if files := f.Kept(have); err == nil && len(files) == len(names) {
		c := m.InstallFiles(files)[0]
		if conffiles {
			c.Args = append([]string{"--force-confmiss"}, c.Args...)
		}
		return "run: sudo " + host.Command{Name: c.Name, Args: c.Args}.String()
	}
	again := "run: sudo "
	if f.Target.Manager == distro.Apt { // its lists may be missing, as on an image
		again += "apt-get update && sudo "
	}
	again += installing(f.Target.Manager, true) + " "
	if conffiles {
		again += removedConffiles + " "
	}
	again += strings.Join(names, " ")
	options := repo.Options{Base: f.PackageBase(), Mirror: f.Settings.Repository.Mode == agent.ModeMirror, GOARCH: runtime.GOARCH}
	switch {
	case repo.Sourced(f.Sources, f.Target, options):
		return again
	case conffiles:
		return text.Small(Refetch) + "; then " + again
	}
	return text.Small(Refetch)
}

// installing is the command without the names of the packages. zypper has no command for a
// reinstallation (zypper(8), --force).
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

// packageNames replaces names of packages that differ between families.
func packageNames(m distro.Manager) *strings.Replacer {
	switch m {
	case distro.Apt:
		return strings.NewReplacer("libpam", "libpam-modules libpam-modules-bin libpam-runtime")
	case distro.Zypper:
		return strings.NewReplacer("libpam", "pam", "openssh-server", "openssh")
	}
	return strings.NewReplacer("libpam", "pam")
}
