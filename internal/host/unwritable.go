package host

import (
	"errors"
	"io/fs"
	"path"
	"syscall"
)

// Unwritable is why root cannot write a file or, with the folders above it, make a folder;
// "" where it can. A file's own folder has to be there.
func (h *Host) Unwritable(name string, folder bool) string {
	if !path.IsAbs(name) {
		return ""
	}
	for at, first := path.Clean(name), true; ; at, first = path.Dir(at), false {
		info, err := h.Stat(at)
		switch {
		case errors.Is(err, fs.ErrNotExist) && h.Exists(at):
			return at + " is a link to nothing"
		case errors.Is(err, fs.ErrNotExist) && !first && !folder:
			return "there is no folder " + at
		case errors.Is(err, fs.ErrNotExist):
			continue
		case errors.Is(err, syscall.ENOTDIR): // what is above it says why
			continue
		case err != nil:
			return "" // not seen, so not judged
		case first && !folder && info.IsDir():
			return at + " is a folder"
		case (!first || folder) && !info.IsDir():
			return at + " is no folder"
		}
		if err := h.MachineMayWrite(at); err != nil {
			return err.Error()
		}
		return ""
	}
}

// MachineMayWrite is MayWrite for root outside of this process's mount namespace.
func (h *Host) MachineMayWrite(path string) error {
	err := h.MayWrite(path)
	if errors.Is(err, syscall.EROFS) && h.ReadOnlyHereAlone(path) {
		return nil
	}
	return err
}
