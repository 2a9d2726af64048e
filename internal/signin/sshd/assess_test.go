package sshd

import (
	"errors"
	"net/netip"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"aadssh/internal/check"
	"aadssh/internal/host/hosttest"
	"aadssh/internal/signin/gate"
)

func findingOf(t *testing.T, findings []check.Result, name string) check.Result {
	t.Helper()
	for _, f := range findings {
		if f.Name == name {
			return f
		}
	}
	t.Fatalf("no finding %s in %+v", name, findings)
	return check.Result{}
}

// names reports whether a finding tells people this line.
func names(f check.Result, line int) bool {
	return regexp.MustCompile(`(:|line )` + strconv.Itoa(line) + `\b`).MatchString(f.Text)
}

// healthy is what is seen of a healthy machine with this configuration.
func healthy(t *testing.T, config string) Facts {
	t.Helper()
	h := hosttest.New(t).Host()
	put(t, h, mainConfig, config, 0o644)
	f := Facts{Binary: "/usr/sbin/sshd", Unit: "ssh", Config: Read(h, mainConfig)}
	f.Daemon.Listening = []netip.AddrPort{netip.MustParseAddrPort("0.0.0.0:22")}
	f.Own = []netip.Addr{netip.MustParseAddr("10.0.0.4")}
	connections, _ := f.Config.connections(f.Config.choose(f.endpoints(), false, false))
	for _, c := range connections {
		e := ParseEffective(c, golden(t, "9.2"))
		delete(e.values, "allowusers")
		delete(e.values, "allowgroups")
		f.Users = append(f.Users, e)
	}
	return f
}

func TestAssessHealthy(t *testing.T) {
	seen := map[string]bool{}
	for _, f := range Assess(new(healthy(t, "UsePAM yes\n"+packageBlock))) {
		if f.Answer != check.Pass || f.Text == "" || seen[f.Name] {
			t.Errorf("%+v", f)
		}
		seen[f.Name] = true
	}
}

func TestAssessOldAlgorithms(t *testing.T) {
	f := healthy(t, packageBlock)
	for _, u := range f.Users {
		delete(u.values, "pubkeyacceptedalgorithms")
		u.values["pubkeyacceptedkeytypes"] = []string{"ssh-rsa-cert-v01@openssh.com,ssh-rsa"}
	}
	if got := findingOf(t, Assess(&f), "sshd-algorithms"); got.Answer != check.Warn || !strings.Contains(got.Next, "PubkeyAcceptedKeyTypes=+ssh-rsa-cert-v01@openssh.com") {
		t.Errorf("%+v", got)
	}
}

func TestAssessSwallowed(t *testing.T) {
	f := healthy(t, "UsePAM yes\n"+packageBlock+"PermitRootLogin no\nBanner /etc/issue\nMatch User bob\nX11Forwarding no\n")
	got := findingOf(t, Assess(&f), "sshd-order")
	if got.Answer != check.Warn || !names(got, 7) || !strings.Contains(got.Text, "1 more") || !strings.Contains(got.Next, "2i\\PermitRootLogin no") {
		t.Errorf("%+v", got)
	}
}

// The administrators' group may or may not be known by the time sshd asks.
func TestAssessGroupBlocks(t *testing.T) {
	for config, want := range map[string]check.Answer{
		"Match Group sftponly\nForceCommand internal-sftp\n":                               check.Pass,
		"Match Group aad_*\nForceCommand /bin/false\n":                                     check.Unknown,
		"Match Group *\nX11Forwarding no\n":                                                check.Pass,
		"Match Group *,!aad_admins\nPubkeyAuthentication no\n":                             check.Pass,
		"Match User *\nPubkeyAuthentication yes\nMatch Group *\nPubkeyAuthentication no\n": check.Pass,    // the value that is there first counts
		"Match User *\nAllowUsers *\nMatch Group *\nAllowUsers none\n":                     check.Unknown, // lists add up
		packageBlock + "Match Group *\nPubkeyAuthentication no\n":                          check.Pass,    // the package's block comes first and wins
	} {
		f := healthy(t, config+packageBlock)
		if got := findingOf(t, Assess(&f), "sshd-address"); got.Answer != want || want == check.Unknown && got.Decides == "" {
			t.Errorf("%q: %+v", config, got)
		}
	}
}

