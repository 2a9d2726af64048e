// Package sshd determines what sshd would do with a person who signs in with Microsoft
// Entra ID: it asks sshd itself for its effective configuration, and reads the
// configuration files only to name the deciding line.
package sshd

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"time"

	"aadssh/internal/host"
	"aadssh/internal/signin/gate"
)

// Facts is what is known about sshd.
type Facts struct {
	Binary   string             // path of sshd; "" if it is not installed
	Version  string             // for example "OpenSSH_9.2p1"; "" if sshd did not print it, or if nothing depends on it
	Options  []string           // the daemon's, besides its configuration file
	Sources  []Source           // the files that options come from
	Problem  *Problem           // why sshd rejects its configuration; nil: it does not
	Users    []Effective        // the effective configuration for each kind of connection, if Problem is nil
	More     int                // kinds of connections that sshd was not asked about
	Killed   string             // the signal that ended sshd when it was asked about a connection; empty: none
	Config   Config             // the files, in the order in which sshd reads them
	Daemon   Daemon             // the running daemon
	Confined []setting          // of the unit: what it takes from sshd and sessions
	Loaded   time.Time          // when the daemon was last started or reloaded; zero: not known
	Deaf     bool               // systemd reported a reload since the files were changed, and sshd has not read them
	Unit     string             // "ssh" or "sshd", the distribution's name of the unit
	HostKeys map[string]HostKey // sshd's host keys, by file
	Places   Places             // files in the configuration that sshd needs only when somebody signs in
	Own      []netip.Addr       // this machine's addresses, without loopback and link-local ones
	Arc      bool               // people connect through the Arc agent, from the machine itself
	Members  Members            // of groups, unless a single person is examined
	One      *gate.Somebody     // the person whose sign-in is examined; nil: everybody of the directory
	Note     string             // how sshd was asked, if not in the normal way
	hidden   string             // the missing folder that was created for that; "" if none was
	Err      error              // sshd could not be asked: its answers are unknown
}

// Gather asks the machine's sshd. It changes nothing on the machine. arc means that this is
// an Arc-enabled server; one is the person whose sign-in is examined, nil for everybody of
// the directory.
func Gather(ctx context.Context, h *host.Host, arc bool, one *gate.Somebody) Facts {
	return GatherAt(ctx, h, arc, one, "")
}

// GatherAt is Gather with another configuration file.
func GatherAt(ctx context.Context, h *host.Host, arc bool, one *gate.Somebody, config string) Facts {
	f := Facts{Daemon: findDaemon(h), Unit: unitName(h), Own: readAddresses(h), Arc: arc, One: one}
	var started string
	started, f.Options, f.Sources = daemonOptions(h, &f.Daemon, f.Unit)
	if f.Daemon.Expected {
		f.Confined = readConfined(h, f.Daemon.service(f.Unit))
	}
	started = cmp.Or(f.Daemon.Binary, started)
	f.Binary = find(h, started)
	if config == "" {
		f.Config = Read(h, configPath(h, f.Options, started))
	} else {
		f.Options, f.Sources = []string{"-f", config}, nil
		f.Config = Read(h, config)
	}
	if f.Binary == "" {
		return f
	}
	if one == nil && len(f.Config.groups()) > 0 {
		f.Members = readMembers(h)
	}
	a := asker{h: h, binary: f.Binary, options: f.Options, rdomain: f.Config.asksDomain()}
	var connections []Connection
	connections, f.More = f.connections(func(address string) string { return nameOf(ctx, h, address) })
	if !f.ask(ctx, &a, connections) {
		f.test(ctx, &a, connections)
	}
	if f.hangsOnVersion() {
		f.Version = a.version(ctx)
	}
	if f.Err != nil || f.Problem != nil || f.Killed != "" {
		return f
	}
	f.Places = gatherPlaces(ctx, h, f.Users)
	if len(f.Users) > 0 { // none if the person connects from an address that cannot reach sshd
		f.HostKeys = readHostKeys(h, f.Users[0].List("hostkey"))
	}
	awaitDaemon(ctx, h, &f)
	return f
}

