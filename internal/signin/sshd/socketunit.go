package sshd

import (
	"net/netip"
	"path"
	"slices"
	"strconv"
	"strings"

	"aadssh/internal/host"
)

// SocketUnit is a socket unit that listens instead of sshd (systemd.socket(5)). If one is
// active, its addresses and ports count, and those of sshd_config do not.
type SocketUnit struct {
	Name    string // "ssh.socket"; "" if there is none
	Streams []Stream
	Both    bool             // its IPv6 sockets accept IPv4 too (BindIPv6Only=)
	Open    []netip.AddrPort // what systemd listens on for it; none if it is not active
	Each    bool             // sshd is started for each connection (Accept=)
	Device  Device           // the only interface that it listens on (BindToDevice=)
}

// Device is a network interface that a socket unit is bound to.
type Device struct {
	Name      string // "" if there is none
	File      string
	Line      int
	Addresses []netip.Addr // its addresses; none if they are not known
}

// Stream is one effective ListenStream=.
type Stream struct {
	_ [0]func() // never compared: no code for == is linked

	File string
	Line int
	At   netip.AddrPort // any address is [::]
}

// unitDirs are the folders of units, in the order of precedence (systemd.unit(5)).
func unitDirs() []string {
	return []string{"/etc/systemd/system.control", "/run/systemd/system.control", "/run/systemd/transient", "/run/systemd/generator.early",
		"/etc/systemd/system", "/etc/systemd/system.attached", "/run/systemd/system", "/run/systemd/system.attached", "/run/systemd/generator",
		"/usr/local/lib/systemd/system", "/usr/lib/systemd/system", "/lib/systemd/system", "/run/systemd/generator.late"}
}

// gatherSocketUnit reads the unit that listens for sshd, and finds its sockets among
// systemd's. The files are needed because systemd also holds sockets of other units.
func gatherSocketUnit(h *host.Host, all []socket) SocketUnit {
	comm, err := h.ReadFile("/proc/1/comm", 64)
	if err != nil || strings.TrimSpace(string(comm)) != "systemd" {
		return SocketUnit{}
	}
	for _, name := range []string{"ssh.socket", "sshd.socket"} {
		u := readSocketUnit(h, name)
		if len(u.Streams) == 0 {
			continue
		}
		for _, s := range socketsOf(h, "1", all) {
			if slices.ContainsFunc(u.Streams, func(want Stream) bool { return want.opens(s) }) {
				u.Open = append(u.Open, s)
			}
		}
		if len(u.Open) > 0 {
			if u.Device.Name != "" {
				u.Device.Addresses = h.Addresses(u.Device.Name)
			}
			return u
		}
	}
	return SocketUnit{}
}

// socketsOf are the sockets that a process holds.
func socketsOf(h *host.Host, pid string, all []socket) (found []netip.AddrPort) {
	descriptors, err := h.ReadDir("/proc/" + pid + "/fd")
	if err != nil {
		return nil
	}
	for _, fd := range descriptors {
		target, err := h.Readlink("/proc/" + pid + "/fd/" + fd.Name())
		if err != nil {
			continue
		}
		inode := strings.TrimSuffix(strings.TrimPrefix(target, "socket:["), "]")
		for _, s := range all {
			if s.inode == inode && inode != "" {
				found = append(found, s.at)
			}
		}
	}
	return found
}

// opens reports whether a socket is the one that the line defines. A number alone means
// every address: [::], or 0.0.0.0 if the machine has no IPv6.
func (s Stream) opens(at netip.AddrPort) bool {
	return s.At == at || s.At.Port() == at.Port() && s.At.Addr() == netip.IPv6Unspecified() && at.Addr() == netip.IPv4Unspecified()
}

// readSocketUnit reads the unit's file and its drop-ins.
func readSocketUnit(h *host.Host, name string) SocketUnit {
	u := SocketUnit{Name: name, Both: true}
	if b, err := h.ReadFile("/proc/sys/net/ipv6/bindv6only", 16); err == nil {
		u.Both = strings.TrimSpace(string(b)) != "1"
	}
	files := unitFiles(h, name)
	for _, file := range files {
		u.read(h, file)
	}
	return u
}

// unitFiles are a unit's file, in the folder with precedence, and its drop-ins; none if
// there is no such unit.
func unitFiles(h *host.Host, name string) []string {
	main := ""
	for _, dir := range unitDirs() {
		if file := dir + "/" + name; h.Exists(file) {
			main = file
			break
		}
	}
	if main == "" {
		return nil
	}
	names := []string{name}
	if to, err := h.Readlink(main); err == nil && path.Base(to) != name {
		names = append(names, path.Base(to)) // another name of that unit
	}
	if alias := strings.Replace(name, "ssh.", "sshd.", 1); alias != name {
		if to, err := h.Readlink(unitDirs()[4] + "/" + alias); err == nil && path.Base(to) == name {
			names = append(names, alias)
		}
	}
	files := append([]string{main}, h.Glob("/etc/systemd/system"+strings.Replace(path.Ext(name), ".", "/", 1)+".d/*.conf")...) // for all units of its kind
	return append(files, dropins(h, names)...)
}

