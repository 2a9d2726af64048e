package pkgmgr

import (
	"cmp"
	"regexp"
	"slices"
	"strings"

	"aadssh/distro"
	"aadssh/internal/host"
	"aadssh/internal/text"
)

// zypper is the package manager of SLES and openSUSE. 1.14.42 and 1.14.89 were
// tried; 1.13 of SLES 12 has the same options.
func zypper() *Manager {
	return byRPM(&Manager{
		Name:  distro.Zypper,
		Tries: "grep -n downloadMode /etc/zypp/zypp.conf",
		// Not in Locks: zypper ignores a pid in it that now belongs to another program, and
		// which programs count differs between versions. zypper reports at once, with exit
		// code 7, who is using it.
		Told: []host.Lock{{Path: "/run/zypp.pid", Kind: host.LockPIDFile}},
		// zypper(8), EXIT CODES: 102 a reboot and 103 a restart of zypper is advised, 106
		// other repositories were skipped, 107 a script failed, which has a rule of its
		// own.
		Fine:      []int{102, 103, 106, 107},
		Refresh:   zypperRefresh,
		Versions:  zypperVersions,
		Install:   zypperInstall,
		Download:  zypperDownload,
		Simulate:  zypperSimulate,
		Remove:    zypperRemove,
		ImportKey: rpmImportKey,
		Needs:     rpmNeeds("/var/cache/zypp"),
		Kept:      zypperKept,
		Moved: []*moved{
			{"/etc/zypp/zypp.conf", "packagesdir", "/var/cache/zypp/packages"},
			{"/etc/zypp/zypp.conf", "cachedir", "/var/cache/zypp"},
		},
		Offers:        "zypper search -s --match-exact",
		Primary:       func(s Source) string { return "/var/cache/zypp/raw/" + cmp.Or(s.ID, "*") + "/repodata/*primary.xml*" },
		parseVersions: parseZypperSearch,
		parseEffect:   parseZypperEffect,
		rules:         once(zypperRules),
		noise:         zypperNoise,
	})
}

func zypperCommand(s Source, args ...string) host.Command {
	env, secrets := proxyEnv(s)
	return host.Command{Name: "zypper", Args: append([]string{"--non-interactive"}, args...), Env: env, Secrets: secrets, Changes: true}
}

// zypperRefresh never accepts a key: verified keys were imported into rpm before, and
// zypper takes them from there.
func zypperRefresh(s Source) []host.Command {
	if s.ID == "" || s.All {
		return []host.Command{zypperCommand(s, "refresh")}
	}
	return []host.Command{zypperCommand(s, "refresh", s.ID)}
}

func zypperVersions(s Source, name string) host.Command {
	args := []string{"--non-interactive", "--no-refresh", "search", "--details", "--match-exact", "--type", "package"}
	if s.ID != "" && !s.All {
		args = append(args, "--repo", s.ID)
	}
	env, secrets := proxyEnv(s)
	return host.Command{Name: "zypper", Args: append(args, name), Env: env, Secrets: secrets}
}

// zypperWords: with --no-refresh the existing metadata is used, so a broken third-party
// repository does no harm; with --repo no other repository is used, and with --from the
// named packages come only from ours. If an exact version is older than the installed one,
// zypper exits with 0 and does nothing unless told to downgrade. A name with "!" before it
// is removed in the same transaction.
func zypperWords(o Order, options ...string) []string {
	args := append([]string{"--no-refresh", "install", "--no-recommends"}, options...)
	words := slices.Clone(o.Files)
	switch {
	case len(o.Files) > 0 || o.Source.ID == "":
	case o.Source.All:
		args = append(args, "--from", o.Source.ID)
	default:
		args = append(args, "--repo", o.Source.ID)
	}
	exact := o.Older
	for _, spec := range o.Install {
		exact = exact || spec.Version != ""
		switch {
		case len(o.Files) > 0:
		case spec.Version != "":
			words = append(words, spec.Name+"="+spec.Version)
		default:
			words = append(words, spec.Name)
		}
	}
	for _, name := range o.Remove {
		words = append(words, "!"+name)
	}
	switch {
	case o.Reinstall:
		args = append(args, "--force")
	case exact:
		args = append(args, "--oldpackage")
	}
	return append(args, words...)
}