func TestAssessListening(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(*Daemon)
		want   check.Answer
	}{
		{"another port", func(d *Daemon) { d.Listening = []netip.AddrPort{netip.MustParseAddrPort("0.0.0.0:80")} }, check.Warn},
		{"nothing, booted with systemd", func(d *Daemon) { d.Listening, d.Expected = nil, true }, check.Fail},
		{"unknown", func(d *Daemon) { d.Err = errors.New("no /proc") }, check.Unknown},
	} {
		f := healthy(t, packageBlock)
		c.change(&f.Daemon)
		if got := findingOf(t, Assess(&f), "sshd-listening"); got.Answer != c.want || c.want == check.Warn && got.Decides == "" {
			t.Errorf("%s: %+v", c.name, got)
		}
	}
	for _, at := range []string{"0.0.0.0:22", "0.0.0.0:2222"} {
		f := healthy(t, packageBlock)
		f.Daemon = Daemon{Expected: true, Listening: []netip.AddrPort{netip.MustParseAddrPort(at)}, Others: []*Holder{{At: netip.MustParseAddrPort(at), Name: "dropbear", PID: "77"}}}
		got := findingOf(t, Assess(&f), "sshd-listening")
		if strings.Contains(got.Text, "dropbear (process 77)") != (at == "0.0.0.0:22") || got.Answer != check.Fail {
			t.Errorf("another program on %s: %+v", at, got)
		}
	}
	f := healthy(t, packageBlock)
	for _, u := range f.Users {
		u.values["port"], u.values["listenaddress"] = []string{"2222"}, []string{"[::]:2222"}
	}
	if got := findingOf(t, Assess(&f), "sshd-listening"); got.Answer != check.Warn || !strings.Contains(got.Text, "2222") {
		t.Errorf("a socket unit that listens elsewhere: %+v", got)
	}
}

// Over a configuration that the running daemon has not read nothing is promised.
func TestLoaded(t *testing.T) {
	f := healthy(t, packageBlock)
	if got := askLoaded(&f); got != nil {
		t.Errorf("not known: %+v", got)
	}
	f.Loaded = f.Config.Changed.Add(time.Second)
	if got := findingOf(t, Assess(&f), "sshd-reload"); got.Answer != check.Pass || got.Decides != "" {
		t.Errorf("%+v", got)
	}
	f.Loaded = f.Config.Changed.Add(-time.Second)
	if got := findingOf(t, Assess(&f), "sshd-reload"); got.Answer != check.Warn || got.Decides == "" || !strings.Contains(got.Next, "systemctl reload-or-restart ") {
		t.Errorf("%+v", got)
	}
}

// With a block size of 0 one stranger counts for everybody: that was measured with ssh on
// the machines persource-netblock-* of the sign-in matrix.
func TestAllAreOneSource(t *testing.T) {
	for _, c := range []struct {
		block, startups, penalties string
		known                      bool
	}{
		{"32:128", "1", "authfail:5", true},
		{"0:0", "1", "", false},
		{"0:0", "none", "", true},
		{"0:0", "100", "no", true},
		{"0:128", "none", "crash:90 authfail:5", false},
		{"32:0", "2", "no", false},
	} {
		f := healthy(t, packageBlock)
		for _, u := range f.Users {
			u.values["persourcenetblocksize"], u.values["persourcemaxstartups"] = []string{c.block}, []string{c.startups}
			delete(u.values, "persourcepenalties")
			if c.penalties != "" {
				u.values["persourcepenalties"] = []string{c.penalties}
			}
		}
		got := findingOf(t, Assess(&f), "sshd-startups")
		if known := got.Answer == check.Pass; known != c.known || !known && (got.Answer != check.Unknown || !strings.Contains(got.Decides, "PerSourceNetBlockSize")) {
			t.Errorf("%+v: %+v", c, got)
		}
	}
}

