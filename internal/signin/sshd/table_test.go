package sshd

import (
	"net/netip"
	"testing"
	"time"

	"aadssh/test/lib/checktest"
)

// Every check has a machine that is broken for it.
func TestRows(t *testing.T) {
	const usual = "UsePAM yes\n" + packageBlock
	broken := map[string]checktest.Machine[*Facts]{}
	config := func(check, text string) { broken[check] = checktest.Machine[*Facts]{Seen: new(healthy(t, text))} }
	seen := func(check string, change func(f *Facts)) {
		f := healthy(t, usual)
		change(&f)
		broken[check] = checktest.Machine[*Facts]{Seen: &f}
	}
	// set has sshd answer so of every connection.
	set := func(check, keyword string, values ...string) {
		seen(check, func(f *Facts) {
			for _, u := range f.Users {
				u.values[keyword] = values
			}
		})
	}
	seen("sshd-config", func(f *Facts) { f.Binary = "" })
	set("sshd-command", "authorizedkeyscommand", "none")
	set("sshd-command-user", "authorizedkeyscommanduser", "nobody")
	set("sshd-public-key", "pubkeyauthentication", "no")
	set("sshd-methods", "authenticationmethods", "publickey,password")
	set("sshd-pam", "usepam", "no")
	set("sshd-users", "allowusers", "bob")
	set("sshd-groups", "denygroups", "games")
	set("sshd-algorithms", "pubkeyacceptedalgorithms", "ssh-ed25519")
	set("sshd-ca-algorithms", "casignaturealgorithms", "ssh-ed25519")
	set("sshd-rsa-size", "requiredrsasize", "4096")
	seen("sshd-revoked-keys", func(f *Facts) {
		f.Places = map[string]Place{"/gone": {Missing: true}}
		for _, u := range f.Users {
			u.values["revokedkeys"] = []string{"/gone"}
		}
	})
	set("sshd-tries", "maxauthtries", "1")
	set("sshd-refuse", "refuseconnection", "yes")
	set("sshd-force-command", "forcecommand", "/bin/false")
	set("sshd-chroot", "chrootdirectory", "/gone")
	set("sshd-sessions", "maxsessions", "0")
	set("sshd-transport", "ciphers", "3des-cbc")
	set("sshd-startups", "maxstartups", "0:100:0")
	set("sshd-grace-time", "logingracetime", "1")
	config("sshd-order", usual+"PermitRootLogin no\n")
	config("sshd-address", "UsePAM yes\nMatch Group aad_*\nForceCommand /bin/false\n"+packageBlock)
	seen("sshd-kinds", func(f *Facts) { f.More = 1 })
	seen("sshd-listening", func(f *Facts) { f.Daemon.Listening, f.Daemon.Expected = nil, true })
	seen("sshd-reachable", func(f *Facts) {
		f.Daemon.Own = []netip.AddrPort{netip.MustParseAddrPort("127.0.0.1:22")}
	})
	seen("sshd-reload", func(f *Facts) { f.Loaded = f.Config.Changed.Add(-time.Second) })
	checktest.Rows(t, Rows(), new(healthy(t, usual)), broken)
}
