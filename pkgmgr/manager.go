// Package pkgmgr knows the package managers. Each is one value: functions that
// build commands and read answers, lock files, and rows that say what a message
// means. Building and reading are pure; a Session runs them on a machine.
package pkgmgr

import (
	"fmt"
	"time"

	"aadssh/distro"
	"aadssh/internal/fault"
	"aadssh/internal/host"
	"aadssh/internal/proxy"
)

// Spec is a package that is wanted.
type Spec struct {
	Name    string
	Version string // exactly this one; "" is the newest
}

// Source is where packages come from.
type Source struct {
	ID       string // rpm: id of our repository; zypper: its alias
	ListFile string // apt: the .list or .sources file that holds our entry, and best nothing else
	Proxy    string // URL of a proxy, perhaps with a password; "" is what the machine has configured
	NoProxy  string // what is not to be asked through Proxy beside what never is, as a list of no_proxy
	All      bool   // use every other source of the machine too
	Keys     string // rpm: paths of the files with the keys of our repository, separated by blanks; "" is what rpm trusts
}

// Others are the machine's own sources without ours, reached in the same way.
func (s Source) Others() Source {
	return Source{All: true, Proxy: s.Proxy, NoProxy: s.NoProxy}
}

// Order is one change of the packages. The parts of it that a manager can do
// in one transaction it does in one.
type Order struct {
	Source    Source
	Install   []Spec
	Remove    []string // what the new packages take the place of
	Reinstall bool     // Install names what is installed already: its scripts are to run again
	Older     bool     // an exact version in Install is lower than the installed one
	LockWait  time.Duration
	// Files are the verified package files of Install, where they are fetched
	// before (Manager.FetchDir, Manager.FetchFiles, Manager.Verify).
	Files []string
}

// Effect is what a manager would do for an order.
type Effect struct {
	Installs []string // names
	Removes  []string // names
}

