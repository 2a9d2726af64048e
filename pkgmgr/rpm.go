package pkgmgr

import (
	"regexp"
	"strings"

	"aadssh/internal/host"
)

// What dnf, yum, tdnf and zypper have in common is rpm. Asking it, removing
// with it and installing files with it need no repository, no cache and no
// network, and it never touches a package that was not named: dnf and tdnf
// remove what they think nobody needs any more, and all that needs the package.

// rpmQueryFormat prints name, [epoch:]version-release and architecture, and
// behind that, indented, each file with the digest that it was installed with.
const rpmQueryFormat = `%{NAME}\t%|EPOCH?{%{EPOCH}:}:{}|%{VERSION}-%{RELEASE}\t%{ARCH}\n[\t%{FILENAMES}\t%{FILEDIGESTS}\n]`

// rpmLocks: rpm's transaction lock is a POSIX record lock; the database is
// under /usr on SUSE and newer Fedora (rpm's source, lib/rpmlock.c).
func rpmLocks() []host.Lock {
	return []host.Lock{
		{Path: "/var/lib/rpm/.rpm.lock", Kind: host.LockFcntl},
		{Path: "/usr/lib/sysimage/rpm/.rpm.lock", Kind: host.LockFcntl},
	}
}

// rpmStaleFiles are the shared memory of the Berkeley DB that rpm had its
// database in up to RHEL 8 and SLES 15.0; the database itself is not in them.
func rpmStaleFiles() []string { return []string{"/var/lib/rpm/__db.*"} }

func rpmQuery(names []string) host.Command {
	return host.Command{Name: "rpm", Args: append([]string{"-q", "--qf", rpmQueryFormat}, names...)}
}

// parseRPMQuery reads lines such as
//
//	aadsshlogin	1.0.1-1	x86_64
//		/usr/sbin/aad_certhandler	9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08
//	package aadsshlogin-selinux is not installed
//
// rpm's exit code is the number of names that it did not find. Where its
// database cannot be read it says so and then calls every package "not
// installed": that must never pass for an answer.
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
		p := Package{Name: f[0], Version: f[1], Arch: f[2], State: Installed}
		if old.State != Absent { // an upgrade that was cut off leaves both in the database
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

// rpmRemoveLowLevel is what the public documentation gives where the package's
// own script refuses; see aptRemoveLowLevel.
func rpmRemoveLowLevel(names []string) LowLevel {
	return LowLevel{Commands: []host.Command{{Name: "rpm", Changes: true, Args: append([]string{"-e", "--noscripts"}, names...)}}}
}

// rpmVerify: without the definition rpm calls a package without a signature good.
func rpmVerify(database, path string) host.Command {
	args := []string{"-K", "--define", "_pkgverify_level signature", path}
	if database != "" {
		args = append([]string{"--dbpath", database}, args...)
	}
	return host.Command{Name: "rpm", Args: args}
}

// rpmKeyring makes a database with these keys alone.
func rpmKeyring(database string, keys []string) host.Command {
	return host.Command{Name: "rpm", Args: append([]string{"--dbpath", database, "--import"}, keys...), Changes: true}
}

// rpmImportKey adds the keys of a file to those that rpm accepts packages
// from. Importing one again is no error.
func rpmImportKey(path string) host.Command {
	return host.Command{Name: "rpm", Args: []string{"--import", path}, Changes: true}
}
