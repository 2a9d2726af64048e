package preflight

import (
	"strings"
	"testing"

	"aadssh/distro"
	"aadssh/internal/check"
	"aadssh/internal/facts"
	"aadssh/internal/repo"
)

// TestBrokenRepositoryFile: whose file it is decides what there is to do.
func TestBrokenRepositoryFile(t *testing.T) {
	for file, next := range map[string]string{
		"/etc/apt/sources.list.d/aadsshlogin.list": "sudo rm /etc/apt/sources.list.d/aadsshlogin.list.",
		"/etc/apt/sources.list.d/owners.list":      "not this extension's to change",
	} {
		var f facts.Facts
		f.Target.Manager = distro.Apt
		f.Problems = []repo.Problem{{File: file, Line: 1, What: "it is cut off"}}
		got := repository(&f)
		if len(got) != 1 || got[0].Answer != check.Warn || !strings.Contains(got[0].Next, next) || !strings.Contains(got[0].Text, file) {
			t.Errorf("%s: %+v", file, got)
		}
	}
}
