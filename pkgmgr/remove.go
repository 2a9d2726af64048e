package pkgmgr

import (
	"context"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"aadsshlogin-handler/internal/fault"
	"aadsshlogin-handler/internal/host"
)

// Remove removes those of names that are there, and nothing else: where
// another package needs one of them it changes nothing and says which.
func (s *Session) Remove(ctx context.Context, names []string) error {
	there, err := s.present(ctx, names)
	if err != nil || len(there) == 0 {
		return err
	}
	if err := s.mayRemove(ctx, there); err != nil {
		return err
	}
	d, err := s.try(ctx, s.Manager.Remove(there), true)
	if err != nil {
		return err
	}
	return s.gone(ctx, there, d.fault)
}

// RemoveLowLevel removes packages whose own scripts stand in the way, without
// running these. The scripts are put back where the removal fails.
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
	d, err := s.try(ctx, low.Commands, true)
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

// KeptFiles are the files of installed or downloaded packages as the manager
// still has them in its cache.
func (s *Session) KeptFiles(packages ...Package) []string {
	var files []string
	for _, p := range packages {
		for _, pattern := range s.Manager.Kept(s.Source, p) {
			for _, f := range s.Host.Glob(pattern) {
				files = appendNew(files, f)
			}
		}
	}
	return files
}

// present are those of names of which anything is installed.
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

// mayRemove refuses where more than names would go, or where the manager
// refuses.
func (s *Session) mayRemove(ctx context.Context, names []string) error {
	c := s.Manager.SimulateRemove(names)
	r, err := s.Host.Runner.Run(ctx, c)
	if err != nil {
		return s.notRun(c, err)
	}
	if f := s.Manager.Classify(c, r); f != nil {
		return f
	}
	if others := without(s.Manager.ParseEffect(r).Removes, names); len(others) > 0 {
		return fault.New(fault.PackageManagerFailed,
			fmt.Sprintf("Other packages of this machine need %s: %s.", strings.Join(names, ", "), strings.Join(others, ", ")),
			"Decide about them first (they would go with it: "+c.String()+").")
	}
	return nil
}

// onlyNamed refuses to replace packages where more would go than was named.
func (s *Session) onlyNamed(ctx context.Context, o Order) error {
	if s.Manager.Simulate == nil {
		return nil
	}
	for _, c := range s.Manager.Simulate(o) {
		r, err := s.Host.Runner.Run(ctx, c)
		if err != nil {
			return s.notRun(c, err)
		}
		// What fails here fails in the transaction too, and is judged there.
		if others := without(s.Manager.ParseEffect(r).Removes, o.Remove); len(others) > 0 {
			return fault.New(fault.LegacyInstalled,
				fmt.Sprintf("Replacing %s would also remove %s.", strings.Join(o.Remove, ", "), strings.Join(others, ", ")),
				"Decide about them, remove what you can do without"+andAgain)
		}
	}
	return nil
}

// gone is nil when the database no longer knows names, whatever was said.
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

// setAside removes files and returns them, for putting back.
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
