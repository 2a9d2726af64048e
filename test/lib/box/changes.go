package box

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
)

// Snapshot is everything that was ever written in a box, by path, without the unchanged
// files of the layers below. The value contains everything that a write would change: type,
// mode, owner, size, inode, time of the last change, and the content's hash. So a file that
// was rewritten with the same content is visible, and a temporary file is visible as a
// change of its folder.
type Snapshot map[string]string

// Snapshot reads the machine's disk and its /run.
func (b *Box) Snapshot() (Snapshot, error) {
	s := Snapshot{}
	if err := s.walk(b.upper+"/", "/"); err != nil {
		return nil, err
	}
	// A folder that was opened for a file without a name is copied up too.
	maps.DeleteFunc(s, func(path, is string) bool { return b.below(path) == is })
	return s, s.walk(filepath.Join(b.Root(), "run"), "/run")
}

// below is the value of a folder in the layers below; "" if they have no such folder.
func (b *Box) below(path string) string {
	for _, layer := range b.layers {
		info, err := os.Lstat(filepath.Join(layer, path))
		if err != nil {
			continue
		}
		if st, ok := info.Sys().(*syscall.Stat_t); ok && info.IsDir() {
			return folder(info, st)
		}
		return ""
	}
	return ""
}

// folder is the value of a folder. A write below a folder of a lower layer copies the
// folder up, which only keeps the time of the last change of its entries.
func folder(info fs.FileInfo, st *syscall.Stat_t) string {
	return fmt.Sprintf("%s %d:%d changed %d.%09d", info.Mode(), st.Uid, st.Gid, st.Mtim.Sec, st.Mtim.Nsec)
}

func (s Snapshot) walk(from, as string) error {
	return filepath.WalkDir(from, func(path string, entry fs.DirEntry, err error) error {
		if err == nil {
			err = s.add(filepath.Join(as, strings.TrimPrefix(path, strings.TrimSuffix(from, "/"))), path, entry)
		}
		if errors.Is(err, fs.ErrNotExist) && path != from {
			return nil // a service of the machine has removed it since its folder was listed
		}
		return err
	})
}

// add records the file or folder at path under a name.
func (s Snapshot) add(name, path string, entry fs.DirEntry) error {
	info, err := entry.Info()
	if err != nil {
		return err
	}
	st, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return fmt.Errorf("%s: no stat", path)
	}
	content := ""
	switch {
	case info.Mode().IsRegular():
		b, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		sum := sha256.Sum256(b)
		content = hex.EncodeToString(sum[:8])
	case info.Mode()&fs.ModeSymlink != 0:
		if content, err = os.Readlink(path); err != nil {
			return err
		}
	case info.Mode()&fs.ModeCharDevice != 0 && st.Rdev == 0:
		content = "removed" // how overlayfs records a removal
	}
	if s[name] = folder(info, st); !info.IsDir() {
		s[name] = fmt.Sprintf("%s %d:%d %d bytes inode %d changed %d.%09d %s",
			info.Mode(), st.Uid, st.Gid, info.Size(), st.Ino, st.Ctim.Sec, st.Ctim.Nsec, content)
	}
	return nil
}

// Save copies everything that was ever written to the machine's disk into a folder. As a
// layer of other boxes, it makes them start in the state of this one.
func (b *Box) Save(ctx context.Context, dir string) error {
	// cp keeps the device nodes and attributes in which overlayfs records changes.
	out, err := exec.CommandContext(ctx, "cp", "--archive", b.upper+"/.", dir).CombinedOutput()
	if err != nil {
		return fmt.Errorf("save a box: %w: %s", err, out)
	}
	return nil
}

// Diff lists the differences between two snapshots of one box, sorted, one per line: "+
// path" is new, "- path" was removed, "~ path" was written. Paths for which ignore returns
// true are left out; ignore may be nil.
func (s Snapshot) Diff(later Snapshot, ignore func(path string) bool) []string {
	var lines []string
	for _, path := range slices.Sorted(maps.Keys(later)) {
		before, was := s[path]
		switch {
		case ignore != nil && ignore(path):
		case !was:
			lines = append(lines, "+ "+path)
		case before != later[path]:
			lines = append(lines, "~ "+path)
		}
	}
	for _, path := range slices.Sorted(maps.Keys(s)) {
		if _, is := later[path]; !is && (ignore == nil || !ignore(path)) {
			lines = append(lines, "- "+path)
		}
	}
	return lines
}
