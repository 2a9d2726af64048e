package host

import (
	"errors"
	"io/fs"
	"os"
	"strings"
	"sync"

	"aadssh/internal/fault"
)

// shortage remembers the first file that may exist and could not be read. Code that reads
// many files continues without it; code that judges the result asks for it.
type shortage struct {
	_ [0]func() // never compared: no code for == is linked

	mu    sync.Mutex
	first error
}

// withheld reports whether path may exist and err keeps it from being read. A permission
// counts for root only, and not in /proc and /sys, where a container denies root too.
func withheld(path string, err error) bool {
	if errors.Is(err, fs.ErrPermission) && (os.Geteuid() != 0 || strings.HasPrefix(path, "/proc/") || strings.HasPrefix(path, "/sys/")) {
		return false
	}
	return fault.Unreadable(err)
}

// note remembers an err that withholds path, and returns it.
func (s *shortage) note(path string, err error) error {
	if !withheld(path, err) {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.first == nil {
		s.first = err
	}
	return err
}

// Unread is the first error since the last call by which something could not be read: no
// memory, no free file descriptor, a broken disk, a permission that root lacks. Nil:
// everything could be read.
func (h *Host) Unread() error {
	h.short.mu.Lock()
	defer h.short.mu.Unlock()
	err := h.short.first
	h.short.first = nil
	return err
}
