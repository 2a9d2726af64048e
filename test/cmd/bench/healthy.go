package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"aadssh/test/lib/agentrun"
	"aadssh/test/lib/box"
	"aadssh/test/lib/roots"
	"aadssh/test/lib/scene"
)

// healthy measures an enable, and a setup, that have nothing to do.
func healthy(ctx context.Context) (all []figure, err error) {
	for _, c := range []struct {
		program, operation string
		prepare            func(*scene.Scene) error
	}{
		{agentrun.Dir(scene.HandlerVersion) + "/bin/aadsshlogin-handler", "enable", func(s *scene.Scene) error {
			_, err := s.Agent.Apply(ctx, s.Goal())
			return err
		}},
		{brought, "setup", func(s *scene.Scene) error {
			if err := s.WriteFile(brought, s.Package()["bin/aadsshlogin-handler"].Data, 0o755); err != nil {
				return err
			}
			return shell(ctx, s, brought+" setup")
		}},
	} {
		s, err := scene.Start(ctx, scene.Options{Persona: roots.Ubuntu("22.04")})
		if err != nil {
			return nil, err
		}
		defer s.Close()
		if err := shell(ctx, s, scene.StartSSHD); err != nil {
			return nil, err
		}
		if err := c.prepare(s); err != nil {
			return nil, err
		}
		figures, err := nothingToDo(ctx, s, c.program, c.operation)
		if err != nil {
			return nil, err
		}
		all = append(all, figures...)
	}
	return all, nil
}

func nothingToDo(ctx context.Context, s *scene.Scene, program, operation string) ([]figure, error) {
	var wall []time.Duration
	var peak int64
	for range 9 {
		took, memory, err := again(ctx, s, program, operation)
		if err != nil {
			return nil, err
		}
		wall = append(wall, took)
		peak = max(peak, memory)
	}
	const goal = 14 << 20
	return []figure{
		{"wall time of " + operation + " on a healthy machine, median of 9", fmt.Sprintf("%d ms", median(wall).Milliseconds()), "", false},
		{"peak memory of it (VmHWM: also the pages of the program's file), worst of 9", mib(peak), "<= 14 MiB", peak > goal},
	}, nil
}

// again runs an operation once more and records the peak memory of the process.
func again(ctx context.Context, s *scene.Scene, program, operation string) (took time.Duration, peak int64, err error) {
	argv := s.Argv(program, operation)
	cmd := exec.CommandContext(ctx, argv[0], argv[1:]...)
	cmd.Env = []string{"PATH=" + box.Path, "ConfigSequenceNumber=0"}
	var out strings.Builder
	cmd.Stdout, cmd.Stderr = &out, &out
	began := time.Now()
	if err := cmd.Start(); err != nil {
		return 0, 0, err
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	for {
		select {
		case err := <-ended:
			took = time.Since(began)
			if err != nil || !strings.Contains(out.String(), "People can sign in") || peak == 0 {
				return 0, 0, fmt.Errorf("a healthy "+operation+": %v, peak %d\n%s", err, peak, out.String())
			}
			return took, peak, nil
		default:
			peak = max(peak, highWater(cmd.Process.Pid))
			time.Sleep(500 * time.Microsecond) // the value only rises: the last reading counts
		}
	}
}

// highWater is VmHWM of the program that nsenter started, in bytes; 0 if there is none yet.
func highWater(nsenter int) int64 {
	children, err := os.ReadFile(fmt.Sprintf("/proc/%d/task/%[1]d/children", nsenter))
	if err != nil {
		return 0
	}
	pid := strings.TrimSpace(string(children))
	if program, err := os.Readlink("/proc/" + pid + "/exe"); err != nil || filepath.Base(program) != "aadsshlogin-handler" {
		return 0
	}
	status, err := os.ReadFile("/proc/" + pid + "/status")
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(status)) {
		if value, ok := strings.CutPrefix(line, "VmHWM:"); ok {
			kib, _ := strconv.ParseInt(strings.TrimSuffix(strings.TrimSpace(value), " kB"), 10, 64)
			return kib << 10
		}
	}
	return 0
}

// sizes are the sizes of the released programs.
func sizes(ctx context.Context) ([]figure, error) {
	top, err := scene.Top(ctx)
	if err != nil {
		return nil, err
	}
	const goal, zipped = 10 << 20, 8 << 20 // TestZip and TestSameZip of misc/packaging have them too
	var figures []figure
	for _, arch := range []string{"amd64", "arm64"} {
		name := "build/aadsshlogin-handler-" + arch
		cmd := exec.CommandContext(ctx, "make", "--no-print-directory", name)
		cmd.Dir = top
		if out, err := cmd.CombinedOutput(); err != nil {
			return nil, fmt.Errorf("make %s: %w\n%s", name, err, out)
		}
		info, err := os.Stat(filepath.Join(top, name))
		if err != nil {
			return nil, err
		}
		figures = append(figures, figure{"size of the program for " + arch, fmt.Sprintf("%.2f MiB", float64(info.Size())/(1<<20)), "<= 10 MiB", info.Size() > goal})
	}
	cmd := exec.CommandContext(ctx, "make", "--no-print-directory", "zip")
	cmd.Dir = top
	if out, err := cmd.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("make zip: %w\n%s", err, out)
	}
	zips, err := filepath.Glob(filepath.Join(top, "build", "*.zip"))
	if err != nil || len(zips) == 0 {
		return nil, fmt.Errorf("there is no zip: %v", err)
	}
	for _, path := range zips {
		info, err := os.Stat(path)
		if err != nil {
			return nil, err
		}
		figures = append(figures, figure{"size of the extension's package " + filepath.Base(path), mib(info.Size()), "<= 8 MiB", info.Size() > zipped})
	}
	return figures, nil
}
