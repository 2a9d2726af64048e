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

	"aadsshlogin-handler/test/lib/agentrun"
	"aadsshlogin-handler/test/lib/box"
	"aadsshlogin-handler/test/lib/pkghost"
	"aadsshlogin-handler/test/lib/roots"
	"aadsshlogin-handler/test/lib/scene"
)

// healthy measures an enable that has nothing to do.
func healthy(ctx context.Context) ([]figure, error) {
	s, err := scene.Start(ctx, scene.Options{Persona: roots.Ubuntu("22.04")})
	if err != nil {
		return nil, err
	}
	defer s.Close()
	if _, err := s.Agent.Apply(ctx, s.Goal()); err != nil {
		return nil, err
	}
	var wall []time.Duration
	var peak int64
	for range 9 {
		took, memory, err := enable(ctx, s)
		if err != nil {
			return nil, err
		}
		wall = append(wall, took)
		peak = max(peak, memory)
	}
	const goal = 16 << 20
	return []figure{
		{"wall time of enable on a healthy machine, median of 9", fmt.Sprintf("%d ms", median(wall).Milliseconds()), "", false},
		{"peak memory of it (VmHWM), worst of 9", mib(peak), "<= 16 MiB", peak > goal},
	}, nil
}

// enable runs enable once and watches the process for its peak.
func enable(ctx context.Context, s *scene.Scene) (took time.Duration, peak int64, err error) {
	argv := s.Argv(agentrun.Dir(scene.HandlerVersion)+"/bin/aadsshlogin-handler", "enable")
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
				return 0, 0, fmt.Errorf("a healthy enable: %v, peak %d\n%s", err, peak, out.String())
			}
			return took, peak, nil
		default:
			peak = max(peak, highWater(cmd.Process.Pid))
			time.Sleep(500 * time.Microsecond) // the mark only rises: the last look counts
		}
	}
}

// highWater is VmHWM of the program that nsenter started, in bytes; 0 while
// there is none.
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

// requests counts what the repository was asked for by install and enable on a
// fresh machine.
func requests(ctx context.Context) ([]figure, error) {
	s, err := scene.Start(ctx, scene.Options{Persona: roots.Ubuntu("22.04")})
	if err != nil {
		return nil, err
	}
	defer s.Close()
	if _, err := s.Agent.Apply(ctx, s.Goal()); err != nil {
		return nil, err
	}
	kinds := map[string]int{}
	seen := s.Packages.Requests()
	for _, r := range seen {
		kinds[kind(r)]++
	}
	right := len(seen) == 4 && kinds["key"] == 1 && kinds["index"] == 1 && kinds["list"] == 1 && kinds["package"] == 1
	return []figure{{
		"requests of a fresh install to the repository",
		fmt.Sprintf("%d index, %d list, %d key, %d package, %d other", kinds["index"], kinds["list"], kinds["key"], kinds["package"], kinds["other"]),
		"1 of each", !right,
	}}, nil
}

func kind(r pkghost.Request) string {
	switch {
	case strings.HasPrefix(r.Path, "/keys/"):
		return "key"
	case strings.HasSuffix(r.Path, "/InRelease"):
		return "index"
	case strings.Contains(r.Path, "/Packages"):
		return "list"
	case strings.HasSuffix(r.Path, ".deb"):
		return "package"
	}
	return "other"
}

// sizes are those of the released programs.
func sizes(ctx context.Context) ([]figure, error) {
	top, err := scene.Top(ctx)
	if err != nil {
		return nil, err
	}
	const goal = 9 << 20
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
		figures = append(figures, figure{"size of the program for " + arch, mib(info.Size()), "<= 9 MiB", info.Size() > goal})
	}
	return figures, nil
}
