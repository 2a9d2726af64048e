package sshd

import (
	"encoding/hex"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"aadsshlogin-handler/internal/host"
)

// Daemon is the sshd that is running now.
type Daemon struct {
	PID       int              // of the listening process; 0: its pid file names no running sshd
	Listening []netip.AddrPort // what the machine listens on, whoever does; sorted
	Err       error            // Listening is not known
	Expected  bool             // the machine is booted with systemd, so an sshd is expected to listen
}

// Listens says whether somebody listens on a port.
func (d Daemon) Listens(port uint16) bool {
	return slices.ContainsFunc(d.Listening, func(a netip.AddrPort) bool { return a.Port() == port })
}

func lookDaemon(h *host.Host) Daemon {
	d := Daemon{Expected: h.Exists("/run/systemd/system")} // sd_booted(3)
	for _, pidfile := range []string{"/run/sshd.pid", "/var/run/sshd.pid"} {
		text, err := h.ReadFile(pidfile, 64)
		if err != nil {
			continue
		}
		pid, err := strconv.Atoi(strings.TrimSpace(string(text)))
		if err != nil || pid <= 0 {
			continue
		}
		if comm, err := h.ReadFile("/proc/"+strconv.Itoa(pid)+"/comm", 64); err == nil && strings.TrimSpace(string(comm)) == "sshd" {
			d.PID = pid
			break
		}
	}
	for _, table := range []string{"/proc/net/tcp", "/proc/net/tcp6"} {
		text, err := h.ReadFile(table, 8<<20)
		if err != nil {
			if table == "/proc/net/tcp" { // tcp6 is missing where IPv6 is switched off
				d.Err = err
			}
			continue
		}
		d.Listening = append(d.Listening, parseListening(text)...)
	}
	slices.SortFunc(d.Listening, netip.AddrPort.Compare)
	d.Listening = slices.Compact(d.Listening)
	return d
}

// parseListening reads /proc/net/tcp or tcp6: the sockets in state 0A, LISTEN
// (proc(5)). It takes any input.
func parseListening(table []byte) []netip.AddrPort {
	var out []netip.AddrPort
	for line := range strings.Lines(string(table)) {
		f := strings.Fields(line)
		if len(f) < 4 || f[3] != "0A" {
			continue
		}
		address, port, ok := strings.Cut(f[1], ":")
		raw, err := hex.DecodeString(address)
		n, err2 := strconv.ParseUint(port, 16, 16)
		if !ok || err != nil || err2 != nil || len(raw) != 4 && len(raw) != 16 {
			continue
		}
		for i := 0; i < len(raw); i += 4 { // words in the byte order of the machine; all of ours are little-endian
			slices.Reverse(raw[i : i+4])
		}
		a, _ := netip.AddrFromSlice(raw)
		out = append(out, netip.AddrPortFrom(a.Unmap(), uint16(n)))
	}
	return out
}
