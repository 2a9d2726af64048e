package fault

import (
	"fmt"
	"strconv"
	"strings"

	"aadssh/internal/az"
	"aadssh/internal/names"
)

// Owner is who must act on a fault.
type Owner string

// Who must act.
const (
	OwnerVM       Owner = "the owner of the VM, as root on it"
	OwnerAzure    Owner = "whoever manages the VM in Azure"
	OwnerNetwork  Owner = "whoever runs the network"
	OwnerPlatform Owner = "whoever runs the metadata service: Azure, or the Connected Machine agent's administrator; the owner of the VM where the VM itself blocks it"
	OwnerImage    Owner = "whoever chooses the VM's image"
	OwnerUs       Owner = "the authors of this handler"
	OwnerNobody   Owner = "nobody"
)

// Entry is what is known about an exit code without looking at a machine.
type Entry struct {
	_ [0]func() // never compared: no code for == is linked

	Code    Code
	Name    string // stable, lower-case words joined by hyphens
	Meaning string // one sentence
	Owner   Owner  // who must act
	Retry   string // whether trying again can help, and when
	Next    string // the exact next step, one line
	Az      string // the az commands for it, one per line; empty if there is none
	Traits  Trait  // how the program itself treats it
	Check   string // the check of doctor that shows whether it is still so; "": none
}

// Trait says how the program treats a code, wherever it comes from.
type Trait int

// The traits; a code can have several.
const (
	// Passing may be gone at the next check without anybody doing something: an answer of
	// the metadata service counts only when it is repeated.
	Passing Trait = 1 << iota
	// RepositoryUnusable says that the repository is of no use, or could not be used.
	RepositoryUnusable
	// MaybeDisk may be caused by a full or read-only disk, on which package managers report
	// missing signatures and servers that do not answer.
	MaybeDisk
	// Untried happens before anything is changed: somebody or something prevented it.
	Untried
	// Told does not depend on what could be read of the machine: it comes from the settings
	// or the metadata service.
	Told
	// Unended leaves work that continues after the run: nothing can be judged yet.
	Unended
	// Watched leaves something for the watch to check.
	Watched
	// Short is about what any program needs, and not about the task.
	Short
	// Unserved comes from what a repository answered, or did not answer.
	Unserved
	none Trait = 0
)

// Is reports whether a code has a trait.
func (c Code) Is(t Trait) bool {
	for _, e := range Catalogue() {
		if e.Code == c {
			return e.Traits&t != 0
		}
	}
	return false
}

// Check is the check of doctor that shows whether a code is still so; "": there is none.
func (c Code) Check() string {
	for _, e := range Catalogue() {
		if e.Code == c {
			return e.Check
		}
	}
	return ""
}