// Manager is one package manager as data. No function of it but Denied, and a
// rule's look, looks at a machine, and none changes one.
type Manager struct {
	Name     distro.Manager
	Programs []string    // what must be there for it to work
	Locks    []host.Lock // whoever holds one of these is using it
	// Told are locks that say who is using it, and when no longer, only once
	// the manager itself has called them held.
	Told []host.Lock

	// Database is the file in which it notes what is installed, where an empty
	// one, or none, is no error to it; else "".
	Database string

	Fine []int // exit codes besides 0 with which it says that it did what it was told

	// AllFirst: resolving against every source costs nothing and asks nobody,
	// so that is tried first and our source alone only where that fails. The
	// others are used the other way round.
	AllFirst bool

	// Query asks the package database about names, and only that.
	Query func(names []string) host.Command
	// Refresh fetches the metadata of the source, and of no other one unless
	// source.All.
	Refresh func(Source) []host.Command
	// Versions asks for every version of a package that the source has.
	Versions func(s Source, name string) host.Command
	// Install installs, moves to another version, reinstalls or replaces.
	Install func(Order) []host.Command
	// Download fetches what Install would, and verifies it, into the cache
	// where Install finds it.
	Download func(Order) []host.Command
	// FetchFiles fetches and verifies the files of packages, and nothing that
	// they depend on, from the source alone, whatever source.All says; Locate says
	// before which paths they will have (parseLocated). Install is told these
	// files then. Nil where that is done in another way.
	FetchFiles func(Source, []Spec) host.Command
	Locate     func(Source, []Spec) host.Command
	// FetchDir is a folder of ours into which Download fetches; "" where the
	// manager looks at the signature of what it installs by itself. Then Verify
	// is asked about each wanted file, and Install is told these files and
	// fetches only what they depend on.
	FetchDir string
	// Verify says whether a package file is signed with a key that is in a
	// database of rpm's; "" is the machine's own. Where there is Verify and the
	// machine's other sources are used besides ours, the files are fetched before
	// in every case: Download takes them from ours.
	Verify func(database, path string) host.Command
	// FilesNeedKeys: rpm has to know the keys of the files that Install is told,
	// where its owner has files verified too (localpkg_gpgcheck): the definition of
	// a repository does not count for them.
	FilesNeedKeys bool
	// Offers lists for a person what each source has of a package.
	Offers string
	// Simulate says what Install would do; nil where it has no way to.
	Simulate func(Order) []host.Command
	// InstallFiles installs package files of this machine, over the same, an
	// older or a newer version, without any source.
	InstallFiles func(paths []string) []host.Command
	// RestoreFiles installs package files of packages that are not installed,
	// and fetches nothing. Where something that they depend on is missing too
	// it changes nothing.
	RestoreFiles func(paths []string) []host.Command
	// Remove removes these packages and no other one.
	Remove func(names []string) []host.Command
	// SimulateRemove says what Remove would do, or why it cannot.
	SimulateRemove func(names []string) host.Command
	// RemoveLowLevel removes packages whose own scripts stand in the way.
	RemoveLowLevel func(names []string) LowLevel
	// Repair finishes or undoes what an interrupted run left behind.
	Repair func() []host.Command
	// Needs is the room without which it is not started.
	Needs []Need
	// StaleFiles are patterns of files that a killed run leaves behind, and
	// that are in the way unless a living process has them mapped.
	StaleFiles []string
	// ImportKey makes the manager trust a key that was verified; nil where the
	// repository definition does that.
	ImportKey func(path string) host.Command
	// Denied looks whether the machine's own permissions are why a signature was
	// not found good: nil where they are not. May be nil.
	Denied func(h *host.Host, s Source) *fault.Fault
	// Kept are patterns of where the files of a package lie after Install or
	// Download.
	Kept func(Source, Package) []string
	// Moved are the settings with which its owner has that elsewhere.
	Moved []*moved

	// Primary is the pattern of the list of packages that it has of a source; nil
	// where the file of a package that was refused stays.
	Primary func(Source) string

	parseQuery    func(r host.Result, names []string) (Packages, error)
	parseVersions func(r host.Result, name string) []string
	parseEffect   func(r host.Result) Effect
	parseLocated  func(r host.Result) []located
	rules         func() []compiled
	// noise cuts off what is said about other people's sources that were left
	// out and what another try has mended, for it explains nothing, and puts
	// what a version says in other words into those of the rules. May be nil.
	noise func(c host.Command, exit int, output string) string
}

// LowLevel is a removal without the scripts of the package.
type LowLevel struct {
	Scripts  []string // patterns of the scripts that must be out of the way first
	Commands []host.Command
}

// For gives the package manager of that name.
func For(name distro.Manager) (*Manager, error) {
	switch name {
	case distro.Apt:
		return apt(), nil
	case distro.Dnf:
		return dnf(), nil
	case distro.Yum:
		return yum(), nil
	case distro.Tdnf:
		return tdnf(), nil
	case distro.Zypper:
		return zypper(), nil
	}
	return nil, fmt.Errorf("pkgmgr: no package manager is called %q", name)
}

// ParseQuery reads the answer to Query. A name that the database does not know
// is Absent; an error is a *fault.Fault and says that the database gave no
// answer.
func (m *Manager) ParseQuery(r host.Result, names []string) (Packages, error) {
	return m.parseQuery(r, names)
}

// ParseVersions reads the answer to Versions: newest first, each once.
func (m *Manager) ParseVersions(r host.Result, name string) []string {
	return m.parseVersions(r, name)
}

// ParseEffect reads the answer to Simulate or SimulateRemove.
func (m *Manager) ParseEffect(r host.Result) Effect { return m.parseEffect(r) }

// proxyEnv is the environment of a command that uses a source.
func proxyEnv(s Source) (env, secrets []string) { return proxy.Variables(s.Proxy, s.NoProxy) }
