//go:build rig

package box_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"aadssh/test/lib/box"
	"aadssh/test/lib/cache"
	"aadssh/test/lib/roots"
)

func newBox(t *testing.T, o box.Options) *box.Box {
	t.Helper()
	c, err := cache.Open()
	if err != nil {
		t.Fatal(err)
	}
	root, err := roots.Get(t.Context(), c, roots.Bookworm)
	if err != nil {
		t.Fatal(err)
	}
	o.Layers = append(o.Layers, root)
	b, err := box.New(t.Context(), c, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := b.Close(); err != nil {
			t.Error(err)
		}
	})
	return b
}

func run(t *testing.T, b *box.Box, argv ...string) box.Result {
	t.Helper()
	r, err := b.Run(t.Context(), nil, argv...)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestRunTellsOutputAndExitCode(t *testing.T) {
	b := newBox(t, box.Options{})
	r := run(t, b, "sh", "-c", "echo out; echo err >&2; exit 51")
	if string(r.Stdout) != "out\n" || string(r.Stderr) != "err\n" || r.ExitCode != 51 {
		t.Errorf("got %q %q %d", r.Stdout, r.Stderr, r.ExitCode)
	}
	if r := run(t, b, "sh", "-c", "kill -9 $$"); r.ExitCode != 137 {
		t.Errorf("a killed command exits %d, want 137", r.ExitCode)
	}
	if r, err := b.Run(t.Context(), []string{"A=b"}, "/usr/bin/env"); err != nil || string(r.Stdout) != "A=b\n" {
		t.Errorf("environment is not exactly what was given: %q %v", r.Stdout, err)
	}
}

func TestRunDoesNotWaitForWhatIsLeftBehind(t *testing.T) {
	b := newBox(t, box.Options{})
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if _, err := b.Run(ctx, nil, "sh", "-c", "setsid sleep 600 & until pgrep -x sleep; do sleep 0.01; done"); err != nil {
		t.Fatal(err)
	}
	if r := run(t, b, "pgrep", "-x", "sleep"); r.ExitCode != 0 {
		t.Error("a background process of a command must continue in the box")
	}
}

func TestRunIsKilledWithItsContext(t *testing.T) {
	b := newBox(t, box.Options{})
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	ended := make(chan error, 1)
	go func() {
		_, err := b.Run(ctx, nil, "sleep", "600")
		ended <- err
	}()
	run(t, b, "sh", "-c", "until pgrep -x sleep; do /bin/true; done")
	cancel()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	if r := run(t, b, "pgrep", "-x", "sleep"); r.ExitCode != 1 {
		t.Errorf("the command outlived its context: %s", r.Output())
	}
}

func TestNothingOfTheHostIsReachable(t *testing.T) {
	b := newBox(t, box.Options{})
	marker := fmt.Sprintf("/tmp/box-test.%d", os.Getpid())
	if r := run(t, b, "sh", "-c", "echo x > "+marker+"; ls /proc | grep -c '^[0-9]'; cat /proc/1/comm; ip -o link | wc -l"); r.ExitCode != 0 {
		t.Fatal(r.Output())
	} else if f := strings.Fields(string(r.Stdout)); len(f) != 3 || f[1] != "boxinit" || f[2] != "1" {
		t.Errorf("the box sees more than itself: %q", f)
	}
	if _, err := os.Stat(marker); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a write in the box reached the host: %v", err)
	}
	if r := run(t, b, "sh", "-c", "grep -v -e '^overlay / ' -e ' /proc ' -e ' /sys ' -e ' /dev' -e ' /run ' /proc/mounts"); r.ExitCode != 1 {
		t.Errorf("mounts of the host are in the box:\n%s", r.Output())
	}
}

