package sshd

import (
	"aadssh/internal/signin/gate"
	"strings"
	"testing"
)

// FuzzListening: for any content of the kernel's table of sockets, what listens has an
// address.
func FuzzListening(f *testing.F) {
	f.Add([]byte("  0: 00000000:0016 00000000:0000 0A 00000000:00000000 00:00000000 00000000 0 0 1\n"))
	f.Add([]byte(" 0: 00000000000000000000000001000000:0016 x 0A\n1: 0:FFFF x 0A\n2: zz:16 x 0A"))
	f.Fuzz(func(t *testing.T, table []byte) {
		for _, a := range parseListening(table) {
			if !a.at.IsValid() {
				t.Errorf("%v", a)
			}
		}
	})
}

// FuzzPattern: matching any pattern ends, and any version of sshd agrees with the older or
// the newer reading of it.
func FuzzPattern(f *testing.F) {
	f.Add("OpenSSH_9.2p1", "*@*")
	f.Add("OpenSSH_9.6p1", "!*@contoso.com,????????-*@10.0.0.*@x")
	f.Add("", "***?@@")
	f.Fuzz(func(t *testing.T, version, pattern string) {
		for _, probe := range []string{gate.HumanProbe, gate.ServiceProbe} {
			c := ordinary(probe)
			old, _ := matchUser("OpenSSH_8.9p1", c, pattern)
			recent, _ := matchUser("OpenSSH_10.0p1", c, pattern)
			if got, known := matchUser(version, c, pattern); known && got != old && got != recent {
				t.Errorf("%q: %v, and %v and %v elsewhere", pattern, got, old, recent)
			}
			matchList(probe, pattern)
		}
	})
}

// FuzzOptions: for any content of the daemon's environment file, sshd is asked with the
// options that change what its configuration means, each with its value, and with none that
// makes it write or run as a daemon.
func FuzzOptions(f *testing.F) {
	f.Add("SSHD_OPTS=\"-D -e -E /etc/shadow -o Port=2222 -f/etc/x\"\n")
	f.Add("SSHD_OPTS='-p'\nSSHD_OPTS=-o -c -h")
	f.Fuzz(func(t *testing.T, text string) {
		value, _, _ := assigned(text, "SSHD_OPTS")
		options := safeOptions(words(value))
		for i, option := range options {
			if i%2 == 0 && !strings.Contains(" -o -f -h -p -c ", " "+option+" ") {
				t.Errorf("the option %q of %q", option, options)
			}
		}
		if len(options)%2 != 0 {
			t.Errorf("an option without its value: %q", options)
		}
	})
}
