package status

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"aadsshlogin-handler/internal/atomicfile"
)

// Write makes <seq>.status in folder say r. The agent sees the old file or the
// whole new one, also after a power cut. It is written even where nothing but
// its time changes: the time tells people that somebody looked.
//
// The agent makes the folder; where it is gone it is made again, unless the
// folder above is gone too. A symbolic link in the place of the file is
// replaced, not followed.
func Write(folder string, seq int, r Report) error {
	if seq < 0 {
		return fmt.Errorf("no status can be written for the sequence number %d", seq)
	}
	if !filepath.IsAbs(folder) {
		return fmt.Errorf("the status folder %q is not an absolute path", folder)
	}
	if err := os.Mkdir(folder, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("the status folder is gone and cannot be made: %w", err)
	}
	if info, err := os.Stat(folder); err == nil && !info.IsDir() {
		return fmt.Errorf("%s is not a folder: remove it, the status belongs there", folder)
	}
	path := file(folder, seq)
	if info, err := os.Lstat(path); err == nil && info.IsDir() {
		return fmt.Errorf("%s is a directory: remove it, the status belongs there", path)
	}
	// The agent copies whatever is in the folder to the next version.
	atomicfile.Sweep(folder, func(name string) bool { return strings.HasSuffix(name, ".status") })
	if err := (atomicfile.File{Path: path, Content: encode(r, time.Now()), Mode: 0o600}).Write(); err != nil {
		return fmt.Errorf("the status could not be written: %w", err)
	}
	return nil
}

// Read is the report in <seq>.status of folder. A missing file is
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
	const limit = 4 << 20 // far above what the agent itself takes
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
