package host

import (
	"errors"
	"sync"
	"syscall"
)

// shortage records the first file that could not be read for lack of a resource. Code that
// reads many files continues without it; code that judges the result asks for it.
type shortage struct {
	mu    sync.Mutex
	first error
}

// note records err if it is such an error, and returns it.
func (s *shortage) note(err error) error {
	for _, errno := range []syscall.Errno{syscall.EMFILE, syscall.ENFILE, syscall.ENOMEM, syscall.EIO} {
		if errors.Is(err, errno) {
			s.mu.Lock()
			defer s.mu.Unlock()
			if s.first == nil {
				s.first = err
			}
			break
		}
	}
	return err
}

// Unread is the reason why something could not be read since the last call: no memory, no
// file handles, a failing disk. Nil: everything could be read.
func (h *Host) Unread() error {
	h.short.mu.Lock()
	defer h.short.mu.Unlock()
	err := h.short.first
	h.short.first = nil
	return err
}
