// Package facts looks at the machine once and writes down what it sees. What
// could not be seen says so: no fact is ever guessed.
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

// Question is what a look needs to know beforehand.
type Question struct {
	Settings        agent.Settings
	Unknown         []string // settings that nobody knows
	Refused         error    // why the settings cannot be used
	AgentDir        string   // the agent's folder, where other extensions lie; "": none
	StatusFolder    string   // where the agent reads the status; "": nobody does
	Sequence        int      // of the status
	Getenv          func(string) string
	IdentityTimeout time.Duration  // for the metadata service; 0: identity.DefaultBudget
	Who             *gate.Somebody // whose way in alone is asked about; nil: everybody's of the directory
}

// Facts is one machine at one moment.
type Facts struct {
	Question

	Release   distro.Release
	Target    distro.Target
	TargetErr error  // *distro.Unsupported, or os-release could not be read
	Image     string // by what it shows that its packages come with an image; else ""

	Proxy    proxy.Found
	Memory   Memory
	Legacy   Legacy
	Identity identity.Answer

	Packages    pkgmgr.Packages // of the product and of the legacy product
	PackagesErr error           // the package database gave no answer

	Sources   []repo.Entry // repositories that are configured, ours included
	Problems  []repo.Problem
	OwnSource bool // our definition of the repository is there
	// Transport is the package without which this apt cannot fetch by HTTPS;
	// empty where it can.
	Transport string

	SSHD     sshd.Facts
	Door     door.Facts
	Login    login.Facts
	Programs login.Programs // of the installed package
	SignedIn time.Time      // a person got in after the last change of what decides about it; zero: not known, or not asked

	Owner       state.Owner // of the machine; the zero value where nobody is written down
	Receipt     state.Receipt
	ReceiptErr  error
	ReloadOwed  bool
	StatusErr   error         // why no status can be written
	StateErr    error         // why nothing can be written down
	Transaction *host.Running // of an earlier run, still at work

	// Unread is why something on this machine could not be looked at: no memory, no
	// further file, a broken disk. What seems to be missing then may be there.
	Unread error
}

// Look looks at everything. The slow parts are asked side by side: on a
// healthy machine they are the metadata service, the package database and sshd.
func Look(ctx context.Context, h *host.Host, q Question) *Facts {
	f := &Facts{Question: q}
	wait := inBackground(h, func() {
		f.Identity = identity.Look(ctx, identity.Options{Host: h, Log: h.Log, Budget: q.IdentityTimeout, Getenv: q.Getenv})
	})
	f.machine(ctx, h)
	wait()
	f.Proxy = proxy.Given(q.Settings.Proxy, q.Getenv, f.PackageBase()) // the host is known by the cloud
	return f
}

// LookAgain looks at what our own changes can have changed. The metadata
// service is not asked a second time.
func LookAgain(ctx context.Context, h *host.Host, q Question, before *Facts) *Facts {
	f := &Facts{Question: q, Identity: before.Identity, Proxy: before.Proxy}
	f.machine(ctx, h)
	return f
}