// A reload that systemd has reported is not one that sshd has done.
func TestReloadThatSSHDDidNotDo(t *testing.T) {
	f := healthy(t, packageBlock)
	f.Loaded, f.Deaf = f.Config.Changed.Add(-time.Second), true
	if got := findingOf(t, Assess(&f), "sshd-reload"); got.Answer != check.Warn || got.Decides == "" || !strings.Contains(got.Next, "systemctl restart ") {
		t.Errorf("%+v", got)
	}
	h := hosttest.New(t).Host()
	file := "/run/sshd.pid"
	f.Daemon.PID = 4711
	for _, u := range f.Users {
		u.values["pidfile"] = []string{file}
	}
	for text, want := range map[string]bool{"": false, "4711\n": true, "4712\n": false} {
		if text != "" {
			put(t, h, file, text, 0o644)
		}
		at, known := f.ReadAt(h)
		info, _ := h.Stat(file)
		if known != want || known && !at.Equal(info.ModTime()) {
			t.Errorf("%q: %v %v", text, at, known)
		}
		_, _ = h.RemoveFile(file)
	}
	f.Users = nil
	if _, known := f.ReadAt(h); known {
		t.Error("of a daemon that nothing is known of")
	}
}

// A file that was moved into place keeps the time of its content, and a removed file has
// none: the running daemon may have read something else.
func TestLoadedBeforeAFileWasMoved(t *testing.T) {
	const folder = "/etc/ssh/sshd_config.d"
	h := hosttest.New(t).Host()
	put(t, h, "/root/kept.conf", "X11Forwarding yes\n", 0o644) // first: it must be older than what sshd has read
	put(t, h, mainConfig, "Include "+folder+"/*.conf\n"+packageBlock, 0o644)
	put(t, h, folder+"/10-a.conf", "X11Forwarding no\n", 0o644)
	loaded := Read(h, mainConfig).Touched.Add(time.Nanosecond)
	answer := func() check.Result {
		f := Facts{Unit: "ssh", Config: Read(h, mainConfig), Loaded: loaded}
		return askLoaded(&f)[0]
	}
	if got := answer(); got.Answer != check.Pass {
		t.Errorf("nothing was changed: %+v", got)
	}
	for _, change := range []func() error{
		func() error { return os.Rename(h.Path("/root/kept.conf"), h.Path(folder+"/10-a.conf")) },
		func() error { return os.Remove(h.Path(folder + "/10-a.conf")) },
	} {
		time.Sleep(20 * time.Millisecond) // the clock of file systems goes by ticks
		if err := change(); err != nil {
			t.Fatal(err)
		}
		if got := answer(); got.Answer != check.Warn || got.Decides == "" || !strings.Contains(got.Text, "replaced, removed") {
			t.Errorf("%+v", got)
		}
		loaded = Read(h, mainConfig).Touched.Add(time.Nanosecond)
	}
}

// A file or folder with a time in the future, from an archive for example, does not keep the
// daemon from having read it.
func TestLoadedAfterAFileOfTheFuture(t *testing.T) {
	const folder = "/etc/ssh/sshd_config.d"
	h := hosttest.New(t).Host()
	put(t, h, mainConfig, "Include "+folder+"/*.conf\n"+packageBlock, 0o644)
	put(t, h, folder+"/10-a.conf", "X11Forwarding no\n", 0o644)
	future := time.Now().Add(24 * time.Hour)
	for _, name := range []string{mainConfig, folder} {
		if err := os.Chtimes(h.Path(name), future, future); err != nil {
			t.Fatal(err)
		}
	}
	f := Facts{Unit: "ssh", Config: Read(h, mainConfig), Loaded: time.Now().Add(time.Second)}
	if got := askLoaded(&f)[0]; got.Answer != check.Pass {
		t.Errorf("after a reload: %+v", got)
	}
	f.Loaded = time.Now().Add(-time.Minute)
	if got := askLoaded(&f)[0]; got.Answer != check.Warn {
		t.Errorf("before it: %+v", got)
	}
}

