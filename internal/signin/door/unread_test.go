package door

import (
	"os"
	"syscall"
	"testing"

	"aadssh/internal/host"
)

// TestProgramUnread: of a program of sshd's that is there and cannot be opened it is not
// known whether it obeys the files; one that is not there obeys none.
func TestProgramUnread(t *testing.T) {
	for _, errno := range []syscall.Errno{syscall.ENOENT, syscall.EACCES, syscall.EIO} {
		found, err := obeying(func(path string) (*host.Parts, error) {
			return nil, &os.PathError{Op: "open", Path: path, Err: errno}
		})
		if known := errno == syscall.ENOENT; found != "" || (err == nil) != known {
			t.Errorf("%v: %q %v", errno, found, err)
		}
	}
}
