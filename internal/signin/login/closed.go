package login

import (
	"fmt"
	"io/fs"
	"path"

	"aadsshlogin-handler/internal/host"
)

// Closed is a folder or file that people must be able to use and that its mode
// keeps from everybody but root and a group.
type Closed struct {
	Path  string // "" where there is none
	Mode  fs.FileMode
	Dir   bool
	Group uint32 // that it belongs to
}

// lookClosed finds the first thing that keeps people's programs from starting:
// a folder above their shell or the C library, or one of those themselves. Modes
// are asked as the kernel does for somebody who is neither owner nor in the
// group (path_resolution(7)).
func lookClosed(h *host.Host) Closed {
	files := map[string]fs.FileMode{usualShell: 0o001} // what a file needs beside what each folder does
	for _, d := range libraryDirs() {
		if h.Exists(d + "/libc.so.6") {
			files[d+"/libc.so.6"] = 0o004
			break
		}
	}
	for _, name := range []string{usualShell, "/bin/sh"} {
		if c := closedAt(h, name, files[usualShell], 8); c.Path != "" {
			return c
		}
	}
	for name, needs := range files {
		if c := closedAt(h, name, needs, 8); c.Path != "" {
			return c
		}
	}
	return Closed{}
}

// closedAt goes from a file up to the root folder, and along links.
func closedAt(h *host.Host, name string, needs fs.FileMode, links int) Closed {
	for p := path.Clean(name); ; p = path.Dir(p) {
		info, err := h.Lstat(p)
		if err != nil {
			return Closed{} // what is not there is said elsewhere
		}
		if info.Mode()&fs.ModeSymlink != 0 {
			to, err := h.Readlink(p)
			if err != nil || links == 0 {
				return Closed{}
			}
			if !path.IsAbs(to) {
				to = path.Join(path.Dir(p), to)
			}
			if c := closedAt(h, to, needs, links-1); c.Path != "" {
				return c
			}
		} else if want := needed(info, needs); info.Mode().Perm()&want != want {
			_, gid := owners(info)
			return Closed{Path: p, Mode: info.Mode().Perm(), Dir: info.IsDir(), Group: gid}
		}
		if p == "/" || p == "." {
			return Closed{}
		}
	}
}

// needed is what others need of a folder, or of the file itself.
func needed(info fs.FileInfo, ofFile fs.FileMode) fs.FileMode {
	if info.IsDir() {
		return 0o001
	}
	return ofFile
}

func (c Closed) text() string {
	if c.Dir {
		return fmt.Sprintf("The folder %s is closed to everybody but root (mode %04o), so no program of people starts.", c.Path, c.Mode)
	}
	return fmt.Sprintf("%s is closed to everybody but root (mode %04o), so people's shell does not start.", c.Path, c.Mode)
}

func (c Closed) remedy() string {
	if c.Dir {
		return "Run: sudo chmod o+x " + c.Path
	}
	return "Run: sudo chmod o+rx " + c.Path
}
