package roots

import (
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"

	"aadssh/test/lib/executable"
)

// layer is a folder that is mounted over a root. It remembers its first error.
type layer struct {
	dir    string
	failed *error
}

func newLayer(dir string) layer { return layer{dir: dir, failed: new(error)} }

func (l layer) err() error { return *l.failed }

// put creates the folders above path and then calls do with its place.
func (l layer) put(path string, do func(full string) error) {
	if *l.failed != nil {
		return
	}
	full := filepath.Join(l.dir, path)
	if *l.failed = os.MkdirAll(filepath.Dir(full), 0o755); *l.failed == nil {
		*l.failed = do(full)
	}
}

func (l layer) write(path, content string) {
	l.put(path, func(full string) error { return os.WriteFile(full, []byte(content), 0o644) })
}

func (l layer) program(path, content string) {
	l.put(path, func(full string) error { return executable.Write(full, []byte(content)) })
}

func (l layer) link(target, path string) {
	l.put(path, func(full string) error { return os.Symlink(target, full) })
}

func (l layer) mkdir(path string) {
	l.put(path, func(full string) error { return os.MkdirAll(full, 0o755) })
}

// hide hides files of the root below: a character device 0:0 (kernel documentation,
// filesystems/overlayfs, "whiteouts").
func (l layer) hide(paths ...string) {
	for _, path := range paths {
		l.put(path, func(full string) error { return unix.Mknod(full, unix.S_IFCHR, 0) })
	}
}
