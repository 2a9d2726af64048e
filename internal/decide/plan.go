// Package decide has the one decision that enable, the watch, plan and doctor
// share: from what was seen of a machine to what is to be done about it.
package decide

import (
	"cmp"
	"fmt"
	"runtime"
	"slices"
	"strings"

	"aadssh/distro"
	"aadssh/internal/agent"
	"aadssh/internal/check"
	"aadssh/internal/facts"
	"aadssh/internal/host"
	"aadssh/internal/preflight"
	"aadssh/internal/repo"
	"aadssh/internal/signin/sshd"
	"aadssh/internal/trust"
	"aadssh/pkgmgr"
)

// Goal is what an operation wants beyond a machine that works.
type Goal struct {
	Newest  bool // move the packages to the newest version that is allowed
	Sources bool // the kept package files were tried, or are not to be: use the repository
}

// Kind is what a step does.
type Kind int

// The kinds of steps, in the order in which they are done.
const (
	Await     Kind = iota // wait until the transaction of an earlier run has ended
	Transport             // install what apt needs to fetch by HTTPS, from the machine's own sources
	FetchKey              // download the vendor's key, compare it with the pins, write the keyring
	DropFile              // remove a file of ours
	WriteFile             // write a file of ours
	ImportKey             // have rpm trust the key
	Refresh               // fetch the metadata of our source
	Repair                // finish what an interrupted package manager left
	Install               // install or move to a version
	PutBack               // install what was removed, from the kept package files
	Replace               // install in the place of the legacy packages
	Reinstall             // have the package's scripts run again
	Reload                // tell sshd
)

// Step is one change of the machine.
type Step struct {
	Kind     Kind
	Text     string         // for people, without a full stop
	Commands []host.Command // what will be run, where it is a package manager
	Files    []repo.File    // what will be written, where it is known beforehand
	URLs     []string       // what will be fetched by ourselves
	Want     []pkgmgr.Spec  // of Install, PutBack, Replace, Reinstall
	Remove   []string       // of Replace
	Pins     []trust.Pin    // of FetchKey
	Units    []string       // of Reload: the first that is active
}

// Plan is the difference between the machine and one on which people can sign
// in. It is pure: the same facts give the same plan.
type Plan struct {
	Steps  []Step
	Source pkgmgr.Source
	// Existing is the entry of the machine's owner that is used in the place
	// of one of ours.
	Existing *repo.Entry
}

// Empty reports whether there is nothing to do.
func (p Plan) Empty() bool { return len(p.Steps) == 0 }

// NewPlan plans. A machine whose distribution or package database is not known
// gets an empty plan: the checks refuse it. One that is put together as an image
// gets none either: what is on it came with the image.
func NewPlan(f *facts.Facts, g Goal) (Plan, error) {
	if f.TargetErr != nil || f.PackagesErr != nil || f.Image != "" {
		return Plan{}, nil
	}
	m, err := pkgmgr.For(f.Target.Manager)
	if err != nil {
		return Plan{}, err
	}
	change, needed := packageStep(f, g)
	var p Plan
	switch {
	case needed && needsSource(f, change):
		if err := p.addSource(f, m); err != nil {
			return Plan{}, err
		}
	case f.OwnSource && f.Target.Manager == distro.Apt:
		p.dropOwn(f, m)
	}
	if broken(f) {
		p.add(Step{Kind: Repair, Text: "finish what an interrupted package manager left", Commands: m.Repair()})
	}
	if needed {
		change.Commands = commands(m, p.Source, change, f.Kept(change.Want))
		p.add(change)
	}
	if needed || f.ReloadOwed {
		p.add(Step{Kind: Reload, Text: "have sshd read its configuration", Units: f.Target.SSHUnits})
	}
	return p, nil
}

// Has reports whether a step of one of these kinds is planned.
func (p Plan) Has(kinds ...Kind) bool {
	return slices.ContainsFunc(p.Steps, func(s Step) bool { return slices.Contains(kinds, s.Kind) })
}