// Faults that "sshd -t" does not look for, or reports without a place, are found with file
// and line.
func TestBlamed(t *testing.T) {
	const directory = "/etc/ssh/sshd_config.d"
	h := hosttest.New(t).Host()
	put(t, h, mainConfig, "Include "+directory+"/*.conf\nUsePAM yes\n"+packageBlock, 0o644)
	put(t, h, directory+"/10-a.conf", "X11Forwarding no\nInclude "+directory+"/20-*.conf\n", 0o644)
	put(t, h, directory+"/20-b.conf", "AuthorizedPrincipalsCommand /usr/bin/true\n\nInclude "+directory+"/10-a.conf\n", 0o644)
	put(t, h, directory+"/30-c.conf", "ListenAddress 10.0.0.4\nListenAddress fe80::1%eth9\n", 0o644)
	f := Facts{Binary: "/usr/sbin/sshd", Unit: "ssh", Config: Read(h, mainConfig)}
	for message, want := range map[string]string{
		"Too many recursive configuration includes":                               directory + "/10-a.conf:2",
		"AuthorizedPrincipalsCommand set without AuthorizedPrincipalsCommandUser": directory + "/20-b.conf:1",
		"bad addr or host: fe80::1%eth9 (Name or service not known)":              directory + "/30-c.conf:2",
		"bad addr or host: fe80::1 (Name or service not known)":                   "",
		"something else": "",
	} {
		f.Problem = &Problem{Message: message}
		got := Assess(&f)[0]
		if got.Answer != check.Fail || !strings.Contains(got.Text, want) || (want != "") != strings.Contains(got.Next, "sudo sed -i ") {
			t.Errorf("%s: %+v", message, got)
		}
	}
}

// sshd does not start without its own programs, which "sshd -t" does not look for.
func TestOwnPrograms(t *testing.T) {
	f := healthy(t, "SshdSessionPath /opt/sshd-session\nUsePAM yes\n"+packageBlock)
	for _, u := range f.Users {
		u.values["sshdsessionpath"], u.values["sshdauthpath"] = []string{"/opt/sshd-session"}, []string{"/usr/lib/openssh/sshd-auth"}
	}
	f.Places = Places{"/opt/sshd-session": {Missing: true}, "/usr/lib/openssh/sshd-auth": {Mode: 0o755}}
	if got := Assess(&f)[0]; got.Answer != check.Fail || got.File != mainConfig || !names(got, 1) || !strings.Contains(got.Next, "1s/^/#/") {
		t.Errorf("%+v", got)
	}
	f.Places["/opt/sshd-session"] = Place{Mode: 0o755}
	if got := Assess(&f)[0]; got.Answer != check.Pass {
		t.Errorf("%+v", got)
	}
	f.Places["/usr/lib/openssh/sshd-auth"] = Place{Mode: 0o644}
	if got := Assess(&f)[0]; got.Answer != check.Fail || !strings.Contains(got.Next, "openssh-server") {
		t.Errorf("%+v", got)
	}
}

// A script that is run before each session is waited for.
func TestSessionScript(t *testing.T) {
	for text, want := range map[string]int{
		"exit 1\n":                           0,
		"# sleep 300\nlogger hello\nsleep 1": 0,
		"logger hello\nsleep 300\n":          2,
		"while :; do :; done\n":              1,
		"x=1; kill $PPID\n":                  1,
	} {
		h := hosttest.New(t).Host()
		put(t, h, sessionScript, text, 0o644)
		f := healthy(t, "UsePAM yes\n"+packageBlock)
		f.Places = gatherPlaces(t.Context(), h, f.Users)
		for _, r := range Assess(&f) {
			if r.Name == "sshd-sessions" && (names(r, want) != (want > 0) || (r.Answer == check.Unknown) != (want > 0)) {
				t.Errorf("%q: %+v", text, r)
			}
		}
	}
}