// Catalogue lists every exit code in ascending order. In the commands, GROUP, NAME and SET
// stand for the resource group, the VM and the scale set.
//
// 22 and 23 have the meaning of the public documentation ("Sign in to a Linux virtual
// machine in Azure by using Microsoft Entra ID and OpenSSH", section "Extension
// installation errors"); 51 and 53 follow the convention for extension publishers
// (azure-marketplace wiki, "Extension Build Notes and Best Practices").
func Catalogue() []*Entry {
	ours, older, vm := names.Ours(), names.Older(), az.Machine{}
	again := either(func(m az.Machine) az.Commands { return m.SetExtension(ours, az.SettingsFile) })
	entries := []Entry{
		{Code: OK, Name: "ok",
			Meaning: "The operation did what it was asked to do.",
			Owner:   OwnerNobody, Retry: "not needed",
			Next: "Nothing is left to do: sign in with az ssh vm.",
			Az:   vm.SSH(), Traits: Watched, Check: ""},
		{Code: Internal, Name: "internal",
			Meaning: "The handler met a state that it has no answer for, which is a bug of the handler.",
			Owner:   OwnerUs, Retry: "rarely: the same state leads to the same bug",
			Next: "Report it where you got the extension from, together with handler.log from the extension's folder in /var/log/azure.",
			Az:   vm.RunScript("tail -c 3500 /var/log/azure/" + ours.Full() + "/handler.log"), Traits: none, Check: ""},
		{Code: Usage, Name: "usage",
			Meaning: "The handler was started in a way that it cannot work with: unknown arguments, without root where only root can see or change what was asked, without what the Azure Linux agent prepares for it, or to remove what another program owns.",
			Owner:   OwnerVM, Retry: "no: the same start leads to the same answer",
			Next: "Run it with sudo; run aadsshlogin-handler --help and use one of the commands that it lists; the agent alone starts install, enable, disable, update and uninstall.",
			Az:   "", Traits: none, Check: ""},
		{Code: RepositoryUnreachable, Name: "repository-unreachable",
			Meaning: "The package repository could not be reached, or did not serve what was asked of it: DNS, routing, TCP, TLS, the proxy or HTTP failed on the way.",
			Owner:   OwnerNetwork, Retry: "yes, once the way to the repository is open; at once where the failure was a passing one",
			Next: "Have whoever runs the network allow outbound HTTPS from the VM to the host in the message (packages.microsoft.com unless a mirror is set), or set a proxy, then " + Again + ".",
			Az:   again, Traits: RepositoryUnusable | MaybeDisk | Unserved, Check: "network-repository"},
		{Code: VerificationFailed, Name: "verification-failed",
			Meaning: "The login packages are installed, but people cannot sign in: sshd, PAM, NSS or SELinux do not show the packages, or the clock is wrong.",
			Owner:   OwnerVM, Retry: "yes, once what is wrong is fixed; where something takes the configuration away again (a hardening script, VMAccess, configuration management), stop that first",
			Next: "On the VM, run: sudo /usr/local/bin/aadsshlogin-handler doctor; fix what it names, then " + Again + ".",
			Az:   again, Traits: none, Check: ""},
		{Code: IdentityMissing, Name: "identity-missing",
			Meaning: "The machine has no system-assigned managed identity, which sign-in with Microsoft Entra ID needs; a user-assigned one is not enough.",
			Owner:   OwnerAzure, Retry: "yes, once the identity is assigned",
			Next: "Assign a system-assigned managed identity to the VM, then " + Again + ".",
			Az:   either(az.Machine.AssignIdentity), Traits: Passing | Told, Check: "identity"},
		{Code: LegacyInstalled, Name: "legacy-installed",
			Meaning: "The older " + older.Type + " is still on the machine and cannot, or must not, be removed by this handler.",
			Owner:   OwnerAzure, Retry: "yes, once the older extension is gone and the people signed in through it have signed out",
			Next: "Delete the extension " + older.Type + ", then " + ThisAgain + ".",
			Az:   either(func(m az.Machine) az.Commands { return m.DeleteExtension(older.Type) }), Traits: none, Check: "legacy"},
		{Code: MemoryTooSmall, Name: "memory-too-small",
			Meaning: "The machine has less than 1 GB of memory, which is less than the login packages support.",
			Owner:   OwnerAzure, Retry: "yes, once the VM has a larger size",
			Next: "Resize the VM to a size with 1 GB of memory or more.",
			Az:   either(az.Machine.Resize), Traits: none, Check: "memory"},
		{Code: PackageManagerBusy, Name: "package-manager-busy",
			Meaning: "Another process held the package manager's lock for as long as the handler could wait.",
			Owner:   OwnerVM, Retry: "yes, once that process is done; most often it is an automatic update that ends by itself",
			Next: "Wait until the process in the message has ended, then " + Again + ".",
			Az:   again, Traits: Untried, Check: "package-manager"},
		{Code: PackageManagerFailed, Name: "package-manager-failed",
			Meaning: "The package manager could not do its work (its database is broken, a dependency cannot be met, a package's own script failed, or its owner holds or excludes the package); of a single check: the login packages are not installed whole.",
			Owner:   OwnerVM, Retry: "only after the package manager is repaired, or the hold is lifted",
			Next: "Repair the package manager, or lift the hold, as the message says, until it installs packages by hand again, then " + Again + ".",
			Az:   again, Traits: MaybeDisk, Check: ""},
		{Code: RepositoryUntrusted, Name: "repository-untrusted",
			Meaning: "A key or signature of the package repository is not the one that this handler expects, the machine's own definition of it names a key that is not there or did not sign, or its metadata has expired.",
			Owner:   OwnerVM, Retry: "only after an update of the extension, a change of the settings, or a repair of the repository",
			Next: NewestFirst + "; if the key is a new one that you have verified, put its armored text into the setting repository.trustedKeys.",
			Az:   again, Traits: RepositoryUnusable | MaybeDisk | Unserved, Check: ""},
		{Code: PackageUnavailable, Name: "package-unavailable",
			Meaning: "The repository has no login package, or not the version asked for, for this release and architecture.",
			Owner:   OwnerAzure, Retry: "only with another version, release or repository",
			Next: AgainFirst + " with settings.json without packageVersion, or with another one; or use a release that docs/distributions.md lists.",
			Az:   again, Traits: RepositoryUnusable | MaybeDisk | Unserved, Check: ""},
		{Code: IdentityUnknown, Name: "identity-unknown",
			Meaning: "The metadata service gave no usable answer about the machine's identity, and the machine is not set up for sign-in yet.",
			Owner:   OwnerPlatform, Retry: "yes: the metadata service answers again after most disturbances",
			Next: "See that nothing on the VM blocks or proxies it (curl -s -H Metadata:true --noproxy '*' http://169.254.169.254/metadata/versions), then " + Again + ".",
			Az:   again, Traits: Passing | Untried, Check: "identity"},
		{Code: Disk, Name: "disk",
			Meaning: "A file system that the handler needs is full, read-only, or cannot be read or written.",
			Owner:   OwnerVM, Retry: "yes, once there is room, or the disk is repaired",
			Next: "Free space on, or make writable, the file system in the message (df -h; findmnt -O ro), then " + Again + ".",
			Az:   vm.RunScript("df -h; df -i; findmnt -O ro"), Traits: RepositoryUnusable | Short, Check: "disk"},
		{Code: StillRunning, Name: "still-running",
			Meaning: "The run did not come to its end: its package transaction, or another run of this handler, is still at work, or the run was stopped on the way.",
			Owner:   OwnerNobody, Retry: "yes: the next run finds the work finished, finishes it, or waits for it",
			Next: "Wait ten minutes: the watch, where it is on, writes what came of a transaction. If the status still says 31 then, " + Again + ".",
			Az:   again, Traits: Unended | Watched, Check: "package-manager"},
		{Code: Resources, Name: "resources",
			Meaning: "The machine has run out of something that the handler needs to do anything: memory, open files or processes.",
			Owner:   OwnerVM, Retry: "yes, once the machine has it again",
			Next: "See what the message names (free -m; ulimit -a; ps -e), end or enlarge what uses it up, then " + Again + ".",
			Az:   vm.RunScript("free -m; cat /proc/sys/fs/file-nr; ps -e | wc -l; dmesg | tail"), Traits: Short, Check: ""},
		{Code: DistroUnsupported, Name: "distro-unsupported",
			Meaning: "The machine's distribution, release or architecture is not supported.",
			Owner:   OwnerImage, Retry: "no, not on this release",
			Next: "Have whoever owns the workload move it to a release that docs/distributions.md lists.",
			Az:   az.Images(), Traits: none, Check: "distro"},
		{Code: SettingsInvalid, Name: "settings-invalid",
			Meaning: "A setting of the extension has a value that cannot be used; nothing was changed on the machine.",
			Owner:   OwnerAzure, Retry: "only with other settings",
			Next: "Correct the setting in the message (docs/settings.md has them all), then " + Again + " with it.",
			Az:   again, Traits: Told, Check: "settings"},
	}
	all := make([]*Entry, len(entries)) // a table of values takes less code than one of pointers
	for i := range entries {
		all[i] = &entries[i]
	}
	return all
}

