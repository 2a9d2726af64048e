package status

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"aadssh/internal/atomicfile"
)

// File is the status file of one sequence number during a run.
//
// A report is written to a new file that replaces the old one. If that is not possible (a
// full disk, no file handles left), it overwrites the old one, in a single write and
// without making it shorter: a torn file is worse than an old one.
type File struct {
	_ [0]func() // never compared: no code for == is linked

	folder string
	seq    int
	// kept is the existing file, opened for writing in advance, because no more files may
	// be opened at the end of the run; nil: there is none.
	kept *os.File
}

// room is the size of a placeholder, in bytes, so that the report that follows fits into
// the same space: several times the usual size of a report.
const room = 16 << 10

// Open opens an existing file in advance and changes nothing. Errors of the folder are
// reported by the methods that write.
func Open(folder string, seq int) *File {
	f := &File{folder: folder, seq: seq}
	f.kept, _ = f.open()
	return f
}

// Close closes the file.
func (f *File) Close() {
	if f.kept != nil {
		f.kept.Close()
		f.kept = nil
	}
}

// Write replaces the content by r. The agent sees either the old file or the whole new one,
// also after a power cut. The file is written even if only its time changes: the time tells
// people when the machine was last checked.
//
// The folder is created again if it is missing, unless its parent folder is missing too. A
// symbolic link in place of the file is replaced, not followed. If r cannot be written in
// any way, an existing report of success is removed, because the last run no longer ended
// that way.
func (f *File) Write(r Report) error { return f.write(r, 0) }

// Write writes r to <seq>.status in folder: see File.Write.
func Write(folder string, seq int, r Report) error {
	f := Open(folder, seq)
	defer f.Close()
	return f.Write(r)
}

// Placeholder is Write for a report that another one will replace: it reserves the space
// for that one.
func (f *File) Placeholder(r Report) error { return f.write(r, room) }

func (f *File) write(r Report, least int) error {
	if err := f.place(); err != nil {
		return err
	}
	// Leftovers are removed because the agent copies everything in the folder to the next
	// version.
	atomicfile.Sweep(f.folder, func(name string) bool { return strings.HasSuffix(name, ".status") })
	now := time.Now()
	err := f.replace(padded(encode(r, now, sizeLimit), least))
	if err == nil {
		return nil
	}
	if f.overwrite(r, now) == nil {
		return nil
	}
	if old, readErr := f.standing(); readErr != nil || old.Level == Success {
		_ = os.Remove(f.path()) // if even that fails, the disk accepts no change at all
	}
	return fmt.Errorf("the status could not be written: %w", err)
}

// standing is the existing report, read without opening another file if none can be opened.
func (f *File) standing() (Report, error) {
	if f.kept == nil {
		return Read(f.folder, f.seq)
	}
	b, err := io.ReadAll(io.NewSectionReader(f.kept, 0, sizeLimit))
	if err != nil {
		return Report{}, err
	}
	return decode(b)
}

func (f *File) path() string { return file(f.folder, f.seq) }

// place makes sure that the folder exists and that nothing blocks the file's path.
func (f *File) place() error {
	if f.seq < 0 {
		return fmt.Errorf("no status can be written for the sequence number %d", f.seq)
	}
	if !filepath.IsAbs(f.folder) {
		return fmt.Errorf("the status folder %q is not an absolute path", f.folder)
	}
	missing, err := inTheWay(f.folder, f.path())
	if missing {
		if err := os.Mkdir(f.folder, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
			return fmt.Errorf("the status folder is gone and cannot be made: %w", err)
		}
	}
	return err
}

// Obstacle is something else in the place of a status file or of its folder.
type Obstacle struct{ Path, is string }

func (o *Obstacle) Error() string { return o.Path + " is " + o.is + ", and the status belongs there" }

// inTheWay checks what blocks the path of a status file or of its folder.
func inTheWay(folder, file string) (missing bool, err error) {
	info, err := os.Stat(folder)
	if errors.Is(err, fs.ErrNotExist) {
		if _, err := os.Lstat(folder); err == nil {
			return false, &Obstacle{folder, "a link to nothing"}
		}
		return true, nil
	}
	if err == nil && !info.IsDir() {
		return false, &Obstacle{folder, "not a folder"}
	}
	if info, err := os.Lstat(file); err == nil && info.IsDir() {
		return false, &Obstacle{file, "a directory"}
	}
	return false, nil
}

