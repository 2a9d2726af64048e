// Package executable builds and writes the programs that tests run.
//
// A process that another goroutine starts has, between fork and exec, a copy of every open
// file of this process. A file that is open for writing cannot be run (ETXTBSY, which a
// shell reports as exit code 126). So a file that was just written and closed may still be
// busy: https://go.dev/issue/22315.
package executable

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"syscall"
)

// Build builds the Go program in a folder. It is static, because machines have other
// libraries.
func Build(ctx context.Context, folder, program string) error {
	build := exec.CommandContext(ctx, "go", "build", "-trimpath", "-o", program, ".")
	build.Dir, build.Env = folder, append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		return fmt.Errorf("build %s: %w\n%s", folder, err, out)
	}
	return nil
}

// Write writes a program to a file of this machine.
func Write(name string, content []byte) error {
	return Writing(func() error { return os.WriteFile(name, content, 0o755) })
}

// Writing runs write, which opens, writes and closes a file and starts no program. This
// process starts no program at the same time.
func Writing(write func() error) error {
	syscall.ForkLock.RLock()
	defer syscall.ForkLock.RUnlock()
	return write()
}
