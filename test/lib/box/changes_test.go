//go:build rig

package box

import (
	"errors"
	"io/fs"
	"testing"
)

// TestRemovedWhileListed: a file that was removed between being listed and being read, such
// as the folder of a service that ends, is not in a snapshot, and is no error. An example
// is the list of a process's own open files: it contains the folder that is listed, which
// is closed again when its entry is read.
func TestRemovedWhileListed(t *testing.T) {
	s := Snapshot{}
	if err := s.walk("/proc/self/fd", "/files"); err != nil || s["/files"] == "" {
		t.Errorf("%v, %v", err, s)
	}
	if err := s.walk(t.TempDir()+"/missing", "/"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a folder that was never there: %v", err)
	}
}
