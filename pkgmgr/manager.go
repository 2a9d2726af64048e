// Package pkgmgr drives the package managers. Each is one value: functions that build
// commands and read their output, lock files, and rules that say what a message means.
// Building and reading touch nothing; a Session runs the commands on a machine.
package pkgmgr

import (
	"fmt"
	"time"

	"aadssh/distro"
	"aadssh/internal/fault"
	"aadssh/internal/host"
	"aadssh/internal/proxy"
)

// Spec is a wanted package.
type Spec struct {
	Name    string
	Version string // exactly this one; "" is the newest
}

// Source is where packages come from.
type Source struct {
	ID       string // apt: the .list or .sources file that has our entry, and preferably nothing else
	ListFile string // apt: the .list or .sources file that holds our entry, and best nothing else
	Proxy    string // URL of a proxy, perhaps with a password; "": as configured on the machine
	NoProxy  string // hosts that are not reached through Proxy, in addition to the fixed ones, in the format of no_proxy
	All      bool   // also use every other source of the machine
	Keys     string // rpm: paths of the files with the keys of our repository, separated by blanks; "": the keys that rpm trusts
}

// Others are the machine's own sources without ours, with the same proxy.
func (s Source) Others() Source {
	return Source{All: true, Proxy: s.Proxy, NoProxy: s.NoProxy}
}

// Order is one change of packages. Parts that a manager can do in one transaction are done
// in one.
type Order struct {
	Source    Source
	Install   []Spec
	Remove    []string // what the new packages replace
	Reinstall bool     // the packages in Install are already installed: their scripts must run again
	Older     bool     // an exact version in Install is lower than the installed one
	LockWait  time.Duration
	// Files are the verified package files of Install, if they were fetched before
	// (Manager.FetchDir, Manager.FetchFiles, Manager.Verify).
	Files []string
}

// Effect is what a manager would do for an order.
type Effect struct {
	Installs []string // names
	Removes  []string // names
}

// Manager describes one package manager as data. None of its functions reads the machine,
// except Denied and the look of a rule, and none changes it.
type Manager struct {
	Name  distro.Manager
	Locks []host.Lock // whoever holds one of these is using the manager
	// Told are locks whose holder counts only after the manager itself has reported them as
	// held.
	Told []host.Lock

	// Database is the file in which the manager records what is installed, if it accepts an
	// empty or missing one without an error; otherwise "".
	Database string

	Fine []int // exit codes besides 0 that mean that it did what it was told

	// AllFirst: to resolve against every source costs nothing and needs no server, so that
	// is tried first, and our source alone only if that fails. The other managers are used
	// the other way round.
	AllFirst bool

	// Query is the command that asks only the package database about names.
	Query func(names []string) host.Command
	// Refresh fetches the metadata of the source, and of the others only if source.All.
	Refresh func(Source) []host.Command
	// Versions lists every version of a package that the source has.
	Versions func(s Source, name string) host.Command
	// Install installs, updates or downgrades, reinstalls or replaces.
	Install func(Order) []host.Command
	// Download fetches and verifies what Install would install, into the cache in which
	// Install finds it.
	Download func(Order) []host.Command
	// FetchFiles fetches and verifies the files of packages without their dependencies,
	// from the source alone, whatever source.All says; Locate prints beforehand which paths
	// they will have (parseLocated). Install is then given these files. Nil if this manager
	// does it in another way.
	FetchFiles func(Source, []Spec) host.Command
	Locate     func(Source, []Spec) host.Command
	// FetchDir is a folder of ours into which Download fetches; "" if the manager itself
	// checks the signature of what it installs. Otherwise each wanted file is checked with
	// Verify, and Install is given these files and only fetches their dependencies.
	FetchDir string
	// Verify checks whether a package file is signed with a key that is in an rpm database;
	// "" is the machine's own. If there is Verify and the machine's other sources are used
	// besides ours, the files are always fetched first: Download takes them from ours.
	Verify func(database, path string) host.Command
	// FilesNeedKeys: rpm needs the keys of the files that Install is given if the machine
	// is configured to verify files too (localpkg_gpgcheck): the keys in a repository's
	// definition do not count for them.
	FilesNeedKeys bool
	// Offers is a command for people that lists what each source has of a package.
	Offers string
	// Tries is a command for people that shows the settings with which the manager only
	// simulates or downloads, and says that all went well.
	Tries string
	// Simulate shows what Install would do; nil if the manager cannot.
	Simulate func(Order) []host.Command
	// InstallFiles installs package files from this machine, over the same, an older or a
	// newer version, without any source.
	InstallFiles func(paths []string) []host.Command
	// RestoreFiles installs package files of packages that are not installed, and fetches
	// nothing. If a dependency is missing it changes nothing.
	RestoreFiles func(paths []string) []host.Command
	// Remove removes these packages and no others.
	Remove func(names []string) []host.Command
	// SimulateRemove shows what Remove would do, or why it cannot.
	SimulateRemove func(names []string) host.Command
	// RemoveLowLevel removes packages whose own scripts fail.
	RemoveLowLevel func(names []string) LowLevel
	// Repair finishes or undoes what an interrupted run left behind.
	Repair func() []host.Command
	// Needs is the free space without which it is not started.
	Needs []Need
	// StaleFiles are patterns of files that a killed run leaves behind and that block later
	// runs, unless a running process has them mapped.
	StaleFiles []string
	// ImportKey makes the manager trust a key that was verified; nil if the repository
	// definition is enough.
	ImportKey func(path string) host.Command
	// Denied checks whether permissions on the machine are why a signature was found
	// invalid: nil if not. May be nil.
	Denied func(h *host.Host, s Source) *fault.Fault
	// Kept are patterns of the paths of a package's files after Install or Download.
	Kept func(Source, Package) []string
	// Moved are the settings that move that folder.
	Moved []*moved

	// Primary is the pattern of the manager's list of packages of a source; nil if the
	// manager keeps the file of a package that it refused.
	Primary func(Source) string

	parseQuery    func(r host.Result, names []string) (Packages, error)
	parseVersions func(r host.Result, name string) []string
	parseEffect   func(r host.Result) Effect
	parseLocated  func(r host.Result) []located
	rules         func() []compiled
	// noise removes messages about other sources that were skipped and about failures that
	// another try cured, because they explain nothing, and rewrites messages of some
	// versions to those of the rules. May be nil.
	noise func(c host.Command, exit int, output string) string
}

// LowLevel is a removal without the scripts of the package.
type LowLevel struct {
	Scripts  []string // patterns of the scripts that must be moved away first
	Commands []host.Command
}

// For returns the package manager of that name.
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

// ParseQuery reads the output of Query. A name that the database does not know is Absent;
// an error is a *fault.Fault and means that the database could not be queried.
func (m *Manager) ParseQuery(r host.Result, names []string) (Packages, error) {
	return m.parseQuery(r, names)
}

// ParseVersions reads the output of Versions: newest first, without duplicates.
func (m *Manager) ParseVersions(r host.Result, name string) []string {
	return m.parseVersions(r, name)
}

// ParseEffect reads the output of Simulate or SimulateRemove.
func (m *Manager) ParseEffect(r host.Result) Effect { return m.parseEffect(r) }

// proxyEnv is the environment of a command that reaches a source through a proxy, and the
// secrets in it.
func proxyEnv(s Source) (env, secrets []string) { return proxy.Variables(s.Proxy, s.NoProxy) }
