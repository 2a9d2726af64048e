package sshd

import (
	"encoding/hex"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"aadssh/internal/host"
	"aadssh/internal/order"
	"aadssh/internal/text"
)

// Daemon is the running sshd.
type Daemon struct {
	PID     int      // of the listening process; 0: none was found
	Binary  string   // its program; "" if it is not known, or if others than root can change it
	Command []string // its options; nil: not known
	// NoNewPrivileges: neither it nor what it starts becomes another user by a program's mode
	// (prctl(2)); its unit or what started it has said so.
	NoNewPrivileges bool
	Profile         string           // of AppArmor, which confines it and not the rest of the machine; "": none does
	Own             []netip.AddrPort // what it listens on itself; none if a socket unit listens instead
	Unit            SocketUnit       // the unit that listens instead, or did until sshd took over its sockets
	Listening       []netip.AddrPort // what the machine listens on, with any program; sorted
	Others          []*Holder        // programs that listen, other than an sshd or its socket unit
	Err             error            // Listening is not known
	Expected        bool             // the machine is booted with systemd, so an sshd is expected to listen
}

// Holder is a program that listens on a port.
type Holder struct {
	_ [0]func() // never compared: no code for == is linked

	At   netip.AddrPort
	Name string // the kernel's name for it, which the program chose
	PID  string
}

// Listens reports whether any program listens on a port.
func (d Daemon) Listens(port uint16) bool {
	return slices.ContainsFunc(d.Listening, func(a netip.AddrPort) bool { return a.Port() == port })
}

func findDaemon(h *host.Host) Daemon {
	d := Daemon{Expected: h.Exists("/run/systemd/system")} // sd_booted(3)
	all, err := listening(h, atEnd)
	if len(all) == 0 {
		all, err = listening(h, func([]byte) bool { return false })
	}
	d.Err = err
	d.PID, d.Own = listener(h, all)
	if d.PID == 0 {
		d.PID = byPidFile(h)
	}
	if d.PID != 0 {
		d.Binary = program(h, d.PID)
		if text, err := h.ReadFile("/proc/"+strconv.Itoa(d.PID)+"/cmdline", 256<<10); err == nil {
			d.Command = commandLine(string(text))
		}
		if text, err := h.ReadFile("/proc/"+strconv.Itoa(d.PID)+"/status", 64<<10); err == nil {
			d.NoNewPrivileges = strings.Contains(string(text), "\nNoNewPrivs:\t1\n")
		}
		if of := profile(h, strconv.Itoa(d.PID)); of != profile(h, "1") { // in some containers one profile is for all
			d.Profile = of
		}
	}
	d.Unit = gatherSocketUnit(h, all)
	if d.PID == 0 && len(d.Unit.Open) == 0 {
		d.Others = holders(h, all)
	}
	for _, s := range all {
		d.Listening = append(d.Listening, s.at)
	}
	order.By(d.Listening, netip.AddrPort.Compare)
	d.Listening = slices.Compact(d.Listening)
	return d
}

// profile is the profile of AppArmor that is enforced on a process: "NAME (enforce)" is
// what the kernel says (apparmor(7)); of one that is only to log, "(complain)".
func profile(h *host.Host, pid string) string {
	text, _ := h.ReadFile("/proc/"+pid+"/attr/current", 4096)
	name, enforced := strings.CutSuffix(strings.TrimRight(string(text), "\x00\n"), " (enforce)")
	if !enforced || name == "unconfined" {
		return ""
	}
	return name
}

// byPidFile is the sshd named in its default pid file; 0 if that process is no longer an
// sshd.
func byPidFile(h *host.Host) int {
	for _, pidfile := range []string{"/run/sshd.pid", "/var/run/sshd.pid"} {
		text, err := h.ReadFile(pidfile, 64)
		if err != nil {
			continue
		}
		if pid, err := strconv.Atoi(strings.TrimSpace(string(text))); err == nil && pid > 0 && isSSHD(h, pid) {
			return pid
		}
	}
	return 0
}

// ReadAt is when the running sshd read its configuration: it writes its pid file once it
// has, when it starts and at each SIGHUP (sshd(8)). What systemd says of a reload is only
// that ExecReload= succeeded. False if it writes none, or another process's is there.
func (f *Facts) ReadAt(h *host.Host) (at time.Time, known bool) {
	if len(f.Users) == 0 {
		return at, false
	}
	file := f.Users[0].Value("pidfile")
	text, err := h.ReadFile(file, 64)
	if err != nil || strings.TrimSpace(string(text)) != strconv.Itoa(f.Daemon.PID) {
		return at, false
	}
	info, err := h.Stat(file)
	if err != nil {
		return at, false
	}
	return info.ModTime(), true
}

// isSSHD: any user can name a program sshd and listen with it; only root's counts.
func isSSHD(h *host.Host, pid int) bool {
	comm, err := h.ReadFile("/proc/"+strconv.Itoa(pid)+"/comm", 64)
	return err == nil && strings.TrimSpace(string(comm)) == "sshd" && h.ProcessUser(pid) == 0
}

