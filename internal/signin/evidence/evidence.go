// Package evidence uses a real sign-in to answer what the gates leave unknown.
package evidence

import (
	"context"
	"syscall"
	"time"

	"aadssh/internal/check"
	"aadssh/internal/host"
	"aadssh/internal/text"
	"aadssh/internal/trail"
)

// age is the age of the oldest sign-in that counts.
const age = 7 * trail.Day

// deciding are patterns of the files that decide about a sign-in. A sign-in before a change
// of one of them proves nothing.
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
	Started time.Time // when the daemon that listens now was started; zero: not known
	Each    bool      // it is started for each connection, and reads its configuration then
}

// LastSignIn is the last sign-in of a person that is newer than each deciding file and than
// sshd's last start or reload; zero: there is none. Files that sshd reads only then must
// not be newer than that: the sign-in was decided by their earlier content. It reads the
// journal, so it is only called if something is unknown. also are further deciding files of
// this machine: the programs and lists that its configuration names.
func LastSignIn(ctx context.Context, h *host.Host, now time.Time, reading Reading, also []string) time.Time {
	signedIn, read := trail.Read(ctx, h, now, age).SignedIn()
	if reading.Started.After(read) { // a daemon that got its socket from systemd does not log that it listens
		read = reading.Started
	}
	if signedIn.After(now) { // the clock was ahead then, so the times of files changed later may be earlier
		return time.Time{}
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

// atStart reports whether sshd reads a file only when it starts, and not for each
// connection.
func atStart(name string) bool {
	return text.Begins(name, "/etc/ssh/sshd_config /usr/etc/ssh/ /etc/default/ssh /etc/sysconfig/ssh /etc/crypto-policies/")
}

// changedAt is when a file was last changed, by the time that cannot be set (ctime).
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

// settled reports whether another person's sign-in proves something about a check. It
// proves nothing if the result depends on who connects, or from where.
func settled(name string) bool {
	return text.Begins(name, "pam selinux sshd-ca-algorithms sshd-command sshd-grace-time sshd-revoked-keys sshd-chroot sshd-force-command")
}

// Settle uses a sign-in as the answer to unknown results. It never replaces a known result,
// and proves nothing for people whom a gate concerns only in part.
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

// Open reports whether a sign-in could answer something that is unknown.
func Open(results []check.Result) bool {
	for _, r := range results {
		if r.Answer == check.Unknown && r.Decides != "" && settled(r.Name) {
			return true
		}
	}
	return false
}
