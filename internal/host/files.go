package host

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"aadssh/internal/atomicfile"

	"golang.org/x/sys/unix"
)

// Limit is the largest accepted size of a configuration file, in bytes. Nothing that the
// handler reads is normally larger.
const Limit = 4 << 20

// ErrTooLarge means that a file is larger than the limit of the reader.
var ErrTooLarge = errors.New("file is too large")

// Path converts a path of the machine to one below Root.
func (h *Host) Path(path string) string { return filepath.Join("/", h.Root, path) }

// ReadFile reads a regular file of at most limit bytes (0: Limit).
func (h *Host) ReadFile(path string, limit int64) ([]byte, error) {
	if limit <= 0 {
		limit = Limit
	}
	f, info, err := h.open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	b := inOnePiece(min(info.Size(), limit))
	if _, err := b.ReadFrom(io.LimitReader(f, limit+1)); err != nil {
		return nil, h.short.note(path, err)
	}
	if int64(b.Len()) > limit {
		return nil, &fs.PathError{Op: "read", Path: path, Err: ErrTooLarge}
	}
	return b.Bytes(), nil
}

// ReadUntil reads a regular file of at most limit bytes in pieces of up to 16 KiB, and
// stops when enough returns true for a piece.
func (h *Host) ReadUntil(path string, limit int64, enough func(piece []byte) bool) ([]byte, error) {
	f, _, err := h.open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var all []byte
	piece := make([]byte, 16<<10)
	for {
		n, err := f.Read(piece)
		all = append(all, piece[:n]...)
		switch {
		case errors.Is(err, io.EOF), err == nil && enough(piece[:n]):
			return all, nil
		case err != nil:
			return nil, h.short.note(path, err)
		case int64(len(all)) > limit:
			return nil, &fs.PathError{Op: "read", Path: path, Err: ErrTooLarge}
		}
	}
}

// Parts is a regular file of which parts are read.
type Parts struct {
	io.Closer
	file *os.File
	host *Host
	path string
}

// Open opens a regular file to read parts of it.
func (h *Host) Open(path string) (*Parts, error) {
	f, _, err := h.open(path)
	if err != nil {
		return nil, err
	}
	return &Parts{f, f, h, path}, nil
}

// ReadAt is os.File's.
func (p *Parts) ReadAt(b []byte, offset int64) (int, error) {
	n, err := p.file.ReadAt(b, offset)
	return n, p.host.short.note(p.path, err)
}

// inOnePiece is a buffer of the right size for size bytes: one that has to grow is copied
// again and again, and each copy costs memory.
func inOnePiece(size int64) *bytes.Buffer {
	return bytes.NewBuffer(make([]byte, 0, size+bytes.MinRead))
}

// open opens only a regular file, for reading.
func (h *Host) open(path string) (*os.File, fs.FileInfo, error) {
	f, info, err := h.openRegular(path)
	return f, info, h.noted(path, err)
}

func (h *Host) openRegular(path string) (*os.File, fs.FileInfo, error) {
	// O_NONBLOCK: a FIFO in the place of a file must not hang us.
	f, err := os.OpenFile(h.Path(path), os.O_RDONLY|unix.O_NONBLOCK|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, nil, err
	}
	info, err := f.Stat()
	switch {
	case err != nil:
	case info.IsDir():
		err = &fs.PathError{Op: "read", Path: path, Err: unix.EISDIR}
	case !info.Mode().IsRegular():
		err = &fs.PathError{Op: "read", Path: path, Err: fmt.Errorf("not a regular file (%s)", info.Mode().Type())}
	}
	if err != nil {
		f.Close()
		return nil, nil, err
	}
	return f, info, nil
}

// noted remembers an err by which path may not, or cannot, be read, and returns it.
func (h *Host) noted(path string, err error) error {
	return h.denials.note(path, h.short.note(path, err))
}

// SameContent reports whether two regular files have the same content. It needs little
// memory, however large they are.
func (h *Host) SameContent(one, other string) bool {
	a, infoA, err := h.open(one)
	if err != nil {
		return false
	}
	defer a.Close()
	b, infoB, err := h.open(other)
	if err != nil {
		return false
	}
	defer b.Close()
	if infoA.Size() != infoB.Size() {
		return false
	}
	const piece = 64 << 10
	left, right := make([]byte, piece), make([]byte, piece)
	for {
		n, err := io.ReadFull(a, left)
		m, _ := io.ReadFull(b, right)
		if n != m || !bytes.Equal(left[:n], right[:m]) {
			return false
		}
		if err != nil { // the end of both
			return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)
		}
	}
}

// ReadTail reads at most the last limit bytes of a regular file; the first line may be
// incomplete. It is for logs, of which one that cannot be read decides nothing: Unread does
// not have it.
func (h *Host) ReadTail(path string, limit int64) ([]byte, error) {
	f, info, err := h.openRegular(path)
	if err != nil {
		return nil, h.denials.note(path, err)
	}
	defer f.Close()
	size := min(info.Size(), limit)
	if _, err := f.Seek(info.Size()-size, io.SeekStart); err != nil {
		return nil, err
	}
	b := inOnePiece(size)
	_, err = b.ReadFrom(io.LimitReader(f, limit))
	return b.Bytes(), err
}

// Exists reports whether something is at path; it does not follow a symbolic link there.
// What root cannot look at is not called missing: Unread has the reason.
func (h *Host) Exists(path string) bool {
	_, err := os.Lstat(h.Path(path))
	return h.noted(path, err) == nil || withheld(path, err)
}

