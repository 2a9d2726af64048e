package gate

import (
	"errors"
	"io/fs"
)

// File is what is at a path of the machine, for gates that judge by the files that a
// program reads. A folder has no Text.
type File struct {
	Text []byte
	Mode fs.FileMode
	UID  uint32
	GID  uint32
	Link bool  // the path itself is a symbolic link; the rest describes its target
	Err  error // fs.ErrNotExist if nothing is there
}

// Missing reports that nothing is there.
func (f File) Missing() bool { return errors.Is(f.Err, fs.ErrNotExist) }
