package pkgmgr

import (
	"regexp"
	"slices"
	"strings"

	"aadssh/distro"
	"aadssh/internal/host"
	"aadssh/internal/text"
)

// yum is the package manager of RHEL and CentOS 7: yum 3.4.3. On later releases yum is
// another name for dnf. Its options are taken from yum(8) and yum.conf(5) of CentOS 7, its
// messages from recorded runs of yum 3.4.3 and from public reports.
func yum() *Manager {
	return byRPM(&Manager{
		Name:          distro.Yum,
		Tries:         "grep -n tsflags /etc/yum.conf",
		Locks:         []host.Lock{{Path: "/var/run/yum.pid", Kind: host.LockPIDFile}},
		Refresh:       yumRefresh,
		Versions:      yumVersions,
		Install:       yumInstall,
		Download:      yumDownload,
		Simulate:      yumSimulate,
		Needs:         append(rpmNeeds("/var/cache/yum"), Need{Folder: "/var/lib/yum", Bytes: 2 * mebi}),
		Kept:          yumKept,
		Moved:         []*moved{{"/etc/yum.conf", "cachedir", "/var/cache/yum/*/*"}},
		FilesNeedKeys: true,
		Offers:        "yum --showduplicates list",
		parseVersions: parseYumList,
		parseEffect:   parseDnfEffect,
		rules:         once(yumRules),
		noise:         yumNoise,
	})
}

// yumSources is dnfSources for yum 3. Its older versions support no wildcard before the
// dot, so the option is also passed without one.
func yumSources(s Source) []string {
	if s.ID != "" && !s.All {
		return dnfSources(s)
	}
	return append([]string{"--setopt=skip_if_unavailable=1"}, dnfSources(s)...)
}

// yumCommand sets exit_on_lock for the same reason as dnfCommand.
func yumCommand(s Source, answer string, args ...string) host.Command {
	env, secrets := proxyEnv(s)
	return host.Command{Name: "yum", Args: append(append([]string{answer, "--setopt=exit_on_lock=1"}, yumSources(s)...), args...),
		Env: env, Secrets: secrets, Changes: answer == "-y"}
}

// yumRefresh sets metadata to expire after a second, so that the server is asked; "fast"
// leaves out the file lists.
func yumRefresh(s Source) []host.Command {
	if s.ID == "" || s.All {
		return []host.Command{yumCommand(s, "-y", "--setopt=metadata_expire=1", "makecache", "fast")}
	}
	return []host.Command{yumCommand(s, "-y", "--setopt="+s.ID+".metadata_expire=1", "makecache", "fast")}
}

func yumVersions(s Source, name string) host.Command {
	return yumCommand(s, "-q", "list", "--showduplicates", name)
}

// yumWords are the subcommand and its arguments. swap removes and installs in one
// transaction; the option parser drops the first "--", so there is one before the removals
// too. A downgrade has its own subcommand.
func yumWords(o Order) []string {
	specs := rpmWanted(o)
	switch {
	case len(o.Remove) > 0:
		return slices.Concat([]string{"swap", "--", "remove"}, o.Remove, []string{"--", "install"}, specs)
	case o.Reinstall:
		return append([]string{"reinstall"}, specs...)
	case o.Older:
		return append([]string{"downgrade"}, specs...)
	}
	return append([]string{"install"}, specs...)
}

// yumTransaction: the package files are kept so that we can copy them, packages that seem
// unneeded are not removed, and an order of which yum finds only a part is not carried out.
func yumTransaction() []string {
	return []string{"--setopt=keepcache=1", "--setopt=clean_requirements_on_remove=0", "--setopt=skip_missing_names_on_install=0"}
}

func yumInstall(o Order) []host.Command {
	return []host.Command{yumCommand(o.Source, "-y", append(yumTransaction(), yumWords(o)...)...)}
}

// yumDownload: if several sources have the same version of a wanted package, ours has the
// lowest cost; no package is chosen because it obsoletes another, and no plugin hides ours
// behind a source with a higher priority.
func yumDownload(o Order) []host.Command {
	options := append(yumTransaction(), "--downloadonly")
	if o.Source.All && o.Source.ID != "" {
		options = append(options, "--setopt=obsoletes=0", "--setopt="+o.Source.ID+".cost=0", "--disableplugin=priorities")
	}
	return []host.Command{yumCommand(o.Source, "-y", append(options, yumWords(o)...)...)}
}

func yumSimulate(o Order) []host.Command {
	return []host.Command{yumCommand(o.Source, "--assumeno", append(yumTransaction(), yumWords(o)...)...)}
}

// yumKept: /var/cache/yum/ARCH/RELEASE/ID/packages.
func yumKept(s Source, p Package) []string {
	id := s.ID
	if id == "" {
		id = "*"
	}
	_, version := cutEpoch(p.Version)
	return []string{"/var/cache/yum/*/*/" + id + "/packages/" + p.Name + "-" + version + ".*.rpm"}
}

// parseYumList reads a list of three columns, in which a line is broken if a column is too
// narrow:
//
//	Available Packages
//	aadsshlogin.x86_64              1.0.1-1              packages-microsoft-com
//	aadsshlogin.x86_64              1.0.2-1              packages-microsoft-com
func parseYumList(r host.Result, name string) []string {
	var versions []string
	words := strings.Fields(string(r.Stdout))
	for i, word := range words {
		base, arch, ok := strings.Cut(word, ".")
		if ok && base == name && !strings.Contains(arch, ".") && i+1 < len(words) {
			versions = text.AddNew(versions, strings.TrimPrefix(words[i+1], "0:"))
		}
	}
	return newestFirst(versions)
}

// yumNoise: messages from before a transaction, or about repositories that were skipped, do
// not matter if the transaction succeeded. That makecache could not reach the server does.
func yumNoise(c host.Command, exit int, output string) string {
	switch {
	case exit != 0 || slices.Contains(c.Args, "makecache"):
		return dnfNoise(c, exit, output)
	case strings.Contains(output, "\nRunning transaction\n"):
		// https://host/x/repodata/repomd.xml: [Errno 12] Timeout on https://host/x/repodata/repomd.xml: (28, '...')
		// Trying other mirror.
		tried := regexp.MustCompile(`(?m)^\S+: \[Errno [^\n]*\nTrying other mirror\.$`)
		return tried.ReplaceAllString(after(output, `^Running transaction\n`), "")
	}
	return ""
}
