package identity_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"aadssh/internal/identity"
	"aadssh/test/lib/metadata"
)

// TestOneToken runs Probe once, over real sockets. Other tests run it again in a process of
// its own, with an environment that must have no effect.
func TestOneToken(t *testing.T) {
	a, _, log := askOverTCP(t, metadata.Azure().
		Script(metadata.ComputePath, metadata.JSON(metadata.VM())).
		Script(metadata.TokenPath, metadata.TokenOf(metadata.VMID("rg-web", "web1"))))
	if a.Kind != identity.SystemAssigned || a.Requests != 2 {
		t.Errorf("kind %s after %d requests: %v", a.Kind, a.Requests, a.Fault)
	}
	if leaks := metadata.Leaks(log); len(leaks) > 0 {
		t.Errorf("secrets in the log: %q", leaks)
	}
}

// runAgain runs one test of this binary in its own process and returns what
// it printed. The test must pass.
func runAgain(t *testing.T, test string, environ []string) string {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	out, err := os.Create(filepath.Join(t.TempDir(), "out"))
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	child, err := os.StartProcess(self, []string{self, "-test.run=^" + test + "$", "-test.v"}, &os.ProcAttr{
		Env:   environ,
		Files: []*os.File{nil, out, out},
	})
	if err != nil {
		t.Fatal(err)
	}
	state, err := child.Wait()
	if err != nil {
		t.Fatal(err)
	}
	printed, err := os.ReadFile(out.Name())
	if err != nil {
		t.Fatal(err)
	}
	if !state.Success() || !strings.Contains(string(printed), "--- PASS: "+test) {
		t.Errorf("%s failed in a process of its own:\n%s", test, printed)
	}
	return string(printed)
}

// TestLibraryLogsNoToken turns go-autorest's log to its highest level, at which
// it writes tokens, in its own process: it reads its settings before main.
func TestLibraryLogsNoToken(t *testing.T) {
	library := filepath.Join(t.TempDir(), "go-autorest.log")
	printed := runAgain(t, "TestOneToken", append(os.Environ(), "AZURE_GO_SDK_LOG_LEVEL=AUTH", "AZURE_GO_SDK_LOG_FILE="+library))
	written, err := os.ReadFile(library)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(written), "RESPONSE: 200") {
		t.Fatalf("go-autorest's log was not on:\n%s", written)
	}
	if leaks := metadata.Leaks(string(written) + printed); len(leaks) > 0 {
		t.Errorf("secrets %q in:\n%s", leaks, written)
	}
}