// Unwritable says why no status can be written for a sequence number, as far as that can be
// known without writing; nil if nothing is known to prevent it.
func Unwritable(folder string, seq int) error {
	missing, err := inTheWay(folder, file(folder, seq))
	if err != nil {
		return err
	}
	if missing {
		folder = filepath.Dir(folder)
	}
	const write = 2 // access(2)
	denied := syscall.Access(folder, write)
	if denied == nil || syscall.Access(file(folder, seq), write) == nil { // the existing file can be overwritten
		return nil
	}
	return fmt.Errorf("the status could not be written: %w", &fs.PathError{Op: "access", Path: folder, Err: denied})
}

// replace writes content to a file next to the old one and renames it.
func (f *File) replace(content []byte) error {
	replaced, err := (atomicfile.File{Path: f.path(), Content: content, Mode: 0o600}).Replace()
	if replaced == nil {
		return err
	}
	// The agent reads the new file from here on. Only a power cut could bring the old one
	// back, and after that the agent runs enable again.
	f.Close()
	f.kept = replaced
	return nil
}

// overwrite writes r over the existing file. The file never becomes shorter, and longer
// only if there is space for all of it; otherwise r is cut to fit.
func (f *File) overwrite(r Report, now time.Time) error {
	if err := f.hold(); err != nil {
		return err
	}
	info, err := f.kept.Stat()
	if err != nil {
		return err
	}
	if info.Size() > sizeLimit {
		return fmt.Errorf("%s is larger than a status can be", f.path())
	}
	old := make([]byte, info.Size())
	if _, err := io.ReadFull(io.NewSectionReader(f.kept, 0, int64(len(old))), old); err != nil {
		return err
	}
	content := encode(r, now, sizeLimit)
	if more := len(content) > len(old); more && atomicfile.Reserve(f.kept, int64(len(content))) != nil {
		if content = encode(r, now, len(old)); len(content) > len(old) {
			return fmt.Errorf("%s is too small for another report", f.path())
		}
	}
	n, err := f.kept.WriteAt(padded(content, len(old)), 0)
	if err != nil {
		return errors.Join(err, f.restore(old, n))
	}
	_ = f.kept.Sync() // the agent sees what the kernel has, with or without it
	return nil
}

// restore writes back what a write that failed after n bytes has overwritten. If that fails
// too, the file is removed: no report is better than half of two reports.
func (f *File) restore(old []byte, n int) error {
	if n == 0 {
		return nil
	}
	_, err := f.kept.WriteAt(old[:min(n, len(old))], 0)
	if err == nil {
		err = f.kept.Truncate(int64(len(old)))
	}
	if err != nil {
		return errors.Join(err, os.Remove(f.path()))
	}
	return nil
}

// hold sets kept to the existing file, if only we have a link to it.
func (f *File) hold() error {
	there, err := os.Lstat(f.path())
	if err != nil {
		return err
	}
	if f.kept != nil {
		if held, err := f.kept.Stat(); err == nil && os.SameFile(held, there) {
			return nil
		}
		f.Close() // another run has replaced it
	}
	f.kept, err = f.open()
	return err
}

// open opens the existing file for overwriting.
func (f *File) open() (*os.File, error) {
	if f.seq < 0 || !filepath.IsAbs(f.folder) {
		return nil, fs.ErrInvalid
	}
	// O_NONBLOCK: a FIFO in its place must not hang us.
	opened, err := os.OpenFile(f.path(), os.O_RDWR|syscall.O_NONBLOCK|syscall.O_NOFOLLOW|syscall.O_CLOEXEC, 0)
	if err != nil {
		return nil, err
	}
	info, err := opened.Stat()
	if err == nil {
		if s, ok := info.Sys().(*syscall.Stat_t); !info.Mode().IsRegular() || !ok || s.Nlink != 1 {
			err = fmt.Errorf("%s is not a file of ours", f.path())
		}
	}
	if err != nil {
		opened.Close()
		return nil, err
	}
	return opened, nil
}

// padded is content, padded to least bytes with blanks at its end, which JSON allows.
func padded(content []byte, least int) []byte {
	if missing := least - len(content); missing > 0 {
		return append(content, bytes.Repeat([]byte(" "), missing)...)
	}
	return content
}