func (f *Facts) machine(ctx context.Context, h *host.Host) {
	h.Unread() // what was met before this look is not part of it
	arc := identity.OnArc(h, f.getenv())
	sshdSeen := inBackground(h, func() { f.SSHD = sshd.Look(ctx, h, arc, f.Who) })
	var err error
	loginSeen := inBackground(h, func() { f.Login = login.Look(h, f.Who) })
	f.Door = door.Look(h, arc, f.Who)
	f.Memory = lookMemory(h)
	if f.AgentDir != "" {
		f.Legacy.Extension = lookLegacyExtension(h, f.AgentDir)
	}
	if f.Owner, _, err = state.ReadOwner(h); err != nil {
		h.Log.Warnf("who owns the machine cannot be read: %v", err)
	}
	f.Receipt, f.ReceiptErr = state.ReadReceipt(h)
	f.ReloadOwed = state.ReloadOwed(h)
	f.StatusErr, f.StateErr = f.lookFolders(h)
	if t, running := h.RunningTransaction(); running {
		f.Transaction = &t
	}
	f.Release, f.Target, f.TargetErr = lookTarget(h)
	f.Image = lookImage(h, f.Release)
	if f.TargetErr == nil {
		f.Packages, f.PackagesErr = lookPackages(ctx, h, f.Target)
		if login := f.Packages[f.Target.Packages.Login]; login.State == pkgmgr.Installed {
			f.Programs = lookPrograms(h, login)
		}
		f.Sources, f.Problems = repo.Look(h, f.Target.Manager)
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
	if service := f.SSHD.PAMService(); service != "" && service != login.PAMService {
		f.Login.PAM = login.LookPAM(h, service, f.SSHD.One, "")
		f.Login.PAM.Renamed = f.SSHD.OwnPAMService()
	}
	f.Login.SELinux.Confines = confining(f.Packages[login.PolicyPackage])
	findings := f.Findings()
	if f.Packages[f.Target.Packages.Login].State == pkgmgr.Installed && evidence.Open(findings) {
		f.SignedIn = evidence.Look(ctx, h, time.Now(), evidence.Reading{Started: h.Started(f.SSHD.Daemon.PID), Each: f.SSHD.Daemon.Unit.Each}, f.deciding())
	}
	f.forgetKept(h, findings)
	f.Unread = h.Unread()
}

// loaded is when the running sshd read its configuration last. Where its files are
// older than its process, systemd is not asked. Zero: not known, or none is running.
func loaded(ctx context.Context, h *host.Host, f *sshd.Facts) time.Time {
	if h.Root != "" || f.Daemon.PID == 0 || !systemd.Running() {
		return time.Time{}
	}
	if started := h.Started(f.Daemon.PID); f.Config.Changed.Before(started) {
		return started
	}
	unit, err := systemd.State(ctx, f.Unit+".service")
	if err != nil {
		h.Log.Warnf("when sshd read its configuration last is not known: %v", err)
	}
	return unit.Changed
}

// deciding are the files that this machine's own rules name: what PAM's lines and
// sshd's directives run or read.
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

// getenv is the environment that the question came with.
func (f *Facts) getenv() func(string) string {
	if f.Getenv == nil {
		return func(string) string { return "" }
	}
	return f.Getenv
}

func lookPrograms(h *host.Host, p pkgmgr.Package) login.Programs {
	return login.LookPrograms(h, p.Name, p.Files)
}

// programs is whether the sign-in programs are as the package brought them.
func (f *Facts) programs() check.Result {
	p := f.Packages[f.Target.Packages.Login]
	note := f.Receipt.Packages[p.Name]
	return f.Programs.Assess(p.Name, p.Version, note.Kept != "" && note.KeptVersion == p.Version)
}

// lookTarget reads os-release from where os-release(5) says it is.
func lookTarget(h *host.Host) (r distro.Release, t distro.Target, err error) {
	for _, path := range []string{"/etc/os-release", "/usr/lib/os-release"} {
		b, missing := h.ReadFile(path, 1<<20)
		if missing != nil {
			// That one of them is not there says less than that one cannot be read.
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

func lookPackages(ctx context.Context, h *host.Host, t distro.Target) (pkgmgr.Packages, error) {
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

// confining is the version of a policy that is known to break what sshd starts;
// "" for others. Only RHEL 10 and what is built like it has had one.
func confining(p pkgmgr.Package) string {
	if p.State == pkgmgr.Installed && strings.Contains(p.Version, ".el10") && pkgmgr.CompareVersions(p.Version, login.ConfiningPolicy) >= 0 {
		return p.Version
	}
	return ""
}

// LegacyPackages are the legacy product's packages that are on the machine, in
// the order in which they are removed.
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
	if f.Target.SELinux && f.Login.SELinux.Needed() {
		wanted = append(wanted, f.Target.Packages.SELinux)
	}
	return wanted
}

// PackageBase is the URL below which the repositories' paths begin.
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

// SignInChecks are the checks whose answers Findings has.
func SignInChecks() []check.About {
	return slices.Concat([]check.About{door.Row().About}, check.List(sshd.Rows()), check.List(login.Rows()), []check.About{programRow().About})
}

// Findings are the answers of the gates that a person passes, in their order.
func (f *Facts) Findings() []check.Result {
	all := f.gates()
	for i := range all {
		all[i].Next = f.Commands(all[i].Next)
	}
	return all
}

func (f *Facts) gates() []check.Result {
	of := append(check.Run([]*check.Row[*door.Facts]{door.Row()}, &f.Door), sshd.Assess(&f.SSHD)...)
	others := append(login.Assess(&f.Login), check.Run([]*check.Row[*Facts]{programRow()}, f)...)
	if p := f.SSHD.Problem; p == nil || p.Kind != sshd.NoUser || !f.Login.NSS.NoLocalUsers() {
		return evidence.Settle(append(of, others...), f.SignedIn)
	}
	// sshd misses its own user, because no user is found: the name service tells
	// why, and what to do.
	for i := range of {
		if of[i].Answer == check.Fail {
			of[i].Next = ""
		}
	}
	return evidence.Settle(append(others, of...), f.SignedIn)
}
