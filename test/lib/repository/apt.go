// Package repository writes signed package repositories in the layout of
// packages.microsoft.com.
package repository

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"aadssh/test/lib/keys"
)

// Apt is one suite of an apt repository.
type Apt struct {
	Suite     string        // code name, "jammy"
	Component string        // "" is "main"
	Debs      []string      // paths of .deb files
	Key       keys.Key      // signs the Release file
	ValidFor  time.Duration // 0: forever; below 0: already expired
}

// Write writes the repository to dir.
func (a Apt) Write(ctx context.Context, dir string) error {
	component := a.Component
	if component == "" {
		component = "main"
	}
	for _, deb := range a.Debs {
		name := filepath.Base(deb)
		source, _, _ := strings.Cut(name, "_")
		if err := copyFile(deb, filepath.Join(dir, "pool", component, name[:1], source, name)); err != nil {
			return err
		}
	}
	if err := os.MkdirAll(filepath.Join(dir, "pool"), 0o755); err != nil { // a repository may have no packages
		return err
	}
	scan := exec.CommandContext(ctx, "apt-ftparchive", "packages", "pool")
	scan.Dir = dir
	packages, err := scan.Output()
	if err != nil {
		return fmt.Errorf("apt-ftparchive: %w", err)
	}
	index := component + "/binary-" + runtime.GOARCH + "/Packages" // Go and Debian have the same names for our architectures
	files := map[string][]byte{index: packages, index + ".gz": zipped(packages)}
	release := a.release(component, files)
	if files["InRelease"], err = a.Key.ClearSign(release); err != nil {
		return err
	}
	if files["Release.gpg"], err = a.Key.Detached(release); err != nil {
		return err
	}
	files["Release"] = release
	for name, content := range files {
		if err := writeFile(filepath.Join(dir, "dists", a.Suite, name), content); err != nil {
			return err
		}
	}
	return nil
}

func (a Apt) release(component string, files map[string][]byte) []byte {
	var b bytes.Buffer
	now := time.Now().UTC()
	// All have the same date: apt rejects a Release file that is older than the one it has,
	// and these are written in any order and kept.
	date := time.Date(2025, time.January, 1, 0, 0, 0, 0, time.UTC)
	fmt.Fprintf(&b, "Origin: rig %s\nLabel: rig %s\nSuite: %s\nCodename: %s\nDate: %s\n", a.Suite, a.Suite, a.Suite, a.Suite, date.Format(time.RFC1123))
	if a.ValidFor != 0 {
		fmt.Fprintf(&b, "Valid-Until: %s\n", now.Add(a.ValidFor).Format(time.RFC1123))
	}
	fmt.Fprintf(&b, "Architectures: %s\nComponents: %s\nSHA256:\n", runtime.GOARCH, component)
	for _, name := range sorted(files) {
		fmt.Fprintf(&b, " %x %d %s\n", sha256.Sum256(files[name]), len(files[name]), name)
	}
	return b.Bytes()
}

func zipped(b []byte) []byte {
	var out bytes.Buffer
	w := gzip.NewWriter(&out)
	_, _ = w.Write(b) // a bytes.Buffer accepts everything
	_ = w.Close()
	return out.Bytes()
}
