// Package cache keeps what takes long to build (roots, fixture packages, the boxes' init)
// in a folder outside the repository, under names that change whenever the recipe does.
package cache

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"
)

// Cache is a folder of finished entries.
type Cache struct{ Dir string }

// Open returns the cache of this machine: $AADSSHLOGIN_RIG_CACHE, or else a folder below
// $XDG_CACHE_HOME, or else below /var/cache.
func Open() (Cache, error) {
	dir := os.Getenv("AADSSHLOGIN_RIG_CACHE")
	if dir == "" {
		base := os.Getenv("XDG_CACHE_HOME")
		if base == "" {
			base = "/var/cache"
		}
		dir = filepath.Join(base, "aadsshlogin-rig")
	}
	if !filepath.IsAbs(dir) {
		return Cache{}, fmt.Errorf("the rig's cache must be an absolute path, not %q", dir)
	}
	return Cache{Dir: dir}, os.MkdirAll(dir, 0o755)
}

// Key is a short name for everything that an entry is made from.
func Key(parts ...string) string {
	h := sha256.New()
	for _, p := range parts {
		fmt.Fprintf(h, "%d:%s", len(p), p)
	}
	return hex.EncodeToString(h.Sum(nil))[:16]
}

// Make returns the folder of entry kind/key. If it is missing, build fills an empty folder,
// which then gets its name at once: other processes wait for the one that builds, and never
// see half an entry.
func (c Cache) Make(ctx context.Context, kind, key string, build func(dir string) error) (string, error) {
	final := filepath.Join(c.Dir, kind, key)
	if exists(final) {
		return final, nil
	}
	if err := os.MkdirAll(filepath.Dir(final), 0o755); err != nil {
		return "", err
	}
	unlock, err := lock(ctx, final+".lock")
	if err != nil {
		return "", err
	}
	defer unlock()
	if exists(final) { // another process has built it while we waited
		return final, nil
	}
	tmp := final + ".tmp" // only ours, because we hold the lock
	if err := os.RemoveAll(tmp); err != nil {
		return "", err
	}
	if err := os.Mkdir(tmp, 0o755); err != nil {
		return "", err
	}
	if err := build(tmp); err != nil {
		return "", fmt.Errorf("build %s %s: %w", kind, key, err)
	}
	return final, os.Rename(tmp, final)
}

func exists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}

// lock takes an exclusive flock, which the kernel releases when this process ends.
func lock(ctx context.Context, path string) (unlock func(), err error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR|unix.O_CLOEXEC, 0o644)
	if err != nil {
		return nil, err
	}
	locked := make(chan error, 1)
	go func() { locked <- unix.Flock(int(f.Fd()), unix.LOCK_EX) }()
	select {
	case err := <-locked:
		if err != nil {
			f.Close()
			return nil, err
		}
		return func() { f.Close() }, nil
	case <-ctx.Done():
		return nil, fmt.Errorf("waiting for %s: %w", strings.TrimSuffix(filepath.Base(path), ".lock"), ctx.Err())
	}
}
