package pkgmgr

import (
	"regexp"
	"slices"
	"strings"

	"aadssh/distro"
	"aadssh/internal/fault"
	"aadssh/internal/host"
	"aadssh/internal/order"
	"aadssh/internal/text"
)

// dnf is the package manager of RHEL 8 and later and of the distributions built from it.
// dnf 4.5 to 4.23 were tried.
func dnf() *Manager {
	return byRPM(&Manager{
		Name:  distro.Dnf,
		Tries: "grep -rnE 'tsflags|downloadonly' /etc/dnf",
		// dnf's own locks contain the pid of their holder (dnf/lock.py).
		Locks: []host.Lock{
			{Path: "/var/cache/dnf/metadata_lock.pid", Kind: host.LockPIDFile},
			{Path: "/var/cache/dnf/download_lock.pid", Kind: host.LockPIDFile},
			{Path: "/var/lib/dnf/rpmdb_lock.pid", Kind: host.LockPIDFile},
			// dnf 5 has a lock for the packages of the machine next to its state; releases
			// before 5.3 had one for the transaction.
			{Path: "/usr/lib/sysimage/libdnf5/system-repo.lock", Kind: host.LockFcntl},
			{Path: "/var/lib/dnf/system-repo.lock", Kind: host.LockFcntl},
			{Path: "/run/dnf/rpmtransaction.lock", Kind: host.LockFcntl},
		},
		Refresh:       dnfRefresh,
		Versions:      dnfVersions,
		Install:       dnfInstall,
		Download:      dnfDownload,
		Simulate:      dnfSimulate,
		Needs:         append(rpmNeeds("/var/cache/dnf"), Need{Folder: "/var/lib/dnf", Bytes: 2 * mebi}),
		Kept:          dnfKept,
		Moved:         dnfMoved(),
		FilesNeedKeys: true,
		Offers:        "dnf --showduplicates list",
		parseVersions: parseRepoquery,
		parseEffect:   parseDnfEffect,
		rules: once(func() []rule {
			return slices.Concat(dnf5Rules(), dnfRules(), []rule{{match: regexp.QuoteMeta(dnfCarriedOut), code: fault.OK}})
		}),
		noise: dnfNoise,
	})
}

// dnfSources are the options that select the repositories.
//
// A failure of our repository counts, although its definition has skip_if_unavailable,
// which is meant for other runs of dnf. If all repositories are used, a broken one that is
// not ours is skipped. A server that does not answer for ten seconds counts as broken; dnf
// tries each four times.
func dnfSources(s Source) []string {
	timeouts := []string{"--setopt=timeout=10", "--setopt=retries=1"}
	switch {
	case s.ID == "":
		return append([]string{"--setopt=*.skip_if_unavailable=1"}, timeouts...)
	case s.All:
		return append([]string{"--setopt=*.skip_if_unavailable=1", "--setopt=" + s.ID + ".skip_if_unavailable=0"}, timeouts...)
	}
	return append([]string{"--disablerepo=*", "--enablerepo=" + s.ID, "--setopt=" + s.ID + ".skip_if_unavailable=0"}, timeouts...)
}

// dnfOptions are dnfSources plus the option that no module hides packages of our source: a
// module that was once enabled does so even if its own source is not used.
func dnfOptions(s Source) []string {
	if s.ID == "" {
		return dnfSources(s)
	}
	return append(dnfSources(s), "--setopt="+s.ID+".module_hotfixes=1")
}

// dnfCommand: exit_on_lock, because dnf would otherwise wait forever and not say so in
// time; assumeno is reset, because in dnf.conf it overrides -y.
func dnfCommand(s Source, args ...string) host.Command {
	env, secrets := proxyEnv(s)
	return host.Command{Name: "dnf", Args: append(append([]string{"-y", "--setopt=assumeno=0", "--setopt=exit_on_lock=1"}, dnfOptions(s)...), args...),
		Env: env, Secrets: secrets, Changes: true}
}

func dnfRefresh(s Source) []host.Command {
	return []host.Command{dnfCommand(s, "--refresh", "makecache")}
}

func dnfVersions(s Source, name string) host.Command {
	env, secrets := proxyEnv(s)
	args := append(append([]string{"-q", "--setopt=exit_on_lock=1"}, dnfOptions(s)...),
		"repoquery", "--available", "--qf", `%{name} %{evr}\n`, name)
	return host.Command{Name: "dnf", Args: args, Env: env, Secrets: secrets}
}

// dnfTransaction are the options of every command that changes packages: weak dependencies
// are not installed, the downloaded files are kept so that we can copy them, packages that
// seem unneeded are not removed, and the newest version is meant: with best=0, strict=0 or
// skip_broken=1 in dnf.conf, dnf calls it a success to leave an older one.
func dnfTransaction() []string {
	return []string{"--setopt=install_weak_deps=0", "--setopt=keepcache=1", "--setopt=clean_requirements_on_remove=0",
		"--setopt=best=1", "--setopt=strict=1", "--setopt=skip_broken=0"}
}

