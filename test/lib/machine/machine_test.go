//go:build rig

package machine_test

import (
	"context"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"aadssh/test/lib/box"
	"aadssh/test/lib/cache"
	"aadssh/test/lib/load"
	"aadssh/test/lib/machine"
	"aadssh/test/lib/roots"
	"aadssh/test/lib/wire"
)

func boot(t *testing.T, suite roots.Suite) *machine.Machine {
	t.Helper()
	c, err := cache.Open()
	if err != nil {
		t.Fatal(err)
	}
	layers, err := roots.Debian(suite).Layers(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	m, err := machine.New(t.Context(), c, layers)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := m.Close(); err != nil {
			t.Error(err)
		}
	})
	if err := m.Symlink("/dev/null", "/etc/systemd/system/walinuxagent.service"); err != nil {
		t.Fatal(err)
	}
	on(t, m)
	return m
}

// TestBootClearsTmpFirst: a boot empties /tmp, however slow it is, before the machine counts
// as on.
func TestBootClearsTmpFirst(t *testing.T) {
	m := boot(t, roots.Bookworm)
	if err := m.Shutdown(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := m.WriteFile("/etc/systemd/system/systemd-tmpfiles-setup.service.d/slow.conf", []byte("[Service]\nExecStartPre=/bin/sleep 1\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	on(t, m)
	run(t, m, "touch", "/tmp/mine")
	if got := run(t, m, "sh", "-c", "systemctl is-system-running --wait; ls /tmp/mine"); got != "running\n/tmp/mine" {
		t.Errorf("after the boot: %s", got)
	}
}

func on(t *testing.T, m *machine.Machine) {
	t.Helper()
	if err := m.Boot(t.Context()); err != nil { // it ends when the machine does
		t.Fatal(err)
	}
}

func run(t *testing.T, m *machine.Machine, argv ...string) string {
	t.Helper()
	r, err := m.Run(t.Context(), argv...)
	if err != nil {
		t.Fatalf("%q: %v", argv, err)
	}
	return strings.TrimSpace(r.Output())
}

func TestBoots(t *testing.T) {
	for _, suite := range []roots.Suite{roots.Bullseye, roots.Bookworm, roots.Trixie} {
		t.Run(string(suite), func(t *testing.T) {
			t.Parallel()
			m := boot(t, suite)
			if got := run(t, m, "systemctl", "is-system-running", "--wait"); got != "running" {
				t.Errorf("the system is %s: %s", got, run(t, m, "systemctl", "--failed", "--no-legend"))
			}
			if got := run(t, m, "systemctl", "is-active", "ssh.service"); got != "active" {
				t.Errorf("sshd is %s", got)
			}
		})
	}
}

// TestDiskOutlivesBoots: what was written is still there after a reboot and after a power
// cut, and each boot has its own ID.
func TestDiskOutlivesBoots(t *testing.T) {
	m := boot(t, roots.Bookworm)
	boots := map[string]bool{}
	for _, restart := range []func(context.Context) error{
		m.Reboot,
		func(ctx context.Context) error {
			if err := m.PowerCut(ctx); err != nil {
				return err
			}
			return m.Boot(ctx)
		},
		nil,
	} {
		boots[run(t, m, "cat", "/proc/sys/kernel/random/boot_id")] = true
		run(t, m, "sh", "-c", "echo x >> /root/boots; touch /run/gone")
		if restart == nil {
			break
		}
		if err := restart(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got := run(t, m, "ls", "/run/gone"); !strings.Contains(got, "No such file") {
			t.Errorf("/run outlived a boot: %s", got)
		}
	}
	if b, err := m.ReadFile("/root/boots"); string(b) != "x\nx\nx\n" || len(boots) != 3 {
		t.Errorf("/root/boots is %q (%v) after boots %v", b, err, boots)
	}
}

// TestWire: this process has Azure's addresses, and unknown names fail at once.
func TestWire(t *testing.T) {
	m := boot(t, roots.Bookworm)
	l, err := m.Listen("tcp", box.WireServer+":80")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	go http.Serve(l, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { //nolint:errcheck // ends with the listener
		host, _, _ := net.SplitHostPort(r.RemoteAddr)
		_, _ = io.WriteString(w, "hello "+host)
	}))
	if got := run(t, m, "curl", "-sS", "http://"+box.WireServer); got != "hello "+wire.Guest {
		t.Errorf("the wire server said %q", got)
	}
	began := time.Now()
	if got := run(t, m, "curl", "-sS", "http://nowhere.example"); !strings.Contains(got, "Could not resolve") || time.Since(began) > load.Scaled(5*time.Second) {
		t.Errorf("an unknown name: %s after %s", got, time.Since(began))
	}
}

// TestNothingIsLeft: a closed machine leaves no folder, no mount and no control group.
// Other tests run machines at the same time, so this one gets a separate folder.
func TestNothingIsLeft(t *testing.T) {
	place := t.TempDir()
	t.Setenv("TMPDIR", place)
	m := boot(t, roots.Bookworm)
	machines, err := os.ReadDir(place)
	if err != nil || len(machines) != 1 {
		t.Fatalf("%s holds %v (%v), not one machine", place, machines, err)
	}
	name := machines[0].Name()
	if len(leftovers(t, name)) == 0 {
		t.Error("a running machine cannot be seen: the test looks in the wrong place")
	}
	if err := m.Close(); err != nil {
		t.Error(err)
	}
	if left := leftovers(t, name); len(left) > 0 {
		t.Errorf("left behind: %q", left)
	}
	if machines, err = os.ReadDir(place); err != nil || len(machines) > 0 {
		t.Errorf("left behind: %v, %v", machines, err)
	}
}

// leftovers are the control groups and mounts of a machine on this host.
func leftovers(t *testing.T, name string) []string {
	t.Helper()
	mounts, err := os.ReadFile("/proc/mounts")
	if err != nil {
		t.Fatal(err)
	}
	var found []string
	for line := range strings.Lines(string(mounts)) {
		if strings.Contains(line, name) {
			found = append(found, line)
		}
	}
	for _, pattern := range []string{"/sys/fs/cgroup/" + name, "/sys/fs/cgroup/*/" + name, "/sys/fs/cgroup/*/*/" + name} {
		groups, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		found = append(found, groups...)
	}
	return found
}
