package machine

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"strings"

	"aadssh/test/lib/box"
	"aadssh/test/lib/executable"
	"aadssh/test/lib/wire"
)

// Run runs a command in the machine, as root and outside any service.
func (m *Machine) Run(ctx context.Context, argv ...string) (box.Result, error) {
	if m.init == 0 {
		return box.Result{}, errors.New("the machine is off")
	}
	return wire.Run(ctx, nil, m.Argv(argv...))
}

// Argv is a command line of the host that runs another one in the machine, which is on.
func (m *Machine) Argv(argv ...string) []string {
	return append([]string{"nsenter", "--target", fmt.Sprint(m.init), "--all", "--"}, argv...)
}

// below converts a path to the form that os.Root accepts.
func below(name string) string { return strings.TrimPrefix(path.Clean("/"+name), "/") }

// ReadFile reads a file of the machine's disk, whether it is on or off.
func (m *Machine) ReadFile(name string) ([]byte, error) { return m.disk.ReadFile(below(name)) }

// WriteFile writes a file of the disk, and creates missing parent folders.
func (m *Machine) WriteFile(name string, content []byte, mode fs.FileMode) error {
	if err := m.disk.MkdirAll(path.Dir(below(name)), 0o755); err != nil {
		return err
	}
	write := func() error {
		return errors.Join(m.disk.WriteFile(below(name), content, mode), m.disk.Chmod(below(name), mode))
	}
	if mode&0o111 != 0 {
		return executable.Writing(write)
	}
	return write()
}

// MkdirAll creates a folder of the disk with its parents.
func (m *Machine) MkdirAll(name string, mode fs.FileMode) error {
	return m.disk.MkdirAll(below(name), mode)
}

// Chmod sets the mode of a file or folder of the disk.
func (m *Machine) Chmod(name string, mode fs.FileMode) error { return m.disk.Chmod(below(name), mode) }

// AppendFile appends to a file of the disk.
func (m *Machine) AppendFile(name string, content []byte) error {
	f, err := m.disk.OpenFile(below(name), os.O_WRONLY|os.O_APPEND|os.O_CREATE, 0o644)
	if err != nil {
		return err
	}
	_, err = f.Write(content)
	return errors.Join(err, f.Close())
}

// Symlink creates a symbolic link on the disk.
func (m *Machine) Symlink(target, name string) error { return m.disk.Symlink(target, below(name)) }

// Stat is os.Stat on the disk.
func (m *Machine) Stat(name string) (fs.FileInfo, error) { return m.disk.Stat(below(name)) }

// Exists reports whether something is at a path of the disk.
func (m *Machine) Exists(name string) bool {
	_, err := m.disk.Lstat(below(name))
	return err == nil
}

// ReadDir lists a folder of the disk.
func (m *Machine) ReadDir(name string) ([]fs.DirEntry, error) {
	f, err := m.disk.Open(below(name))
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return f.ReadDir(-1)
}