func zypperInstall(o Order) []host.Command {
	return []host.Command{zypperCommand(o.Source, zypperWords(o)...)}
}

func zypperDownload(o Order) []host.Command {
	return []host.Command{zypperCommand(o.Source, zypperWords(o, "--download-only")...)}
}

func zypperSimulate(o Order) []host.Command {
	c := zypperCommand(o.Source, zypperWords(o, "--dry-run")...)
	c.Changes = false
	return []host.Command{c}
}

// zypperRemove uses zypper and not rpm, because zypper respects the locks that a person
// set. A simulation has made sure that nothing else needs the packages.
func zypperRemove(names []string) []host.Command {
	return []host.Command{zypperCommand(Source{}, append([]string{"--no-refresh", "remove", "--no-clean-deps"}, names...)...)}
}

// zypperNoise: with every repository in use, those that could not be read were skipped.
func zypperNoise(c host.Command, exit int, output string) string {
	const notFound = 104 // then it may be in a repository that was skipped
	if exit == notFound || !slices.Contains(c.Args, "install") || slices.Contains(c.Args, "--repo") {
		return output
	}
	return after(output, `^Some of the repositories have not been refreshed because of an error\.\n`)
}

// zypperKept: the files stay if the definition of the repository has keeppackages=1.
func zypperKept(s Source, p Package) []string {
	id := s.ID
	if id == "" {
		id = "*"
	}
	_, version := cutEpoch(p.Version)
	file := p.Name + "-" + version + ".*.rpm"
	return []string{
		"/var/cache/zypp/packages/" + id + "/" + file,
		"/var/cache/zypp/packages/" + id + "/*/" + file,
		"/var/cache/zypp/packages/" + id + "/*/*/" + file,
	}
}

// parseZypperSearch reads a table with one line for each version and repository; the first
// column says whether it is installed:
//
//	S  | Name        | Type    | Version | Arch   | Repository
//	---+-------------+---------+---------+--------+-----------
//	i+ | aadsshlogin | package | 1.0.2-1 | x86_64 | x
//	v  | aadsshlogin | package | 1.0.1-1 | x86_64 | x
func parseZypperSearch(r host.Result, name string) []string {
	var versions []string
	for _, line := range strings.Split(string(r.Stdout), "\n") {
		f := strings.Split(line, "|")
		if len(f) != 6 || strings.TrimSpace(f[1]) != name || strings.TrimSpace(f[2]) != "package" ||
			strings.TrimSpace(f[5]) == "(System Packages)" {
			continue
		}
		versions = text.AddNew(versions, oneWord(f[3]))
	}
	return newestFirst(versions)
}

// parseZypperEffect reads the summary of a transaction:
//
//	The following 2 NEW packages are going to be installed:
//	  aadsshlogin aadsshlogin-selinux
//
//	The following package is going to be REMOVED:
//	  aadlogin
func parseZypperEffect(r host.Result) Effect {
	var e Effect
	section := regexp.MustCompile(`(?m)^The following (?:\d+ )?(?:NEW |)packages? (?:is|are) going to be (\S+):\n((?:  [^\n]*\n)+)`)
	for _, m := range section.FindAllStringSubmatch(string(r.Stdout)+"\n", -1) {
		for _, name := range strings.Fields(m[2]) {
			if m[1] == "REMOVED" {
				e.Removes = text.AddNew(e.Removes, name)
			} else {
				e.Installs = text.AddNew(e.Installs, name)
			}
		}
	}
	return e
}
