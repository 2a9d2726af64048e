package pkgmgr

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"aadssh/distro"
	"aadssh/internal/host"
)

// apt is the package manager of Debian and Ubuntu.
func apt() *Manager {
	return &Manager{
		Name: distro.Apt,
		// Sources: apt-get(8), FILES, and apt-pkg/deb/debsystem.cc in apt. dpkg itself also
		// takes lock-frontend from version 1.19.1 on.
		Locks: []host.Lock{
			{Path: "/var/lib/dpkg/lock-frontend", Kind: host.LockFcntl},
			{Path: "/var/lib/dpkg/lock", Kind: host.LockFcntl},
			{Path: "/var/lib/apt/lists/lock", Kind: host.LockFcntl},
			{Path: "/var/cache/apt/archives/lock", Kind: host.LockFcntl},
		},
		Database: "/var/lib/dpkg/status", // dpkg(1), FILES
		// apt-get install uses the lists that are there and asks no server for them, so a
		// broken third-party source does no harm.
		AllFirst:       true,
		Tries:          "apt-config dump | grep -E '^APT::Get::[A-Z]'; grep -rn no-act /etc/dpkg",
		Query:          aptQuery,
		Refresh:        aptRefresh,
		Versions:       aptVersions,
		Install:        aptInstall,
		Download:       aptDownload,
		FetchFiles:     aptFetchFiles,
		Locate:         aptLocate,
		Simulate:       aptSimulate,
		InstallFiles:   aptInstallFiles,
		RestoreFiles:   aptRestoreFiles,
		Remove:         aptRemove,
		SimulateRemove: aptSimulateRemove,
		RemoveLowLevel: aptRemoveLowLevel,
		Repair:         aptRepair,
		Denied:         aptDenied,
		Needs:          aptNeeds(),
		Kept:           aptKept,
		parseQuery:     parseDpkgQuery,
		parseVersions:  parseMadison,
		parseEffect:    parseAptEffect,
		parseLocated:   parseAptURIs,
		rules:          once(aptRules),
		noise:          aptSaid,
	}
}

// aptEnv turns off everything that would ask questions or restart services during a
// transaction: debconf(7), needrestart(1), apt-listchanges(1), ucf(1).
func aptEnv() []string {
	return []string{
		"DEBIAN_FRONTEND=noninteractive",
		"NEEDRESTART_SUSPEND=1", "NEEDRESTART_MODE=l",
		"APT_LISTCHANGES_FRONTEND=none",
		"UCF_FORCE_CONFFOLD=1",
	}
}

func aptCommand(s Source, args ...string) host.Command {
	env, secrets := proxyEnv(s)
	return host.Command{Name: "apt-get", Args: append([]string{"-q"}, args...),
		Env: append(aptEnv(), env...), Secrets: secrets, Changes: true}
}

func aptQuery(names []string) host.Command {
	return host.Command{Name: "dpkg-query", Args: append([]string{"-W",
		"-f", `${Package}\t${Version}\t${Architecture}\t${Status}\n`}, names...)}
}

// narrowed makes apt use one source only. List-Cleanup=0 keeps the lists of all others; a
// .sources file is recognized by its extension (tried with apt 2.2 and later;
// sources.list(5) has the format since 1.1). An administrator's APT::Default-Release is
// reset, because it names a release of another source and apt fails if no source has it.
func narrowed(s Source) []string {
	if s.All {
		return nil
	}
	return []string{
		"-o", "Dir::Etc::SourceList=" + s.ListFile,
		"-o", "Dir::Etc::SourceParts=-",
		"-o", "APT::Get::List-Cleanup=0",
		"-o", "APT::Default-Release=",
	}
}

func aptRefresh(s Source) []host.Command {
	args := narrowed(s)
	if !s.All {
		// With only our source in use a failure is about ours. apt-get update reports it in
		// its exit code only if told to (apt 2.1.7 and later support the option). The
		// translations of descriptions are not needed.
		args = append(args, "-o", "APT::Update::Error-Mode=any", "-o", "Acquire::Languages=none",
			// Our source is signed, even if apt.conf allows unsigned sources elsewhere.
			"-o", "Acquire::AllowInsecureRepositories=false",
			"-o", "Acquire::AllowWeakRepositories=false",
			"-o", "Acquire::AllowDowngradeToInsecureRepositories=false",
			// An old index, although validly signed, would offer old packages.
			"-o", "Acquire::Check-Valid-Until=true")
	}
	return []host.Command{aptCommand(s, append(append(args, acquire()...), "update")...)}
}

// acquire limits how long apt waits for a server that does not answer: its own 120 seconds
// (30 in newer versions) for each try would be half of enable's budget.
func acquire() []string {
	return []string{
		"-o", "Acquire::Retries=3",
		"-o", "Acquire::http::Timeout=20",
		"-o", "Acquire::https::Timeout=20",
	}
}

func aptVersions(s Source, name string) host.Command {
	return host.Command{Name: "apt-cache", Args: append(narrowed(s), "madison", name)}
}

// aptArchives is where apt keeps package files (apt.conf(5), Dir::Cache::Archives).
const aptArchives = "/var/cache/apt/archives"

// aptFetchFiles: "download" fetches the files that the signed lists of the source name,
// resolves no dependencies, and writes into the working folder. That is apt's archive
// folder, where apt later finds them instead of fetching them again, even if another source
// has the same version.
func aptFetchFiles(s Source, specs []Spec) host.Command {
	s.All = false
	args := append(append(narrowed(s), acquire()...), "download")
	c := aptCommand(s, append(args, aptSpecs(specs)...)...)
	c.Dir = aptArchives
	return c
}

