// Package atomicfile replaces files so that whoever reads one sees what was
// there before or all of what is new, also after a power cut.
package atomicfile

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// File is a file as it is to be.
type File struct {
	Path    string
	Content []byte
	Mode    fs.FileMode

	// Via is the folder in which the file is made, on the same file system; "":
	// its own. What run-parts and the like read of a folder they do not read of
	// a temporary file in it: its name begins with a dot.
	Via string
	// Label is called with the temporary file before it gets its name; may be nil.
	Label func(*os.File)
	// Volatile files need not survive a power cut.
	Volatile bool
}

// Write replaces the file. A symbolic link in its place is replaced too.
func (f File) Write() error {
	replaced, err := f.Replace()
	if replaced != nil {
		replaced.Close()
	}
	return err
}

// Replace is Write, and hands out the file as soon as it has its name: then an
// error next to it says only that a power cut could bring the old one back.
func (f File) Replace() (*os.File, error) {
	tmp, err := f.make()
	if err != nil {
		return nil, err
	}
	if err := os.Rename(tmp.Name(), f.Path); err != nil {
		tmp.Close()
		os.Remove(tmp.Name())
		return nil, err
	}
	if f.Volatile {
		return tmp, nil
	}
	d, err := os.Open(filepath.Dir(f.Path))
	if err != nil {
		return tmp, err
	}
	defer d.Close()
	return tmp, d.Sync()
}

// make makes the temporary file.
func (f File) make() (*os.File, error) {
	via := f.Via
	if via == "" {
		via = filepath.Dir(f.Path)
	}
	tmp, err := os.CreateTemp(via, fmt.Sprintf(".%s.%d-*~", filepath.Base(f.Path), os.Getpid()))
	if err != nil {
		return nil, err
	}
	if err := f.fill(tmp); err != nil {
		tmp.Close()
		os.Remove(tmp.Name())
		return nil, err
	}
	return tmp, nil
}

// fill makes the temporary file what the file is to be.
func (f File) fill(tmp *os.File) error {
	if _, err := tmp.Write(f.Content); err != nil {
		return err
	}
	if err := tmp.Chmod(f.Mode); err != nil { // on the descriptor: umask must not matter
		return err
	}
	if f.Label != nil {
		f.Label(tmp)
	}
	if f.Volatile {
		return nil
	}
	return tmp.Sync()
}

// abandoned is the age at which a temporary file is nobody's any more.
const abandoned = 10 * time.Minute

// Sweep removes the temporary files in dir whose maker was killed between making
// and renaming them. of says for which files: it gets the name that each was to
// have.
func Sweep(dir string, of func(name string) bool) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return // whoever writes there next says why
	}
	for _, e := range entries {
		name, pid, ok := temporary(e.Name())
		if !ok || !of(name) || pid == os.Getpid() {
			continue
		}
		if info, err := e.Info(); err == nil && info.Mode().IsRegular() && (gone(pid) || time.Since(info.ModTime()) > abandoned) {
			os.Remove(filepath.Join(dir, e.Name()))
		}
	}
}

// temporary reads the name of a temporary file: which file it was to become, and
// the process that made it.
func temporary(file string) (name string, pid int, ok bool) {
	rest, dot := strings.CutPrefix(file, ".")
	rest, tilde := strings.CutSuffix(rest, "~")
	i := strings.LastIndexByte(rest, '.')
	if !dot || !tilde || i < 0 {
		return "", 0, false
	}
	maker, _, named := strings.Cut(rest[i+1:], "-")
	pid, err := strconv.Atoi(maker)
	return rest[:i], pid, named && err == nil
}

// gone says whether a process has ended. Without /proc nobody knows.
func gone(pid int) bool {
	if _, err := os.Stat("/proc/self"); err != nil {
		return false
	}
	_, err := os.Stat("/proc/" + strconv.Itoa(pid))
	return errors.Is(err, fs.ErrNotExist)
}
