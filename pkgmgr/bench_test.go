package pkgmgr

import (
	"strings"
	"testing"

	"aadssh/distro"
	"aadssh/internal/host"
	"aadssh/internal/host/hosttest"
)

// BenchmarkClassifyNothingWrong is the cost of reading a transaction's output that a
// package with much output has made long.
func BenchmarkClassifyNothingWrong(b *testing.B) {
	output := hosttest.Answer(0, strings.Repeat("Setting up libsomething2:amd64 (1.0.2-3) and telling everybody about it ...\n", 2000))
	for _, name := range distro.Managers() {
		b.Run(string(name), func(b *testing.B) {
			m := manager(b, name)
			for b.Loop() {
				if f := m.Classify(host.Command{Name: "x"}, output); f != nil {
					b.Fatal(f)
				}
			}
		})
	}
}
