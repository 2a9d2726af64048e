package preflight

import (
	"aadssh/internal/check"
	"aadssh/internal/facts"
)

// Check is a row of one of the tables here.
type Check = check.Row[*facts.Facts]

// Preconditions come before every change: while one of them fails, no package, repository,
// key or file of the machine is touched. They are in the order in which a person should
// read them.
func Preconditions() []*Check {
	return []*Check{
		row("settings", check.Machine, check.NoGate, nil, "Can every setting be used?", "Names, values and keys of the settings; one without a meaning is ignored and named.", settings),
		row("folders", check.Machine, check.NoGate, nil, "Can a run write its verdict, and take its lock?", "The agent's status folder with the file of this sequence number, and the handler's lock in /run, without writing: what is in their place, and a read-only file system.", folders),
		row("distro", check.Machine, check.NoGate, check.Anybody("/etc/os-release", "/usr/lib/os-release"), "Is this release supported?", "os-release against the table of distributions. A release that only a family's rule covers is a warning; one that is built as an image is never changed.", distribution),
		row("memory", check.Machine, check.NoGate, check.Anybody("/proc/meminfo", "/sys/devices/system/memory", "/sys/firmware/memmap"), "Is there 1 GB of memory?", "The size that was bought, by memory blocks or firmware where they say it. A warning where the packages are in place.", memory),
		row("legacy", check.Identity, check.NoGate, nil, "Is the older extension gone?", "The extension before this one: registered with the agent, or its packages with people signed in through them. Packages alone make room by themselves.", legacy),
		row("identity", check.Identity, check.GateRole, check.Anybody("/opt/azcmagent", "/var/opt/azcmagent"), "Does the machine have a system-assigned identity?", "The token of the metadata service says whose it is. Where none comes, it is not known, which leaves a healthy machine alone and keeps another from being changed.", identityOf),
		row("network", check.Repository, check.NoGate, nil, "Can the proxy be used, and is the metadata service excepted from it?", "The proxy that the settings or the agent's environment name. The repository may be reached without it, so it is a warning.", network),
		resourcesRow(),
	}
}

// Verification shows whether people can sign in.
func Verification() []*Check {
	return []*Check{
		resourcesRow(),
		row("packages", check.Packages, check.GatePackages, check.Anybody("/var/lib/dpkg", "/var/lib/rpm", "/usr/lib/sysimage/rpm"), "Are the login packages installed whole?", "The package database. Why the newest version is not the installed one is told, and what the record of the machine lacks.", packages),
		{Several: facts.SignInChecks(), Run: signIn},
		row("repository", check.Repository, check.NoGate, nil, "Is what the machine has configured of the repository in order?", "Definitions of the package manager: those that cannot be read, and those that lead to the vendor's packages and verify nothing.", repository),
		row("clock", check.Machine, check.GateClock, check.Anybody(), "Does the clock agree with that of the endpoints?", "doctor warns from a minute on and fails from five minutes on; enable fails from an hour on, when no certificate can be valid.", clock),
	}
}

func resourcesRow() *Check {
	return row("resources", check.Machine, check.NoGate, nil, "Could everything be looked at?", "What could not be read for lack of files, memory, processes or permission, or because of a disk, looks as if it were missing: then nothing is said of it.", resources)
}

// row is a check that is also a group of the status.
func row(name, section string, gate check.Gate, sight *check.Sight, asks, doc string, run func(*facts.Facts) []check.Result) *Check {
	return &Check{About: check.About{Name: name, Section: section, Group: name, Gate: gate, Sight: sight, Asks: asks, Doc: doc}, Run: run}
}

// Run runs checks in order.
func Run(checks []*Check, f *facts.Facts) []check.Result { return check.Run(checks, f) }