// dropins are the drop-in files of a unit under any of its names, in the order of their own
// names; of two with the same name, the one in the folder with precedence.
func dropins(h *host.Host, names []string) (files []string) {
	by := map[string]string{}
	var order []string
	for _, dir := range unitDirs() {
		for _, name := range names {
			for _, file := range h.Glob(dir + "/" + name + ".d/*.conf") {
				if base := path.Base(file); by[base] == "" {
					by[base] = file
					order = append(order, base)
				}
			}
		}
	}
	slices.Sort(order)
	for _, base := range order {
		files = append(files, by[base])
	}
	return files
}

// read evaluates a file. An empty ListenStream= deletes all before it.
func (u *SocketUnit) read(h *host.Host, file string) {
	eachSetting(h, file, "[Socket]", func(key, value string, number int) {
		switch at, isNet := parseStream(value); {
		case strings.HasPrefix(key, "Listen") && value == "":
			u.Streams = nil // of every kind (systemd.socket(5))
		case key == "ListenStream" && isNet:
			u.Streams = append(u.Streams, Stream{File: file, Line: number, At: at})
		case key == "BindIPv6Only" && value != "default" && value != "":
			u.Both = value != "ipv6-only"
		case key == "Accept":
			u.Each = slices.Contains([]string{"yes", "true", "on", "1", "y", "t"}, strings.ToLower(value))
		case key == "BindToDevice":
			u.Device = Device{Name: value, File: file, Line: number}
		}
	})
}

// eachSetting calls a function for each setting in a section of a unit's file, with the
// line that it begins in. A line that ends in a backslash goes on in the next one, past
// comments (systemd.syntax(7)).
func eachSetting(h *host.Host, file, section string, do func(key, value string, line int)) {
	text, err := h.ReadFile(file, 1<<20)
	if err != nil {
		return
	}
	at, first, joined := "", 0, ""
	for i, line := range strings.Split(string(text), "\n") {
		line = strings.TrimSpace(line)
		if strings.HasPrefix(line, "#") || strings.HasPrefix(line, ";") {
			continue
		}
		if joined == "" {
			first = i + 1
		}
		before, more := strings.CutSuffix(line, `\`)
		if joined += before; more {
			joined += " "
			continue
		}
		line, joined = joined, ""
		if strings.HasPrefix(line, "[") {
			at = line
		}
		if key, value, ok := strings.Cut(line, "="); ok && at == section {
			do(strings.TrimSpace(key), strings.TrimSpace(value), first)
		}
	}
}

// parseStream parses "22", "10.0.0.4:22" and "[fd00::4]:22"; people cannot connect to
// sockets of other kinds.
func parseStream(s string) (at netip.AddrPort, ok bool) {
	if n, err := strconv.ParseUint(s, 10, 16); err == nil {
		return netip.AddrPortFrom(netip.IPv6Unspecified(), uint16(n)), true
	}
	s, _, _ = strings.Cut(s, "%") // a network interface
	if !strings.HasPrefix(s, "[") || strings.Contains(s, "]") {
		a, err := netip.ParseAddrPort(s)
		return a, err == nil
	}
	return netip.AddrPort{}, false
}

// reached are the addresses that people can connect to.
func (u SocketUnit) reached() (out []netip.AddrPort) {
	for _, at := range u.Open {
		out = append(out, u.Device.at(at)...)
		if at.Addr() == netip.IPv6Unspecified() && u.Both {
			out = append(out, u.Device.at(netip.AddrPortFrom(netip.IPv4Unspecified(), at.Port()))...)
		}
	}
	return out
}

// at are the addresses of a socket that can be reached through the device.
func (d Device) at(socket netip.AddrPort) (out []netip.AddrPort) {
	if len(d.Addresses) == 0 || !socket.Addr().IsUnspecified() {
		return []netip.AddrPort{socket}
	}
	for _, a := range d.Addresses {
		if a.Is4() == socket.Addr().Is4() {
			out = append(out, netip.AddrPortFrom(a, socket.Port()))
		}
	}
	return out
}

// asks is the line that an open socket belongs to.
func (u SocketUnit) asks() (s Stream) {
	for _, s = range u.Streams {
		if slices.ContainsFunc(u.Open, s.opens) {
			return s
		}
	}
	return s
}

// listen is a command that makes the unit listen on ports at every address.
func (u SocketUnit) listen(ports []uint16) string {
	lines := `[Socket]\nListenStream=\n`
	for _, p := range ports {
		lines += `ListenStream=` + strconv.Itoa(int(p)) + `\n`
	}
	lines += `BindIPv6Only=both\n`
	if u.Device.Name != "" {
		lines += `BindToDevice=\n`
	}
	dir := "/etc/systemd/system/" + u.Name + ".d"
	return "sudo mkdir -p " + dir + " && printf '" + lines + "' | sudo tee " + dir + "/zz-listen.conf && sudo systemctl daemon-reload && sudo systemctl restart " + u.Name
}