func (p *Plan) add(s Step) { p.Steps = append(p.Steps, s) }

// packageStep is the change of packages that is needed, if one is.
func packageStep(f *facts.Facts, g Goal) (s Step, needed bool) {
	want := wanted(f)
	if old := f.LegacyPackages(); len(old) > 0 {
		return Step{Kind: Replace, Want: want, Remove: old,
			Text: fmt.Sprintf("install %s in the place of %s", Specs(want), strings.Join(old, " and "))}, true
	}
	if !preflight.InPlace(f) {
		if lost := removed(f, want); len(lost) > 0 && !g.Newest && !g.Sources {
			return Step{Kind: PutBack, Want: lost, Text: "put back " + Specs(lost) + ", of which the package file was kept"}, true
		}
		return Step{Kind: Install, Want: want, Text: "install " + Specs(want)}, true
	}
	installed := f.Packages[f.Target.Packages.Login]
	if v := f.Settings.PackageVersion; v != "" && !pkgmgr.SameVersion(installed.Version, v) {
		return Step{Kind: Install, Want: want, Text: fmt.Sprintf("move %s from %s to %s", installed.Name, installed.Version, v)}, true
	}
	if g.Newest && mayMove(f, installed) {
		return Step{Kind: Install, Want: want, Text: "move to the newest version: " + Specs(want)}, true
	}
	if why, fails := packageFailure(f); fails {
		return Step{Kind: Reinstall, Want: present(f), Text: fmt.Sprintf("reinstall %s: %s", installed.Name, strings.TrimSuffix(why, "."))}, true
	}
	return Step{}, false
}

// PackageFails reports whether the packages are in place and did not set
// themselves up.
func PackageFails(f *facts.Facts) bool {
	_, fails := packageFailure(f)
	return fails && preflight.InPlace(f)
}

func packageFailure(f *facts.Facts) (why string, fails bool) {
	for _, finding := range f.Findings() {
		if finding.Part != check.NoPart && finding.Answer == sshd.Fail {
			return finding.Text, true
		}
	}
	return "", false
}

// mayMove reports whether install may look for a newer version. A pinned
// release stays where it is once it has the pinned version, or a newer one
// that works: nothing is taken back that somebody signs in with.
func mayMove(f *facts.Facts, installed pkgmgr.Package) bool {
	if f.Settings.PackageVersion != "" {
		return false // it is there already
	}
	if f.Target.Pin == "" {
		return true
	}
	return pkgmgr.CompareVersions(installed.Version, f.Target.Pin) < 0 && !pkgmgr.SameVersion(installed.Version, f.Target.Pin)
}

// wanted are the packages with the versions that the owner or the row asks for.
func wanted(f *facts.Facts) []pkgmgr.Spec {
	var want []pkgmgr.Spec
	for _, name := range f.Wanted() {
		spec := pkgmgr.Spec{Name: name}
		if name == f.Target.Packages.Login {
			spec.Version = f.Settings.PackageVersion
			if spec.Version == "" {
				spec.Version = f.Target.Pin
			}
		}
		want = append(want, spec)
	}
	return want
}

// removed are the packages that are missing, in the versions in which they were
// here, where nothing else is amiss and the files of all of them were kept:
// what somebody removed comes back as it was, and without network.
func removed(f *facts.Facts, want []pkgmgr.Spec) []pkgmgr.Spec {
	var lost []pkgmgr.Spec
	for _, spec := range want {
		if p := f.Packages[spec.Name]; p.State == pkgmgr.Installed {
			continue
		} else if p.State != pkgmgr.Absent {
			return nil
		}
		note := f.Receipt.Packages[spec.Name]
		was := pkgmgr.Package{Name: spec.Name, Version: note.KeptVersion, State: pkgmgr.Installed}
		if note.Kept == "" || !was.Satisfies(spec) {
			return nil
		}
		lost = append(lost, pkgmgr.Spec{Name: spec.Name, Version: note.KeptVersion})
	}
	return lost
}

