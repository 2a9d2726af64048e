package login

import (
	"testing"

	"aadssh/internal/host"
	"aadssh/internal/host/hosttest"
)

// A file without a name is none, and not the folder that it would be looked for in.
func TestFileWithoutName(t *testing.T) {
	m := PAMMachine(hosttest.New(t).Host(), PAMService, host.Mounts{})
	if f := m.File(""); !f.Missing() {
		t.Errorf("%+v", f)
	}
}
