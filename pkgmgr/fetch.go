package pkgmgr

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"aadssh/internal/fault"
	"aadssh/internal/host"
)

// fetchesFirst reports whether other sources of the machine are used besides ours. Then the
// packages are fetched first, so that no other source can replace them: scripts of packages
// run as root. The package manager finds their dependencies in any source that the
// machine's configuration allows.
func (s *Session) fetchesFirst(o Order) bool {
	return s.Manager.Verify != nil && o.Source.All && !s.Source.All && s.Source.ID != ""
}

// fetch downloads the packages of an order and verifies those that the order names. Their
// dependencies are verified by the package manager: they may come from a repository that is
// configured without signatures. If no file was fetched, there is nothing to install.
func (s *Session) fetch(ctx context.Context, o *Order, before Packages) (diagnosis, error) {
	m := s.Manager
	wanted := *o
	if s.fetchesFirst(*o) {
		exact, d, err := s.offered(ctx, o, before)
		if err != nil || d.fault != nil || len(exact) == 0 {
			return d, err
		}
		wanted.Install = exact
	}
	if err := s.emptyFetchDir(); err != nil {
		return diagnosis{}, fault.Wrap(err, fault.Disk, "The folder "+m.FetchDir+", into which packages are fetched, cannot be made anew.",
			"See what is there (ls -ld "+m.FetchDir+"; df -h "+m.FetchDir+")"+andAgain)
	}
	k := refreshes // it refreshes first, and is ended if a server never answers
	if o.Source.All {
		k = refreshesAll
	}
	if d, err := s.try(ctx, m.Download(wanted), k); err != nil || d.fault != nil {
		return d, err
	}
	for _, spec := range wanted.Install {
		path := s.fetched(spec)
		if path == "" && s.fetchesFirst(*o) {
			return diagnosis{fault: fault.New(fault.PackageManagerFailed,
				fmt.Sprintf("%s did not fetch %s %s from our repository: another source of this machine puts itself in its place.", m.Name, spec.Name, spec.Version),
				"Find out which one it is, and disable it: "+m.Offers+" "+spec.Name+fault.ThenAgain)}, nil
		}
		if path == "" {
			continue
		}
		if d, err := s.verify(ctx, path); err != nil || d.fault != nil {
			return s.perhapsForeign(*o, spec, d), err
		}
		o.Files = append(o.Files, path)
	}
	return diagnosis{}, nil
}

// trustFiles makes rpm accept the keys of our repository, if the manager lets rpm verify
// the files that it is given; for packages from a repository the manager imports the keys
// itself.
func (s *Session) trustFiles(ctx context.Context) error {
	if !s.Manager.FilesNeedKeys {
		return nil
	}
	for _, key := range strings.Fields(s.Source.Keys) {
		// It does not matter if rpm refuses one of several keys: the files are verified
		// anyway.
		if _, err := s.run(ctx, rpmImportKey(key), transacts); err != nil {
			return err
		}
	}
	return nil
}

// offered are the packages of an order in the exact versions that our source has, without
// those that are already installed.
func (s *Session) offered(ctx context.Context, o *Order, before Packages) ([]Spec, diagnosis, error) {
	var exact []Spec
	for _, spec := range o.Install {
		versions, err := s.Versions(ctx, spec.Name)
		if err != nil {
			return nil, diagnosis{}, err
		}
		at := slices.IndexFunc(versions, func(v string) bool { return spec.Version == "" || SameVersion(v, spec.Version) })
		if at < 0 {
			return nil, diagnosis{fault: fault.New(fault.PackageUnavailable, "Our repository has no "+strings.TrimSpace(spec.Name+" "+spec.Version)+".",
				"See what each source has: "+s.Manager.Offers+" "+spec.Name+"; correct packageVersion if it is set.")}, nil
		}
		had := before[spec.Name]
		c := CompareVersions(versions[at], had.Version)
		if had.State == Installed && !o.Reinstall && (c == 0 || spec.Version == "" && c < 0) {
			continue
		}
		o.Older = o.Older || had.State == Installed && c < 0
		exact = append(exact, Spec{spec.Name, versions[at]})
	}
	return exact, diagnosis{}, nil
}

