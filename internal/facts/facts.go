// Package facts reads the machine once and records what it finds. What could not be read is
// recorded as such: no fact is ever guessed.
package facts

import (
	"context"
	"errors"
	"io/fs"
	"runtime"
	"slices"
	"strings"
	"time"

	"aadssh/distro"
	"aadssh/internal/agent"
	"aadssh/internal/check"
	"aadssh/internal/fault"
	"aadssh/internal/host"
	"aadssh/internal/identity"
	"aadssh/internal/proxy"
	"aadssh/internal/repo"
	"aadssh/internal/signin/door"
	"aadssh/internal/signin/evidence"
	"aadssh/internal/signin/gate"
	"aadssh/internal/signin/login"
	"aadssh/internal/signin/sshd"
	"aadssh/internal/state"
	"aadssh/internal/systemd"
	"aadssh/pkgmgr"
)

// Question is what must be known to read the machine.
type Question struct {
	Settings        agent.Settings
	Unknown         []string // settings that this version does not know
	Refused         error    // why the settings cannot be used
	AgentDir        string   // the agent's folder, with other extensions; "": none
	StatusFolder    string   // where the agent reads the status; "": there is no agent
	Sequence        int      // of the status
	Getenv          func(string) string
	IdentityTimeout time.Duration  // for the metadata service; 0: identity.DefaultBudget
	Who             *gate.Somebody // the person whose sign-in is examined; nil: everybody of the directory
}

// Facts describes one machine at one moment.
type Facts struct {
	Question

	Release   distro.Release
	Target    distro.Target
	TargetErr error  // *distro.Unsupported, or os-release could not be read
	Image     string // why its packages are known to come with an image; else ""

	Proxy    proxy.Found
	Memory   Memory
	Legacy   Legacy
	Identity identity.Answer

	Packages    pkgmgr.Packages // of the product and of the legacy product
	PackagesErr error           // the package database could not be queried

	Sources   []repo.Entry // configured repositories, including ours
	Problems  []repo.Problem
	OwnSource bool // our definition of the repository is there
	// Transport is the package that this apt needs to fetch by HTTPS; empty if it needs
	// none.
	Transport string

	SSHD     sshd.Facts
	Door     door.Facts
	Login    login.Facts
	Programs login.Programs    // of the installed package
	Sealed   map[string]Sealed // of the files of failures, those that nobody can change
	SignedIn time.Time         // when a person signed in after the last change of what decides about it; zero: not known, or not asked

	Owner         state.Owner // of the machine; the zero value if none is recorded
	Receipt       state.Receipt
	ReceiptErr    error
	ReloadPending bool
	StatusErr     error         // why no status can be written
	StateErr      error         // why no state can be written
	LockErr       error         // why the handler's lock cannot be taken
	Transaction   *host.Running // of an earlier run, still running
	OtherRun      string        // of the handler, that is changing the machine now; for plan and doctor: the others wait for it

	// Unread is why something on this machine could not be read: no memory, no file
	// handles, a failing disk. What seems to be missing may exist then.
	Unread error
}

// Gather reads everything. The slow parts run in parallel: on a healthy machine these are the
// metadata service, the package database and sshd.
func Gather(ctx context.Context, h *host.Host, q Question) *Facts {
	f := &Facts{Question: q}
	wait := inBackground(h, func() {
		f.Identity = identity.Probe(ctx, identity.Options{Host: h, Log: h.Log, Budget: q.IdentityTimeout, Getenv: q.Getenv})
	})
	f.machine(ctx, h)
	wait()
	f.Proxy = proxy.Given(q.Settings.Proxy, q.Getenv, f.PackageBase()) // the cloud names the host
	return f
}

// GatherAgain reads what our own changes can have changed. The metadata service is not asked
// again.
func GatherAgain(ctx context.Context, h *host.Host, q Question, before *Facts) *Facts {
	f := &Facts{Question: q, Identity: before.Identity, Proxy: before.Proxy}
	f.machine(ctx, h)
	return f
}

