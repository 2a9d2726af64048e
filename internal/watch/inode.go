package watch

import (
	"fmt"
	"io/fs"
	"syscall"
)

// inode tells one file from another of the same name, and shows a change of
// what is not in its content.
func inode(info fs.FileInfo) string {
	s, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return ""
	}
	return fmt.Sprintf("%d:%d %d.%d", s.Dev, s.Ino, s.Ctim.Sec, s.Ctim.Nsec)
}
