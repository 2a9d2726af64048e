// Package sshd finds out what sshd would do with somebody who signs in through
// Microsoft Entra ID: it asks sshd itself for its effective configuration, and
// reads the configuration files only to say where something stands.
package sshd

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"time"

	"aadssh/internal/host"
	"aadssh/internal/signin/gate"
)

// The names by which sshd is asked, where nothing in its configuration makes
// another one necessary.
const (
	PersonProbe  = gate.HumanProbe
	ServiceProbe = gate.ServiceProbe
)

// Facts is what was seen of sshd.
type Facts struct {
	Binary   string             // path of sshd; "" where it is not installed
	Version  string             // for example "OpenSSH_9.2p1"; "" where sshd did not say, or where nothing hangs on it
	Options  []string           // the daemon's, besides its configuration file
	Sources  []Source           // the files that options come from
	Problem  *Problem           // why sshd refuses its configuration; nil: it does not
	Users    []Effective        // what is in force for each kind of connection, where Problem is nil
	More     int                // kinds of connections that sshd was not asked about
	Killed   string             // the signal by which sshd died of somebody's connection; empty: it did not
	Config   Config             // the files, in the order in which sshd reads them
	Daemon   Daemon             // the running daemon
	Loaded   time.Time          // when the daemon was started or reloaded last; zero: not known
	Unit     string             // "ssh" or "sshd", as the distribution calls the unit
	HostKeys map[string]HostKey // sshd's own keys, by file
	Places   Places             // what the configuration names and sshd needs only when somebody signs in
	Own      []netip.Addr       // this machine's addresses, without loopback and link-local ones
	Arc      bool               // people come through the Arc agent, from the machine itself
	Members  Members            // of groups, where nobody in particular is asked about
	One      *gate.Somebody     // whom alone sshd was asked about; nil: everybody of the directory
	Note     string             // how sshd was asked, where that was not the plain way
	hidden   string             // the folder that is missing and was made up for that; "" where none was
	Err      error              // sshd could not be asked: what it would say is unknown
}

// Look asks the machine's sshd. It changes nothing on the machine. arc says that
// this is an Arc-enabled server; one is whom alone it is asked about, nil for
// everybody of the directory.
func Look(ctx context.Context, h *host.Host, arc bool, one *gate.Somebody) Facts {
	return LookAt(ctx, h, arc, one, "")
}

// LookAt is Look for another configuration file than the machine's own.
func LookAt(ctx context.Context, h *host.Host, arc bool, one *gate.Somebody, config string) Facts {
	f := Facts{Daemon: lookDaemon(h), Unit: unitName(h), Own: lookAddresses(h), Arc: arc, One: one}
	f.Binary = find(h, f.Daemon.Binary)
	if config == "" {
		f.Options, f.Sources = daemonOptions(h, f.Daemon.Command)
		f.Config = Read(h, configPath(h, f.Options, f.Daemon.Binary))
	} else {
		f.Options = []string{"-f", config}
		f.Config = Read(h, config)
	}
	if f.Binary == "" {
		return f
	}
	if one == nil && len(f.Config.groups()) > 0 {
		f.Members = lookMembers(h)
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
	f.Places = lookPlaces(ctx, h, f.Users)
	if len(f.Users) > 0 { // none where the one who is asked about comes from where nobody can
		f.HostKeys = lookHostKeys(h, f.Users[0].List("hostkey"))
	}
	awaitDaemon(ctx, h, &f)
	return f
}

// ask asks what is in force for each kind of connection. It reports false where
// that is not known, or was not asked because there is no connection to ask about.
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

// hangsOnVersion says whether sshds of different versions do different things with
// what is in force.
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

// test finds out why sshd does not show what is in force. Where it does, there is
// nothing to find: before "sshd -T" shows anything it goes through all that "sshd -t"
// goes through, the configuration, the host keys and the folders (sshd.c of OpenSSH:
// they differ in what is printed at the end).
func (f *Facts) test(ctx context.Context, a *asker, connections []Connection) {
	if hangs := (*host.HangsError)(nil); errors.As(f.Err, &hangs) {
		return // and would once more
	}
	var err error
	f.Problem, err = a.test(ctx)
	f.Note, f.hidden = a.note(), a.hidden
	if a.hidden != "" && f.Daemon.PID != 0 {
		// The daemon has made the directory, and somebody removed it since.
		f.Problem = &Problem{Kind: NoSeparation, Message: "Missing privilege separation directory: " + a.hidden, Dir: a.hidden}
	}
	switch {
	case err != nil:
		f.Err, f.Killed, f.Users = err, "", nil
	case f.Problem != nil:
		f.Err, f.Killed, f.Users = nil, "", nil
		if f.Problem.Kind == NoHostKeys {
			f.HostKeys = lookHostKeys(a.h, f.Config.hostKeys())
		}
	case a.hidden != "":
		f.ask(ctx, a, connections)
	}
}

// restart is how long sshd may be away while it starts again: at a reload it
// closes its sockets and executes itself, after systemd has called it done.
const restart = 5 * time.Second

// awaitDaemon looks again where nobody listens who should.
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
		f.Daemon = lookDaemon(h)
	}
}

// find is the program of the running daemon, else where the distributions put
// sshd: /usr/sbin everywhere, /sbin and /usr/bin where these are one directory by
// symlink or by an administrator.
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

// unitName is the name of the daemon's unit: ssh on Debian and Ubuntu, where
// the alias sshd exists only while the unit is enabled, sshd elsewhere.
func unitName(h *host.Host) string {
	for _, dir := range []string{"/etc/systemd/system", "/usr/lib/systemd/system", "/lib/systemd/system"} {
		if h.Exists(dir + "/ssh.service") {
			return "ssh"
		}
	}
	return "sshd"
}
