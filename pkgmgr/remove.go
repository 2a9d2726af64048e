package pkgmgr

import (
	"context"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"aadssh/internal/fault"
	"aadssh/internal/host"
)

// Remove removes the packages of names that are installed, and nothing else: if another
// package needs one of them it changes nothing and names that package.
func (s *Session) Remove(ctx context.Context, names []string) error {
	there, err := s.present(ctx, names)
	if err != nil || len(there) == 0 {
		return err
	}
	if err := s.mayRemove(ctx, there); err != nil {
		return err
	}
	d, err := s.try(ctx, s.Manager.Remove(there), transacts)
	if err != nil {
		return err
	}
	return s.gone(ctx, there, d.fault)
}

// RemoveLowLevel removes packages whose own scripts fail, without running the scripts. If
// the removal fails, the scripts are restored.
func (s *Session) RemoveLowLevel(ctx context.Context, names []string) error {
	there, err := s.present(ctx, names)
	if err != nil || len(there) == 0 {
		return err
	}
	low := s.Manager.RemoveLowLevel(there)
	aside, err := s.setAside(low.Scripts)
	if err != nil {
		return fault.Wrap(err, fault.Disk, "A script of the package manager's database cannot be moved out of the way.", "")
	}
	d, err := s.try(ctx, low.Commands, transacts)
	if err == nil {
		err = s.gone(ctx, there, d.fault)
	}
	if err != nil {
		for _, f := range aside {
			if _, e := s.Host.EnsureFile(f.path, f.content, f.mode); e != nil {
				s.Host.Log.Errorf("%s could not be put back: %v", f.path, e)
			}
		}
	}
	return err
}

// present are the names of which any part is installed.
func (s *Session) present(ctx context.Context, names []string) ([]string, error) {
	now, err := s.Query(ctx, names...)
	if err != nil {
		return nil, err
	}
	var there []string
	for _, name := range names {
		if now[name].State != Absent {
			there = append(there, name)
		}
	}
	return there, nil
}

// mayRemove returns an error if more than names would be removed, or if the manager
// refuses.
func (s *Session) mayRemove(ctx context.Context, names []string) error {
	c := s.Manager.SimulateRemove(names)
	d, err := s.run(ctx, c, reads)
	if err != nil {
		return err
	}
	if d.fault != nil {
		return d.fault
	}
	if others := without(s.Manager.ParseEffect(d.result).Removes, names); len(others) > 0 {
		return fault.New(fault.PackageManagerFailed,
			"Other packages of this machine need "+strings.Join(names, ", ")+": "+strings.Join(others, ", ")+".",
			"Decide about them first (they would go with it: "+c.String()+").")
	}
	return nil
}

// simulated checks with a simulation an order that replaces packages: it fails if more
// would be removed than was named, or if what is wanted would not be installed. A manager
// may read one of our arguments differently from what we mean, and then only the removal
// would happen.
func (s *Session) simulated(ctx context.Context, o Order, before Packages) (diagnosis, error) {
	if len(o.Remove) == 0 || s.Manager.Simulate == nil {
		return diagnosis{}, nil
	}
	var effect Effect
	var said diagnosis
	commands := s.Manager.Simulate(o)
	for _, c := range commands {
		d, err := s.run(ctx, c, reads)
		if err != nil {
			return diagnosis{}, err
		}
		e := s.Manager.ParseEffect(d.result)
		effect.Installs, effect.Removes = append(effect.Installs, e.Installs...), append(effect.Removes, e.Removes...)
		if d.fault != nil {
			said = d
		}
	}
	if others := without(effect.Removes, o.Remove); len(others) > 0 {
		return diagnosis{}, fault.New(fault.LegacyInstalled,
			"Replacing "+strings.Join(o.Remove, ", ")+" would also remove "+strings.Join(others, ", ")+".",
			"Ask whoever needs them, remove what you can do without (sudo "+string(s.Manager.Name)+" remove PACKAGE)"+andAgain)
	}
	var missing []string
	for _, spec := range o.Install {
		if !before[spec.Name].Satisfies(spec) && !slices.Contains(effect.Installs, spec.Name) {
			missing = append(missing, spec.Name)
		}
	}
	switch {
	case len(missing) == 0:
		return diagnosis{}, nil // the transaction will repeat whatever else it printed
	case said.fault != nil:
		return said, nil
	}
	return diagnosis{fault: fault.New(fault.PackageManagerFailed,
		"Replacing "+strings.Join(o.Remove, ", ")+" would not install "+strings.Join(missing, ", ")+": nothing was changed.",
		"See what would happen: sudo "+brief(commands[0])+andAgain)}, nil
}

// gone is nil if the database no longer knows names, whatever the output was.
func (s *Session) gone(ctx context.Context, names []string, said *fault.Fault) error {
	left, err := s.present(ctx, names)
	if err != nil || len(left) == 0 {
		return err
	}
	if said != nil {
		return said
	}
	return fault.New(fault.PackageManagerFailed, fmt.Sprintf("%s says that all went well, but %s is still installed.", s.Manager.Name, strings.Join(left, ", ")),
		seeTransactionLog+", and remove it by hand.")
}

func without(list, known []string) []string {
	return slices.DeleteFunc(slices.Clone(list), func(s string) bool { return slices.Contains(known, s) })
}

type file struct {
	path    string
	content []byte
	mode    fs.FileMode
}

// setAside removes files and returns them, so that they can be restored.
func (s *Session) setAside(patterns []string) ([]file, error) {
	var aside []file
	for _, pattern := range patterns {
		for _, path := range s.Host.Glob(pattern) {
			content, err := s.Host.ReadFile(path, host.Limit)
			if err != nil {
				return aside, err
			}
			info, err := s.Host.Stat(path)
			if err != nil {
				return aside, err
			}
			aside = append(aside, file{path, content, info.Mode().Perm()})
			if _, err := s.Host.RemoveFile(path); err != nil {
				return aside, err
			}
		}
	}
	return aside, nil
}
