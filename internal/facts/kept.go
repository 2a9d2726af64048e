package facts

import (
	"path/filepath"

	"aadssh/internal/check"
	"aadssh/internal/host"
	"aadssh/internal/state"
	"aadssh/pkgmgr"
)

// forgetKept removes kept package files that are gone from the receipt in memory, because a
// plan that relies on them would leave out a source that it needs. If the packages have to
// be repaired, it also checks that the files are unchanged.
func (f *Facts) forgetKept(h *host.Host, findings []check.Result) {
	needed := false
	for i := range findings {
		needed = needed || findings[i].Part != check.NoPart && findings[i].Answer == check.Fail
	}
	for name, note := range f.Receipt.Packages {
		if note.Kept == "" {
			continue
		}
		path := filepath.Join(state.PackagesDir, note.Kept)
		intact := h.Exists(path)
		if needed || f.Packages[name].State != pkgmgr.Installed {
			content, err := h.ReadFile(path, state.PackageLimit)
			intact = err == nil && state.Hash(content) == note.SHA256
		}
		if !intact {
			h.Log.Warnf("%s is gone, or not what was kept, and is not used", path)
			f.Receipt.Packages[name] = state.Package{Before: note.Before}
		}
	}
}

// Kept are the kept files of packages in these versions, according to the receipt.
func (f *Facts) Kept(want []pkgmgr.Spec) []string {
	var files []string
	for _, spec := range want {
		if p, ok := f.Receipt.Packages[spec.Name]; ok && p.Kept != "" && p.KeptVersion == spec.Version {
			files = append(files, filepath.Join(state.PackagesDir, p.Kept))
		}
	}
	return files
}
