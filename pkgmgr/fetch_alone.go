package pkgmgr

import (
	"context"
	"crypto/sha256"
	"crypto/sha512"
	"fmt"
	"path"
	"slices"

	"aadssh/internal/fault"
	"aadssh/internal/host"
)

// located is a package file that can be fetched.
type located struct {
	_ [0]func() // never compared: no code for == is linked

	name, version, path string
	digest              string // SHA256:... or SHA512:..., from the signed lists; "" if they have none
}

// packageLimit is the largest size of a package file, in bytes, that is read.
const packageLimit = 64 << 20

// here reports whether the file is already there, as the signed lists describe it.
func (l located) here(h *host.Host) bool {
	content, err := h.ReadFile(l.path, packageLimit)
	if err != nil {
		return false
	}
	return l.digest == fmt.Sprintf("SHA512:%x", sha512.Sum512(content)) || l.digest == fmt.Sprintf("SHA256:%x", sha256.Sum256(content))
}

// fetchAlone fetches the packages of an order from our source alone and verifies them, so
// that no other source of the machine can replace them: their scripts run as root. The
// package manager finds their dependencies in any source that the machine's configuration
// allows. Packages that are already installed in that version are left out; if no file is
// needed, there is nothing to install.
func (s *Session) fetchAlone(ctx context.Context, o *Order, before Packages) (diagnosis, error) {
	m := s.Manager
	d, err := s.run(ctx, m.Locate(s.Source, o.Install), reads)
	if err != nil || d.fault != nil {
		return d, err
	}
	var wanted []Spec
	files := m.parseLocated(d.result)
	for _, spec := range o.Install {
		if !slices.ContainsFunc(files, func(f located) bool { return f.name == spec.Name }) {
			return diagnosis{fault: fault.New(fault.PackageUnavailable, "The repository has no file of "+spec.Name+".",
				"See what there is: sudo "+brief(m.Locate(s.Source, o.Install))+andAgain)}, nil
		}
	}
	for _, f := range files {
		at := slices.IndexFunc(o.Install, func(spec Spec) bool { return spec.Name == f.name })
		if at < 0 {
			continue
		}
		had, newest := before[f.name], o.Install[at].Version == ""
		if c := CompareVersions(f.version, had.Version); had.State == Installed && !o.Reinstall && (f.version == had.Version || newest && c < 0) {
			continue
		}
		o.Files = append(o.Files, f.path)
		if f.here(s.Host) {
			continue
		}
		// apt would use a file of the same size as it is, damaged or not.
		if _, err := s.Host.RemoveFile(f.path); err != nil {
			return diagnosis{}, fault.Wrap(err, fault.Disk, "An old package file, "+f.path+", cannot be removed.", "See why (ls -l "+f.path+"; findmnt -T "+f.path+")"+andAgain)
		}
		wanted = append(wanted, o.Install[at])
	}
	if len(wanted) == 0 {
		return diagnosis{}, nil
	}
	return s.fetchInto(ctx, m.FetchFiles(s.Source, wanted))
}

// fetchInto runs a command in its folder and creates that folder first: a manager creates
// its folder of package files itself if somebody removed it, but a command cannot be
// started in a folder that is missing.
func (s *Session) fetchInto(ctx context.Context, c host.Command) (diagnosis, error) {
	if info, err := s.Host.Stat(c.Dir); err == nil && info.IsDir() {
		return s.run(ctx, c, refreshes)
	}
	if err := s.Host.EnsureDir(c.Dir, 0o755); err != nil {
		return diagnosis{}, fault.Wrap(err, fault.Disk, fmt.Sprintf("The folder of package files, %s, cannot be made: %v.", c.Dir, err),
			fmt.Sprintf("See what is there: ls -ld %[2]s %[1]s; findmnt -T %[1]s", c.Dir, path.Dir(c.Dir))+fault.ThenAgain)
	}
	return s.run(ctx, c, refreshes)
}
