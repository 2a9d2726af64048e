package sshd

import (
	"net/netip"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"aadssh/internal/check"
	"aadssh/internal/host"
	"aadssh/internal/host/hosttest"
	"aadssh/internal/signin/gate"
)

const packageBlock = `Match User *@*,????????-????-????-????-????????????    # Added by aadsshlogin installer
    AuthenticationMethods publickey
    PubkeyAuthentication yes
    AuthorizedKeysCommand /usr/sbin/aad_certhandler %u %k
    AuthorizedKeysCommandUser root
`

func put(t *testing.T, h *host.Host, name, text string, mode os.FileMode) {
	t.Helper()
	full := h.Path(name)
	if err := os.MkdirAll(filepath.Dir(full), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(full, []byte(text), mode); err != nil {
		t.Fatal(err)
	}
}

// ordinary is a connection with nothing particular.
func ordinary(user string) Connection {
	return Connection{User: user, Addr: netip.MustParseAddr("198.51.100.23"), Host: "198.51.100.23", Local: netip.MustParseAddrPort("10.0.0.4:22")}
}

// golden is what a real sshd printed for a person.
func golden(t *testing.T, version string) []byte {
	t.Helper()
	b, err := os.ReadFile("testdata/openssh-" + version + ".txt")
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestParseEffectiveReadsEachVersion(t *testing.T) {
	for version, keyword := range map[string]string{"8.4": "pubkeyacceptedkeytypes", "9.2": "pubkeyacceptedalgorithms", "10.0": "pubkeyacceptedalgorithms"} {
		e := ParseEffective(ordinary(gate.HumanProbe), golden(t, version))
		if got := e.List("allowgroups"); !slices.Equal(got, []string{"domain users", "sudo"}) {
			t.Errorf("%s: allowgroups %q", version, got)
		}
		if got := e.Value("authorizedkeyscommand"); got != "/usr/sbin/aad_certhandler %u %k" {
			t.Errorf("%s: authorizedkeyscommand %q", version, got)
		}
		list, k := e.Accepted()
		if k != keyword || !slices.Contains(list, certSHA512) {
			t.Errorf("%s: %s %q", version, k, list)
		}
		if e.Has("nosuchkeyword") || e.Value("nosuchkeyword") != "" {
			t.Errorf("%s: a keyword that is not there", version)
		}
	}
}

func TestParseProblem(t *testing.T) {
	for _, c := range []struct {
		output string
		want   Problem
	}{ // as OpenSSH 8.4, 9.2 and 10.0 print them
		{"/etc/ssh/sshd_config: line 2: Bad configuration option: Bogus\n/etc/ssh/sshd_config line 3: unsupported option \"maybe\".\n", Problem{File: "/etc/ssh/sshd_config", Line: 2, Message: "Bad configuration option: Bogus"}},
		{"/etc/ssh/x line 1: Deprecated option RSAAuthentication\n/etc/ssh/x line 9: unsupported option \"perhaps\".\r\n", Problem{File: "/etc/ssh/x", Line: 9, Message: "unsupported option \"perhaps\"."}},
		{"Unsupported Match attribute Bogus\n/a line 1: Bad Match condition\n", Problem{File: "/a", Line: 1, Message: "Bad Match condition: Unsupported Match attribute Bogus"}},
		{"Missing privilege separation directory: /run/sshd\n", Problem{Kind: NoSeparation, Dir: "/run/sshd", Message: "Missing privilege separation directory: /run/sshd"}},
		{"/run/sshd must be owned by root and not group or world-writable.\n", Problem{Kind: NoSeparation, Dir: "/run/sshd", Message: "/run/sshd must be owned by root and not group or world-writable."}},
		{"Unable to load host key: /nope\nsshd: no hostkeys available -- exiting.\n", Problem{Kind: NoHostKeys, Message: "sshd: no hostkeys available -- exiting."}},
		{"Privilege separation user sshd does not exist\n", Problem{Kind: NoUser, Message: "Privilege separation user sshd does not exist"}},
		{"command-line line 0: unsupported option \"maybe\".\n", Problem{Message: "command-line line 0: unsupported option \"maybe\"."}},
		{"AuthorizedKeysCommand set without AuthorizedKeysCommandUser\n", Problem{Message: "AuthorizedKeysCommand set without AuthorizedKeysCommandUser"}},
	} {
		if got := ParseProblem(c.output); got == nil || !reflect.DeepEqual(*got, c.want) {
			t.Errorf("%q: %+v", c.output, got)
		}
	}
	if got := ParseProblem("\n \n"); got != nil {
		t.Errorf("nothing: %+v", got)
	}
}

func TestMatchPattern(t *testing.T) {
	for _, c := range []struct {
		s, list string
		want    bool
	}{
		{"a@b", "*@*", true}, {"ab", "*@*", false}, {"", "*", true}, {"", "?", false},
		{"aXbXc", "a*b*c", true}, {"aXbX", "a*b*c", false}, {"abc", "ABC", false},
		{gate.ServiceProbe, "*@*,????????-????-????-????-????????????", true},
		{gate.HumanProbe, "*,!*@*", false}, {"bob", "*,!*@*", true}, {gate.HumanProbe, "!bob", false},
		{strings.Repeat("a", 5000), strings.Repeat("*a", 2000) + "b", false}, // must not take exponential time
	} {
		if got := matchList(c.s, c.list); got != c.want {
			t.Errorf("%.40q with %.40q: %v", c.s, c.list, got)
		}
	}
}

func TestMatchUser(t *testing.T) {
	from := func(user, addr string) Connection {
		return Connection{User: user, Addr: netip.MustParseAddr(addr), Host: addr}
	}
	person, service := from(gate.HumanProbe, "10.8.0.7"), from(gate.ServiceProbe, "2001:db8::1")
	for _, c := range []struct {
		version, pattern string
		of               Connection
		want, known      bool
	}{
		{"OpenSSH_9.2", "*", person, true, true},
		{"OpenSSH_9.2", "*@*", person, true, true},
		{"OpenSSH_9.2", "*@example.com", person, false, true}, // what stands after the @ is where they come from
		{"OpenSSH_9.2", "some*", person, true, true},
		{"OpenSSH_9.2", "*?example.com", person, true, true},
		{"OpenSSH_9.2", "*@10.8.0.0/24", person, true, true},
		{"OpenSSH_9.2", "*@!10.8.0.7,10.8.0.0/24", person, false, true},
		{"OpenSSH_9.2", "*@10.8.0.*", person, true, true},
		{"OpenSSH_9.2", "*@2001:db8::/32", service, true, true},
		{"OpenSSH_9.2", servicePattern, service, true, true},
		{"OpenSSH_9.2", "*@*@*", person, false, true},
		{"OpenSSH_10.0p2", "*@*@*", person, true, true},
		{"OpenSSH_9.9", "*@*@*", person, false, false},
		{"", "*@*@*", person, false, false},
	} {
		if met, known := matchUser(c.version, c.of, c.pattern); met != c.want || known != c.known {
			t.Errorf("%s %q: %v, known: %v", c.version, c.pattern, met, known)
		}
	}
}

func TestParseLine(t *testing.T) {
	for line, want := range map[string]string{
		"  UsePAM yes\r\n":                      "usepam|yes",
		"UsePAM=yes":                            "usepam|yes",
		"AllowGroups = \"domain users\" g2 # x": "allowgroups|domain users|g2",
		"AllowUsers 'a b' c\\ d":                "allowusers|a b|c d",
		"Match User a#b":                        "match|User|a#b",
		"Banner \"a\\\"b":                       "banner|a\"b",
	} {
		keyword, args, ok := ParseLine(line)
		if got := strings.Join(append([]string{keyword}, args...), "|"); !ok || got != want {
			t.Errorf("%q: %q", line, got)
		}
	}
	for _, line := range []string{"", "   ", "# UsePAM yes", "=yes", "\x00"} {
		if _, _, ok := ParseLine(line); ok {
			t.Errorf("%q says something", line)
		}
	}
}

func TestReadFollowsIncludes(t *testing.T) {
	h := hosttest.New(t).Host()
	put(t, h, mainConfig, "Include sshd_config.d/*.conf\nPermitRootLogin no\n"+packageBlock+"Include /etc/ssh/late.conf\n", 0o644)
	put(t, h, "/etc/ssh/sshd_config.d/20.conf", "AllowUsers late\n", 0o644)
	put(t, h, "/etc/ssh/sshd_config.d/10.conf", "Match User bob\nX11Forwarding no\n", 0o644)
	put(t, h, "/etc/ssh/late.conf", "AllowGroups sudo\nInclude /etc/ssh/late.conf\n", 0o644)
	c := Read(h, mainConfig)
	if c.Err == nil || len(c.Files) > maxDepth+5 {
		t.Errorf("a file that includes itself: %d files, %v", len(c.Files), c.Err)
	}
	if d, ok := c.Find(ordinary(gate.HumanProbe), "allowusers", ""); !ok || d.File != "/etc/ssh/sshd_config.d/20.conf" || d.Block != nil {
		t.Errorf("a Match block must end with its file: %+v", d)
	}
	if d, ok := c.Find(ordinary(gate.HumanProbe), "allowgroups", "sudo"); !ok || d.Block == nil || d.Block.Line != 3 {
		t.Errorf("an Include in a block: %+v", d)
	}
	if _, ok := c.Find(ordinary("bob"), "allowgroups", ""); ok {
		t.Error("a block for others applies to bob")
	}
}

func TestVendorConfiguration(t *testing.T) {
	h := hosttest.New(t).Host()
	if got := configPath(h, nil, ""); got != mainConfig {
		t.Error(got)
	}
	put(t, h, vendorConfig, "UsePAM yes\n", 0o644)
	if got := configPath(h, nil, ""); got != vendorConfig {
		t.Error(got)
	}
	put(t, h, mainConfig, "UsePAM yes\n", 0o644)
	if got := configPath(h, nil, ""); got != mainConfig {
		t.Error(got)
	}
	if got := configPath(h, []string{"-f", "/x"}, ""); got != "/x" {
		t.Error(got)
	}
}

func TestDaemonOptions(t *testing.T) {
	h := hosttest.New(t).Host()
	put(t, h, "/etc/crypto-policies/back-ends/opensshserver.config", "CRYPTO_POLICY='-oCiphers=aes256-ctr -oPubkeyAcceptedKeyTypes=rsa-sha2-256'\n", 0o644)
	put(t, h, "/etc/sysconfig/sshd", "# OPTIONS=x\nOPTIONS=\"-u0 -o UseDNS=no -E /tmp/log -f /x\"\n", 0o644)
	want := []string{"-o", "UseDNS=no", "-f", "/x", "-o", "Ciphers=aes256-ctr", "-o", "PubkeyAcceptedKeyTypes=rsa-sha2-256"}
	_, got, from := daemonOptions(h, &Daemon{}, "sshd")
	if !slices.Equal(got, want) || len(from) != 2 || from[0].Line != 2 || from[1].File != "/etc/crypto-policies/back-ends/opensshserver.config" {
		t.Errorf("%q %+v", got, from)
	}
	if _, got, _ := daemonOptions(h, &Daemon{Command: []string{"-o", "MaxSessions=0"}}, "sshd"); !slices.Equal(got, []string{"-o", "MaxSessions=0"}) {
		t.Errorf("those of the daemon that runs: %q", got)
	}
	put(t, h, "/etc/sysconfig/sshd", "CRYPTO_POLICY=\n", 0o644) // how RHEL 8 documents to opt out
	if _, got, _ := daemonOptions(h, &Daemon{}, "sshd"); len(got) != 0 {
		t.Errorf("%q", got)
	}
}

func TestParseListening(t *testing.T) {
	const table = `  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:0016 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 1 1 0 100 0 0 10 0
   1: 0100007F:1F90 0100007F:0016 01 00000000:00000000 00:00000000 00000000     0        0 1 1 0 100 0 0 10 0
   2: 00000000000000000000000001000000:08AE 00000000000000000000000000000000:0000 0A garbage
   3: 0100:zz 0 0A
`
	want := []socket{{netip.MustParseAddrPort("127.0.0.1:22"), "1"}, {at: netip.MustParseAddrPort("[::1]:2222")}}
	if got := parseListening([]byte(table)); !slices.Equal(got, want) {
		t.Errorf("%v", got)
	}
}

// commands of a healthy look, in order.
const (
	testCommand    = "/usr/sbin/sshd -t"
	versionCommand = "/usr/sbin/sshd -V"
	personCommand  = "/usr/sbin/sshd -T -C user=someone@example.com,host=198.51.100.23,addr=198.51.100.23,laddr=127.0.0.1,lport=22"
	serviceCommand = "/usr/sbin/sshd -T -C user=00000000-0000-0000-0000-000000000000,host=198.51.100.23,addr=198.51.100.23,laddr=127.0.0.1,lport=22"
)

func TestLook(t *testing.T) {
	r := hosttest.New(t)
	h := r.Host()
	put(t, h, "/usr/sbin/sshd", "", 0o755)
	put(t, h, mainConfig, "UsePAM yes\nAllowGroups \"domain users\" sudo\n"+packageBlock, 0o644)
	r.Expect(personCommand, host.Result{Stdout: golden(t, "9.2")})
	r.Expect(serviceCommand, host.Result{Stdout: golden(t, "9.2")})
	// Its AllowUsers is read in one way by some versions and in another by others.
	r.Expect(versionCommand, host.Result{Stderr: []byte("OpenSSH_9.2p1 Debian-2, OpenSSL 3\n")})
	f := Gather(t.Context(), h, false, nil)
	if f.Err != nil || f.Problem != nil || f.Version != "OpenSSH_9.2p1" || len(f.Users) != 2 {
		t.Fatalf("%+v", f)
	}
	got := findingOf(t, Assess(&f), "sshd-groups")
	if got.Answer != check.Fail || got.File != mainConfig || !strings.Contains(got.Text, mainConfig+":2") || strings.Contains(got.Text+got.Next, "\n") {
		t.Errorf("%+v", got)
	}
}

func TestLookWithoutSSHD(t *testing.T) {
	f := Gather(t.Context(), hosttest.New(t).Host(), false, nil)
	if got := Assess(&f); len(got) != 1 || got[0].Answer != check.Fail || !strings.Contains(got[0].Text, "No SSH server") {
		t.Errorf("%+v", got)
	}
}

func TestLookBeforeTheFirstStart(t *testing.T) {
	r := hosttest.New(t)
	h := r.Host()
	put(t, h, "/usr/sbin/sshd", "", 0o755)
	put(t, h, mainConfig, packageBlock, 0o644)
	missing := host.Result{ExitCode: 255, Stderr: []byte("Missing privilege separation directory: /run/sshd\r\n")}
	isolate := func(rest ...string) string {
		return isolated("/run/sshd", host.Command{Name: "/usr/sbin/sshd", Args: rest}).String()
	}
	r.Expect(personCommand, missing)
	r.Expect(testCommand, missing)
	r.Expect(isolate("-t"), host.Result{ExitCode: 1, Stderr: []byte("unshare: unshare failed: Operation not permitted\n")})
	f := Gather(t.Context(), h, false, nil)
	if got := Assess(&f); len(got) != 1 || got[0].Answer != check.Unknown || f.Err == nil {
		t.Errorf("not allowed to unshare is no verdict on sshd: %+v", got)
	}
	r.Expect(personCommand, missing)
	r.Expect(testCommand, missing)
	r.Expect(isolate("-t"), host.Result{ExitCode: 255, Stderr: []byte("/etc/ssh/sshd_config line 2: unsupported option \"x\".\r\n")})
	if got := Assess(new(Gather(t.Context(), h, false, nil))); len(got) != 1 || got[0].Answer != check.Fail || !names(got[0], 2) {
		t.Errorf("%+v", got)
	}
	// With a daemon running, the directory was there and is gone.
	put(t, h, "/run/sshd.pid", "77\n", 0o644)
	put(t, h, "/proc/77/comm", "sshd\n", 0o644)
	put(t, h, "/proc/77/status", "Uid:\t0\t0\t0\t0\n", 0o644)
	r.Expect(personCommand, missing)
	r.Expect(testCommand, missing)
	r.Expect(isolate("-t"), host.Result{})
	if got := Assess(new(Gather(t.Context(), h, false, nil))); len(got) != 1 || got[0].Answer != check.Fail || !strings.Contains(got[0].Next, "install -d") {
		t.Errorf("%+v", got)
	}
}

func TestLookWhenSSHDHangs(t *testing.T) {
	r := hosttest.New(t)
	h := r.Host()
	put(t, h, "/usr/sbin/sshd", "", 0o755)
	r.ExpectError(personCommand, &host.HangsError{Program: "/usr/sbin/sshd"}) // and is not asked again
	if got := Assess(new(Gather(t.Context(), h, false, nil))); len(got) != 1 || got[0].Answer != check.Unknown {
		t.Errorf("%+v", got)
	}
}

func FuzzEffective(f *testing.F) {
	f.Add([]byte("port 22\nallowusers *@*\nmaxauthtries 1\n"))
	f.Fuzz(func(t *testing.T, output []byte) {
		facts := Facts{Binary: "/usr/sbin/sshd", Users: []Effective{ParseEffective(ordinary(gate.HumanProbe), output), ParseEffective(Connection{Person: gate.Service, User: gate.ServiceProbe}, output)}}
		for _, got := range Assess(&facts) {
			if got.Name == "" || got.Text == "" || strings.ContainsAny(got.Text+got.Next, "\n\r") || got.Answer == check.Fail && got.Next == "" {
				t.Errorf("%+v", got)
			}
		}
	})
}

func FuzzConfig(f *testing.F) {
	f.Add([]byte(packageBlock + "Match all\nInclude x\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		h := hosttest.New(t).Host()
		put(t, h, mainConfig, string(text), 0o644)
		c := Read(h, mainConfig)
		for _, d := range c.Directives {
			if d.Keyword == "" || d.Line < 1 {
				t.Errorf("%+v", d)
			}
			of := ordinary(gate.HumanProbe)
			d.Block.applies(&of)
		}
	})
}

func FuzzProblem(f *testing.F) {
	f.Add("a: line 1: b\nUnsupported Match attribute x\n")
	f.Fuzz(func(t *testing.T, output string) {
		if p := ParseProblem(output); p != nil {
			what, next := p.explain(&Facts{Unit: "ssh"})
			if what == "" || next == "" {
				t.Errorf("%+v", p)
			}
		}
	})
}
