package pkgmgr

import (
	"path/filepath"
	"strings"
	"testing"

	"aadssh/test/lib/recording"
)

// scenes are those of testdata/scenes/PROGRAM-VERSION.txt.
func scenes(t testing.TB, program string) []recording.Scene {
	t.Helper()
	return recording.Read(t, filepath.Join("testdata", "scenes"), program)
}

// recordedRun is the first run of a scene whose command contains these words in this order.
func recordedRun(t testing.TB, file, name string, words ...string) recording.Run {
	t.Helper()
	for _, s := range scenes(t, file) {
		if s.Name != name {
			continue
		}
		for _, r := range s.Runs {
			line := " " + strings.Join(append([]string{r.Command.Name}, r.Command.Args...), " ") + " "
			if strings.Contains(line, " "+strings.Join(words, " ")+" ") {
				return r
			}
		}
	}
	t.Fatalf("testdata/scenes/%s.txt has no %q with %q", file, name, words)
	return recording.Run{}
}
