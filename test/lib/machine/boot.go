package machine

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// Boot turns the machine on and returns when it is as far as any service finds it: before
// sysinit.target, systemd-tmpfiles empties /tmp, and with it the folders of programs at work
// (apt then says "Unknown error executing apt-key").
func (m *Machine) Boot(ctx context.Context) error {
	if m.nspawn != nil {
		return errors.New("the machine is on already")
	}
	if err := m.joinGroups(); err != nil {
		return err
	}
	console, err := os.OpenFile(m.console, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer console.Close()
	// The shell moves itself into the control groups before it becomes nspawn. nspawn fails
	// without a message as process 1 of its namespace, and azureside is that process.
	var script strings.Builder
	for _, g := range m.groups {
		fmt.Fprintf(&script, "echo $$ > %s/cgroup.procs\n", g)
	}
	fmt.Fprintf(&script, "exec %s", strings.Join(m.Enter("systemd-nspawn", "--quiet", "--register=no", "--keep-unit",
		"--network-namespace-path=/run/netns/vm", "--resolv-conf=off", "--timezone=off", "--link-journal=no",
		"--capability=CAP_NET_ADMIN,CAP_NET_RAW", "--machine=vm", "--directory="+m.dir+"/disk/root", "--boot", "--console=pipe"), " "))
	m.nspawn = exec.Command("/bin/sh", "-ec", script.String())
	m.nspawn.Env = append(os.Environ(), "SYSTEMD_NSPAWN_UNIFIED_HIERARCHY=1")
	m.nspawn.Stdout, m.nspawn.Stderr = console, console
	m.inotify.Release() // for its own systemd
	if err := m.nspawn.Start(); err != nil {
		m.nspawn = nil
		return err
	}
	ended, cmd := make(chan struct{}), m.nspawn
	m.ended = ended
	go func() {
		defer close(ended)
		_ = cmd.Wait() // how it ended does not matter
	}()
	if err := m.awaitInit(ctx); err != nil {
		return err
	}
	_, err = m.Run(ctx, "systemctl", "start", "sysinit.target") // joins the boot's own job; how that ends is the machine's affair
	return err
}

// awaitInit finds the machine's first process and waits for its private socket.
func (m *Machine) awaitInit(ctx context.Context) error {
	for {
		select {
		case <-m.ended:
			m.nspawn = nil
			return fmt.Errorf("the machine did not boot:\n%s", m.Console())
		case <-ctx.Done():
			return fmt.Errorf("the machine does not come up: %w\n%s", ctx.Err(), m.Console())
		case <-time.After(20 * time.Millisecond):
		}
		// The shell has become nsenter, whose child is nspawn, whose child is init.
		outer := child(m.nspawn.Process.Pid)
		m.init = child(outer)
		if _, err := os.Stat(fmt.Sprintf("/proc/%d/root/run/systemd/private", m.init)); m.init != 0 && err == nil {
			return nil
		}
	}
}

// child is the first child of a process, or 0.
func child(pid int) int {
	content, err := os.ReadFile(fmt.Sprintf("/proc/%d/task/%d/children", pid, pid))
	fields := strings.Fields(string(content))
	if pid == 0 || err != nil || len(fields) == 0 {
		return 0
	}
	n, _ := strconv.Atoi(fields[0])
	return n
}

// Shutdown stops all services in order and turns the machine off.
func (m *Machine) Shutdown(ctx context.Context) error {
	if m.nspawn == nil {
		return nil
	}
	// SIGRTMIN+4: poweroff.target, systemd(1).
	if err := syscall.Kill(m.init, syscall.Signal(34+4)); err != nil {
		return err
	}
	return m.off(ctx)
}

// PowerCut turns the machine off without warning.
func (m *Machine) PowerCut(ctx context.Context) error {
	if m.nspawn == nil {
		return nil
	}
	if err := syscall.Kill(m.init, syscall.SIGKILL); err != nil {
		return err
	}
	return m.off(ctx)
}

func (m *Machine) off(ctx context.Context) error {
	select {
	case <-m.ended:
		m.nspawn, m.init = nil, 0
		return nil
	case <-ctx.Done():
		return fmt.Errorf("the machine does not go down: %w", ctx.Err())
	}
}

// Reboot shuts the machine down and turns it on again.
func (m *Machine) Reboot(ctx context.Context) error {
	if err := m.Shutdown(ctx); err != nil {
		return err
	}
	return m.Boot(ctx)
}

// Console is the console output of all boots.
func (m *Machine) Console() string {
	b, err := os.ReadFile(m.console)
	if err != nil {
		return err.Error()
	}
	return string(b)
}
