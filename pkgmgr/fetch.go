package pkgmgr

import (
	"context"
	"path/filepath"
	"slices"
	"strings"

	"aadsshlogin-handler/internal/fault"
)

// fetch downloads the packages of an order into the folder of ours, and
// verifies those that it names. What a package depends on is the manager's to
// verify: it may come from a repository whose owner wants no signatures.
func (s *Session) fetch(ctx context.Context, o *Order) (diagnosis, error) {
	m := s.Manager
	o.Files = nil
	if err := s.emptyFetchDir(); err != nil {
		return diagnosis{}, fault.Wrap(err, fault.Disk, "The folder "+m.FetchDir+", into which packages are fetched, cannot be made anew.",
			"See what is there (ls -ld "+m.FetchDir+"; df -h "+m.FetchDir+")"+andAgain)
	}
	k := refreshes // it does that first, and is ended where a server never answers
	if o.Source.All {
		k = refreshesAll
	}
	if d, err := s.try(ctx, m.Download(*o), k); err != nil || d.fault != nil {
		return d, err
	}
	for _, path := range s.Host.Glob(m.FetchDir + "/*.rpm") {
		if !slices.ContainsFunc(o.Install, func(spec Spec) bool { return spec.Name == rpmFileName(path) }) {
			continue
		}
		if d, err := s.run(ctx, m.Verify(path), reads); err != nil || d.fault != nil {
			return d, err
		}
		o.Files = append(o.Files, path)
	}
	return diagnosis{}, nil
}

// emptyFetchDir: a file that is there already would be taken as it is, a
// damaged one too.
func (s *Session) emptyFetchDir() error {
	if err := s.Host.RemoveTree(s.Manager.FetchDir); err != nil {
		return err
	}
	return s.Host.EnsureDir(s.Manager.FetchDir, 0o700)
}

// rpmFileName is the name of the package in a file that is called
// NAME-VERSION-RELEASE.ARCH.rpm.
func rpmFileName(path string) string {
	name := filepath.Base(path)
	for range 2 {
		if at := strings.LastIndexByte(name, '-'); at > 0 {
			name = name[:at]
		}
	}
	return name
}

// forget removes what the manager's cache has of our repository's package files.
func (s *Session) forget(specs []Spec) {
	for _, spec := range specs {
		for _, path := range s.KeptFiles(Package{Name: spec.Name, Version: "*"}) {
			if _, err := s.Host.RemoveFile(path); err != nil {
				s.Host.Log.Warnf("%s, which was fetched damaged, cannot be removed: %v", path, err)
			}
		}
	}
}
