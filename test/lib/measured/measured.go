// Package measured inserts measurements into documents.
package measured

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// Put inserts a command's measurements between its two marks in a document, with the commit
// that they were measured on.
func Put(ctx context.Context, path, command, measured string) error {
	b, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	begin, end := "<!-- "+command+": begin -->\n", "<!-- "+command+": end -->\n"
	before, rest, ok := strings.Cut(string(b), begin)
	_, after, ok2 := strings.Cut(rest, end)
	if !ok || !ok2 {
		return fmt.Errorf("%s has no place for what %s measures", path, command)
	}
	id, err := commit(ctx, filepath.Dir(path))
	if err != nil {
		return err
	}
	return os.WriteFile(path, []byte(before+begin+measured+"\nRun on the commit "+id+".\n"+end+after), 0o644)
}

// commit is the commit of the repository in a folder.
func commit(ctx context.Context, dir string) (string, error) {
	git := func(args ...string) (string, error) {
		out, err := exec.CommandContext(ctx, "git", append([]string{"-C", dir}, args...)...).Output()
		return strings.TrimSpace(string(out)), err
	}
	id, err := git("rev-parse", "--short=12", "HEAD")
	if err != nil {
		return "", err
	}
	changed, err := git("status", "--porcelain", "--untracked-files=no", "--", ":/*.go", ":/go.mod", ":/go.sum")
	if changed != "" {
		id += " with changes"
	}
	return id, err
}
