package sshd

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"aadssh/internal/host"
	"aadssh/internal/host/hosttest"
)

// withSockets is a machine whose first process is systemd and holds these
// sockets: lines of /proc/net/tcp or tcp6 with an inode each.
func withSockets(t *testing.T, files map[string]string, open ...string) *host.Host {
	t.Helper()
	h := hosttest.New(t).Host()
	put(t, h, "/proc/1/comm", "systemd\n", 0o644)
	var four, six strings.Builder
	if err := os.MkdirAll(h.Path("/proc/1/fd"), 0o755); err != nil {
		t.Fatal(err)
	}
	for i, at := range open {
		table := &four
		if len(at) > 20 {
			table = &six
		}
		fmt.Fprintf(table, "  %d: %s 0:0 0A 0:0 0:0 0 0 0 %d 1 0\n", i, at, 1000+i)
		if err := os.Symlink(fmt.Sprintf("socket:[%d]", 1000+i), h.Path(fmt.Sprintf("/proc/1/fd/%d", 10+i))); err != nil {
			t.Fatal(err)
		}
	}
	put(t, h, "/proc/net/tcp", four.String(), 0o644)
	put(t, h, "/proc/net/tcp6", six.String(), 0o644)
	for name, text := range files {
		put(t, h, name, text, 0o644)
	}
	return h
}

// TestSocketUnit: which of systemd's sockets are for sshd, and by which addresses people
// reach them. test/suite/watch tests the same with systemd.
func TestSocketUnit(t *testing.T) {
	const (
		vendor  = "/usr/lib/systemd/system/ssh.socket"
		dropin  = "/etc/systemd/system/ssh.socket.d/port.conf"
		stock   = "[Unit]\nListenStream=9\n[Socket]\nListenStream=22\nAccept=yes\n"
		all22   = "00000000000000000000000000000000:0016"
		all2222 = "00000000000000000000000000000000:08AE"
		four22  = "00000000:0016"
		loop22  = "0100007F:0016"
		all111  = "00000000000000000000000000000000:006F" // of another unit
	)
	for _, c := range []struct {
		name  string
		files map[string]string
		open  []string
		want  string
		line  string // that asks for it
	}{
		{"as it is shipped", map[string]string{vendor: stock}, []string{all111, all22}, "[[::]:22 0.0.0.0:22]", vendor + ":4"},
		{"no unit", nil, []string{all22}, "[]", ":0"},
		{"not active", map[string]string{vendor: stock}, []string{all111}, "[]", ":0"},
		{"a port of the owner", map[string]string{vendor: stock, dropin: "[Socket]\nListenStream=\nListenStream=2222\n"}, []string{all2222}, "[[::]:2222 0.0.0.0:2222]", dropin + ":3"},
		{"a second port", map[string]string{vendor: stock, dropin: "[Socket]\nListenStream=2222\n"}, []string{all22, all2222}, "[[::]:22 0.0.0.0:22 [::]:2222 0.0.0.0:2222]", vendor + ":4"},
		{"loopback", map[string]string{vendor: stock, dropin: "[Socket]\nListenStream=\nListenStream=127.0.0.1:22\n"}, []string{loop22}, "[127.0.0.1:22]", dropin + ":3"},
		{"IPv6 only", map[string]string{vendor: stock, dropin: "[Socket]\nBindIPv6Only=ipv6-only\n"}, []string{all22}, "[[::]:22]", vendor + ":4"},
		{"IPv6 only, by the kernel", map[string]string{vendor: stock, "/proc/sys/net/ipv6/bindv6only": "1\n"}, []string{all22}, "[[::]:22]", vendor + ":4"},
		{"no IPv6", map[string]string{vendor: stock}, []string{four22}, "[0.0.0.0:22]", vendor + ":4"},
		{"each family by its line", map[string]string{vendor: stock, dropin: "[Socket]\nListenStream=\nListenStream=0.0.0.0:22\nListenStream=[::]:22\nBindIPv6Only=ipv6-only\n"}, []string{four22, all22}, "[0.0.0.0:22 [::]:22]", dropin + ":3"},
		{"the generator's", map[string]string{vendor: stock, "/run/systemd/generator/ssh.socket.d/addresses.conf": "[Socket]\nListenStream=\nListenStream=0.0.0.0:2222\nListenStream=[::]:2222\nBindIPv6Only=ipv6-only\n"}, []string{"00000000:08AE", all2222}, "[0.0.0.0:2222 [::]:2222]", "/run/systemd/generator/ssh.socket.d/addresses.conf:3"},
		{"the owner's unit in the vendor's place", map[string]string{vendor: stock, "/etc/systemd/system/ssh.socket": "[Socket]\n# ListenStream=22\nListenStream = 2222\n"}, []string{all2222}, "[[::]:2222 0.0.0.0:2222]", "/etc/systemd/system/ssh.socket:3"},
		{"one of a name hides the other", map[string]string{vendor: stock, dropin: "[Socket]\n", "/usr/lib/systemd/system/ssh.socket.d/port.conf": "[Socket]\nListenStream=\n"}, []string{all22}, "[[::]:22 0.0.0.0:22]", vendor + ":4"},
		{"the name on RHEL and SLES", map[string]string{"/usr/lib/systemd/system/sshd.socket": stock}, []string{all22}, "[[::]:22 0.0.0.0:22]", "/usr/lib/systemd/system/sshd.socket:4"},
		{"sockets of other kinds", map[string]string{vendor: stock, dropin: "[Socket]\nListenStream=/run/ssh\nListenStream=vsock::22\n"}, []string{all22}, "[[::]:22 0.0.0.0:22]", vendor + ":4"},
	} {
		h := withSockets(t, c.files, c.open...)
		d := findDaemon(h)
		s := d.Unit.asks()
		if got := fmt.Sprint(d.Unit.reached()); got != c.want || fmt.Sprintf("%s:%d", s.File, s.Line) != c.line {
			t.Errorf("%s: %s, by %s:%d", c.name, got, s.File, s.Line)
		}
	}
}

func FuzzSocketUnit(f *testing.F) {
	f.Add("[Socket]\nListenStream=22\nListenStream=\nListenStream=[fe80::1%eth0]:22\nListenStream=[::]:22%eth1\nBindIPv6Only=both\n")
	f.Fuzz(func(t *testing.T, text string) {
		h := hosttest.New(t).Host()
		put(t, h, "/x", text, 0o644)
		u := SocketUnit{}
		u.read(h, "/x")
		for _, s := range u.Streams {
			if !s.At.IsValid() || s.Line < 1 {
				t.Errorf("%+v", s)
			}
		}
	})
}
