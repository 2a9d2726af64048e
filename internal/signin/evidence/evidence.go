// Package evidence lets a real sign-in settle what the gates leave open.
package evidence

import (
	"context"
	"strings"
	"syscall"
	"time"

	"aadssh/internal/check"
	"aadssh/internal/host"
	"aadssh/internal/trail"
)

// age is how far back a sign-in counts.
const age = 7 * trail.Day

// deciding are the files that decide about a sign-in, as patterns. A sign-in
// before one of them changed says nothing any more.
func deciding() []string {
	return []string{
		"/etc/ssh/*", "/etc/ssh/*/*", "/usr/etc/ssh/*", "/etc/pam.d", "/etc/pam.d/*", "/usr/etc/pam.d/*", "/usr/lib/pam.d/*", "/etc/security/*", "/etc/security/*/*",
		"/etc/nsswitch.conf", "/usr/etc/nsswitch.conf", "/etc/hosts.allow", "/etc/hosts.deny", "/etc/shells", "/etc/default/ssh", "/etc/sysconfig/ssh*",
		"/etc/crypto-policies/back-ends/*", "/etc/selinux/config", "/var/lib/selinux/*/active/modules", "/var/lib/selinux/*/active/policy.kern", "/etc/selinux/*/policy/*",
		"/lib/security", "/lib64/security", "/usr/lib64/security", "/lib/*/security", "/lib/security/*", "/lib64/security/*", "/usr/lib64/security/*", "/lib/*/security/*",
		"/etc/group", "/usr/sbin/sshd", "/usr/sbin/aad_certhandler",
	}
}

// Reading is when sshd reads its configuration.
type Reading struct {
	Started time.Time // when the daemon began that listens now; zero: not known
	Each    bool      // it is started for each connection, and reads it then
}

// Look is the last sign-in of a person that is newer than each file that decides
// and than sshd's last start or reload; zero: there is none. What sshd reads then
// and no more must not be newer than that: the sign-in was by what stood there
// before. It reads the journal, so it is asked only where something is left open.
// also are files that decide on this machine in particular: the programs and
// lists that its configuration names.
func Look(ctx context.Context, h *host.Host, now time.Time, reading Reading, also []string) time.Time {
	signedIn, read := trail.Read(ctx, h, now, age).SignedIn()
	if reading.Started.After(read) { // who listens with a socket that systemd gave it says nothing of it
		read = reading.Started
	}
	if signedIn.IsZero() || !reading.Each && (read.IsZero() || !signedIn.After(read)) {
		return time.Time{}
	}
	for _, pattern := range append(deciding(), also...) {
		for _, name := range h.Glob(pattern) {
			changed, ok := changedAt(h, name)
			if !ok || !signedIn.After(changed) || !reading.Each && changed.After(read) && atStart(name) {
				return time.Time{}
			}
		}
	}
	return signedIn
}

// atStart says whether sshd reads a file when it starts, and not for each
// connection.
func atStart(name string) bool {
	for _, prefix := range []string{"/etc/ssh/sshd_config", "/usr/etc/ssh/", "/etc/default/ssh", "/etc/sysconfig/ssh", "/etc/crypto-policies/"} {
		if strings.HasPrefix(name, prefix) {
			return true
		}
	}
	return false
}

// changedAt is when a file was last changed, by the time that nobody can set.
func changedAt(h *host.Host, name string) (time.Time, bool) {
	info, err := h.Stat(name)
	if err != nil {
		return time.Time{}, false
	}
	s, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return time.Time{}, false
	}
	return time.Unix(s.Ctim.Unix()), true
}

// settled are the checks about which somebody's sign-in says something. What
// hangs on who else connects, or on where people come from, it leaves open.
func settled(name string) bool {
	for _, prefix := range []string{"pam", "selinux", "sshd-ca-algorithms", "sshd-command", "sshd-grace-time", "sshd-revoked-keys", "sshd-chroot", "sshd-force-command"} {
		if strings.HasPrefix(name, prefix) {
			return true
		}
	}
	return false
}

// Settle takes a sign-in as the answer to what is not known. It never overrules
// an answer, and says nothing about those whom a gate concerns only in part.
func Settle(results []check.Result, signedIn time.Time) []check.Result {
	if signedIn.IsZero() {
		return results
	}
	for i, r := range results {
		if r.Answer == check.Unknown && r.Decides != "" && r.Except == "" && settled(r.Name) {
			results[i].Answer, results[i].Decides, results[i].Next = check.Pass, "", ""
			results[i].Text += " Somebody signed in at " + signedIn.UTC().Format("2006-01-02 15:04 MST") + ", after the last change."
		}
	}
	return results
}

// Open says whether something is left that a sign-in could settle.
func Open(results []check.Result) bool {
	for _, r := range results {
		if r.Answer == check.Unknown && r.Decides != "" && settled(r.Name) {
			return true
		}
	}
	return false
}