// MayRun reports whether this process may execute the program at path, according to the
// file system and the file's mode.
func (h *Host) MayRun(path string) bool { return unix.Access(h.Path(path), unix.X_OK) == nil }

// MayWrite is why root cannot write to a file or a folder, which the kernel reports without
// a write: a read-only file system, an immutable file. It is nil if only other users cannot
// write, or if the file is missing.
func (h *Host) MayWrite(path string) error {
	err := unix.Access(h.Path(path), unix.W_OK)
	if err == nil || errors.Is(err, unix.EACCES) || errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return &fs.PathError{Op: "write", Path: path, Err: err}
}

// Stat is os.Stat below Root.
func (h *Host) Stat(path string) (fs.FileInfo, error) {
	info, err := os.Stat(h.Path(path))
	return info, h.noted(path, err)
}

// Lstat is os.Lstat below Root.
func (h *Host) Lstat(path string) (fs.FileInfo, error) {
	info, err := os.Lstat(h.Path(path))
	return info, h.noted(path, err)
}

// Readlink is os.Readlink below Root.
func (h *Host) Readlink(path string) (string, error) {
	to, err := os.Readlink(h.Path(path))
	return to, h.short.note(path, err)
}

// ReadDir is os.ReadDir below Root.
func (h *Host) ReadDir(path string) ([]fs.DirEntry, error) {
	entries, err := os.ReadDir(h.Path(path))
	return entries, h.noted(path, err)
}

// Glob lists the paths of the machine (without Root) that match pattern, in the order of
// their names. filepath.Glob would treat a folder that cannot be read as empty.
func (h *Host) Glob(pattern string) []string {
	found := []string{"/"}
	for _, part := range strings.Split(strings.Trim(pattern, "/"), "/") {
		part = strings.ReplaceAll(part, "[!", "[^") // glob(7) has "!" where Go has "^"
		var next []string
		for _, dir := range found {
			if !strings.ContainsAny(part, `*?[\`) {
				if path := filepath.Join(dir, part); h.Exists(path) {
					next = append(next, path)
				}
				continue
			}
			entries, err := h.ReadDir(dir)
			if err != nil {
				continue
			}
			for _, e := range entries {
				if strings.HasPrefix(e.Name(), ".") && !strings.HasPrefix(part, ".") {
					continue // a pattern does not match a dot at the beginning
				}
				if match, err := filepath.Match(part, e.Name()); err == nil && match {
					next = append(next, filepath.Join(dir, e.Name()))
				}
			}
		}
		found = next
	}
	return found
}

// EnsureDir creates a directory with its parents, and sets its mode even if it exists.
func (h *Host) EnsureDir(path string, mode fs.FileMode) error {
	full := h.Path(path)
	if info, err := os.Stat(full); err == nil && info.IsDir() && info.Mode().Perm() == mode.Perm() {
		return nil
	}
	if err := os.MkdirAll(full, mode); err != nil {
		return err
	}
	return os.Chmod(full, mode)
}

// EnsureFile makes path a regular file with this content and mode. It returns false and
// writes nothing if that is already so. The replacement is atomic and on disk before it
// returns; the SELinux label of a replaced file is kept.
func (h *Host) EnsureFile(path string, content []byte, mode fs.FileMode) (changed bool, err error) {
	full := h.Path(path)
	atomicfile.Sweep(filepath.Dir(full), func(name string) bool { return name == filepath.Base(full) })
	if info, err := os.Lstat(full); err == nil && info.Mode().IsRegular() && info.Mode().Perm() == mode.Perm() && info.Size() == int64(len(content)) {
		if old, err := os.ReadFile(full); err == nil && bytes.Equal(old, content) {
			return false, nil
		}
	}
	action := h.Log.Started("write %s (%d bytes, mode %04o)", path, len(content), mode)
	return true, action.Ended(atomicfile.File{Path: full, Content: content, Mode: mode,
		Label: func(tmp *os.File) { keepLabel(full, tmp) }}.Write())
}

// RemoveFile removes a file or symbolic link; a missing one is no error.
func (h *Host) RemoveFile(path string) (changed bool, err error) {
	if !h.Exists(path) {
		return false, nil
	}
	action := h.Log.Started("remove %s", path)
	err = os.Remove(h.Path(path))
	if errors.Is(err, fs.ErrNotExist) {
		err = nil
	}
	return true, action.Ended(err)
}

// Link creates a symbolic link.
func (h *Host) Link(to, path string) error {
	action := h.Log.Started("link %s to %s", path, to)
	return action.Ended(os.Symlink(to, h.Path(path)))
}

// RemoveEmptyDir removes an empty directory; one that is not empty stays, and a missing one
// is no error.
func (h *Host) RemoveEmptyDir(path string) error {
	if entries, err := h.ReadDir(path); err != nil || len(entries) > 0 {
		return nil
	}
	action := h.Log.Started("remove %s, which is empty", path)
	return action.Ended(os.Remove(h.Path(path)))
}

// RemoveTree removes a directory of ours with all that is in it.
func (h *Host) RemoveTree(path string) error {
	if !h.Exists(path) {
		return nil
	}
	action := h.Log.Started("remove %s with its contents", path)
	return action.Ended(os.RemoveAll(h.Path(path)))
}

// ReadHead reads at most the first limit bytes of a regular file.
func (h *Host) ReadHead(path string, limit int64) ([]byte, error) {
	f, _, err := h.open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, limit))
	return b, h.short.note(path, err)
}