// rpmWanted are the packages of an order: their files if those were fetched before,
// otherwise their names.
func rpmWanted(o Order) []string {
	if len(o.Files) > 0 {
		return o.Files
	}
	return rpmSpecs(o.Install)
}

// rpmSpecs are the names, with an exact version appended if one is wanted.
func rpmSpecs(specs []Spec) []string {
	words := make([]string, len(specs))
	for i, spec := range specs {
		words[i] = spec.Name
		if spec.Version != "" {
			words[i] += "-" + spec.Version
		}
	}
	return words
}

// dnfWords are the subcommand and its arguments. A name with an exact version below the
// installed one needs no subcommand of its own, a file does. Packages that the new ones
// replace are removed because of their Conflicts, with --allowerasing; the simulation
// before it makes sure that nothing else is removed.
func dnfWords(o Order) []string {
	words := []string{"install"}
	switch {
	case o.Reinstall:
		words = []string{"reinstall"}
	case o.Older && len(o.Files) > 0:
		words = []string{"downgrade"}
	}
	if len(o.Remove) > 0 {
		words = append(words, "--allowerasing")
	}
	return append(words, rpmWanted(o)...)
}

func dnfInstall(o Order) []host.Command {
	return []host.Command{dnfCommand(o.Source, append(dnfTransaction(), dnfWords(o)...)...)}
}

// dnfDownload: the packages of the order come from our source, even if other sources have
// packages of the same name; and an exact version is not replaced by a package that
// obsoletes it.
func dnfDownload(o Order) []host.Command {
	words, options := dnfWords(o), dnfTransaction()
	if o.Source.All && o.Source.ID != "" {
		var names []string
		for _, spec := range o.Install {
			names = append(names, spec.Name)
		}
		options = append(options, "--setopt=*.excludepkgs="+strings.Join(names, ","), "--setopt="+o.Source.ID+".excludepkgs=")
	}
	return []host.Command{dnfCommand(o.Source, slices.Concat(options, words[:1], []string{"--downloadonly"}, words[1:])...)}
}

func dnfSimulate(o Order) []host.Command {
	env, secrets := proxyEnv(o.Source)
	args := append(append([]string{"--assumeno", "--setopt=exit_on_lock=1"}, dnfOptions(o.Source)...), dnfTransaction()...)
	return []host.Command{{Name: "dnf", Args: append(args, dnfWords(o)...), Env: env, Secrets: secrets}}
}

// dnfKept: the folder of a repository is named after its id and a hash of its address.
func dnfKept(s Source, p Package) []string {
	_, version := cutEpoch(p.Version)
	file := dnfCache(s.ID) + "/packages/" + p.Name + "-" + version + ".*.rpm"
	return []string{"/var/cache/dnf/" + file, "/var/cache/libdnf5/" + file}
}

// dnfMoved: dnf 5 also reads drop-in files of the distribution and of the administrator,
// and has one cache setting for root and one for everybody else (dnf5.conf(5)).
func dnfMoved() []*moved {
	const main, pieces = "/etc/dnf/dnf.conf", "/etc/dnf/libdnf5.conf.d/*.conf"
	return []*moved{
		{main, "cachedir", "/var/cache/dnf"},
		{main, "cachedir", "/var/cache/libdnf5"}, {main, "system_cachedir", "/var/cache/libdnf5"},
		{pieces, "cachedir", "/var/cache/libdnf5"}, {pieces, "system_cachedir", "/var/cache/libdnf5"},
	}
}

// dnfCache is the folder of a source in dnf's cache, or a pattern for all. An id of which
// ours is only the beginning belongs to another source.
func dnfCache(id string) string {
	if id == "" {
		return "*"
	}
	return id + "-????????????????"
}

// parseRepoquery reads lines of "name version-release", in any order.
func parseRepoquery(r host.Result, name string) []string {
	var versions []string
	for _, line := range strings.Split(string(r.Stdout), "\n") {
		if f := strings.Fields(line); len(f) == 2 && f[0] == name {
			versions = text.AddNew(versions, strings.TrimPrefix(f[1], "0:"))
		}
	}
	return newestFirst(versions)
}

func newestFirst(versions []string) []string {
	order.By(versions, func(a, b string) int { return CompareVersions(b, a) })
	return versions
}

