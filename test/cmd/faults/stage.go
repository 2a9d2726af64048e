package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing/fstest"
	"time"

	"aadssh/test/lib/agentrun"
	"aadssh/test/lib/fixtures"
	"aadssh/test/lib/inotify"
	"aadssh/test/lib/roots"
	"aadssh/test/lib/scene"
)

// faultsDir has the orders and traces on a machine, on a file system that is not compared.
const faultsDir = "/dev/faults"

// stage is a machine with a real systemd and a real sshd, on which the handler runs under
// the tracer.
type stage struct {
	*scene.Scene
	persona roots.Persona
	layer   string // the saved machine that it started from
	handler []byte // the program under test
	group   string // the control group of its systemd
	inotify *inotify.Reservation
}

// stageOptions are the differences of a stage from a fresh machine.
type stageOptions struct {
	persona  roots.Persona
	packages []fixtures.Spec
	layer    string // a saved machine; "": a fresh one
	handler  []byte
}

var stages atomic.Int64 // for the names of control groups

func newStage(ctx context.Context, o stageOptions) (*stage, error) {
	options := scene.Options{Persona: o.persona, Packages: o.packages}
	if o.layer != "" {
		options.Box.Layers = []string{o.layer}
	}
	s, err := scene.Start(ctx, options)
	if err != nil {
		return nil, err
	}
	st := &stage{Scene: s, persona: o.persona, layer: o.layer, handler: o.handler, group: fmt.Sprintf("faults-%d-%d", os.Getpid(), stages.Add(1))}
	if st.inotify, err = inotify.Reserve(ctx, s.Cache.Dir, inotify.Systemd); err == nil {
		err = st.boot(ctx)
	}
	if err != nil {
		return nil, errors.Join(err, st.Close())
	}
	return st, nil
}

// boot starts systemd as that of a user, because only the first process of a machine can be
// the system's. Its socket, units and commands are the same.
func (s *stage) boot(ctx context.Context) error {
	units := map[string]string{
		"faults.target": "[Unit]\nWants=" + s.Target.SSHUnits[0] + "\n",
		// As in the distributions, and it records which configuration the daemon has read.
		s.Target.SSHUnits[0]: "[Service]\nType=notify\nExecStartPre=/dev/faults/loaded\nExecStart=/usr/sbin/sshd -D\n" +
			"ExecReload=/usr/sbin/sshd -t\nExecReload=/bin/kill -HUP $MAINPID\nExecReload=/dev/faults/loaded\n",
	}
	// What units depend on by default. The distribution's own targets would start many services.
	for _, name := range []string{"sysinit", "basic", "shutdown", "timers", "paths", "sockets", "multi-user"} {
		units[name+".target"] = "[Unit]\nDefaultDependencies=no\n"
	}
	// In the mount namespace of a machine without its own first process, systemd cannot
	// create the namespace of the watch's sandbox.
	units["aadsshlogin-handler.service.d/rig.conf"] = "[Service]\nProtectSystem=no\nProtectHome=no\nPrivateTmp=no\nPrivateDevices=no\nProtectControlGroups=no\n" +
		"ProtectKernelModules=no\nProtectKernelTunables=no\nProtectKernelLogs=no\nProtectHostname=no\nReadWritePaths=\n"
	for name, text := range units {
		if err := s.WriteFile(faultsDir+"/units/"+name, []byte(text), 0o644); err != nil {
			return err
		}
	}
	if err := s.WriteFile(faultsDir+"/loaded", []byte("#!/bin/sh\n"+digest+" > "+faultsDir+"/loaded-configuration\n"), 0o755); err != nil {
		return err
	}
	if _, err := s.Script(ctx, "mkdir -p /run/systemd/system /run/user/0/systemd && mount -t cgroup2 none /sys/fs/cgroup && mkdir /sys/fs/cgroup/"+s.group+
		" && ln -s /run/user/0/systemd/private /run/systemd/private && ssh-keygen -A >/dev/null"); err != nil {
		return err
	}
	s.inotify.Release()
	env := []string{"XDG_RUNTIME_DIR=/run/user/0", "HOME=/root", "SYSTEMD_UNIT_PATH=" + faultsDir + "/units:/etc/systemd/system",
		// The generators of desktops take longer than the rest of the start.
		"SYSTEMD_GENERATOR_PATH=" + faultsDir + "/none", "SYSTEMD_ENVIRONMENT_GENERATOR_PATH=" + faultsDir + "/none"}
	if _, err := s.Start(env, "sh", "-c", "echo $$ > /sys/fs/cgroup/"+s.group+"/cgroup.procs && exec /lib/systemd/systemd --user --unit=faults.target >"+faultsDir+"/systemd.log 2>&1"); err != nil {
		return err
	}
	for range 6000 {
		if r, err := s.Run(ctx, nil, "systemctl", "is-active", "--quiet", s.Target.SSHUnits[0]); err != nil {
			return err
		} else if r.ExitCode == 0 {
			return nil
		}
		time.Sleep(20 * time.Millisecond)
	}
	text, _ := s.ReadFile(faultsDir + "/systemd.log")
	return fmt.Errorf("sshd does not start under systemd: %s", text)
}

