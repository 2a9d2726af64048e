package host

import (
	"errors"
	"sync"
	"syscall"
)

// shortage remembers the first file that could not be read for want of a
// resource. Whoever looks at many files goes on without it; who judges what was
// seen asks for it.
type shortage struct {
	mu    sync.Mutex
	first error
}

// note remembers err where it is one of these, and returns it.
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

// Unread is why something could not be read since it was last asked: no memory,
// no further file, a broken disk. Nil: all that was asked for was answered.
func (h *Host) Unread() error {
	h.short.mu.Lock()
	defer h.short.mu.Unlock()
	err := h.short.first
	h.short.first = nil
	return err
}