// TestDevicesAreTheBoxsOwn: a test that removes the permissions of a device does not change
// the host's.
func TestDevicesAreTheBoxsOwn(t *testing.T) {
	const device = "/dev/full"
	before, err := os.Stat(device)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.Chmod(device, before.Mode().Perm()) })
	b := newBox(t, box.Options{})
	if r := run(t, b, "sh", "-c", "echo x > /dev/full"); r.ExitCode == 0 {
		t.Errorf("it is no device: %s", r.Output())
	}
	run(t, b, "chmod", "600", device)
	if after, err := os.Stat(device); err != nil || after.Mode() != before.Mode() {
		t.Errorf("the host's %s is now %v, and was %v (%v)", device, after.Mode(), before.Mode(), err)
	}
	if r := run(t, b, "rm", device); r.ExitCode != 0 {
		t.Errorf("the box cannot remove its own device: %s", r.Output())
	}
}

func TestAbsoluteLinksStayInTheBox(t *testing.T) {
	b := newBox(t, box.Options{})
	outside := t.TempDir() + "/outside"
	if err := b.Symlink(outside, "/etc/link"); err != nil {
		t.Fatal(err)
	}
	if err := b.MkdirAll(outside[:strings.LastIndex(outside, "/")], 0o755); err != nil {
		t.Fatal(err)
	}
	if err := b.WriteFile("/etc/link", []byte("inside"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(outside); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("writing through a link left the box: %v", err)
	}
	if got, err := b.ReadFile(outside); err != nil || string(got) != "inside" {
		t.Errorf("got %q, %v", got, err)
	}
}

func TestListenersInTheTestServeTheBox(t *testing.T) {
	b := newBox(t, box.Options{Hosts: map[string]string{"packages.example": box.Packages}})
	for _, address := range []string{box.Metadata, box.WireServer, box.Packages} {
		l, err := b.Listen("tcp", address+":80")
		if err != nil {
			t.Fatal(err)
		}
		server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, address) })}
		go server.Serve(l) //nolint:errcheck // it ends with Close
		t.Cleanup(func() { server.Close() })
		if r := run(t, b, "curl", "-s", "http://"+address); string(r.Stdout) != address {
			t.Errorf("%s answered %q, exit %d", address, r.Stdout, r.ExitCode)
		}
	}
	if r := run(t, b, "curl", "-s", "http://packages.example"); string(r.Stdout) != box.Packages {
		t.Errorf("the hosts file is not used: %q", r.Stdout)
	}
	conn, err := b.Dial(t.Context(), "tcp", box.Metadata+":80")
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	fmt.Fprint(conn, "GET / HTTP/1.0\r\n\r\n")
	if line, _ := bufio.NewReader(io.Reader(conn)).ReadString('\n'); !strings.Contains(line, "200") {
		t.Errorf("dial into the box: %q", line)
	}
	if r := run(t, b, "curl", "-s", "--max-time", "60", "http://10.1.2.3/"); r.ExitCode != 7 {
		t.Errorf("a network beyond the loopback answers: curl exit %d", r.ExitCode)
	}
	if r := run(t, b, "curl", "-s", "--max-time", "60", "http://no.such.name.example/"); r.ExitCode != 6 {
		t.Errorf("an unknown name must fail at once: curl exit %d", r.ExitCode)
	}
}

func TestMemoryIsWhatTheTestSays(t *testing.T) {
	b := newBox(t, box.Options{Memory: &box.Memory{Size: 768 << 20}})
	r := run(t, b, "sh", "-c", "cat /sys/devices/system/memory/block_size_bytes; cat /sys/devices/system/memory/memory*/state | grep -c online; free -m | awk '/Mem:/{print $2}'")
	if got := strings.Fields(string(r.Stdout)); !slices.Equal(got, []string{"8000000", "6", "720"}) {
		t.Errorf("got %q %s", got, r.Stderr)
	}
	none := newBox(t, box.Options{Memory: &box.Memory{Size: 1 << 30, Total: 900 << 20, NoBlocks: true}})
	if r := run(t, none, "sh", "-c", "ls /sys/devices/system/memory; grep MemTotal /proc/meminfo"); strings.Join(strings.Fields(string(r.Stdout)), " ") != "MemTotal: 921600 kB" {
		t.Errorf("got %q", r.Stdout)
	}
}

