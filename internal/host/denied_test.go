package host

import (
	"errors"
	"io/fs"
	"testing"
)

// A refusal counts for the path itself, for what is below it, and for its parent folders; a
// missing path is no refusal.
func TestDenied(t *testing.T) {
	h := &Host{}
	refused := &fs.PathError{Op: "open", Path: "/etc/pam.d/sshd", Err: fs.ErrPermission}
	if err := h.denials.note("/etc/pam.d/sshd", refused); !errors.Is(err, fs.ErrPermission) {
		t.Error(err)
	}
	h.denials.note("/etc/nsswitch.conf", fs.ErrNotExist)
	for path, want := range map[string]bool{"/etc/pam.d/sshd": true, "/etc/pam.d": true, "/etc": true, "/etc/pam.d/sshd/x": true, "/etc/pam": false, "/etc/pam.d/sshd2": false, "/etc/nsswitch.conf": false} {
		if got := h.Denied(path); got != want {
			t.Errorf("%s: %v", path, got)
		}
	}
	if h.Denied() {
		t.Error("nothing was asked about")
	}
}
