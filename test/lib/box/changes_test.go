//go:build rig

package box

import (
	"errors"
	"io/fs"
	"testing"
)

// TestVanished: what is listed and gone when it is looked at, as a folder of a service that
// ends, is not in a snapshot and is no error. The list of a process's own files has the
// folder itself, which is closed again by then.
func TestVanished(t *testing.T) {
	s := Snapshot{}
	if err := s.walk("/proc/self/fd", "/files"); err != nil || s["/files"] == "" {
		t.Errorf("%v, %v", err, s)
	}
	if err := s.walk(t.TempDir()+"/missing", "/"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a folder that was never there: %v", err)
	}
}