func TestSnapshotSeesEveryWrite(t *testing.T) {
	b := newBox(t, box.Options{})
	run(t, b, "sh", "-c", "echo a > /etc/a; echo run > /run/b")
	before, err := b.Snapshot()
	if err != nil {
		t.Fatal(err)
	}
	run(t, b, "sh", "-c", "cat /etc/passwd /etc/a > /dev/null; ls -lR /etc > /dev/null")
	// A file that never had a name (O_TMPFILE) leaves its folder unchanged.
	if r := run(t, b, "perl", "-e", `sysopen(F, "/usr/share", 0x410001, 0600) or die $!`); r.ExitCode != 0 {
		t.Fatal(r.Output())
	}
	same, err := b.Snapshot()
	if err != nil {
		t.Fatal(err)
	}
	if d := before.Diff(same, nil); len(d) != 0 {
		t.Errorf("reading looks like writing: %q", d)
	}
	run(t, b, "sh", "-c", "echo a > /etc/a; rm /etc/issue; touch /opt/x && rm /opt/x; echo > /run/c; chmod 600 /etc/passwd")
	after, err := b.Snapshot()
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"~ /etc", "~ /etc/a", "+ /etc/issue", "+ /etc/passwd", "+ /opt", "~ /run", "+ /run/c"}
	if d := before.Diff(after, nil); !slices.Equal(d, want) {
		t.Errorf("got %q\nwant %q", d, want)
	}
}

func TestSizeIsTheDisk(t *testing.T) {
	b := newBox(t, box.Options{Size: "1m"})
	if r := run(t, b, "sh", "-c", "head -c 2M /dev/zero > /var/big"); !strings.Contains(r.Output(), "No space left") {
		t.Errorf("got %q, exit %d", r.Output(), r.ExitCode)
	}
}

func TestCloseEndsEverything(t *testing.T) {
	b := newBox(t, box.Options{})
	p, err := b.Start(nil, "setsid", "sleep", "600")
	if err != nil {
		t.Fatal(err)
	}
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if _, err := p.Wait(ctx); err != nil {
		t.Errorf("a process outlived its box: %v", err)
	}
}

func BenchmarkBox(b *testing.B) {
	c, err := cache.Open()
	if err != nil {
		b.Fatal(err)
	}
	root, err := roots.Get(b.Context(), c, roots.Bookworm)
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		x, err := box.New(b.Context(), c, box.Options{Layers: []string{root}})
		if err != nil {
			b.Fatal(err)
		}
		x.Close()
	}
}

// TestProgramsCanBeRunAtOnce: a program that was just written can be run, however many
// others start at that moment.
func TestProgramsCanBeRunAtOnce(t *testing.T) {
	b := newBox(t, box.Options{})
	ctx, stop := context.WithCancel(t.Context())
	var others sync.WaitGroup
	for range 4 {
		others.Go(func() {
			for ctx.Err() == nil {
				_ = exec.Command("true").Run()
			}
		})
	}
	for i := range 300 {
		program := fmt.Sprintf("/opt/program%d", i)
		if err := b.WriteFile(program, []byte("#!/bin/sh\n"), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := exec.Command(b.Root() + program).Run(); err != nil { // without the time to enter the box
			t.Errorf("program %d: %v", i, err)
		}
	}
	stop()
	others.Wait()
}

func TestSleeps(t *testing.T) {
	b := newBox(t, box.Options{})
	p, err := b.Start(nil, "sh", "-c", "exec 3<>/run/x; until [ -e /run/go ]; do :; done; sleep 600 & wait")
	if err != nil {
		t.Fatal(err)
	}
	run(t, b, "sh", "-c", "until [ -e /run/x ]; do sleep 0.01; done")
	if p.Sleeps() {
		t.Error("it is at work")
	}
	run(t, b, "touch", "/run/go")
	for !p.Sleeps() {
		time.Sleep(10 * time.Millisecond)
	}
}
