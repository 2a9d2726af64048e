// Package sshd finds out what sshd would do with somebody who signs in through
// Microsoft Entra ID: it asks sshd itself for its effective configuration, and
// reads the configuration files only to say where something stands.
package sshd

import (
	"context"
	"fmt"
	"slices"
	"time"

	"aadsshlogin-handler/internal/host"
)

// The two kinds of user that the package's Match block names: a person's user
// principal name and the application id of a service principal. Nobody has
// these names: example.com is reserved (RFC 2606), the id is all zeros.
const (
	PersonProbe  = "someone@example.com"
	ServiceProbe = "00000000-0000-0000-0000-000000000000"
)

// Facts is what was seen of sshd.
type Facts struct {
	Binary  string      // path of sshd; "" where it is not installed
	Version string      // for example "OpenSSH_9.2p1"; "" where sshd did not say
	Options []string    // the distribution starts the daemon with these, besides its configuration file
	Problem *Problem    // why sshd refuses its configuration; nil: it does not
	Users   []Effective // what is in force for each probe, where Problem is nil
	Config  Config      // the files, in the order in which sshd reads them
	Daemon  Daemon      // the running daemon
	Unit    string      // "ssh" or "sshd", as the distribution calls the unit
	Missing []string    // files that the configuration names and that are not there (RevokedKeys)
	Note    string      // how sshd was asked, where that was not the plain way
	Err     error       // sshd could not be asked: what it would say is unknown
}

// Look asks the machine's sshd. It changes nothing on the machine.
func Look(ctx context.Context, h *host.Host) Facts { return LookAt(ctx, h, "") }

// LookAt is Look for another configuration file than the machine's own.
func LookAt(ctx context.Context, h *host.Host, config string) Facts {
	f := Facts{Daemon: lookDaemon(h), Unit: unitName(h)}
	f.Binary = find(h)
	if config == "" {
		f.Options = daemonOptions(h)
		f.Config = Read(h, configPath(h, f.Options))
	} else {
		f.Options = []string{"-f", config}
		f.Config = Read(h, config)
	}
	if f.Binary == "" {
		return f
	}
	a := asker{h: h, binary: f.Binary, options: f.Options}
	f.Problem, f.Err = a.test(ctx)
	f.Note = a.note()
	if a.hidden != "" && f.Daemon.PID != 0 {
		// The daemon has made the directory, and somebody removed it since.
		f.Problem = &Problem{Kind: NoSeparation, Message: "Missing privilege separation directory: " + a.hidden, Dir: a.hidden}
	}
	if f.Err != nil || f.Problem != nil {
		return f
	}
	f.Version = a.version(ctx)
	for _, user := range []string{PersonProbe, ServiceProbe} {
		effective, err := a.effective(ctx, user)
		if err != nil {
			f.Err = fmt.Errorf("sshd accepts its configuration but does not show it for %s: %w", user, err)
			return f
		}
		f.Users = append(f.Users, effective)
	}
	f.Missing = missingFiles(h, f.Users)
	awaitDaemon(ctx, h, &f)
	return f
}

// restart is how long sshd may be away while it starts anew: at a reload it
// closes its sockets and executes itself, after systemd has called it done.
const restart = 5 * time.Second

// awaitDaemon looks again where nobody listens who should.
func awaitDaemon(ctx context.Context, h *host.Host, f *Facts) {
	if !f.Daemon.Expected || f.Daemon.Err != nil {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, restart)
	defer cancel()
	for !slices.ContainsFunc(ports(*f), f.Daemon.Listens) {
		select {
		case <-ctx.Done():
			return
		case <-time.After(50 * time.Millisecond):
		}
		f.Daemon = lookDaemon(h)
	}
}

// find is where the distributions put sshd: /usr/sbin everywhere, /sbin and
// /usr/bin where these are one directory by symlink or by an administrator.
func find(h *host.Host) string {
	for _, path := range []string{"/usr/sbin/sshd", "/usr/bin/sshd", "/sbin/sshd", "/usr/local/sbin/sshd"} {
		if info, err := h.Stat(path); err == nil && info.Mode().IsRegular() && info.Mode().Perm()&0o111 != 0 {
			return path
		}
	}
	return ""
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

// missingFiles are the files that sshd needs only when somebody signs in, so
// that "sshd -t" does not miss them: it refuses every key while RevokedKeys
// cannot be read (sshd_config(5)).
func missingFiles(h *host.Host, users []Effective) []string {
	var missing []string
	for _, u := range users {
		path := u.Value("revokedkeys")
		if path == "" || path == "none" || h.Exists(path) || slices.Contains(missing, path) {
			continue
		}
		missing = append(missing, path)
	}
	return missing
}
