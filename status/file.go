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
)

// leftover ends the names of temporary files. The agent reads *.status only,
// and copies whatever else is in the folder to the next version.
const leftover = ".tmp~"

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
	sweep(folder)
	if err := replace(path, encode(r, time.Now())); err != nil {
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

// replace writes content beside path and renames it there.
func replace(path string, content []byte) (err error) {
	dir := filepath.Dir(path)
	// The name says whose it is, for sweep; the mode is 0600.
	tmp, err := os.CreateTemp(dir, fmt.Sprintf(".%s.%d-*%s", filepath.Base(path), os.Getpid(), leftover))
	if err != nil {
		return err
	}
	defer func() {
		tmp.Close()
		if err != nil {
			os.Remove(tmp.Name())
		}
	}()
	if _, err = tmp.Write(content); err != nil {
		return err
	}
	if err = tmp.Sync(); err != nil {
		return err
	}
	if err = os.Rename(tmp.Name(), path); err != nil {
		return err
	}
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	return d.Sync()
}

// sweep removes what a killed run left behind. A young file may be another
// run's, in the middle of its work, unless its name says that its maker is gone.
func sweep(folder string) {
	entries, err := os.ReadDir(folder)
	if err != nil {
		return
	}
	for _, e := range entries {
		name := e.Name()
		if !strings.HasPrefix(name, ".") || !strings.HasSuffix(name, leftover) || !strings.Contains(name, ".status.") {
			continue
		}
		if info, err := e.Info(); err == nil && info.Mode().IsRegular() && (time.Since(info.ModTime()) > 10*time.Minute || orphan(name)) {
			os.Remove(filepath.Join(folder, name))
		}
	}
}

// orphan says whether the maker that a temporary file's name tells of is gone.
func orphan(name string) bool {
	_, rest, _ := strings.Cut(name, ".status.")
	maker, _, named := strings.Cut(rest, "-")
	if _, err := strconv.Atoi(maker); err != nil || !named {
		return false
	}
	_, err := os.Stat("/proc/" + maker)
	return errors.Is(err, fs.ErrNotExist)
}