// present are the wanted packages as they are installed.
func present(f *facts.Facts) []pkgmgr.Spec {
	var have []pkgmgr.Spec
	for _, name := range f.Wanted() {
		have = append(have, pkgmgr.Spec{Name: name, Version: f.Packages[name].Version})
	}
	return have
}

func broken(f *facts.Facts) bool {
	for _, p := range f.Packages {
		if p.State == pkgmgr.Broken {
			return true
		}
	}
	return false
}

// needsSource reports whether a change needs the repository: what is done with
// kept package files does not.
func needsSource(f *facts.Facts, s Step) bool {
	return s.Kind != PutBack && (s.Kind != Reinstall || len(f.Kept(s.Want)) < len(s.Want))
}

// Specs names packages with their versions.
func Specs(want []pkgmgr.Spec) string {
	var words []string
	for _, s := range want {
		words = append(words, strings.TrimSpace(s.Name+" "+s.Version))
	}
	return strings.Join(words, " and ")
}

// addSource plans what makes the repository usable, unless the machine's owner
// has configured it already.
func (p *Plan) addSource(f *facts.Facts, m *pkgmgr.Manager) error {
	t, mode := f.Target, f.Settings.Repository.Mode
	t.Repository = f.Repository()
	t.Repository.ID = repo.FreeID(f.Sources, t)
	p.Source = pkgmgr.Source{ID: t.Repository.ID, ListFile: repo.DefinitionPath(t.Manager)}
	if address := f.Proxy.Address(); address != nil {
		p.Source.Proxy, p.Source.NoProxy = address.String(), f.Proxy.Except
	}
	if mode == agent.ModeExisting {
		p.Source.ID, p.Source.All = "", true // whatever the owner configured, as it is
		return nil
	}
	options := repo.Options{Base: f.PackageBase(), Mirror: mode == agent.ModeMirror, GOARCH: runtime.GOARCH, OwnKey: len(f.Settings.Repository.TrustedKeys) > 0}
	pins, urls := keysOf(t.Repository, options.Base)
	options.Pinned = len(pins) > 0 || options.OwnKey
	p.Source.Keys = repo.KeyFiles(t, options)
	existing, err := repo.Reuse(f.Sources, t, options)
	if err != nil {
		return err
	}
	refresh := func() {
		p.add(Step{Kind: Refresh, Text: "fetch the list of packages of " + t.Repository.Name, Commands: m.Refresh(p.Source)})
	}
	fetchKey := Step{Kind: FetchKey, Text: "fetch the signing key of " + t.Repository.Name, URLs: urls, Pins: pins}
	if existing != nil {
		p.useExisting(existing, f.OwnSource)
		if existing.MissingKey != "" && options.Pinned {
			fetchKey.Text += " to where " + existing.Place() + " names it"
			p.addKey(fetchKey, repo.KeyAt(t.Manager, trust.Keyring{}, existing.MissingKey), m)
		}
		refresh()
		return nil
	}
	for _, rest := range f.Problems {
		if rest.Leftover && rest.File != repo.DefinitionPath(t.Manager) {
			p.add(Step{Kind: DropFile, Text: fmt.Sprintf("remove %s, a rest of an earlier installation that configures nothing (%s)", rest.File, strings.TrimSuffix(rest.What, ".")), Files: []repo.File{{Path: rest.File}}})
		}
	}
	definition, err := repo.Desired(t, options)
	if err != nil {
		return err
	}
	if f.Transport != "" {
		s := Step{Kind: Transport, Text: "install " + f.Transport + ", without which this apt fetches nothing by HTTPS", Want: []pkgmgr.Spec{{Name: f.Transport}}}
		s.Commands = commands(m, p.Source.Others(), s, nil)
		p.add(s)
	}
	key := repo.Key(t.Manager, trust.Keyring{})
	if options.Pinned {
		fetchKey.Files = []repo.File{key}
		p.add(fetchKey)
	}
	p.add(Step{Kind: WriteFile, Text: "define the repository " + t.Repository.Name, Files: definition})
	if m.ImportKey != nil && len(pins) > 0 {
		p.add(importKey(key, m))
	}
	refresh()
	return nil
}

