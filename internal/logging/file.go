package logging

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"syscall"
)

// FileName is the name of the log in the agent's log folder. CommandExecution.log next to
// it belongs to the agent.
const FileName = "handler.log"

// sizeLimit is the size of handler.log, in bytes, at which it is renamed to handler.log.1,
// of which there is only one. The folder outlives updates and removals of the extension, so
// nothing else cleans it up.
const sizeLimit = 5 << 20

// Open logs to handler.log in folder, which must exist. The logger is always usable: with
// an error it discards, because an operation must not fail because of its log. Call closed
// at the end; it returns the first error of writing.
func Open(folder string) (l *Logger, closed func() error, err error) {
	f, err := openFile(filepath.Join(folder, FileName), sizeLimit)
	if err != nil {
		return Discard(), func() error { return nil }, fmt.Errorf("the log cannot be opened: %w", err)
	}
	return New(f), f.close, nil
}

// file is an append-only file that is renamed when it is full.
type file struct {
	_ [0]func() // never compared: no code for == is linked

	path  string
	limit int64

	mu   sync.Mutex
	f    *os.File
	size int64
	err  error // the first one of writing
}

func openFile(path string, limit int64) (*file, error) {
	l := &file{path: path, limit: limit}
	if err := l.open(); err != nil {
		return nil, err
	}
	return l, nil
}

// open opens path for appending. Because root appends to it, it must not be a link to
// another file, nor another user's file.
func (l *file) open() error {
	// O_NONBLOCK: a FIFO in its place must not hang us.
	f, err := os.OpenFile(l.path, os.O_WRONLY|os.O_APPEND|os.O_CREATE|syscall.O_NOFOLLOW|syscall.O_NONBLOCK|syscall.O_CLOEXEC, 0o600)
	if err != nil {
		return err
	}
	info, err := f.Stat()
	if err == nil {
		err = ours(info)
	}
	if err == nil {
		err = f.Chmod(0o600)
	}
	if err != nil {
		f.Close()
		return &fs.PathError{Op: "open", Path: l.path, Err: err}
	}
	l.f, l.size = f, info.Size()
	return nil
}

func ours(info fs.FileInfo) error {
	if !info.Mode().IsRegular() {
		return fmt.Errorf("not a regular file (%s)", info.Mode().Type())
	}
	stat := info.Sys().(*syscall.Stat_t) // always, on Linux
	if stat.Nlink > 1 {
		return fmt.Errorf("it has %d names, so it may be another program's file", stat.Nlink)
	}
	if int(stat.Uid) != os.Geteuid() {
		return fmt.Errorf("it belongs to the user %d", stat.Uid)
	}
	return nil
}

// Write appends p. It always reports success: logrus would print a failure to standard
// error, where the agent reads the verdict.
func (l *file) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.size > 0 && l.size+int64(len(p)) > l.limit {
		l.note(l.rotate())
	}
	n, err := l.f.Write(p)
	l.size += int64(n)
	l.note(err)
	return len(p), nil
}

// rotate renames the full file. If another run has already done so, its new file is used;
// the lock prevents both from doing it at once, and a run that does not get it tries again
// with its next line. On an error the old file stays in use.
func (l *file) rotate() error {
	old := l.f
	err := syscall.Flock(int(old.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		return nil
	}
	if err != nil {
		return err
	}
	defer func() {
		if l.f != old {
			old.Close() // and with it the lock
		} else {
			syscall.Flock(int(old.Fd()), syscall.LOCK_UN)
		}
	}()
	mine, err := old.Stat()
	if err != nil {
		return err
	}
	if there, err := os.Lstat(l.path); err == nil && os.SameFile(mine, there) {
		if err := os.Rename(l.path, l.path+".1"); err != nil {
			return err
		}
	}
	return l.open()
}

func (l *file) note(err error) {
	if l.err == nil {
		l.err = err
	}
}

func (l *file) close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.note(l.f.Close())
	return l.err
}
