package pkgmgr

import (
	"bytes"
	"compress/gzip"
	"errors"
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
	var bad *BadSignature
	if d.fault == nil || !errors.As(d.fault, &bad) {
		return d
	}
	for _, spec := range o.Install {
		for _, path := range s.KeptFiles(Package{Name: spec.Name, Version: "*"}) {
			if strings.TrimSuffix(filepath.Base(path), ".rpm") != bad.Package {
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

// Refused returns where below the repository's address the file of the package is whose
// signature a fault is about: a manager that removes what it refused (zypper) leaves no file
// to read the signature from. "" if it is not known, or if the signers are.
func (s *Session) Refused(f *fault.Fault) (location string) {
	var bad *BadSignature
	if !errors.As(f, &bad) || len(bad.Signers) > 0 || s.Manager.Primary == nil {
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
		if m := regexp.MustCompile(`<location [^>]*href="([^"]*/)?(` + regexp.QuoteMeta(bad.Package) + `\.rpm)"`).FindSubmatch(content); m != nil {
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

// SignedBy adds to a fault that wraps a BadSignature which signature the package's file has.
// It is nil if that is not known, or adds nothing.
func SignedBy(f *fault.Fault, pkg []byte) *fault.Fault {
	var bad *BadSignature
	keys, err := trust.PackageSigners(pkg)
	if err != nil || !errors.As(f, &bad) || len(keys) == 0 && bad.Missing {
		return nil
	}
	said := strings.TrimSuffix(f.What, ".")
	if len(keys) == 0 {
		return fault.Wrap(f, f.Code, said+". It has no signature.", notByHand)
	}
	return fault.Wrap(errors.Join(&BadSignature{Package: bad.Package, Signers: keys}, f), f.Code, said+". It is signed with key "+strings.Join(keys, ", ")+".", f.Remedy())
}
