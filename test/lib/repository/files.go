package repository

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
)

func sorted(files map[string][]byte) []string { return slices.Sorted(maps.Keys(files)) }

func writeFile(path string, content []byte) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	return os.WriteFile(path, content, 0o644)
}

func copyFile(from, to string) error {
	content, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	return writeFile(to, content)
}