func (f *Facts) machine(ctx context.Context, h *host.Host) {
	h.Unread() // earlier read errors do not concern this reading
	arc := identity.OnArc(h, f.getenv())
	sshdSeen := inBackground(h, func() { f.SSHD = sshd.Gather(ctx, h, arc, f.Who) })
	var err error
	loginSeen := inBackground(h, func() { f.Login = login.Gather(h, f.Who) })
	f.Door = door.Gather(h, arc, f.Who)
	f.Memory = findMemory(h)
	if f.AgentDir != "" {
		f.Legacy.Extension = findLegacyExtension(h, f.AgentDir)
	}
	if f.Owner, _, err = state.ReadOwner(h); err != nil {
		h.Log.Warnf("who owns the machine cannot be read: %v", err)
	}
	f.Receipt, f.ReceiptErr = state.ReadReceipt(h)
	f.ReloadPending = state.ReloadPending(h)
	f.readFolders(h)
	if t, running := h.RunningTransaction(); running {
		f.Transaction = &t
	}
	f.Release, f.Target, f.TargetErr = readTarget(h)
	f.Image = findImage(h, f.Release)
	if f.TargetErr == nil {
		f.Packages, f.PackagesErr = queryPackages(ctx, h, f.Target)
		if p := f.Packages[f.Target.Packages.Login]; p.State == pkgmgr.Installed {
			f.Programs = login.ComparePrograms(h, p.Name, p.Files)
		}
		f.Sources, f.Problems = repo.Entries(h, f.Target.Manager)
		if p := repo.MetadataUnverified(h, f.Target.Manager); p != nil {
			f.Problems = append(f.Problems, *p)
		}
		if f.Target.Transport != "" && !h.Exists("/usr/lib/apt/methods/https") {
			f.Transport = f.Target.Transport
		}
		f.OwnSource = h.Exists(repo.DefinitionPath(f.Target.Manager))
	}
	if f.LegacyPackages() != nil {
		f.Legacy.Sessions = Sessions(h)
	}
	sshdSeen()
	f.SSHD.Loaded = loaded(ctx, h, &f.SSHD)
	loginSeen()
	f.Login.Files.Compare(f.Programs.Differ)
	f.Login.Sudo.Withheld = f.SSHD.Daemon.NoNewPrivileges
	if service := f.SSHD.PAMService(); service != "" && service != login.PAMService {
		mounts, _ := h.Mounts() // once more: hardly any machine has another service
		f.Login.PAM = login.GatherPAM(h, service, f.SSHD.One, &f.Login.Sudo.Rules, mounts)
		f.Login.PAM.Renamed = f.SSHD.OwnPAMService()
	}
	f.Login.SELinux.Confines = confining(f.Packages[login.PolicyPackage])
	findings := f.Findings()
	if f.Packages[f.Target.Packages.Login].State == pkgmgr.Installed && evidence.Open(findings) {
		f.SignedIn = evidence.LastSignIn(ctx, h, time.Now(), evidence.Reading{Started: h.Started(f.SSHD.Daemon.PID), Each: f.SSHD.Daemon.Unit.Each}, f.deciding())
	}
	f.forgetKept(h, findings)
	f.findSealed(h, findings)
	f.Unread = h.Unread()
}

// loaded is when the running sshd last read its configuration. If its files are older than
// its process, systemd is not asked. Zero: not known, or none is running.
func loaded(ctx context.Context, h *host.Host, f *sshd.Facts) time.Time {
	if h.Root != "" || f.Daemon.PID == 0 || !systemd.Running() {
		return time.Time{}
	}
	if started := h.Started(f.Daemon.PID); f.Config.Changed.Before(started) && f.Config.Touched.Before(started) {
		return started
	}
	unit, err := systemd.State(ctx, f.Unit+".service")
	if err != nil {
		h.Log.Warnf("when sshd read its configuration last is not known: %v", err)
	}
	read, known := f.ReadAt(h)
	for due := unit.Changed.Add(readAgain); !known || f.Config.Changed.After(read); read, known = f.ReadAt(h) {
		if !unit.Changed.After(f.Config.Changed) || time.Now().After(due) {
			break
		}
		time.Sleep(50 * time.Millisecond) // systemd's word comes first
	}
	if known {
		f.Deaf = unit.Changed.After(f.Config.Changed) && f.Config.Changed.After(read)
		return read
	}
	return unit.Changed
}

// readAgain is how long sshd may take, after systemd has reported a reload, until it has
// read its configuration and listens.
const readAgain = 5 * time.Second

// deciding are the files that this machine's own rules name: what lines of PAM and
// directives of sshd run or read.
func (f *Facts) deciding() (files []string) {
	for _, of := range f.Login.PAM.Evaluated {
		for _, o := range of {
			for _, r := range o.Reasons {
				if r.Data.File != "" {
					files = append(files, r.Data.File)
				}
			}
		}
	}
	for name := range f.SSHD.Places {
		files = append(files, name)
	}
	for _, r := range f.Findings() {
		if r.Answer == check.Unknown && r.File != "" {
			files = append(files, r.File)
		}
	}
	return files
}

// getenv is the environment in the question.
func (f *Facts) getenv() func(string) string {
	if f.Getenv == nil {
		return func(string) string { return "" }
	}
	return f.Getenv
}

// programs checks whether the sign-in programs are unchanged since the package installed
// them.
func (f *Facts) programs() check.Result {
	p := f.Packages[f.Target.Packages.Login]
	note := f.Receipt.Packages[p.Name]
	return f.Programs.Assess(p.Name, p.Version, note.Kept != "" && note.KeptVersion == p.Version)
}

