package repository

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"

	"aadssh/test/lib/keys"
)

// Yum is an rpm-md repository, for dnf, yum, tdnf and zypper.
type Yum struct {
	RPMs []string // paths of .rpm files
	Key  keys.Key // signs the metadata; the packages have their own signatures
}

// Write writes the repository to dir.
func (y Yum) Write(ctx context.Context, dir string) error {
	for _, rpm := range y.RPMs {
		name := filepath.Base(rpm)
		if err := copyFile(rpm, filepath.Join(dir, "Packages", name[:1], name)); err != nil {
			return err
		}
	}
	if out, err := exec.CommandContext(ctx, "createrepo_c", "--quiet", dir).CombinedOutput(); err != nil {
		return fmt.Errorf("createrepo_c: %w\n%s", err, out)
	}
	index := filepath.Join(dir, "repodata/repomd.xml")
	content, err := os.ReadFile(index)
	if err != nil {
		return err
	}
	signature, err := y.Key.Detached(content)
	if err != nil {
		return err
	}
	return os.WriteFile(index+".asc", signature, 0o644)
}
