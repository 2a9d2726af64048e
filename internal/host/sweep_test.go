package host

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"

	"aadssh/internal/logging"
)

// What a killed run left next to a file is removed by the next write of that file; what a
// running process is writing, and other programs' files, stay.
func TestSweep(t *testing.T) {
	gone := exec.Command("true")
	if err := gone.Run(); err != nil {
		t.Fatal(err)
	}
	dead, alive := gone.Process.Pid, os.Getppid()
	h := &Host{Root: t.TempDir(), Log: logging.Discard()}
	for _, name := range []string{
		fmt.Sprintf(".x.%d-123~", dead), fmt.Sprintf(".x.%d-123~", alive), fmt.Sprintf(".y.%d-123~", dead), ".x.notes~", fmt.Sprintf("x.%d-1~", dead),
	} {
		if err := os.WriteFile(filepath.Join(h.Root, name), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for range 2 { // also where nothing is to be written
		if _, err := h.EnsureFile("/x", []byte("text"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	entries, err := os.ReadDir(h.Root)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	want := []string{fmt.Sprintf(".x.%d-123~", alive), ".x.notes~", fmt.Sprintf(".y.%d-123~", dead), "x", fmt.Sprintf("x.%d-1~", dead)}
	slices.Sort(want)
	if !slices.Equal(names, want) {
		t.Errorf("got %q, want %q", names, want)
	}
}
