package facts

import (
	"io/fs"
	"strings"
	"syscall"
	"testing"

	"aadssh/internal/check"
)

func TestSealedFileIsTheCause(t *testing.T) {
	for _, c := range []struct {
		err         error
		what, steps string
	}{
		{syscall.EPERM, "is protected from changes", "sudo chattr -i -a /etc/nsswitch.conf"},
		{syscall.EROFS, "read-only file system", "sudo mount -o remount,rw"},
	} {
		r := check.Result{Answer: check.Fail, Text: "aad is missing.", Next: "Run: something", File: "/etc/nsswitch.conf"}
		Sealed{"/etc/nsswitch.conf", &fs.PathError{Op: "write", Path: "/etc/nsswitch.conf", Err: c.err}}.Explain(&r)
		if !strings.HasPrefix(r.Text, "aad is missing. ") || !strings.Contains(r.Text, c.what) || !strings.Contains(r.Next, c.steps) {
			t.Errorf("%v: %s | %s", c.err, r.Text, r.Next)
		}
	}
	r := check.Result{Text: "aad is missing.", Next: "Run: something"}
	if (Sealed{}).Explain(&r); r.Text != "aad is missing." || r.Next != "Run: something" {
		t.Errorf("%s | %s", r.Text, r.Next)
	}
}
