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

// fetchesFirst reports whether other sources of the machine are used besides ours.
// Then the packages are fetched first, so that no other source can put itself in
// our place: scripts of packages run as root. What they depend on the manager
// finds wherever the owner allows.
func (s *Session) fetchesFirst(o Order) bool {
	return s.Manager.Verify != nil && o.Source.All && !s.Source.All && s.Source.ID != ""
}

// fetch downloads the packages of an order and verifies those that it names.
// What a package depends on is the manager's to verify: it may come from a
// repository whose owner wants no signatures. Without a file there is nothing to
// install.
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
	k := refreshes // it does that first, and is ended where a server never answers
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

// trustFiles has rpm accept the keys of our repository where the manager asks it
// about the files that it is told: what it does by itself for what it takes from
// a repository.
func (s *Session) trustFiles(ctx context.Context) error {
	if !s.Manager.FilesNeedKeys {
		return nil
	}
	for _, key := range strings.Fields(s.Source.Keys) {
		// Of several keys one that rpm refuses is no matter: the files are verified.
		if _, err := s.run(ctx, rpmImportKey(key), transacts); err != nil {
			return err
		}
	}
	return nil
}

// offered are the packages of an order in the exact versions that our source
// has, without those that are there already.
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

// perhapsForeign adds to the fault of a file that is not trusted that it need not
// be ours, where the folder does not show from which source it came.
func (s *Session) perhapsForeign(o Order, spec Spec, d diagnosis) diagnosis {
	if d.fault == nil || d.fault.Code != fault.RepositoryUntrusted || s.Manager.FetchDir == "" || !s.fetchesFirst(o) {
		return d
	}
	d.fault = fault.Wrap(d.fault, d.fault.Code, d.fault.What+" Another source of this machine may offer the same version.",
		"Find out whether one does, and disable it: "+s.Manager.Offers+" "+spec.Name+fault.ThenAgain)
	return d
}

// fetched is the file of a package in the folder where Download put it, which
// is our repository's; "" where there is none.
func (s *Session) fetched(spec Spec) string {
	version := spec.Version
	if s.Manager.FetchDir != "" { // what is in it was fetched just now; a version may be given without its release
		version = "*"
	}
	for _, path := range s.KeptFiles(Package{Name: spec.Name, Version: version}) {
		if rpmFileName(path) == spec.Name {
			return path
		}
	}
	return ""
}

// keyringDir is a database of rpm's with the keys of our repository alone: what
// another source is signed with does not count.
const keyringDir = host.StateDir + "/keyring"

// verify asks rpm whether a package file is signed with a key of our repository.
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
		return d, err // one of several keys that rpm refuses is no matter where it is not needed
	}
	// The file of a key that rpm has long taken into its own database may be gone.
	if d, err = s.run(ctx, s.Manager.Verify("", path), reads); err != nil || d.fault == nil {
		return d, err
	}
	return imported, nil
}

// emptyFetchDir: a file that is there already would be taken as it is, a
// damaged one too.
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
