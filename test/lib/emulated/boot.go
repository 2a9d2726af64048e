package emulated

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"aadssh/test/lib/wire"
)

// agent is the unit of the Linux agent.
const agent = "walinuxagent.service"

// Boot lets the agent run. It turns the machine on first if it is off.
func (m *Machine) Boot(ctx context.Context) error {
	if m.qemu == nil {
		if err := m.on(ctx); err != nil {
			return err
		}
	}
	if m.free {
		return nil // it starts by itself
	}
	r, err := m.Run(ctx, "sh", "-ec", "systemctl daemon-reload; systemctl enable --quiet "+agent+"; systemctl start --no-block "+agent)
	if err != nil || r.ExitCode != 0 {
		return fmt.Errorf("start the agent: exit %d: %s %v", r.ExitCode, r.Output(), err)
	}
	m.free = true
	return nil
}

// on turns the machine on and returns when commands can be run.
func (m *Machine) on(ctx context.Context) error {
	console, err := os.OpenFile(m.console(), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer console.Close()
	const kernelLine = "root=/dev/vda rw console=ttyS0 quiet net.ifnames=0 mitigations=off panic=-1 systemd.show_status=0"
	clock := "utc"
	if m.options.Clock != 0 {
		clock = time.Now().UTC().Add(m.options.Clock).Format("2006-01-02T15:04:05")
	}
	argv := m.Enter("qemu-system-x86_64", "-accel", "tcg,thread=multi",
		"-cpu", "max,-cx16", // with it, Linux 6.12 crashes in emulation
		"-m", "1024", "-smp", "1", // Linux patches its own code; with a second processor, some boots crash in emulation
		"-display", "none", "-nodefaults", "-no-reboot", "-serial", "stdio",
		"-monitor", "unix:"+m.monitor()+",server=on,wait=off", "-rtc", "base="+clock,
		"-kernel", filepath.Join(m.image, kernel), "-initrd", filepath.Join(m.image, initrd),
		"-append", strings.Join(append([]string{kernelLine}, m.options.Parameters...), " "),
		// What the machine has not written when its power is cut is lost to it; what it has
		// written is in the host's memory.
		"-drive", "file="+m.disk()+",if=virtio,format=raw,cache=unsafe",
		"-netdev", "tap,id=n0,ifname=azure0,script=no,downscript=no", "-device", "virtio-net-pci,netdev=n0,mac=00:0d:3a:11:22:33",
		"-device", "virtio-rng-pci")
	qemu, ended := exec.Command(argv[0], argv[1:]...), make(chan struct{})
	qemu.Stdout, qemu.Stderr = console, console
	if err := qemu.Start(); err != nil {
		return err
	}
	m.qemu, m.ended = qemu, ended
	go func() {
		defer close(ended)
		_ = qemu.Wait() // how it ended does not matter
	}()
	return m.connect(ctx)
}

// connect waits until root can log in to the machine.
func (m *Machine) connect(ctx context.Context) error {
	for {
		// The master runs no command; other connections go through it once it is connected.
		argv := m.AzureSide(m.ssh("-M", "-N", "-o", "ConnectTimeout=10", "-o", "ServerAliveInterval=20", "-o", "ServerAliveCountMax=6")...)
		master := exec.Command(argv[0], argv[1:]...)
		if err := master.Start(); err != nil {
			return err
		}
		gone := make(chan struct{})
		go func() {
			defer close(gone)
			_ = master.Wait()
		}()
		for up := true; up; {
			select {
			case <-m.ended:
				m.qemu = nil
				_ = master.Process.Kill()
				return fmt.Errorf("the machine did not boot:\n%s", m.Console())
			case <-ctx.Done():
				_ = master.Process.Kill()
				return fmt.Errorf("the machine does not come up: %w\n%s", ctx.Err(), m.Console())
			case <-gone:
				up = false
			case <-time.After(100 * time.Millisecond):
				if exec.Command("ssh", "-F", "none", "-S", m.control(), "-O", "check", wire.Guest).Run() == nil {
					m.master = master
					return nil
				}
			}
		}
	}
}

// hangUp ends the connection to a machine that is off.
func (m *Machine) hangUp() {
	if m.master != nil {
		_ = m.master.Process.Kill() // it may have ended already
		m.master = nil
	}
	_ = os.Remove(m.control())
	m.qemu = nil
}

// Shutdown stops all services in order and turns the machine off.
func (m *Machine) Shutdown(ctx context.Context) error {
	if m.qemu == nil {
		return nil
	}
	_, failed := m.Run(ctx, "systemctl", "poweroff", "--no-block") // it may be off before it answers
	if err := m.off(ctx); err != nil {
		return errors.Join(failed, err)
	}
	return nil
}

// PowerCut turns the machine off without warning: what it has not written to its disk is
// lost.
func (m *Machine) PowerCut(ctx context.Context) error {
	if m.qemu == nil {
		return nil
	}
	monitor, err := net.Dial("unix", m.monitor())
	if err != nil {
		return err
	}
	defer monitor.Close()
	if _, err := monitor.Write([]byte("quit\n")); err != nil {
		return err
	}
	return m.off(ctx)
}

func (m *Machine) off(ctx context.Context) error {
	select {
	case <-m.ended:
		m.hangUp()
		return nil
	case <-ctx.Done():
		return fmt.Errorf("the machine does not go down: %w\n%s", ctx.Err(), m.Console())
	}
}

// Console is the console output of all boots.
func (m *Machine) Console() string {
	b, err := os.ReadFile(m.console())
	if err != nil {
		return err.Error()
	}
	return string(b)
}

func (m *Machine) console() string { return filepath.Join(m.dir, "console") }
func (m *Machine) monitor() string { return filepath.Join(m.dir, "monitor") }
func (m *Machine) control() string { return filepath.Join(m.dir, "control") }
