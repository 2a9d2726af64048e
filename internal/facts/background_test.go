package facts

import (
	"testing"

	"aadssh/internal/host"
	"aadssh/internal/logging"
)

// TestPanicInBackgroundReachesTheCaller: a panic in a goroutine must reach the one place
// that turns it into a verdict.
func TestPanicInBackgroundReachesTheCaller(t *testing.T) {
	defer func() {
		if p := recover(); p != "a bug" {
			t.Errorf("the caller saw %v", p)
		}
	}()
	wait := inBackground(&host.Host{Log: logging.Discard()}, func() { panic("a bug") })
	wait()
	t.Error("the look ended as if nothing had happened")
}
