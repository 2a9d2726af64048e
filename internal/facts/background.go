package facts

import (
	"fmt"
	"runtime/debug"

	"aadssh/internal/host"
)

// inBackground runs f concurrently with its caller, who calls wait for its end. A panic in
// f is raised again in wait: in its own goroutine it would end the process before a verdict
// is written.
func inBackground(h *host.Host, f func()) (wait func()) {
	done := make(chan any, 1)
	go func() {
		defer func() {
			p := recover()
			if p != nil {
				h.Log.Errorf("panic: %v\n%s", p, debug.Stack())
			}
			done <- p
		}()
		f()
	}()
	return func() {
		if p := <-done; p != nil {
			panic(fmt.Sprint(p))
		}
	}
}
