package facts

import (
	"testing"

	"aadssh/internal/host"
	"aadssh/internal/logging"
)

// TestPanicInBackgroundReachesTheCaller: what panics in a goroutine must still come to
// the one place that makes a verdict of it.
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
