package status

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
)

// Read returns the report in <seq>.status of folder. The error for a missing file is
// fs.ErrNotExist.
func Read(folder string, seq int) (Report, error) {
	path := file(folder, seq)
	// O_NONBLOCK: a FIFO in its place must not hang us.
	f, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK|syscall.O_NOFOLLOW|syscall.O_CLOEXEC, 0)
	if err != nil {
		return Report{}, err
	}
	defer f.Close()
	if info, err := f.Stat(); err != nil || !info.Mode().IsRegular() {
		return Report{}, fmt.Errorf("%s is not a regular file", path)
	}
	const limit = 4 << 20 // far above what the agent itself accepts
	b, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err != nil {
		return Report{}, err
	}
	if len(b) > limit {
		return Report{}, fmt.Errorf("%s is larger than %d bytes", path, limit)
	}
	r, err := decode(b)
	if err != nil {
		return Report{}, fmt.Errorf("%s: %w", path, err)
	}
	return r, nil
}

func file(folder string, seq int) string {
	return filepath.Join(folder, strconv.Itoa(seq)+".status")
}