// parseDnfEffect reads the table of a transaction:
//
//	Installing:
//	 aadsshlogin         x86_64         1.0.2-1           aadsshlogin         6.3 k
//	Removing dependent packages:
//	 aadlogin            x86_64         1.0.0-1           @aadsshlogin          2
//
//	Transaction Summary
//
// A name that is too long for its column is on a line of its own.
func parseDnfEffect(r host.Result) Effect {
	var e Effect
	row := regexp.MustCompile(`^ ([A-Za-z0-9][A-Za-z0-9._+-]*)(?:\s|$)`)
	var list *[]string
	for _, line := range strings.Split(string(r.Stdout), "\n") {
		switch {
		case strings.HasPrefix(line, "Installing"), strings.HasPrefix(line, "Upgrading"), strings.HasPrefix(line, "Updating"),
			strings.HasPrefix(line, "Downgrading"), strings.HasPrefix(line, "Reinstalling"):
			list = &e.Installs
		case strings.HasPrefix(line, "Removing"):
			list = &e.Removes
		case !strings.HasPrefix(line, " ") || strings.TrimSpace(line) == "":
			list = nil
		}
		if m := row.FindStringSubmatch(line); m != nil && list != nil {
			*list = text.AddNew(*list, m[1])
		}
	}
	return e
}

// dnfNoise: with every repository in use, dnf skips those that it cannot read and ends its
// messages about them with "Ignoring repositories: third". Ours is never among them, see
// dnfSources. A refresh that could not reach one is a failure, although it exits with 0.
// dnf 5 continues with "Repositories loaded.", and its exit code can be trusted: errors
// that it prints before exiting with 0 were cured by another try.
func dnfNoise(c host.Command, exit int, output string) string {
	output = withoutEchoes(output)
	if regexp.MustCompile(`(?m)^(?:Updating and loading repositories:|Repositories loaded\.)$`).MatchString(output) {
		if exit == 0 && slices.Contains(c.Args, "makecache") {
			return dnf5LeftOut(output)
		}
		if exit == 0 {
			return ""
		}
		said := after(output, `^Repositories loaded\.\n`)
		if carriedOut(said) {
			said += "\n" + dnfCarriedOut + "\n"
		}
		return said
	}
	if slices.Contains(c.Args, "--disablerepo=*") || slices.Contains(c.Args, "makecache") {
		return output
	}
	return after(output, `^Ignoring repositories: [^\n]*\n`)
}

// withoutEchoes removes librepo's message about its second try after an interrupted one:
// there the reported length equals the expected one:
//
//	Interrupted by header callback: Inconsistent server data, reported file Content-Length: 12744, repository metadata states file length: 12744 (...)
func withoutEchoes(output string) string {
	return regexp.MustCompile(`(?m)^.*Interrupted by header callback: .*Content-Length: (\d+), .*file length: (\d+) .*\n`).ReplaceAllStringFunc(output, func(line string) string {
		if lengths := regexp.MustCompile(`[Ll]ength: (\d+)`).FindAllStringSubmatch(line, 2); len(lengths) == 2 && lengths[0][1] == lengths[1][1] {
			return ""
		}
		return line
	})
}

// dnf5LeftOut extracts dnf 5's errors about repositories that it skipped; it continues
// without another message and exits with 0. An error about a signature is rewritten to the
// message that dnf prints if it fails because of it.
//
//	 third                                  100% | 114.3 KiB/s |   3.7 KiB |  00m00s
//	>>> repomd.xml GPG signature verification error: Signing key not found
//	 other                                  ???% |   0.0   B/s |  -1.0   B |  ?
//	>>> Curl error (7): Could not connect to server for http://127.0.0.1:9/x/repodata/repomd.xml [...] - http://...
//	>>> Usable URL not found
func dnf5LeftOut(output string) string {
	gaveUp := regexp.MustCompile(`(?m)^ (.*\S) +(?:100|\?\?\?)% \|[^\n]*\n((?:>>> [^\n]*\n)*?)>>> (Usable URL not found|repomd\.xml GPG [^\n]*)$`)
	said := ""
	for _, m := range gaveUp.FindAllStringSubmatch(output, -1) {
		switch name, tries, end := m[1], m[2], m[3]; {
		case end != "Usable URL not found":
			said += "Failed to download metadata () for repository \"" + name + "\": " + end + "\n"
		case !strings.Contains(tries, " for file://"): // from a plugin, on this machine
			said += tries
		}
	}
	return said
}

// dnfCarriedOut is appended to the output where dnf 5 does not say that the transaction was
// done: it also exits with 1 if a plugin fails after the transaction ("Createrepo_c process
// exited with code 255").
const dnfCarriedOut = "(every step of the transaction was carried out)"

// carriedOut reports whether dnf 5 reached the last step of its transaction:
//
//	Running transaction
//	[1/2] Verify package files              100% |   0.0   B/s |   1.0   B |  00m00s
//	[2/2] Installing aadsshlogin-0:1.0-1.x8 100% | 680.7 KiB/s |  29.9 KiB |  00m00s
func carriedOut(output string) bool {
	_, steps, ran := strings.Cut(output, "\nRunning transaction\n")
	all := regexp.MustCompile(`(?m)^\[(\d+)/(\d+)\] .* 100% \|`).FindAllStringSubmatch(steps, -1)
	return ran && len(all) > 0 && all[len(all)-1][1] == all[len(all)-1][2] && !strings.Contains(steps, "ransaction failed")
}
