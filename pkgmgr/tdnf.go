package pkgmgr

import (
	"slices"
	"strings"

	"aadssh/distro"
	"aadssh/internal/host"
	"aadssh/internal/text"
)

// tdnf is the package manager of CBL-Mariner and Azure Linux: tdnf 3. Its
// options and messages are taken from its source (vmware/tdnf, tools/cli and
// client/defines.h) and from recorded runs of 3.5.2, 3.5.8 and 3.6.0.
func tdnf() *Manager {
	return byRPM(&Manager{
		Name:  distro.Tdnf,
		Tries: "grep -n tsflags /etc/tdnf/tdnf.conf",
		// There is one file, locked with fcntl up to 3.3 and with flock by later versions
		// (common/lock.c). tdnf waits for it forever and cannot be told not to.
		Locks: []host.Lock{
			{Path: "/var/run/.tdnf-instance-lockfile", Kind: host.LockFcntl},
			{Path: "/var/run/.tdnf-instance-lockfile", Kind: host.LockFlock},
		},
		Refresh:       tdnfRefresh,
		Versions:      tdnfVersions,
		Install:       tdnfInstall,
		Download:      tdnfDownload,
		Simulate:      tdnfSimulate,
		Needs:         rpmNeeds("/var/cache/tdnf"),
		Kept:          tdnfKept,
		Offers:        "tdnf list",
		FetchDir:      tdnfFetchDir,
		parseVersions: parseYumList,
		parseEffect:   parseTdnfEffect,
		rules:         once(tdnfRules),
		noise:         tdnfNoise,
	})
}

func tdnfSources(s Source) []string {
	if s.ID == "" || s.All {
		return nil
	}
	return []string{"--disablerepo=*", "--enablerepo=" + s.ID}
}

func tdnfCommand(s Source, answer string, args ...string) host.Command {
	env, secrets := proxyEnv(s)
	return host.Command{Name: "tdnf", Args: append(append([]string{answer}, tdnfSources(s)...), args...),
		Env: env, Secrets: secrets, Changes: answer == "-y"}
}

func tdnfRefresh(s Source) []host.Command {
	return []host.Command{tdnfCommand(s, "-y", "--refresh", "makecache")}
}

func tdnfVersions(s Source, name string) host.Command {
	return tdnfCommand(s, "-q", "list", "available", name)
}

// tdnfWords: packages that the new ones replace are removed because of their Conflicts, as
// with dnf. To go back to an exact older version needs no option.
func tdnfWords(o Order, packages []string) []string {
	words := []string{"install"}
	switch {
	case len(o.Remove) > 0:
		words = []string{"--allowerasing", "install"}
	case o.Reinstall:
		words = []string{"reinstall"}
	}
	// Packages that seem unneeded are not removed.
	return slices.Concat([]string{"--noautoremove"}, words, packages)
}

// tdnfInstall installs the files that tdnfDownload fetched: tdnf itself accepts an unsigned
// package from a repository with gpgcheck=1 (rpm does its verification, and its level is
// "digest" on these distributions), keeps a damaged file forever, and before 3.6 keeps no
// intact one.
func tdnfInstall(o Order) []host.Command {
	files := slices.Clone(o.Files)
	if len(files) == 0 { // only a plan: nothing has been fetched yet
		for _, spec := range o.Install {
			files = append(files, tdnfFetchDir+"/"+spec.Name+"-*.rpm")
		}
	}
	return []host.Command{tdnfCommand(o.Source, "-y", tdnfWords(o, files)...)}
}

// tdnfFetchDir is the folder in which package files stay until the next ones are fetched.
const tdnfFetchDir = host.StateDir + "/download"

func tdnfDownload(o Order) []host.Command {
	return []host.Command{tdnfCommand(o.Source, "-y", append([]string{"--downloadonly", "--downloaddir=" + tdnfFetchDir}, tdnfWords(o, rpmSpecs(o.Install))...)...)}
}

func tdnfSimulate(o Order) []host.Command {
	return []host.Command{tdnfCommand(o.Source, "--assumeno", tdnfWords(o, rpmWanted(o))...)}
}

func tdnfKept(_ Source, p Package) []string {
	_, version := cutEpoch(p.Version)
	return []string{tdnfFetchDir + "/" + p.Name + "-" + version + ".*.rpm"}
}

// parseTdnfEffect reads the tables of a transaction, one for each kind of change. Their
// rows are not indented, and a name that is too long for its column shifts the others:
//
//	Installing:
//	aadsshlogin      x86_64       1.0.033070001-1  aadsshlogin   29.01k    12.45k
//
//	Total installed size:  29.01k
//	Total download size:  12.45k
//
//	Removing:
//	aadlogin         x86_64       1.0.016050002-1  @System       28.50k     0.00b
func parseTdnfEffect(r host.Result) Effect {
	var e Effect
	var list *[]string
	for _, line := range strings.Split(string(r.Stdout), "\n") {
		switch heading, ok := strings.CutSuffix(line, ":"); {
		case ok && slices.Contains([]string{"Installing", "Upgrading", "Downgrading", "Reinstalling"}, heading):
			list = &e.Installs
		case ok && (heading == "Removing" || heading == "Obsoleting"):
			list = &e.Removes
		case ok, strings.TrimSpace(line) == "":
			list = nil
		case list != nil:
			*list = text.AddNew(*list, strings.Fields(line)[0])
		}
	}
	return e
}

// tdnfNoise: messages about repositories that were skipped explain nothing if the
// transaction succeeded, or if all repositories are used. A makecache that could not reach
// ours is a failure, although it exits with 0. And tdnf does not say that it was the proxy
// that did not answer.
func tdnfNoise(c host.Command, exit int, output string) string {
	if len(c.Env) > 0 { // only a proxy adds to the environment
		// curl's library prints this for every answer to CONNECT except 200.
		output = strings.ReplaceAll(output, "Error(1257) : Failure when receiving data from the peer",
			"Error(1257) : the proxy ended the connection; most likely it refuses it, or wants a user and a password")
	}
	switch {
	case slices.Contains(c.Args, "makecache"):
	case exit == 0 && strings.Contains(output, "\nRunning transaction\n"):
		return after(output, `^Running transaction\n`)
	case exit == 0, !slices.Contains(c.Args, "--disablerepo=*"):
		return after(output, `^Disabling Repo: [^\n]*\n`)
	}
	return output
}
