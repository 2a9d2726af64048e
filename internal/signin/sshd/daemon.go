package sshd

import (
	"encoding/hex"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"aadssh/internal/host"
	"aadssh/internal/order"
)

// Daemon is the sshd that is running now.
type Daemon struct {
	PID       int              // of the listening process; 0: none was found
	Binary    string           // its program; "" where that is not known, or not root's alone
	Command   []string         // its options; nil: not known
	Own       []netip.AddrPort // what it listens on itself; none where a socket unit listens in its place
	Unit      SocketUnit       // that listens in its place, or did until sshd took its sockets over
	Listening []netip.AddrPort // what the machine listens on, whoever does; sorted
	Others    []*Holder        // who listens, where neither an sshd nor a socket unit of its does
	Err       error            // Listening is not known
	Expected  bool             // the machine is booted with systemd, so an sshd is expected to listen
}

// Holder is a program that listens on a port.
type Holder struct {
	_ [0]func() // never compared: no code for == is linked

	At   netip.AddrPort
	Name string // as the kernel calls it; the program chose it
	PID  string
}

// Listens says whether somebody listens on a port.
func (d Daemon) Listens(port uint16) bool {
	return slices.ContainsFunc(d.Listening, func(a netip.AddrPort) bool { return a.Port() == port })
}

func lookDaemon(h *host.Host) Daemon {
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
	}
	d.Unit = lookSocketUnit(h, all)
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

// byPidFile is the sshd that the file names which it writes unless it is told
// otherwise; 0 where that is no sshd any more.
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

// isSSHD: anybody can call a program sshd and listen with it; only root's counts.
func isSSHD(h *host.Host, pid int) bool {
	comm, err := h.ReadFile("/proc/"+strconv.Itoa(pid)+"/comm", 64)
	return err == nil && strings.TrimSpace(string(comm)) == "sshd" && h.ProcessUser(pid) == 0
}

// program is the file that a process runs, also after an upgrade has put another
// in its place. One that somebody other than root could change is not asked anything.
func program(h *host.Host, pid int) string {
	exe, err := h.Readlink("/proc/" + strconv.Itoa(pid) + "/exe")
	exe = strings.TrimSuffix(exe, " (deleted)")
	if err != nil || !h.RootOnly(exe) || !runnable(h, exe) {
		return ""
	}
	return exe
}

// listener finds the sshd that holds a listening socket, and its sockets. Of
// several, it is the one that people meet: on port 22 and for more than the
// machine itself, before one for more than the machine, before others; else the
// one with the lowest number.
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

// holders are the programs that hold the sockets, as far as that can be seen, but for
// those that hand connections on to an sshd: systemd, and the inetds before it.
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

// usualPort is where people connect to who name none.
const usualPort = 22

// met is how far an sshd is the one that people connect to, by its sockets.
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

// commandLine is what a running sshd was started with. OpenSSH shows it in
// place of its arguments since 8.2: "sshd: /usr/sbin/sshd -D [listener] 0 of
// 10-100 startups". Where the end is missing, so may be options: nil.
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

// socket is one that somebody listens on.
type socket struct {
	at    netip.AddrPort
	inode string
}

// listening are the sockets of /proc/net that listen.
func listening(h *host.Host, enough func(piece []byte) bool) (all []socket, err error) {
	// IPv6 first: an sshd that has just read its configuration opens IPv4 before it,
	// so what is seen is never IPv6 alone where both are to come.
	for _, table := range []string{"/proc/net/tcp6", "/proc/net/tcp"} {
		text, missing := h.ReadUntil(table, 8<<20, enough)
		if missing != nil {
			if table == "/proc/net/tcp" { // tcp6 is missing where IPv6 is switched off
				err = missing
			}
			continue
		}
		all = append(all, parseListening(text)...)
	}
	return all, err
}

// atEnd says whether nothing of such a table that listens comes after a piece of it.
// The sockets that listen stand first (tcp_seq_start of net/ipv4/tcp_ipv4.c), and the
// kernel fills a page before it hands it on (seq_read_iter of fs/seq_file.c). What is
// left unread costs more than all that is read: the kernel goes through the places
// of all possible connections, hundreds of thousands on a large machine, for the next
// one, and through all of them again to say that there is none.
func atEnd(piece []byte) bool {
	for line := range strings.Lines(string(piece)) {
		f := strings.Fields(line)
		if strings.HasSuffix(line, "\n") && len(f) > 3 && f[3] != "0A" && f[3] != "st" { // "st" heads the column
			return true
		}
	}
	return len(piece) < 2048 // half of the smallest page; a line is shorter than 200 bytes
}

// parseListening reads /proc/net/tcp or tcp6: the sockets in state 0A, LISTEN
// (proc(5)). It takes any input.
func parseListening(table []byte) []socket {
	var out []socket
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
		s := socket{at: netip.AddrPortFrom(a.Unmap(), uint16(n))}
		if len(f) > 9 {
			s.inode = f[9]
		}
		out = append(out, s)
	}
	return out
}
