package watch

import (
	"fmt"
	"io/fs"
	"syscall"
)

// inode distinguishes files of the same name, and changes with properties outside the
// content.
func inode(info fs.FileInfo) string {
	s, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return ""
	}
	return fmt.Sprintf("%d:%d %d.%d", s.Dev, s.Ino, s.Ctim.Sec, s.Ctim.Nsec)
}
