// Package atomicfile replaces files so that a reader sees either the old content or all of
// the new, also after a power cut.
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

// File is a file with its new content.
type File struct {
	Path    string
	Content []byte
	Mode    fs.FileMode

	// Via is the folder in which the temporary file is created, on the same file system; ""
	// is the file's own folder. Programs such as run-parts, which read all files of a
	// folder, skip it because its name begins with a dot.
	Via string
	// Label is called with the temporary file before it is renamed; may be nil.
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

// Replace is Write, but also returns the new file, open, once it has been renamed. An error
// returned together with a file only means that a power cut could bring the old one back.
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

// make creates the temporary file.
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

// fill writes content, owner and mode to the temporary file.
func (f File) fill(tmp *os.File) error {
	if _, err := tmp.Write(f.Content); err != nil {
		return err
	}
	if err := tmp.Chmod(f.Mode); err != nil { // on the descriptor, so that umask has no influence
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

// abandoned is the age at which a temporary file no longer belongs to a running process.
const abandoned = 10 * time.Minute

// Sweep removes the temporary files in dir whose process was killed before it renamed them.
// of selects the files by the name that they would have got.
func Sweep(dir string, of func(name string) bool) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return // the next write there reports why
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

// temporary splits the name of a temporary file into the name that it would have got and
// the process that created it.
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

// gone reports whether a process has ended. Without /proc it is not known.
func gone(pid int) bool {
	if _, err := os.Stat("/proc/self"); err != nil {
		return false
	}
	_, err := os.Stat("/proc/" + strconv.Itoa(pid))
	return errors.Is(err, fs.ErrNotExist)
}