// ask asks for the effective configuration of each kind of connection. It returns false if
// that is not known, or if there is no connection to ask about.
func (f *Facts) ask(ctx context.Context, a *asker, connections []Connection) bool {
	f.Users, f.Killed, f.Err = nil, "", nil
	for _, c := range connections {
		effective, err := a.effective(ctx, c)
		var killed *killedError
		switch {
		case errors.As(err, &killed):
			f.Killed = killed.signal
			return false
		case err != nil:
			f.Err = fmt.Errorf("sshd does not show its configuration for %s: %w", c.User, err)
			return false
		}
		f.Users = append(f.Users, effective)
	}
	return len(connections) > 0
}

// hangsOnVersion reports whether different versions of sshd act differently with the
// effective configuration.
func (f *Facts) hangsOnVersion() bool {
	for i := range f.Users {
		e := &f.Users[i]
		accepted, _ := e.Accepted()
		if e.Has("allowusers") || e.Has("denyusers") || !slices.Contains(accepted, certSHA512) {
			return true
		}
	}
	return f.Killed != ""
}

// test finds out why sshd does not print its effective configuration. If it does, there is
// nothing to find: "sshd -T" first checks everything that "sshd -t" checks, the
// configuration, the host keys and the folders (sshd.c of OpenSSH: they only differ in what
// is printed at the end).
func (f *Facts) test(ctx context.Context, a *asker, connections []Connection) {
	if hangs := (*host.HangsError)(nil); errors.As(f.Err, &hangs) {
		return // it would do so again
	}
	var err error
	f.Problem, err = a.test(ctx)
	f.Note, f.hidden = a.note(), a.hidden
	if a.hidden != "" && f.Daemon.PID != 0 {
		// The daemon created the directory, and somebody has removed it since.
		f.Problem = &Problem{Kind: NoSeparation, Message: "Missing privilege separation directory: " + a.hidden, Dir: a.hidden}
	}
	switch {
	case err != nil:
		f.Err, f.Killed, f.Users = err, "", nil
	case f.Problem != nil:
		f.Err, f.Killed, f.Users = nil, "", nil
		if f.Problem.Kind == NoHostKeys {
			f.HostKeys = readHostKeys(a.h, f.Config.hostKeys())
		}
	case a.hidden != "" || f.Err != nil: // what was missing is there again: sshd was just being started
		f.ask(ctx, a, connections)
	}
}

// restart is how long sshd may be absent while it starts again: at a reload it closes its
// sockets and executes itself, after systemd has already reported success.
const restart = 5 * time.Second

// awaitDaemon reads again if nothing listens although it should.
func awaitDaemon(ctx context.Context, h *host.Host, f *Facts) {
	if !f.Daemon.Expected || f.Daemon.Err != nil {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, restart)
	defer cancel()
	for len(f.Daemon.Unit.Open) == 0 && !slices.ContainsFunc(ports(f), f.Daemon.Listens) {
		select {
		case <-ctx.Done():
			return
		case <-time.After(50 * time.Millisecond):
		}
		f.Daemon = findDaemon(h)
	}
}

// find is the program of the running daemon, or else the distributions' path of sshd:
// /usr/sbin everywhere, /sbin and /usr/bin if these are the same directory through a
// symbolic link.
func find(h *host.Host, running string) string {
	if running != "" {
		return running
	}
	for _, path := range []string{"/usr/sbin/sshd", "/usr/bin/sshd", "/sbin/sshd", "/usr/local/sbin/sshd"} {
		if runnable(h, path) {
			return path
		}
	}
	return ""
}

func runnable(h *host.Host, path string) bool {
	info, err := h.Stat(path)
	return err == nil && info.Mode().IsRegular() && info.Mode().Perm()&0o111 != 0
}

// unitName is the name of the daemon's unit: ssh on Debian and Ubuntu, where the alias sshd
// exists only while the unit is enabled, sshd elsewhere.
func unitName(h *host.Host) string {
	for _, dir := range []string{"/etc/systemd/system", "/usr/lib/systemd/system", "/lib/systemd/system"} {
		if h.Exists(dir + "/ssh.service") {
			return "ssh"
		}
	}
	return "sshd"
}