// either has the commands for a VM and those for a scale set.
func either(commands func(az.Machine) az.Commands) string {
	set := commands(az.Machine{ScaleSet: "SET"})
	return commands(az.Machine{}).String() + "\n# in a scale set:\n" + strings.Join(set, "\n")
}

// settingsNote follows the commands that set the extension.
const settingsNote = "settings.json holds all of this machine's settings; where there are none, write {} into it.\nSetting the extension without them drops them. Where there are protected settings,\nadd --protected-settings protected.json."

// Find finds an entry by its code ("22") or its name ("identity-missing").
func Find(codeOrName string) (Entry, bool) {
	want := strings.ToLower(strings.TrimSpace(codeOrName))
	for _, e := range Catalogue() {
		if want == e.Name || want == strconv.Itoa(int(e.Code)) {
			return *e, true
		}
	}
	return Entry{}, false
}

// Text is the entry for a person at a terminal.
func (e Entry) Text() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%d %s\n%s\n\n", e.Code, e.Name, e.Meaning)
	fmt.Fprintf(&b, "Who must act: %s\n", e.Owner)
	fmt.Fprintf(&b, "Try again:    %s\n", e.Retry)
	fmt.Fprintf(&b, "Next step:    %s\n", e.Next)
	if e.Az != "" {
		fmt.Fprintf(&b, "              %s\n", strings.ReplaceAll(e.Az, "\n", "\n              "))
	}
	if strings.Contains(e.Az, "settings.json") {
		fmt.Fprintf(&b, "\n%s\n", settingsNote)
	}
	return b.String()
}