// aptLocate asks for the addresses of package files. apt prints nothing for a file in its
// archives, so it is told that they are in another folder.
func aptLocate(s Source, specs []Spec) host.Command {
	s.All = false
	args := append([]string{"-q", "-o", "Dir::Cache::Archives=/run/aadsshlogin-handler.none/"}, narrowed(s)...)
	return host.Command{Name: "apt-get", Args: append(append(args, "--print-uris", "download"), aptSpecs(specs)...)}
}

// aptSpecs are the names, with an exact version appended if one is wanted.
func aptSpecs(specs []Spec) []string {
	var words []string
	for _, spec := range specs {
		word := spec.Name
		if spec.Version != "" {
			word += "=" + spec.Version
		}
		words = append(words, word)
	}
	return words
}

// aptOptions are the options of every command that changes packages.
func aptOptions(lockWait time.Duration) []string {
	options := []string{"-y",
		// Without these, settings in apt.conf could make us remove packages that nobody
		// asked us to remove.
		"-o", "APT::Get::AutomaticRemove=false",
		// A configuration file that was changed on the machine keeps its content.
		"-o", "Dpkg::Options::=--force-confdef",
		"-o", "Dpkg::Options::=--force-confold",
		"-o", "Dpkg::Use-Pty=0",
		"-o", "APT::Keep-Downloaded-Packages=true",
	}
	if lockWait > 0 { // supported by apt 1.9.11 and later; older versions fail at once
		options = append(options, "-o", fmt.Sprintf("DPkg::Lock::Timeout=%d", int(lockWait.Seconds())))
	}
	return options
}

// aptWanted are the options and package names of an order.
func aptWanted(o Order) []string {
	// Recommended packages are not installed: the login packages depend on all that they
	// need, and an administrator can install more.
	args := append(narrowed(o.Source), "--no-install-recommends")
	if len(o.Remove) == 0 {
		args = append(args, "--no-remove") // fail if something would have to be removed
	}
	if o.Reinstall {
		args = append(args, "--reinstall")
	}
	if slices.ContainsFunc(o.Install, func(spec Spec) bool { return spec.Version != "" }) {
		args = append(args, "--allow-downgrades")
	}
	words := append([]string{"install"}, o.Files...)
	if len(o.Files) == 0 {
		words = append(words, aptSpecs(o.Install)...)
	}
	for _, name := range o.Remove {
		words = append(words, name+"-")
	}
	return append(args, words...)
}

func aptInstall(o Order) []host.Command {
	args := append(aptOptions(o.LockWait), acquire()...)
	return []host.Command{aptCommand(o.Source, append(args, aptWanted(o)...)...)}
}

func aptDownload(o Order) []host.Command {
	args := append(aptOptions(o.LockWait), acquire()...)
	return []host.Command{aptCommand(o.Source, append(append(args, "--download-only"), aptWanted(o)...)...)}
}

func aptSimulate(o Order) []host.Command {
	args := append([]string{"-q", "-s", "-y", "-o", "APT::Get::AutomaticRemove=false"}, aptWanted(o)...)
	return []host.Command{{Name: "apt-get", Args: args}}
}

// aptInstallFiles uses dpkg instead of apt: it needs no lists and no server, and no other
// package has to be in order.
func aptInstallFiles(paths []string) []host.Command {
	return []host.Command{{Name: "dpkg", Env: aptEnv(), Changes: true,
		Args: append([]string{"--force-confdef", "--force-confold", "--install"}, paths...)}}
}

// aptRestoreFiles lets apt check the dependencies: if one is missing, dpkg alone would
// leave the packages half installed, and every later run of apt would fail.
func aptRestoreFiles(paths []string) []host.Command {
	return []host.Command{aptCommand(Source{}, append(append(aptOptions(0), "--no-download", "--no-install-recommends", "--no-remove", "install"), paths...)...)}
}

// aptRemove purges, so that nothing of what we installed stays.
func aptRemove(names []string) []host.Command {
	return []host.Command{aptCommand(Source{}, append(append(aptOptions(0), "purge"), names...)...)}
}

func aptSimulateRemove(names []string) host.Command {
	return host.Command{Name: "apt-get", Args: append([]string{"-q", "-s", "-y",
		"-o", "APT::Get::AutomaticRemove=false", "purge"}, names...)}
}

// aptRemoveLowLevel is what the public documentation recommends when the package's own
// script fails ("Sign in to a Linux virtual machine in Azure by using Microsoft Entra ID
// and OpenSSH", section "Virtual machine extension uninstall").
func aptRemoveLowLevel(names []string) LowLevel {
	var l LowLevel
	for _, name := range names {
		l.Scripts = append(l.Scripts, "/var/lib/dpkg/info/"+name+".prerm", "/var/lib/dpkg/info/"+name+":*.prerm")
	}
	l.Commands = []host.Command{{Name: "dpkg", Args: append([]string{"--purge"}, names...), Env: aptEnv(), Changes: true}}
	return l
}

// aptRepair finishes interrupted configurations, then lets apt complete
// missing dependencies, without ever removing anything.
func aptRepair() []host.Command {
	args := append(aptOptions(0), acquire()...)
	return []host.Command{
		{Name: "dpkg", Args: []string{"--force-confdef", "--force-confold", "--configure", "-a"}, Env: aptEnv(), Changes: true},
		aptCommand(Source{}, append(args, "--no-remove", "--no-install-recommends", "--fix-broken", "install")...),
	}
}

// aptKept: apt names a file NAME_VERSION_ARCH.deb, with the colon of an epoch escaped.
func aptKept(_ Source, p Package) []string {
	version := strings.ReplaceAll(p.Version, ":", "%3a")
	return []string{fmt.Sprintf(aptArchives+"/%s_%s_*.deb", p.Name, version)}
}