// digest prints a hash of the files that sshd would read.
const digest = "cat /etc/ssh/sshd_config /etc/ssh/sshd_config.d/* 2>/dev/null | sha256sum"

// Close ends the machine and removes its control groups.
func (s *stage) Close() error {
	defer s.inotify.End()
	err := s.Scene.Close()
	if errors.Is(err, os.ErrClosed) || err != nil && strings.Contains(err.Error(), "closed") {
		err = nil
	}
	mount, findErr := cgroupMount()
	if findErr != nil {
		return errors.Join(err, findErr)
	}
	var folders []string
	_ = filepath.WalkDir(filepath.Join(mount, s.group), func(path string, d os.DirEntry, err error) error {
		if err == nil && d.IsDir() {
			folders = append(folders, path)
		}
		return nil
	})
	for i := len(folders) - 1; i >= 0; i-- {
		for range 1000 { // until the kernel has removed the processes in it
			if os.Remove(folders[i]) == nil {
				break
			}
			time.Sleep(10 * time.Millisecond)
		}
	}
	return err
}

// cgroupMount is the mount point of this machine's unified hierarchy.
func cgroupMount() (string, error) {
	b, err := os.ReadFile("/proc/self/mounts")
	if err != nil {
		return "", err
	}
	for line := range strings.Lines(string(b)) {
		if f := strings.Fields(line); len(f) > 2 && f[2] == "cgroup2" {
			return f[1], nil
		}
	}
	return "", errors.New("this machine has no unified control group hierarchy mounted")
}

// goal is a goal state with the extension in a version, run under the tracer.
func (s *stage) goal(version string, sequence int) agentrun.Goal {
	t := tracer()
	files := fstest.MapFS{}
	maps.Copy(files, s.Package())
	files["bin/aadsshlogin-handler"] = &fstest.MapFile{Data: t.binary}
	files["bin/handler"] = &fstest.MapFile{Data: s.handler}
	return agentrun.Goal{Version: version, Package: files, Settings: agentrun.Public("{}"), Sequence: sequence}
}

// program is a built program.
type program struct {
	binary []byte
	err    error
}

// tracer is the tracer, built once.
var tracer = sync.OnceValue(func() program { return build("./test/cmd/faults/tracer", "") })

// product is the handler under test as it is, built once.
var product = sync.OnceValue(func() program { return handlerUnderTest() })

// handlerText is where the instructions of the handler under test are loaded. No other
// program uses that address, so its system calls can be told from those of the programs that
// it starts. Otherwise it is the product.
const handlerText = "0x10001000"

// handlerUnderTest builds the handler, with further flags for go build.
func handlerUnderTest(flags ...string) program {
	return build(".", "-T "+handlerText, append([]string{"-tags", "rig,netgo,osusergo"}, flags...)...)
}

// build builds a program of this module, with further flags for the linker and for go
// build.
func build(what, ldflags string, flags ...string) (p program) {
	ctx := context.Background()
	top, err := scene.Top(ctx)
	if err != nil {
		return program{err: err}
	}
	dir, err := os.MkdirTemp("", "faults.")
	if err != nil {
		return program{err: err}
	}
	defer os.RemoveAll(dir)
	out := filepath.Join(dir, "program")
	cmd := exec.CommandContext(ctx, "go", append(append([]string{"build", "-buildvcs=false", "-trimpath", "-ldflags", "-s -w -X main.version=" + scene.HandlerVersion + " " + ldflags, "-o", out}, flags...), what)...)
	cmd.Dir, cmd.Env = top, append(os.Environ(), "CGO_ENABLED=0")
	if text, err := cmd.CombinedOutput(); err != nil {
		return program{err: fmt.Errorf("build %s: %w\n%s", what, err, text)}
	}
	p.binary, p.err = os.ReadFile(out)
	return p
}