// perhapsForeign adds to the fault of an untrusted file that it may not be ours, if its
// folder does not show which source it came from.
func (s *Session) perhapsForeign(o Order, spec Spec, d diagnosis) diagnosis {
	if d.fault == nil || d.fault.Code != fault.RepositoryUntrusted || s.Manager.FetchDir == "" || !s.fetchesFirst(o) {
		return d
	}
	d.fault = fault.Wrap(d.fault, d.fault.Code, d.fault.What+" Another source of this machine may offer the same version.",
		"Find out whether one does, and disable it: "+s.Manager.Offers+" "+spec.Name+fault.ThenAgain)
	return d
}

// fetched is the file of a package in the folder into which Download fetched it from our
// repository; "" if there is none.
func (s *Session) fetched(spec Spec) string {
	version := spec.Version
	if s.Manager.FetchDir != "" { // everything in it was just fetched; a version may be given without its release
		version = "*"
	}
	for _, path := range s.KeptFiles(Package{Name: spec.Name, Version: version}) {
		if rpmFileName(path) == spec.Name {
			return path
		}
	}
	return ""
}

// keyringDir is an rpm database that has only the keys of our repository: keys of other
// sources must not count.
const keyringDir = host.StateDir + "/keyring"

// verify lets rpm check that a package file is signed with a key of our repository.
func (s *Session) verify(ctx context.Context, path string) (diagnosis, error) {
	keys := strings.Fields(s.Source.Keys)
	if len(keys) == 0 {
		return s.run(ctx, s.Manager.Verify("", path), reads)
	}
	if err := s.emptyDir(keyringDir); err != nil {
		return diagnosis{}, fault.Wrap(err, fault.Disk, "The folder "+keyringDir+", in which packages are verified, cannot be made anew.",
			"See what is there (ls -ld "+keyringDir+"; df -h "+keyringDir+")"+andAgain)
	}
	defer func() {
		if err := s.Host.RemoveTree(keyringDir); err != nil {
			s.Host.Log.Warnf("%s cannot be removed: %v", keyringDir, err)
		}
	}()
	imported, err := s.run(ctx, rpmKeyring(keyringDir, keys), reads)
	if err != nil {
		return imported, err
	}
	d, err := s.run(ctx, s.Manager.Verify(keyringDir, path), reads)
	if err != nil || d.fault == nil || imported.fault == nil {
		return d, err // it does not matter if rpm refuses one of several keys that is not needed
	}
	// The file of a key may be gone that was imported into rpm's own database long ago.
	if d, err = s.run(ctx, s.Manager.Verify("", path), reads); err != nil || d.fault == nil {
		return d, err
	}
	return imported, nil
}

// emptyFetchDir empties the folder, because an existing file would be used as it is, even
// if it is damaged.
func (s *Session) emptyFetchDir() error {
	if s.Manager.FetchDir == "" {
		return nil
	}
	return s.emptyDir(s.Manager.FetchDir)
}

func (s *Session) emptyDir(path string) error {
	if err := s.Host.RemoveTree(path); err != nil {
		return err
	}
	return s.Host.EnsureDir(path, 0o700)
}

// rpmFileName is the package name in a file name of the form NAME-VERSION-RELEASE.ARCH.rpm.
func rpmFileName(path string) string {
	name := filepath.Base(path)
	for range 2 {
		if at := strings.LastIndexByte(name, '-'); at > 0 {
			name = name[:at]
		}
	}
	return name
}

// forget removes our repository's package files from the manager's cache.
func (s *Session) forget(specs []Spec) {
	for _, spec := range specs {
		for _, path := range s.KeptFiles(Package{Name: spec.Name, Version: "*"}) {
			if _, err := s.Host.RemoveFile(path); err != nil {
				s.Host.Log.Warnf("%s, which was fetched damaged, cannot be removed: %v", path, err)
			}
		}
	}
}
