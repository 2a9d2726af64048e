package host

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"syscall"
	"testing"

	"aadssh/internal/logging"
)

// TestUnread: that a file could not be opened is recorded until somebody asks; that one is
// missing is not. The test program acts as a process that may open nothing.
func TestUnread(t *testing.T) {
	if os.Getenv("HOSTTEST_STARVED") != "" {
		for {
			if _, err := syscall.Open("/dev/null", syscall.O_RDONLY, 0); err != nil {
				break
			}
		}
		h := &Host{Log: logging.Discard()}
		h.ReadFile("/etc/no such file", 0)
		fmt.Println("missing:", h.Unread())
		h.Glob("/etc/*")
		h.ReadFile("/etc/hosts", 0)
		fmt.Println("starved:", errors.Is(h.Unread(), syscall.EMFILE), h.Unread())
		os.Exit(0)
	}
	cmd := exec.Command(os.Args[0], "-test.run=TestUnread$")
	cmd.Env = append(os.Environ(), "HOSTTEST_STARVED=1")
	out, err := cmd.CombinedOutput()
	// Without a free descriptor a name that is not there cannot be seen either.
	if want := "starved: true <nil>\n"; err != nil || string(out[max(len(out)-len(want), 0):]) != want {
		t.Errorf("%v\n%s", err, out)
	}
	h := &Host{Log: logging.Discard(), Root: t.TempDir()}
	h.ReadFile("/missing", 0)
	h.ReadDir("/missing")
	if err := h.Unread(); err != nil {
		t.Errorf("what is not there: %v", err)
	}
}

// TestWithheld: a file that root was not allowed to read is recorded. What only the process
// itself, or only root, may read is not, and none of it is called missing.
func TestWithheld(t *testing.T) {
	denied := &fs.PathError{Op: "open", Path: "/x", Err: syscall.EACCES}
	root := os.Geteuid() == 0
	for path, want := range map[string]bool{"/etc/pam.d/sshd": root, "/proc/1/exe": false, "/sys/x": false} {
		h := &Host{}
		if err := h.short.note(path, denied); !errors.Is(err, syscall.EACCES) || (h.Unread() != nil) != want {
			t.Errorf("%s: %v", path, err)
		}
	}
	// A file that opens and cannot be read by anybody.
	h := &Host{Log: logging.Discard(), Root: t.TempDir()}
	if err := os.Symlink("/proc/self/mem", filepath.Join(h.Root, "broken")); err != nil {
		t.Fatal(err)
	}
	for name, read := range map[string]func() error{
		"whole":     func() error { _, err := h.ReadFile("/broken", 0); return err },
		"beginning": func() error { _, err := h.ReadHead("/broken", 10); return err },
		"pieces": func() error {
			_, err := h.ReadUntil("/broken", 10, func([]byte) bool { return false })
			return err
		},
		"part": func() error {
			f, err := h.Open("/broken")
			if err != nil {
				return err
			}
			defer f.Close()
			_, err = f.ReadAt(make([]byte, 10), 0)
			return err
		},
	} {
		if err := read(); !errors.Is(err, syscall.EIO) || !errors.Is(h.Unread(), syscall.EIO) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if h.Exists("/missing") || h.Unread() != nil {
		t.Error("what is not there")
	}
}

func TestGlob(t *testing.T) {
	root := t.TempDir()
	for _, path := range []string{"a/1/x.conf", "a/2/x.conf", "a/2/y.conf", "a/.3/x.conf", "b/x.conf", "[odd]/x.conf"} {
		if err := errors.Join(os.MkdirAll(filepath.Join(root, filepath.Dir(path)), 0o755), os.WriteFile(filepath.Join(root, path), nil, 0o644)); err != nil {
			t.Fatal(err)
		}
	}
	h := &Host{Root: root, Log: logging.Discard()}
	for pattern, want := range map[string][]string{
		"/a/*/x.conf":     {"/a/1/x.conf", "/a/2/x.conf"}, // no name with a dot at its beginning, by glob(7)
		"/a/.*/x.conf":    {"/a/.3/x.conf"},
		"/a/[!1]/x.conf":  {"/a/2/x.conf"},
		"/a/[0-9]/*.conf": {"/a/1/x.conf", "/a/2/x.conf", "/a/2/y.conf"},
		"/b/x.conf":       {"/b/x.conf"},
		"/b/missing":      nil,
		"/none/*":         nil,
		"/b/x.conf/*":     nil,
		`/\[odd]/*`:       {"/[odd]/x.conf"},
		"/b/[":            nil,
		"/?/x.conf":       {"/b/x.conf"},
	} {
		if got := h.Glob(pattern); !slices.Equal(got, want) {
			t.Errorf("%s: %q, want %q", pattern, got, want)
		}
	}
}
