// Package namespaces starts the first process of new namespaces, and ends it with
// everything in them. The process itself sets the namespaces up.
package namespaces

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"aadssh/test/lib/cache"
)

// Compile builds a one-file program that only uses the standard library, once per version
// of its source.
func Compile(ctx context.Context, c cache.Cache, name, source string) (string, error) {
	dir, err := c.Make(ctx, name, cache.Key(source), func(dir string) error {
		main := filepath.Join(dir, "main.go")
		if err := os.WriteFile(main, []byte(source), 0o644); err != nil {
			return err
		}
		build := exec.CommandContext(ctx, "go", "build", "-trimpath", "-o", filepath.Join(dir, name), main)
		build.Dir, build.Env = dir, append(os.Environ(), "CGO_ENABLED=0")
		if out, err := build.CombinedOutput(); err != nil {
			return fmt.Errorf("%w\n%s", err, out)
		}
		return nil
	})
	return filepath.Join(dir, name), err
}

// Init is a first process. It ends when its standard input is closed, and so with this
// process.
type Init struct {
	command *exec.Cmd
	life    io.Closer
}

// Start runs a program in new namespaces for mounts, processes, network and System V
// objects, and further ones by flags of clone(2). The program reads its configuration as
// one line of JSON, and prints "ready" when it is done; what it prints after that word is
// returned.
func Start(program string, configuration any, env []string, further uintptr) (i *Init, said string, err error) {
	line, err := json.Marshal(configuration)
	if err != nil {
		return nil, "", err
	}
	cmd := exec.Command(program)
	cmd.Env, cmd.Stderr = env, os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: further |
		syscall.CLONE_NEWNS | syscall.CLONE_NEWPID | syscall.CLONE_NEWNET | syscall.CLONE_NEWIPC}
	life, err := cmd.StdinPipe()
	if err != nil {
		return nil, "", err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, "", err
	}
	if err := cmd.Start(); err != nil {
		return nil, "", fmt.Errorf("start namespaces: %w", err)
	}
	i = &Init{cmd, life}
	if _, err = life.Write(append(line, '\n')); err == nil {
		said, err = bufio.NewReader(out).ReadString('\n')
	}
	words, ready := strings.CutPrefix(strings.TrimSpace(said), "ready")
	if err != nil || !ready {
		i.Close()
		return nil, "", fmt.Errorf("the first process of the namespaces: %s (%v)", strings.TrimSpace(said), err)
	}
	return i, strings.TrimSpace(words), nil
}

// Pid is the process ID on this machine.
func (i *Init) Pid() int { return i.command.Process.Pid }

// Close ends everything in the namespaces. It is safe to call twice, and on nil.
func (i *Init) Close() {
	if i == nil || i.life == nil {
		return
	}
	i.life.Close()
	i.life = nil
	impatient := time.AfterFunc(10*time.Second, func() { _ = i.command.Process.Kill() })
	_ = i.command.Wait() // how it ended does not matter
	impatient.Stop()
}