// If none of the people who are asked about can come from the address that is asked about,
// what keeps them out is still named.
func TestNobodyAskedAndOneFamily(t *testing.T) {
	f := healthy(t, "AddressFamily inet6\nUsePAM yes\n"+packageBlock)
	f.Users = nil
	f.Daemon.Own = []netip.AddrPort{netip.MustParseAddrPort("[::]:22")}
	f.Own = append(f.Own, netip.MustParseAddr("fd00::4"))
	for _, r := range Assess(&f) {
		if r.Name == "sshd-reachable" && (!names(r, 1) || !strings.Contains(r.Text, "AddressFamily inet6")) {
			t.Errorf("%+v", r)
		}
	}
}

// One person who comes from an address is out where sshd is not to be reached from there,
// and in where it is, whatever is said of all others.
func TestReachableFrom(t *testing.T) {
	const six = "[fd00::4]:22"
	for _, c := range []struct {
		from, own string
		listening []string
		says      string // "": in
	}{
		{"198.51.100.7", "10.0.0.4 fd00::4", []string{"0.0.0.0:22", "[::]:22"}, ""},
		{"2001:db8::7", "10.0.0.4 fd00::4", []string{"0.0.0.0:22", "[::]:22"}, ""},
		{"2001:db8::7", "10.0.0.4 fd00::4", []string{"0.0.0.0:22"}, "sshd does not listen where anybody gets to it from 2001:db8::7"},
		{"2001:db8::7", "10.0.0.4", []string{"0.0.0.0:22", "[::]:22"}, "This machine has no address that anybody gets to from 2001:db8::7."},
		{"198.51.100.7", "10.0.0.4 fd00::4", []string{six}, "sshd does not listen where anybody gets to it from 198.51.100.7"},
		{"2001:db8::7", "10.0.0.4 fd00::4", []string{six}, ""},
		{"198.51.100.7", "10.0.0.4 fd00::4", []string{"127.0.0.1:22"}, "loopback address only"},
		{"fe80::7", "10.0.0.4", []string{"0.0.0.0:22", "[::]:22"}, ""}, // the machine's own link-local addresses are not read
		{"127.0.0.1", "fd00::4", []string{"[::]:22", "127.0.0.1:22"}, ""},
	} {
		f := healthy(t, "UsePAM yes\n"+packageBlock)
		f.One = &gate.Somebody{Name: "ada@contoso.com", From: netip.MustParseAddr(c.from)}
		f.Own = nil
		for _, a := range strings.Fields(c.own) {
			f.Own = append(f.Own, netip.MustParseAddr(a))
		}
		for _, a := range c.listening {
			f.Daemon.Own = append(f.Daemon.Own, netip.MustParseAddrPort(a))
		}
		found := askReachable(&f)
		if (found.Answer == check.Fail) != (c.says != "") || !strings.Contains(found.Text, c.says) || found.Answer == check.Fail && found.Next == "" || found.Answer == check.Warn {
			t.Errorf("from %s to %s: %+v", c.from, c.listening, found)
		}
		if to := f.endpoints(); c.says == "" && !f.One.From.IsLoopback() && f.One.From.IsGlobalUnicast() && sameFamily(to, f.One.From)[0].Addr().IsUnspecified() {
			t.Errorf("from %s nobody asks about %s", c.from, to)
		}
	}
}

// A line that takes every algorithm away leaves the daemon none, although sshd -T prints its
// defaults for it.
func TestRemaining(t *testing.T) {
	for line, want := range map[string]string{
		"Ciphers -*":               "",
		"Ciphers -aes*,chacha20-*": "",
		"Ciphers -3des-cbc":        "aes256-ctr,chacha20-poly1305@openssh.com",
		"Ciphers aes256-ctr":       "aes256-ctr,chacha20-poly1305@openssh.com",
	} {
		f := healthy(t, line+"\n"+packageBlock)
		e := ParseEffective(Connection{}, []byte("ciphers aes256-ctr,chacha20-poly1305@openssh.com\n"))
		if got := strings.Join(remaining(&f, &e, "ciphers"), ","); got != want {
			t.Errorf("%s: %q", line, got)
		}
	}
}
