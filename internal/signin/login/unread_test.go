package login

import (
	"aadssh/internal/signin/elf"
	"os"
	"strings"
	"syscall"
	"testing"

	"aadssh/internal/check"
	"aadssh/internal/host"
)

// TestSudoUnread: a file of sudo's that exists and cannot be read is reported as that, and
// not as one that is missing or grants nothing.
func TestSudoUnread(t *testing.T) {
	for _, file := range []string{"/etc/sudoers", sudoFile} {
		h := debian(t)
		remove(t, h, file)
		if err := os.Symlink("/proc/self/mem", h.Path(file)); err != nil { // opens, and cannot be read
			t.Fatal(err)
		}
		s := readSudo(h, elf.NewLoader(h), uint32(os.Geteuid()), nil, host.Mounts{}, nil)
		if r := s.assess(); r.Answer != check.Warn || !strings.Contains(r.Text, "could not be read: read "+h.Path(file)) || strings.Contains(r.Text, "missing") {
			t.Errorf("%s: %+v", file, r)
		}
	}
}

// TestFilesUnread: a file of the package that cannot be looked at is not missing.
func TestFilesUnread(t *testing.T) {
	f := File{Path: "/usr/sbin/aad_certhandler", Unread: &os.PathError{Op: "stat", Path: "/usr/sbin/aad_certhandler", Err: syscall.EACCES}}
	r := f.assess("nobody gets in", true, true)
	if r.Answer != check.Unknown || !strings.Contains(r.Text, "permission denied") || !strings.Contains(r.Next, "ls -lLZ "+f.Path) || r.Decides == "" {
		t.Errorf("%+v", r)
	}
	if r := (File{Path: f.Path}).assess("nobody gets in", true, true); r.Answer != check.Fail {
		t.Errorf("%+v", r)
	}
}
