package box

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
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

// Snapshot is everything that was ever written in a box, by path: what the
// layers below already had and nobody touched is not in it. The value is all
// that a write would change: kind, mode, owner, size, inode, time of the last
// change, and the content's hash. Even rewriting a file with what it held
// before shows, and a temporary file that came and went shows in its folder.
type Snapshot map[string]string

// Snapshot looks at the machine's disk and its /run.
func (b *Box) Snapshot() (Snapshot, error) {
	s := Snapshot{}
	if err := s.walk(b.upper+"/", "/"); err != nil {
		return nil, err
	}
	// A folder that was opened for a file without a name is copied up, too.
	maps.DeleteFunc(s, func(path, is string) bool { return b.below(path) == is })
	return s, s.walk(filepath.Join(b.Root(), "run"), "/run")
}

// below is what the layers below have of a folder; "" where they have no such folder.
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

// folder is the value of a folder. Writing below a folder of a lower layer copies the
// folder up: that alone keeps the time of its last change of entries.
func folder(info fs.FileInfo, st *syscall.Stat_t) string {
	return fmt.Sprintf("%s %d:%d changed %d.%09d", info.Mode(), st.Uid, st.Gid, st.Mtim.Sec, st.Mtim.Nsec)
}

func (s Snapshot) walk(from, as string) error {
	return filepath.WalkDir(from, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
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
			content = "removed" // how overlayfs writes a removal down
		}
		name := filepath.Join(as, strings.TrimPrefix(path, strings.TrimSuffix(from, "/")))
		if s[name] = folder(info, st); !info.IsDir() {
			s[name] = fmt.Sprintf("%s %d:%d %d bytes inode %d changed %d.%09d %s",
				info.Mode(), st.Uid, st.Gid, info.Size(), st.Ino, st.Ctim.Sec, st.Ctim.Nsec, content)
		}
		return nil
	})
}

// Save copies everything that was ever written to the machine's disk into a
// folder, which can then be a layer of other boxes: they begin where this one is.
func (b *Box) Save(ctx context.Context, dir string) error {
	// cp keeps what overlayfs writes down in device nodes and attributes.
	out, err := exec.CommandContext(ctx, "cp", "--archive", b.upper+"/.", dir).CombinedOutput()
	if err != nil {
		return fmt.Errorf("save a box: %w: %s", err, out)
	}
	return nil
}

// Diff lists what differs between two snapshots of one box, sorted, one line
// each: "+ path" appeared, "- path" is gone, "~ path" was written to. Paths for
// which ignore is true are left out; ignore may be nil.
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
