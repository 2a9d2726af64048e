package pkgmgr

import (
	"regexp"
	"strings"

	"aadssh/internal/host"
)

// dnf, yum, tdnf and zypper are all based on rpm. To query, remove and install files with
// rpm itself needs no repository, no cache and no network, and never touches a package that
// was not named: dnf and tdnf also remove packages that seem unneeded, and all that depend
// on the removed package.

// rpmQueryFormat prints name, [epoch:]version-release and architecture and then, indented,
// each file with its digest at installation.
const rpmQueryFormat = `%{NAME}\t%|EPOCH?{%{EPOCH}:}:{}|%{VERSION}-%{RELEASE}\t%{ARCH}\n[\t%{FILENAMES}\t%{FILEDIGESTS}\n]`

// rpmLocks: rpm's transaction lock is a POSIX record lock; the database is under /usr on
// SUSE and newer Fedora (rpm, lib/rpmlock.c).
func rpmLocks() []host.Lock {
	return []host.Lock{
		{Path: "/var/lib/rpm/.rpm.lock", Kind: host.LockFcntl},
		{Path: "/usr/lib/sysimage/rpm/.rpm.lock", Kind: host.LockFcntl},
	}
}

// rpmStaleFiles are the shared memory of the Berkeley DB that rpm used for its database up
// to RHEL 8 and SLES 15.0; the database itself is in other files.
func rpmStaleFiles() []string { return []string{"/var/lib/rpm/__db.*"} }

// byRPM adds to a manager what rpm does for each whose packages it installs.
func byRPM(m *Manager) *Manager {
	m.Locks = append(m.Locks, rpmLocks()...)
	m.Query, m.parseQuery, m.Verify = rpmQuery, parseRPMQuery, rpmVerify
	m.InstallFiles, m.RestoreFiles = rpmInstallFiles, rpmInstallFiles // rpm checks their dependencies
	m.SimulateRemove, m.RemoveLowLevel = rpmSimulateRemove, rpmRemoveLowLevel
	if m.Remove == nil {
		m.Remove = rpmRemove
	}
	m.Repair, m.StaleFiles = noRepair, rpmStaleFiles()
	return m
}

// noRepair: dnf and zypper detect on their own that the holder of a lock is dead, and they
// cannot finish an interrupted rpm transaction.
func noRepair() []host.Command { return nil }

func rpmQuery(names []string) host.Command {
	return host.Command{Name: "rpm", Args: append([]string{"-q", "--qf", rpmQueryFormat}, names...)}
}

// parseRPMQuery reads lines such as
//
//	aadsshlogin	1.0.1-1	x86_64
//		/usr/sbin/aad_certhandler	9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08
//	package aadsshlogin-selinux is not installed
//
// rpm's exit code is the number of names that it did not find. If its database cannot be
// read, it prints that and then reports every package as "not installed", which must never
// be believed.
func parseRPMQuery(r host.Result, names []string) (Packages, error) {
	found := absent(names)
	missing, last := 0, ""
	for _, line := range strings.Split(string(r.Stdout), "\n") {
		f := strings.Split(line, "\t")
		if len(f) == 3 && f[0] == "" {
			found.addFile(last, f[1], f[2])
			continue
		}
		if len(f) != 3 {
			if strings.HasPrefix(line, "package ") && strings.HasSuffix(line, " is not installed") {
				missing++
			}
			continue
		}
		old, asked := found[f[0]]
		if !asked {
			continue
		}
		p := Package{Name: f[0], Version: f[1], State: Installed}
		if old.State != Absent { // an interrupted upgrade leaves both in the database
			p.State = Broken
			p.Detail = "versions " + old.Version + " and " + p.Version + " are installed at the same time"
			if CompareVersions(old.Version, p.Version) > 0 {
				p.Version = old.Version
			}
		}
		found[p.Name], last = p, p.Name
	}
	present := 0
	for _, p := range found {
		if p.State != Absent {
			present++
		}
	}
	if failed := regexp.MustCompile(`(?m)^error: `).MatchString(r.Output()); failed || r.ExitCode != missing || present+missing < len(found) {
		return nil, queryFailed(&Manager{rules: once(rpmRules)}, rpmQuery(names), r)
	}
	return found, nil
}

func rpmInstallFiles(paths []string) []host.Command {
	return []host.Command{{Name: "rpm", Changes: true,
		Args: append([]string{"-U", "--replacepkgs", "--oldpackage"}, paths...)}}
}

func rpmRemove(names []string) []host.Command {
	return []host.Command{{Name: "rpm", Changes: true, Args: append([]string{"-e"}, names...)}}
}

func rpmSimulateRemove(names []string) host.Command {
	return host.Command{Name: "rpm", Args: append([]string{"-e", "--test"}, names...)}
}

// rpmRemoveLowLevel is what the public documentation recommends when the package's own
// script fails; see aptRemoveLowLevel.
func rpmRemoveLowLevel(names []string) LowLevel {
	return LowLevel{Commands: []host.Command{{Name: "rpm", Changes: true, Args: append([]string{"-e", "--noscripts"}, names...)}}}
}

// rpmVerify: without this definition rpm accepts a package that has no signature.
func rpmVerify(database, path string) host.Command {
	args := []string{"-K", "--define", "_pkgverify_level signature", path}
	if database != "" {
		args = append([]string{"--dbpath", database}, args...)
	}
	return host.Command{Name: "rpm", Args: args}
}

// rpmKeyring creates a database that has only these keys.
func rpmKeyring(database string, keys []string) host.Command {
	return host.Command{Name: "rpm", Args: append([]string{"--dbpath", database, "--import"}, keys...), Changes: true}
}

// rpmImportKey adds the keys of a file to those that rpm accepts packages from. To import
// one again is no error.
func rpmImportKey(path string) host.Command {
	return host.Command{Name: "rpm", Args: []string{"--import", path}, Changes: true}
}
