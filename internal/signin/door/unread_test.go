package door

import (
	"os"
	"syscall"
	"testing"

	"aadssh/internal/host"
)

// TestProgramUnread: if one of sshd's programs exists and cannot be opened, it is not known
// whether it uses the two files; one that does not exist does not.
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
