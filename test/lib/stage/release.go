package stage

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"aadssh/test/lib/keys"
	"aadssh/test/lib/roots"
	"aadssh/test/lib/scene"
)

// Release is a machine that identifies as one of roots.Releases.
func Release(t testing.TB, name string) roots.Persona {
	t.Helper()
	suite, family, known := roots.Userland(name)
	if !known {
		Must(t, fmt.Errorf("no machine %q, but %s", name, strings.Join(roots.Releases(), ", ")))
	}
	top, err := scene.Top(t.Context())
	Must(t, err)
	text, err := os.ReadFile(filepath.Join(top, "distro", "testdata", "os-release", name))
	Must(t, err)
	return roots.Like(name, suite, family, string(text))
}

// ImageKeys writes the keys that the images of the machine's release contain, at the paths
// in our definition. Their content is the key of the tests.
func (s *Stage) ImageKeys() {
	s.T.Helper()
	if image := s.Target.Repository.OnImage; image != nil {
		for _, key := range image.Keys {
			s.Write(key, string(keys.Rig().Public))
		}
	}
}