// program is the file that a process runs, even if an upgrade has replaced it. A file that
// a user other than root could change is never run.
func program(h *host.Host, pid int) string {
	exe, err := h.Readlink("/proc/" + strconv.Itoa(pid) + "/exe")
	exe = strings.TrimSuffix(exe, " (deleted)")
	if err != nil || !h.RootOnly(exe) || !runnable(h, exe) {
		return ""
	}
	return exe
}

// listener finds the sshd that holds a listening socket, and its sockets. Of several, it is
// the one that people most likely connect to: one on port 22 that is reachable from
// outside, then one reachable from outside, then any other; otherwise the one with the
// lowest PID.
func listener(h *host.Host, all []socket) (pid int, own []netip.AddrPort) {
	entries, err := h.ReadDir("/proc")
	if err != nil {
		return 0, nil
	}
	for _, e := range entries {
		n, err := strconv.Atoi(e.Name())
		if err != nil || !isSSHD(h, n) {
			continue
		}
		found := socketsOf(h, e.Name(), all)
		if better := met(found) - met(own); better > 0 || len(found) > 0 && better == 0 && (pid == 0 || n < pid) {
			pid, own = n, found
		}
	}
	return pid, own
}

// holders are the programs that hold the sockets, as far as known, except those that pass
// connections on to an sshd: systemd, and the inetds before it.
func holders(h *host.Host, all []socket) (found []*Holder) {
	entries, err := h.ReadDir("/proc")
	if err != nil {
		return nil
	}
	for _, e := range entries {
		comm, err := h.ReadFile("/proc/"+e.Name()+"/comm", 64)
		name := strings.TrimSpace(string(comm))
		if err != nil || slices.Contains([]string{"systemd", "init", "inetd", "xinetd"}, name) {
			continue
		}
		for _, at := range socketsOf(h, e.Name(), all) {
			found = append(found, &Holder{At: at, Name: name, PID: e.Name()})
		}
	}
	return found
}

// usualPort is the port that people connect to by default.
const usualPort = 22

// met ranks an sshd by its sockets: how likely people connect to it.
func met(own []netip.AddrPort) (rank int) {
	for _, a := range own {
		switch outside := !a.Addr().IsLoopback(); {
		case outside && a.Port() == usualPort:
			return 2
		case outside:
			rank = 1
		}
	}
	return rank
}

// commandLine is the command line that a running sshd was started with. Since 8.2 OpenSSH
// shows it in place of its arguments: "sshd: /usr/sbin/sshd -D [listener] 0 of 10-100
// startups". If the end is missing, options may be missing too: nil.
func commandLine(text string) []string {
	if title, ok := strings.CutPrefix(text, "sshd: "); ok {
		command, _, whole := strings.Cut(strings.ReplaceAll(title, "\x00", " "), " [listener] ")
		if f := strings.Fields(command); whole && len(f) > 0 {
			return safeOptions(append([]string{}, f[1:]...))
		}
		return nil
	}
	f := strings.Split(strings.TrimRight(text, "\x00"), "\x00")
	if !strings.HasSuffix(f[0], "/sshd") {
		return nil
	}
	return safeOptions(append([]string{}, f[1:]...))
}

// socket is a listening socket.
type socket struct {
	at    netip.AddrPort
	inode string
}

// listening are the listening sockets in /proc/net.
func listening(h *host.Host, enough func(piece []byte) bool) (all []socket, err error) {
	// IPv6 first: an sshd that has just read its configuration opens IPv4 before it, so if
	// both are going to be open, IPv6 is never found alone.
	for _, table := range []string{"/proc/net/tcp6", "/proc/net/tcp"} {
		text, missing := h.ReadUntil(table, 8<<20, enough)
		if missing != nil {
			if table == "/proc/net/tcp" { // tcp6 is missing if IPv6 is turned off
				err = missing
			}
			continue
		}
		all = append(all, parseListening(text)...)
	}
	return all, err
}

// atEnd reports whether no listening socket follows after a piece of such a table. The
// listening sockets come first (tcp_seq_start in net/ipv4/tcp_ipv4.c), and the kernel fills
// a page before it returns it (seq_read_iter in fs/seq_file.c). To read the rest would cost
// more than everything else: to find the next connection, the kernel walks all possible
// entries, hundreds of thousands on a large machine, and walks them all again to report the
// end.
func atEnd(piece []byte) bool {
	for _, line := range text.SplitLines(string(piece)) {
		f := strings.Fields(line)
		if strings.HasSuffix(line, "\n") && len(f) > 3 && f[3] != "0A" && f[3] != "st" { // "st" heads the column
			return true
		}
	}
	return len(piece) < 2048 // half of the smallest page; a line is shorter than 200 bytes
}

// parseListening parses /proc/net/tcp or tcp6: the sockets in state 0A, LISTEN (proc(5)).
// It accepts any input.
func parseListening(table []byte) []socket {
	var out []socket
	for _, line := range text.SplitLines(string(table)) {
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
		for i := 0; i < len(raw); i += 4 { // words in the machine's byte order; all supported architectures are little-endian
			slices.Reverse(raw[i : i+4])
		}
		a, _ := netip.AddrFromSlice(raw)
		s := socket{at: netip.AddrPortFrom(a.Unmap(), uint16(n))}
		if len(f) > 9 {
			s.inode = f[9]
		}
		out = append(out, s)
	}
	return out
}
