package cli

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"
)

// TestColumns: the width is the terminal's own; a serial console reports none. A pipe or a
// file has none, whatever COLUMNS says.
func TestColumns(t *testing.T) {
	terminal, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer terminal.Close()
	for _, c := range []struct {
		reported uint16
		columns  string
		want     int
	}{
		{120, "", 120}, {120, "30", 120}, {20, "", 20}, {7, "", 20}, {65535, "", 65535},
		{0, "", 80}, {0, "132", 132}, {0, "5", 20}, {0, "0", 80}, {0, "-1", 80}, {0, "abc", 80}, {0, "80x24", 80}, {0, "99999999999999999999999", 1 << 16},
	} {
		if err := unix.IoctlSetWinsize(int(terminal.Fd()), unix.TIOCSWINSZ, &unix.Winsize{Row: 24, Col: c.reported}); err != nil {
			t.Fatal(err)
		}
		p := Process{Getenv: func(name string) string { return map[string]string{"COLUMNS": c.columns}[name] }}
		if got := p.columns(terminal); got != c.want {
			t.Errorf("a terminal of %d columns, COLUMNS=%s: %d, want %d", c.reported, c.columns, got, c.want)
		}
	}
	file, err := os.Create(filepath.Join(t.TempDir(), "out"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	p := Process{Getenv: func(string) string { return "60" }}
	if p.columns(file) != 0 || p.columns(new(bytes.Buffer)) != 0 {
		t.Error("a file is taken for a terminal")
	}
}
