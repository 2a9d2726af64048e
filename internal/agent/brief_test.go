package agent

import (
	"errors"
	"fmt"
	"io/fs"
	"syscall"
	"testing"

	"aadssh/internal/fault"
)

// TestBriefly: the library makes a text of every error; what the machine has run
// out of is still reported as that.
func TestBriefly(t *testing.T) {
	made := func(err error) error { return fmt.Errorf("vmextension: %+v\nCallStack: goroutine 1", err) }
	broken := briefly(made(&fs.PathError{Op: "read", Path: "/x", Err: syscall.EIO}))
	if broken.Error() != "read /x: input/output error" || fault.Resource(broken) == nil || fault.ByCause(fault.Of(unreadable("/x", broken))).Code != fault.Disk {
		t.Errorf("%v", broken)
	}
	if other := briefly(made(errors.New("no such thing"))); other.Error() != "no such thing" || fault.Resource(other) != nil {
		t.Errorf("%v", other)
	}
}
