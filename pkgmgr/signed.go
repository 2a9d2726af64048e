package pkgmgr

import (
	"bytes"
	"compress/gzip"
	"io"
	"path/filepath"
	"regexp"
	"strings"

	"aadssh/internal/fault"
	"aadssh/internal/trust"
)

// signedWith adds to the fault of an untrusted package which key it is signed with, read
// from the package itself: the managers print a short key ID or none.
func (s *Session) signedWith(o Order, d diagnosis) diagnosis {
	if d.fault == nil || d.fault.Code != fault.RepositoryUntrusted {
		return d
	}
	for _, spec := range o.Install {
		for _, path := range s.KeptFiles(Package{Name: spec.Name, Version: "*"}) {
			if !strings.Contains(d.fault.What, strings.TrimSuffix(filepath.Base(path), ".rpm")) {
				continue
			}
			content, err := s.Host.ReadFile(path, packageLimit)
			if err != nil {
				continue
			}
			if f := SignedBy(d.fault, content); f != nil {
				d.fault = f
				return d
			}
		}
	}
	return d
}

// refusedFile matches the package that a fault of this code is about, as rpm names its
// file, without ".rpm".
const refusedFile = `^\S+-[^\s-]+-[^\s-]+\.(?:x86_64|aarch64|noarch)\b`

// Refused returns where below the repository's address the file of the package is that a
// fault does not trust: a manager that removes what it refused (zypper) leaves no file to
// read the signature from. "" if it is not known.
func (s *Session) Refused(f *fault.Fault) (location string) {
	pkg := regexp.MustCompile(refusedFile).FindString(strings.TrimSuffix(f.What, "."))
	if pkg == "" || s.Manager.Primary == nil {
		return ""
	}
	for _, path := range s.Host.Glob(s.Manager.Primary(s.Source)) {
		content, err := s.Host.ReadFile(path, packageLimit)
		if err != nil {
			continue
		}
		if strings.HasSuffix(path, ".gz") {
			if content, err = gunzip(content); err != nil {
				continue
			}
		}
		if m := regexp.MustCompile(`<location [^>]*href="([^"]*/)?(` + regexp.QuoteMeta(pkg) + `\.rpm)"`).FindSubmatch(content); m != nil {
			return string(m[1]) + string(m[2])
		}
	}
	return ""
}

func gunzip(content []byte) ([]byte, error) {
	r, err := gzip.NewReader(bytes.NewReader(content))
	if err != nil {
		return nil, err
	}
	return io.ReadAll(io.LimitReader(r, packageLimit))
}

// SignedBy adds to the fault of a package which signature its file has.
func SignedBy(f *fault.Fault, pkg []byte) *fault.Fault {
	keys, err := trust.PackageSigners(pkg)
	said := strings.TrimSuffix(f.What, ".")
	switch {
	case err != nil, len(keys) == 0 && strings.Contains(f.What, "is not signed."):
		return nil
	case len(keys) > 0:
		return fault.Wrap(f, f.Code, said+". It is signed with key "+strings.Join(keys, ", ")+".", f.Remedy())
	}
	return fault.Wrap(f, f.Code, said+". It has no signature.", notByHand)
}