// UnreadRelease is the fault of an os-release that is there and cannot be read; nil if it was
// read, or is not there.
func (f *Facts) UnreadRelease() *fault.Fault {
	return fault.Unread(f.TargetErr, "A file that says which distribution this is")
}

// readTarget reads os-release in the places that os-release(5) names.
func readTarget(h *host.Host) (r distro.Release, t distro.Target, err error) {
	for _, path := range []string{"/etc/os-release", "/usr/lib/os-release"} {
		b, missing := h.ReadFile(path, 1<<20)
		if missing != nil {
			// If one of them is missing and the other cannot be read, the latter is the
			// error.
			if err == nil || errors.Is(err, fs.ErrNotExist) {
				err = missing
			}
			continue
		}
		if r, err = distro.Parse(b); err != nil {
			continue
		}
		t, err = distro.Lookup(r, runtime.GOARCH)
		return r, t, err
	}
	return r, t, err
}

func queryPackages(ctx context.Context, h *host.Host, t distro.Target) (pkgmgr.Packages, error) {
	m, err := pkgmgr.For(t.Manager)
	if err != nil {
		return nil, err
	}
	names := append([]string{t.Packages.Login, t.Packages.SELinux}, t.Legacy...)
	if t.Manager == distro.Dnf && login.Enforced(h) {
		names = append(names, login.PolicyPackage)
	}
	names = slices.DeleteFunc(names, func(n string) bool { return n == "" })
	return (&pkgmgr.Session{Host: h, Manager: m}).Query(ctx, names...)
}

// confining is the version of an SELinux policy that is known to break what sshd starts; ""
// for others. Only RHEL 10 and distributions built like it had one.
func confining(p pkgmgr.Package) string {
	if p.State == pkgmgr.Installed && strings.Contains(p.Version, ".el10") && pkgmgr.CompareVersions(p.Version, login.ConfiningPolicy) >= 0 {
		return p.Version
	}
	return ""
}

// LegacyPackages are the installed packages of the legacy product, in the order in which
// they are removed.
func (f *Facts) LegacyPackages() []string {
	var names []string
	for _, n := range f.Target.Legacy {
		if f.Packages[n].State != pkgmgr.Absent {
			names = append(names, n)
		}
	}
	return names
}

// Wanted are the packages that this machine must have.
func (f *Facts) Wanted() []string {
	wanted := []string{f.Target.Packages.Login}
	if f.Target.SELinux && f.Login.SELinux.Enabled {
		wanted = append(wanted, f.Target.Packages.SELinux)
	}
	return wanted
}

// PackageBase is the URL that the repositories' paths are appended to.
func (f *Facts) PackageBase() string {
	if f.Settings.Repository.Mode == agent.ModeMirror {
		return f.Settings.Repository.BaseURL
	}
	cloud := f.Identity.Cloud
	if cloud.PackageHost == "" {
		cloud = identity.Clouds()[0]
	}
	return cloud.PackageBase()
}

// Repository is the vendor's repository for this machine as PackageBase serves it.
func (f *Facts) Repository() distro.Repository {
	r := f.Target.Repository
	if f.Target.Manager == distro.Apt && f.Identity.Cloud.Replica && f.Settings.Repository.Mode == agent.ModeDefault && len(r.OtherPaths) > 0 {
		r.Path = r.OtherPaths[0]
	}
	return r
}

func programRow() *check.Row[*Facts] { return login.ProgramRow((*Facts).programs) }

// SignInChecks are the checks that Findings returns results of.
func SignInChecks() []check.About {
	return slices.Concat([]check.About{door.Row().About}, check.List(sshd.Rows()), check.List(login.Rows()), []check.About{programRow().About})
}

// Findings are the results of the checks of the sign-in, in the order in which a person
// passes them.
func (f *Facts) Findings() []check.Result {
	all := f.gates()
	for i := range all {
		all[i].Next = f.Commands(&all[i])
	}
	return all
}

func (f *Facts) gates() []check.Result {
	of := append(check.Run([]*check.Row[*door.Facts]{door.Row()}, &f.Door), sshd.Assess(&f.SSHD)...)
	others := append(login.Assess(&f.Login), check.Run([]*check.Row[*Facts]{programRow()}, f)...)
	if p := f.SSHD.Problem; p == nil || p.Kind != sshd.NoUser || !f.Login.NSS.NoLocalUsers() {
		return evidence.Settle(append(of, others...), f.SignedIn)
	}
	// sshd does not find its own user because no user is found at all: the finding about
	// the name service says why, and what to do.
	for i := range of {
		if of[i].Answer == check.Fail {
			of[i].Next = ""
		}
	}
	return evidence.Settle(append(others, of...), f.SignedIn)
}
