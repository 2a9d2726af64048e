package gate

import (
	"errors"
	"io/fs"
	"syscall"

	"aadssh/internal/text"
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
func (f File) Missing() bool {
	return errors.Is(f.Err, fs.ErrNotExist) || errors.Is(f.Err, syscall.ENOTDIR)
}

// Unreadable reports that something may be there and could not be read here. The program
// that reads it at a sign-in may have no such difficulty.
func (f File) Unreadable() bool { return f.Err != nil && !f.Missing() }

// Waiting says of a named pipe, after the name of the program that opens it to read, that
// this waits until somebody opens it to write (fifo(7)): at a sign-in for ever.
func Waiting(file string) string {
	return " waits for somebody to write to " + text.Name(file) + ", which is a named pipe"
}

// Away is what to do about a named pipe in the place of a file. sudo would wait at some of
// them too.
func Away(file string) string {
	file = text.Quote(file)
	return "Put it away. As root, run: mv " + file + " " + file + ".pipe"
}

// ReadAgain is what to do about a file that could not be read.
func ReadAgain(file string) string {
	file = text.Quote(file)
	return "See why, and make it readable again: sudo ls -lLZ " + file + "; sudo lsattr " + file
}
