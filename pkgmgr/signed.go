package pkgmgr

import (
	"path/filepath"
	"strings"

	"aadsshlogin-handler/internal/fault"
	"aadsshlogin-handler/internal/trust"
)

// signedWith adds to the fault of a package that is not trusted with which key
// it is signed, by the package itself: the managers name a short id, or none.
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
			if keys, err := trust.PackageSigners(content); err == nil && len(keys) > 0 {
				what := strings.TrimSuffix(d.fault.What, ".") + ". It is signed with key " + strings.Join(keys, ", ") + "."
				d.fault = fault.Wrap(d.fault, d.fault.Code, what, d.fault.Remedy())
				return d
			} else if err == nil && !strings.Contains(d.fault.What, "is not signed.") {
				what := strings.TrimSuffix(d.fault.What, ".") + ". It has no signature."
				d.fault = fault.Wrap(d.fault, d.fault.Code, what, notByHand)
				return d
			}
		}
	}
	return d
}
