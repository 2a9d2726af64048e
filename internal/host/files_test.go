package host

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"aadssh/internal/logging"
)

func testHost(t *testing.T) *Host {
	t.Helper()
	return &Host{Root: t.TempDir(), Log: logging.Discard()}
}

func TestEnsureFileWritesOnlyWhatDiffers(t *testing.T) {
	h := testHost(t)
	ensure := func(content string, mode os.FileMode, want bool) {
		t.Helper()
		changed, err := h.EnsureFile("/f", []byte(content), mode)
		if err != nil || changed != want {
			t.Fatalf("EnsureFile(%q, %o) = %v, %v; want %v", content, mode, changed, err, want)
		}
	}
	ensure("one", 0o600, true)
	before := inode(t, h.Path("/f"))
	ensure("one", 0o600, false)
	if inode(t, h.Path("/f")) != before {
		t.Error("the same content was written again")
	}
	ensure("two", 0o600, true)
	ensure("two", 0o644, true)
	if info, err := os.Stat(h.Path("/f")); err != nil || info.Mode().Perm() != 0o644 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
	if entries, _ := os.ReadDir(h.Path("/")); len(entries) != 1 {
		t.Errorf("leftovers: %v", entries)
	}
}

func inode(t *testing.T, path string) uint64 {
	t.Helper()
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	return info.Sys().(*syscall.Stat_t).Ino
}

func TestEnsureFileModeIgnoresUmask(t *testing.T) {
	old := syscall.Umask(0o777)
	defer syscall.Umask(old)
	h := testHost(t)
	if err := os.Chmod(h.Root, 0o755); err != nil {
		t.Fatal(err)
	}
	if _, err := h.EnsureFile("/f", nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if info, _ := os.Stat(h.Path("/f")); info.Mode().Perm() != 0o644 {
		t.Errorf("mode %v", info.Mode())
	}
}

func TestEnsureFileReplacesSymlinkNotItsTarget(t *testing.T) {
	h := testHost(t)
	if err := os.WriteFile(h.Path("/target"), []byte("theirs"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("target", h.Path("/link")); err != nil {
		t.Fatal(err)
	}
	if _, err := h.EnsureFile("/link", []byte("ours"), 0o600); err != nil {
		t.Fatal(err)
	}
	if b, _ := os.ReadFile(h.Path("/target")); string(b) != "theirs" {
		t.Errorf("target now holds %q", b)
	}
}

func TestReadFileRefusesWhatIsNoFile(t *testing.T) {
	h := testHost(t)
	if err := os.Mkdir(h.Path("/dir"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mkfifo(h.Path("/fifo"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{"/dir", "/fifo", "/none"} {
		if _, err := h.ReadFile(path, 0); err == nil {
			t.Errorf("%s was read", path)
		}
	}
	if err := os.WriteFile(h.Path("/big"), make([]byte, 11), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := h.ReadFile("/big", 10); !errors.Is(err, ErrTooLarge) {
		t.Errorf("11 bytes with a limit of 10: %v", err)
	}
}

func TestGlobSpeaksOfTheMachine(t *testing.T) {
	h := testHost(t)
	if err := os.MkdirAll(filepath.Join(h.Root, "etc", "x"), 0o755); err != nil {
		t.Fatal(err)
	}
	if got := h.Glob("/etc/*"); len(got) != 1 || got[0] != "/etc/x" {
		t.Errorf("Glob = %q", got)
	}
}

func TestReadTail(t *testing.T) {
	h := testHost(t)
	if err := os.WriteFile(h.Path("/f"), []byte("0123456789"), 0o600); err != nil {
		t.Fatal(err)
	}
	for limit, want := range map[int64]string{0: "", 3: "789", 10: "0123456789", 99: "0123456789"} {
		if b, err := h.ReadTail("/f", limit); err != nil || string(b) != want {
			t.Errorf("the last %d: %q, %v", limit, b, err)
		}
	}
	if err := syscall.Mkfifo(h.Path("/pipe"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"/pipe", "/", "/none"} {
		if b, err := h.ReadTail(name, 1); err == nil {
			t.Errorf("%s: %q", name, b)
		}
	}
}

func TestSameContent(t *testing.T) {
	h := &Host{Root: t.TempDir(), Log: logging.Discard()}
	long := strings.Repeat("x", 200<<10)
	for name, text := range map[string]string{"/a": long, "/b": long, "/c": long[1:] + "y", "/d": long[1:], "/e": "", "/f": ""} {
		if err := os.WriteFile(h.Path(name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for pair, want := range map[string]bool{"/a/b": true, "/a/c": false, "/a/d": false, "/e/f": true, "/a/missing": false, "/missing/a": false} {
		one, other, _ := strings.Cut(pair[1:], "/")
		if got := h.SameContent("/"+one, "/"+other); got != want {
			t.Errorf("%s: %v", pair, got)
		}
	}
}
