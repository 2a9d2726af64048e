// Package decide makes the one decision that enable, the watch, plan and doctor share: what
// to do about a machine in a given state.
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
	"aadssh/internal/trust"
	"aadssh/pkgmgr"
)

// Goal is what an operation wants besides a working machine.
type Goal struct {
	Newest  bool // update the packages to the newest allowed version
	Sources bool // use the repository: the kept package files were tried, or must not be
	Records bool // the run writes down that its program owns the machine, which it does not yet
}

// Kind is what a step does.
type Kind int

// The kinds of steps, in the order in which they are carried out.
const (
	Await     Kind = iota // wait until the transaction of an earlier run has ended
	Transport             // install what apt needs to fetch by HTTPS, from the machine's own sources
	FetchKey              // download the vendor's key, compare it with the pins, write the keyring
	DropFile              // remove a file of ours
	WriteFile             // write a file of ours
	ImportKey             // make rpm trust the key
	Refresh               // fetch the metadata of our source
	Repair                // finish what an interrupted package manager left behind
	Install               // install, or change to another version
	PutBack               // install from the kept package files what was removed
	Replace               // install in place of the legacy packages
	Reinstall             // run the package's scripts again
	Reload                // reload sshd
)

// Step is one change of the machine.
type Step struct {
	Kind     Kind
	Text     string         // for people, without a full stop
	Title    string         // Text without the reason or the versions behind a colon; "": it has none
	Commands []host.Command // those of a package manager
	Files    []repo.File    // if their content is known beforehand
	URLs     []string       // what we fetch ourselves
	Want     []pkgmgr.Spec  // of Install, PutBack, Replace, Reinstall
	Remove   []string       // of Replace
	Pins     []trust.Pin    // of FetchKey
	Units    []string       // of Reload: the first active one
}

// Plan is the difference between the machine and one on which people can sign in. Equal
// facts give equal plans.
type Plan struct {
	Steps  []Step
	Source pkgmgr.Source
	// Existing is the administrator's own entry that is used instead of one of ours.
	Existing *repo.Entry
}

// Empty reports whether there is nothing to do.
func (p *Plan) Empty() bool { return len(p.Steps) == 0 }

// NewPlan plans. A machine with an unknown distribution or an unreadable package database
// gets an empty plan: the checks refuse it. So does a machine that is built as an image:
// its packages came with the image.
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
	case needed && change.Kind != PutBack && (change.Kind != Reinstall || len(f.Kept(change.Want)) < len(change.Want)): // kept files need no repository
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
	if needed || f.ReloadPending {
		p.add(Step{Kind: Reload, Text: "have sshd read its configuration", Units: f.Target.SSHUnits})
	}
	return p, nil
}

// Has reports whether the plan has a step of one of these kinds.
func (p *Plan) Has(kinds ...Kind) bool {
	return slices.ContainsFunc(p.Steps, func(s Step) bool { return slices.Contains(kinds, s.Kind) })
}

func (p *Plan) add(s Step) { p.Steps = append(p.Steps, s) }

// packageStep is the change of packages that is needed, if any.
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
		const newest = "move to the newest version"
		return Step{Kind: Install, Want: want, Title: newest, Text: newest + ": " + Specs(want)}, true
	}
	if why, fails := packageFailure(f); fails {
		title := "reinstall " + installed.Name
		return Step{Kind: Reinstall, Want: present(f), Title: title, Text: title + ": " + strings.TrimSuffix(why, ".")}, true
	}
	return Step{}, false
}

// PackageFails reports whether the packages are installed but their scripts failed to set
// them up.
func PackageFails(f *facts.Facts) bool {
	_, fails := packageFailure(f)
	return fails && preflight.InPlace(f)
}

func packageFailure(f *facts.Facts) (why string, fails bool) {
	for _, finding := range f.Findings() {
		if finding.Part != check.NoPart && finding.Answer == check.Fail {
			return finding.Text, true
		}
	}
	return "", false
}

// mayMove reports whether install may search for a newer version. A pinned release keeps
// the pinned version, or a newer one that works: a version that people sign in with is
// never downgraded.
func mayMove(f *facts.Facts, installed pkgmgr.Package) bool {
	if f.Settings.PackageVersion != "" {
		return false // it is already installed
	}
	if f.Target.Pin == "" {
		return true
	}
	return pkgmgr.CompareVersions(installed.Version, f.Target.Pin) < 0 && !pkgmgr.SameVersion(installed.Version, f.Target.Pin)
}

// wanted are the packages with the versions that the settings or the row ask for.
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

// removed are the missing packages in the versions that were installed, if nothing else is
// wrong and the files of all of them were kept: they are restored as they were, without
// network.
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

// present are the wanted packages in the installed versions.
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

// Specs lists packages with their versions.
func Specs(want []pkgmgr.Spec) string {
	var words []string
	for _, s := range want {
		words = append(words, strings.TrimSpace(s.Name+" "+s.Version))
	}
	return strings.Join(words, " and ")
}

// addSource plans what makes the repository usable, unless the administrator has already
// configured it.
func (p *Plan) addSource(f *facts.Facts, m *pkgmgr.Manager) error {
	t, mode := f.Target, f.Settings.Repository.Mode
	t.Repository = f.Repository()
	t.Repository.ID = repo.FreeID(f.Sources, t)
	p.Source = pkgmgr.Source{ID: t.Repository.ID, ListFile: repo.DefinitionPath(t.Manager)}
	if address := f.Proxy.Address(); address != nil {
		p.Source.Proxy, p.Source.NoProxy = address.String(), f.Proxy.Except
	}
	if mode == agent.ModeExisting {
		p.Source.ID, p.Source.All = "", true // all that is configured on the machine, unchanged
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

// useExisting makes the plan use the administrator's definition of the repository, and
// remove our own if there is one.
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

// dropOwn removes our definition of the repository if the administrator has added one
// since: with two and different keys, apt fails for everybody.
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

// addKey plans to fetch a key and to make the package manager trust it.
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

// keysOf returns the pins of a repository and the addresses of their keys.
func keysOf(r distro.Repository, base string) (pins []trust.Pin, urls []string) {
	for _, name := range r.Keys {
		if pin, ok := trust.ByName(name); ok {
			pins = append(pins, pin)
			urls = append(urls, strings.TrimRight(base, "/")+pin.Path)
		}
	}
	return pins, urls
}

// commands are the commands of a change of packages if nothing fails.
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

// planAlone are the commands of an order whose packages are first fetched from one source
// alone; the exact versions are known only then.
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
