package host

import (
	"io"
	"io/fs"
	"os"
	"strings"

	"golang.org/x/sys/unix"
)

// ReadTailNoLinks reads at most the last limit bytes of a regular file, and follows no
// link, neither as the file nor in its path: another user may have chosen the target. A
// file with a second hard link is not read either. The first line may be incomplete.
func (h *Host) ReadTailNoLinks(path string, limit int64) ([]byte, error) {
	refused := func(err error) ([]byte, error) { return nil, &fs.PathError{Op: "read", Path: path, Err: err} }
	folder, err := unix.Open(h.Path("/"), unix.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return refused(err)
	}
	parts := strings.Split(strings.Trim(path, "/"), "/")
	for i, part := range parts {
		flags := unix.O_RDONLY | unix.O_NOFOLLOW | unix.O_NONBLOCK | unix.O_CLOEXEC
		if i < len(parts)-1 {
			flags |= unix.O_DIRECTORY
		}
		next, err := unix.Openat(folder, part, flags, 0)
		unix.Close(folder)
		if err != nil {
			return refused(err)
		}
		folder = next
	}
	f := os.NewFile(uintptr(folder), path)
	defer f.Close()
	var st unix.Stat_t
	if err := unix.Fstat(folder, &st); err != nil {
		return refused(err)
	}
	if st.Mode&unix.S_IFMT != unix.S_IFREG || st.Nlink > 1 {
		return refused(unix.ELOOP)
	}
	if _, err := f.Seek(max(st.Size-limit, 0), io.SeekStart); err != nil {
		return refused(err)
	}
	return io.ReadAll(io.LimitReader(f, limit))
}
