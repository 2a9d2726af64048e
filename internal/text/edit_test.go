package text_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestEditsKeepLinks: a file that a person is told to edit may be a link of authselect,
// pam-config or a tool that manages configurations, so no text uses plain sed -i.
func TestEditsKeepLinks(t *testing.T) {
	looked := 0
	for _, room := range []string{"../../internal", "../../pkgmgr", "../../handler", "../../distro"} {
		err := filepath.WalkDir(room, func(path string, d os.DirEntry, err error) error {
			if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
				return err
			}
			source, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			looked++
			for i, line := range strings.Split(string(source), "\n") {
				if strings.Contains(strings.ReplaceAll(line, "sed -i --follow-symlinks", ""), "sed -i") {
					t.Errorf("%s:%d: use text.Edit: %s", path, i+1, strings.TrimSpace(line))
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if looked < 100 {
		t.Errorf("only %d files were looked at", looked)
	}
}
