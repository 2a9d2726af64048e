package gate

import (
	"errors"
	"io/fs"
)

// File is what stands at a path of the machine, for gates that judge by the
// files that a program reads. A folder has no Text.
type File struct {
	Text []byte
	Mode fs.FileMode
	UID  uint32
	GID  uint32
	Link bool  // the path itself is a symbolic link; the rest is of what it leads to
	Err  error // fs.ErrNotExist where nothing is there
}

// Missing says that there is simply nothing.
func (f File) Missing() bool { return errors.Is(f.Err, fs.ErrNotExist) }
