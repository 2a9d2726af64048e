package preflight

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"aadssh/distro"
	"aadssh/internal/facts"
	"aadssh/test/lib/golden"
)

// The texts for refused releases are in testdata/refused.golden: the code, what is wrong,
// what to do. UPDATE_GOLDEN=1 go test ./internal/preflight renders it again.
func TestRefusals(t *testing.T) {
	machines := []struct{ release, arch string }{
		{"rhel-8.2", "amd64"}, {"rhel-7.3", "amd64"}, {"sles-15", "amd64"}, {"leap-15.0", "amd64"}, {"ubuntu-14.04", "amd64"},
		{"mariner-1.0", "amd64"}, {"azurelinux-5.0", "amd64"},
		{"fedora-42", "amd64"}, {"alpine-3.22", "amd64"}, {"eurolinux-9", "amd64"}, {"linuxmint-21.3", "amd64"},
		{"debian-sid", "amd64"}, {"tumbleweed", "amd64"},
		{"ubuntu-18.04", "arm64"}, {"rhel-7.9", "arm64"}, {"ubuntu-22.04", "riscv64"},
	}
	var b strings.Builder
	for _, m := range machines {
		text, err := os.ReadFile(filepath.Join("..", "..", "distro", "testdata", "os-release", m.release))
		if err != nil {
			t.Fatal(err)
		}
		release, err := distro.Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		_, err = distro.Lookup(release, m.arch)
		refusal := FirstFailure(Run(Preconditions(), &facts.Facts{Release: release, TargetErr: err}))
		if refusal == nil {
			t.Errorf("%s on %s is not refused", m.release, m.arch)
			continue
		}
		what, next := refusal.What, refusal.Remedy()
		if len(what) > 700 || len(next) > 500 || strings.Contains(what+next, "\n") {
			t.Errorf("%s on %s: longer than what is shown (%d and %d bytes)", m.release, m.arch, len(what), len(next))
		}
		fmt.Fprintf(&b, "%s %s: code %d\n%s\n%s\n\n", m.release, m.arch, refusal.Code, what, next)
	}
	golden.Compare(t, filepath.Join("testdata", "refused.golden"), b.String())
}
