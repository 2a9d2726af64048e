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

// File is the status file of one sequence number for as long as a run goes on.
//
// A report is written as a new file that takes the place of the old one. Where
// that cannot be (a full disk, no file that may be opened any more), it is
// written over the old one, in one piece and without making it shorter: a file
// that is torn is worse than an old one.
type File struct {
	folder string
	seq    int
	// kept is the file that is there, open for writing, because nothing may be
	// left to open it with at the end; nil: there is none.
	kept *os.File
}

// room is what a placeholder takes up, in bytes, so that the report that follows
// it fits over it: several times what a report usually has.
const room = 16 << 10

// Open keeps what is there at hand and changes nothing. What is wrong with the
// folder is reported by whoever writes.
func Open(folder string, seq int) *File {
	f := &File{folder: folder, seq: seq}
	f.kept, _ = f.open()
	return f
}

// Close lets go of the file.
func (f *File) Close() {
	if f.kept != nil {
		f.kept.Close()
		f.kept = nil
	}
}

// Write makes the file say r. The agent sees the old file or the whole new one,
// also after a power cut. It is written even where nothing but its time
// changes: the time tells people that somebody looked.
//
// The agent makes the folder; where it is gone it is made again, unless the
// folder above is gone too. A symbolic link in the place of the file is
// replaced, not followed. Where r cannot be written in any way, a success that
// stands there is removed: it is not true any more that the last run ended so.
func (f *File) Write(r Report) error { return f.write(r, 0) }

// Placeholder is Write for a report that another one is to take the place of: it
// reserves the room for that one.
func (f *File) Placeholder(r Report) error { return f.write(r, room) }

func (f *File) write(r Report, least int) error {
	if err := f.place(); err != nil {
		return err
	}
	// The agent copies whatever is in the folder to the next version.
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
		_ = os.Remove(f.path()) // what cannot be removed either is on a disk that takes nothing
	}
	return fmt.Errorf("the status could not be written: %w", err)
}

// standing is the report that is there, also where no file may be opened.
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

// place sees that the file can be where it belongs.
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

// inTheWay looks for what is in the place of a status file or of its folder.
func inTheWay(folder, file string) (missing bool, err error) {
	info, err := os.Stat(folder)
	if errors.Is(err, fs.ErrNotExist) {
		if _, err := os.Lstat(folder); err == nil {
			return false, fmt.Errorf("%s is a link to nothing: remove it, the status belongs there", folder)
		}
		return true, nil
	}
	if err == nil && !info.IsDir() {
		return false, fmt.Errorf("%s is not a folder: remove it, the status belongs there", folder)
	}
	if info, err := os.Lstat(file); err == nil && info.IsDir() {
		return false, fmt.Errorf("%s is a directory: remove it, the status belongs there", file)
	}
	return false, nil
}

// Unwritable says why no status can be written for a sequence number, as far as that
// can be told without writing; nil: nothing is known to be in the way.
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
	if denied == nil || syscall.Access(file(folder, seq), write) == nil { // which is written over
		return nil
	}
	return fmt.Errorf("the status could not be written: %w", &fs.PathError{Op: "access", Path: folder, Err: denied})
}

// replace writes content next to the file and renames it there.
func (f *File) replace(content []byte) error {
	replaced, err := (atomicfile.File{Path: f.path(), Content: content, Mode: 0o600}).Replace()
	if replaced == nil {
		return err
	}
	// The agent reads it from here on. Only a power cut could bring the old one
	// back, and after that the agent runs enable once more.
	f.Close()
	f.kept = replaced
	return nil
}

// overwrite writes r over the file that is there. It never becomes shorter, and
// longer only where there is room for all of it; else r is made to fit.
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
	_ = f.kept.Sync() // the agent reads what the kernel has, with or without it
	return nil
}

// restore puts back what a write that broke off after n bytes has overwritten. What
// cannot be put back is removed: nothing is better than half of two reports.
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

// hold makes kept the file that is there, and one that is nobody else's.
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

// open opens the file that is there for writing over it.
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

// padded is content with blanks at its end, which JSON allows, to least bytes.
func padded(content []byte, least int) []byte {
	if missing := least - len(content); missing > 0 {
		return append(content, bytes.Repeat([]byte(" "), missing)...)
	}
	return content
}
