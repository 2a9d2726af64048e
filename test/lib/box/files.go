package box

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path"
	"strings"

	"golang.org/x/sys/unix"

	"aadssh/test/lib/executable"
)

// open opens a path of the box as a process in the box would: absolute symbolic links stay
// inside the box.
func (b *Box) open(name string, flags int, mode fs.FileMode) (*os.File, error) {
	fd, err := unix.Openat2(int(b.root.Fd()), strings.TrimLeft(path.Clean("/"+name), "/")+dot(name), &unix.OpenHow{
		Flags:   uint64(flags | unix.O_CLOEXEC),
		Mode:    uint64(mode.Perm()),
		Resolve: unix.RESOLVE_IN_ROOT,
	})
	if err != nil {
		return nil, &fs.PathError{Op: "open in the box", Path: name, Err: err}
	}
	return os.NewFile(uintptr(fd), name), nil
}

// dot converts "/" to a path that openat2 accepts.
func dot(name string) string {
	if path.Clean("/"+name) == "/" {
		return "."
	}
	return ""
}

// ReadFile reads a file of the box.
func (b *Box) ReadFile(name string) ([]byte, error) {
	f, err := b.open(name, unix.O_RDONLY, 0)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(f)
}

// ReadDir lists a folder of the box.
func (b *Box) ReadDir(name string) ([]fs.DirEntry, error) {
	f, err := b.open(name, unix.O_RDONLY|unix.O_DIRECTORY, 0)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return f.ReadDir(-1)
}

// Exists reports whether something is at a path of the box; it follows links.
func (b *Box) Exists(name string) bool {
	f, err := b.open(name, unix.O_PATH, 0)
	if err != nil {
		return false
	}
	f.Close()
	return true
}

// WriteFile writes a file of the box, and creates missing parent folders.
func (b *Box) WriteFile(name string, content []byte, mode fs.FileMode) error {
	if err := b.MkdirAll(path.Dir(name), 0o755); err != nil {
		return err
	}
	write := func() error { return b.write(name, unix.O_WRONLY|unix.O_CREAT|unix.O_TRUNC, content, mode) }
	if mode&0o111 != 0 {
		return executable.Writing(write)
	}
	return write()
}

// AppendFile appends to a file of the box.
func (b *Box) AppendFile(name string, content []byte) error {
	return b.write(name, unix.O_WRONLY|unix.O_CREAT|unix.O_APPEND, content, 0o644)
}

func (b *Box) write(name string, flags int, content []byte, mode fs.FileMode) error {
	f, err := b.open(name, flags, mode)
	if err != nil {
		return err
	}
	_, err = f.Write(content)
	if flags&unix.O_TRUNC != 0 {
		err = errors.Join(err, f.Chmod(mode)) // so that umask has no influence
	}
	return errors.Join(err, f.Close())
}

// MkdirAll creates a folder of the box with its parents.
func (b *Box) MkdirAll(name string, mode fs.FileMode) error {
	name = path.Clean("/" + name)
	if b.Exists(name) {
		return nil
	}
	if err := b.MkdirAll(path.Dir(name), mode); err != nil {
		return err
	}
	return b.at(name, func(dir int, base string) error { return unix.Mkdirat(dir, base, uint32(mode.Perm())) })
}

// Chmod sets the mode of a file or folder of the box.
func (b *Box) Chmod(name string, mode fs.FileMode) error {
	f, err := b.open(name, unix.O_RDONLY, 0)
	if err != nil {
		return err
	}
	defer f.Close()
	return f.Chmod(mode)
}

// Symlink creates a symbolic link in the box.
func (b *Box) Symlink(target, name string) error {
	return b.at(name, func(dir int, base string) error { return unix.Symlinkat(target, dir, base) })
}

// Remove removes a file or link of the box; a missing one is no error.
func (b *Box) Remove(name string) error {
	err := b.at(name, func(dir int, base string) error { return unix.Unlinkat(dir, base, 0) })
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// CopyIn copies a file of this machine into the box.
func (b *Box) CopyIn(from, name string, mode fs.FileMode) error {
	content, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	return b.WriteFile(name, content, mode)
}

// at calls do with the folder of a path and its last element.
func (b *Box) at(name string, do func(dir int, base string) error) error {
	name = path.Clean("/" + name)
	dir, err := b.open(path.Dir(name), unix.O_PATH|unix.O_DIRECTORY, 0)
	if err != nil {
		return err
	}
	defer dir.Close()
	if err := do(int(dir.Fd()), path.Base(name)); err != nil {
		return &fs.PathError{Op: "change in the box", Path: name, Err: err}
	}
	return nil
}