// useExisting has the plan use a definition of the repository that the
// machine's owner made, and drop our own where there is one.
func (p *Plan) useExisting(existing *repo.Entry, own bool) {
	ours := p.Source.ListFile
	p.Existing = existing
	p.Source.ListFile = existing.File
	if existing.ID != "" {
		p.Source.ID, p.Source.Keys = existing.ID, existing.KeyFiles()
	}
	if own {
		p.add(Step{Kind: DropFile, Text: "remove our definition of the repository, which the machine's owner has in " + existing.Place(), Files: []repo.File{{Path: ours}}})
	}
}

// dropOwn drops our definition of the repository where its owner has added one
// meanwhile: with both, and different keys, apt does nothing any more for anybody.
func (p *Plan) dropOwn(f *facts.Facts, m *pkgmgr.Manager) {
	var anew Plan
	if err := anew.addSource(f, m); err != nil || anew.Existing == nil || anew.Existing.MissingKey != "" {
		return
	}
	for _, s := range anew.Steps {
		if s.Kind == DropFile {
			p.add(s)
		}
	}
}

// addKey fetches a key and has the package manager trust it.
func (p *Plan) addKey(fetch Step, file repo.File, m *pkgmgr.Manager) {
	fetch.Files = []repo.File{file}
	p.add(fetch)
	if m.ImportKey != nil {
		p.add(importKey(file, m))
	}
}

func importKey(file repo.File, m *pkgmgr.Manager) Step {
	return Step{Kind: ImportKey, Text: "have the package manager trust that key", Commands: []host.Command{m.ImportKey(file.Path)}, Files: []repo.File{file}}
}

// keysOf are the pins of a repository, and where their keys are served.
func keysOf(r distro.Repository, base string) (pins []trust.Pin, urls []string) {
	for _, name := range r.Keys {
		if pin, ok := trust.ByName(name); ok {
			pins = append(pins, pin)
			urls = append(urls, strings.TrimRight(base, "/")+pin.Path)
		}
	}
	return pins, urls
}

// commands are what a change of packages runs when nothing gets in its way.
func commands(m *pkgmgr.Manager, source pkgmgr.Source, s Step, files []string) []host.Command {
	order := pkgmgr.Order{Source: source, Install: s.Want, Remove: s.Remove, Reinstall: s.Kind == Reinstall, LockWait: pkgmgr.LockWait}
	order.Source.All = source.All || m.AllFirst
	if m.FetchFiles != nil && !source.All && s.Kind != PutBack && (s.Kind != Reinstall || len(files) < len(s.Want)) {
		return planAlone(m, order, s.Kind == Replace)
	}
	switch {
	case s.Kind == PutBack:
		return m.RestoreFiles(files)
	case s.Kind == Reinstall && len(files) == len(s.Want):
		return m.InstallFiles(files)
	case s.Kind == Replace, m.FetchDir != "":
		return append(m.Download(order), m.Install(order)...)
	}
	return m.Install(order)
}

// planAlone are the commands of an order whose packages are fetched from one
// source alone before; which versions these are shows then.
func planAlone(m *pkgmgr.Manager, order pkgmgr.Order, replace bool) []host.Command {
	all := []host.Command{m.FetchFiles(order.Source, order.Install)}
	for _, spec := range order.Install {
		order.Files = append(order.Files, m.Kept(order.Source, pkgmgr.Package{Name: spec.Name, Version: cmp.Or(spec.Version, "*")})...)
	}
	if replace {
		all = append(all, m.Download(order)...)
	}
	return append(all, m.Install(order)...)
}
