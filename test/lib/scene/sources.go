package scene

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// lookAtSources looks at each file that the program is built from, and at their folders. go
// test repeats an earlier result as long as nothing has changed that the test itself looked
// at, and what is read by a make that the test starts does not count: without this, the
// tests of a broken program would be reported as passed.
func lookAtSources(ctx context.Context, top string) error {
	list := exec.CommandContext(ctx, "go", "list", "-deps", "-tags", "rig", "-f",
		`{{if and .Module .Module.Main}}{{$dir := .Dir}}{{$dir}}{{"\n"}}{{range .GoFiles}}{{$dir}}/{{.}}{{"\n"}}{{end}}{{range .EmbedFiles}}{{$dir}}/{{.}}{{"\n"}}{{end}}{{end}}`, ".")
	list.Dir = top
	out, err := list.Output()
	if err != nil {
		return fmt.Errorf("list the files of the program: %w", err)
	}
	files := strings.Fields(string(out))
	for _, name := range []string{"Makefile", "misc/inlined.txt", "VERSION", "go.mod", "go.sum"} {
		files = append(files, filepath.Join(top, name))
	}
	for _, file := range files {
		if file == top { // its time changes with the folders build and .git
			continue
		}
		if _, err := os.Stat(file); err != nil {
			return err
		}
	}
	return nil
}
