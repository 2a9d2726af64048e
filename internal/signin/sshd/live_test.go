//go:build rig

package sshd

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"aadssh/internal/check"
	"aadssh/internal/host"
	"aadssh/internal/logging"
	"aadssh/internal/signin/gate"
	"aadssh/test/lib/box"
	"aadssh/test/lib/cache"
	"aadssh/test/lib/load"
	"aadssh/test/lib/roots"
)

// block is what the package appends to sshd_config.
const block = `Match User *@*,????????-????-????-????-????????????    # Added by aadsshlogin installer
    AuthenticationMethods publickey
    PubkeyAuthentication yes
    AuthorizedKeysCommand /usr/sbin/aad_certhandler %u %k
    AuthorizedKeysCommandUser root
`

// attempt is one configuration with the expected result for a person and a service
// principal. Two things are compared with it: what Assess says and what really happens.
type attempt struct {
	name      string
	config    string            // PREFIX is replaced by the folder of the test
	files     map[string]string // besides the configuration
	finding   string            // the check that must complain; "" for none
	level     check.Answer      // how
	person    bool              // the person gets in
	service   bool              // the service principal gets in
	line      int               // the line that the finding names; 0: not checked
	ungrouped bool              // the users' group has no name, as before a first sign-in
}

func attempts() []attempt {
	const base = "UsePAM yes\n"
	in := func(name, config string) attempt {
		return attempt{name: name, config: config, person: true, service: true}
	}
	out := func(name, config, finding string, line int) attempt {
		return attempt{name: name, config: config, finding: finding, level: check.Fail, line: line}
	}
	return []attempt{
		in("as the package leaves it", base+block),
		in("block in a drop-in", base+"Include PREFIX/in.d/*.conf\n").with("in.d/50.conf", block),
		in("a harmless Match before", base+"Match User bob\n PasswordAuthentication no\n"+block),
		in("a global command of another product", base+"AuthorizedKeysCommand /bin/false\nAuthorizedKeysCommandUser nobody\n"+block),
		in("a Match for another port before", base+"Match LocalPort 2222\n PasswordAuthentication no\n"+block),
		in("global pubkey off", base+"PubkeyAuthentication no\n"+block),
		in("global methods", base+"AuthenticationMethods publickey,password\n"+block),
		in("deny somebody else", base+"DenyUsers mallory ev*\n"+block).warned("sshd-users", 2),
		in("allow list for others only", base+block+"Match User \"*,!*@*,!????????-????-????-????-????????????\"\nAllowGroups admins\nAllowUsers bob\n"),
		in("allow everybody", base+"AllowUsers *\n"+block),
		in("allow by pattern", base+"AllowUsers bob *?example.com ????????-????-????-????-????????????\n"+block).warned("sshd-users", 2),
		in("allow by two at-signs", base+"AllowUsers * bob@*@*\n"+block),
		in("SHA-512 alone", base+"PubkeyAcceptedKeyTypes rsa-sha2-512-cert-v01@openssh.com,rsa-sha2-512\n"+block),
		in("certificate names alone", base+"PubkeyAcceptedKeyTypes rsa-sha2-256-cert-v01@openssh.com,rsa-sha2-512-cert-v01@openssh.com\n"+block),
		in("trusted CA of another product", base+"TrustedUserCAKeys PREFIX/other.pub\n"+block),

		out("no block", base, "sshd-command", 0),
		out("commented block", base+strings.ReplaceAll(block, "    Auth", "#   Auth"), "sshd-command", 2),
		out("no PAM", block, "sshd-pam", 0),
		out("PAM off", "UsePAM no\n"+block, "sshd-pam", 1),
		out("a Match before with another command", base+"Match User *\n AuthorizedKeysCommand /bin/false\n AuthorizedKeysCommandUser nobody\n"+block, "sshd-command", 3),
		out("another user", base+strings.Replace(block, "User root", "User nobody", 1), "sshd-command-user", 6),
		out("keys off before", base+"Match all\n PubkeyAuthentication no\n"+block, "sshd-public-key", 3),
		out("methods before", base+"Match all\n AuthenticationMethods publickey,password\n"+block, "sshd-methods", 3),
		out("AllowUsers", base+"AllowUsers bob alice\n"+block, "sshd-users", 2),
		out("AllowUsers with a domain", base+"AllowUsers *@example.com\n"+block, "sshd-users", 2),
		out("DenyUsers of all", base+"DenyUsers *\n"+block, "sshd-users", 2),
		out("DenyUsers with a host", base+"DenyUsers *@*\n"+block, "sshd-users", 2),
		out("AllowGroups", base+"AllowGroups sudo wheel\n"+block, "sshd-groups", 2),
		out("AllowGroups appended", base+block+"AllowGroups sudo\n", "sshd-groups", 7),
		out("AllowGroups in a drop-in", base+"Include PREFIX/in.d/*.conf\n"+block, "sshd-groups", 1).with("in.d/90-hardening.conf", "AllowGroups sudo\n"),
		out("AllowGroups of all before the first sign-in", base+"AllowGroups *\n"+block, "sshd-groups", 2).withoutGroup(),
		out("DenyGroups before the first sign-in", base+"DenyGroups games\n"+block, "sshd-groups", 2).withoutGroup(),
		out("no RSA certificates", base+"PubkeyAcceptedKeyTypes ssh-ed25519,ssh-ed25519-cert-v01@openssh.com\n"+block, "sshd-algorithms", 2),
		out("plain RSA alone", base+"PubkeyAcceptedKeyTypes rsa-sha2-256,rsa-sha2-512\n"+block, "sshd-algorithms", 2),
		out("no RSA authority", base+"CASignatureAlgorithms ssh-ed25519\n"+block, "sshd-ca-algorithms", 2).atLevel(check.Unknown),
		out("revoked keys gone", base+"RevokedKeys PREFIX/gone\n"+block, "sshd-revoked-keys", 2),

		{name: "only people are allowed", config: base + "AllowUsers *?example.com\n" + block, finding: "sshd-users", level: check.Warn, person: true, line: 2},
		{name: "only people match the block", config: base + strings.Replace(block, ",????????-????-????-????-????????????", "", 1), finding: "sshd-command", level: check.Warn, person: true},
	}
}

func (a attempt) with(name, text string) attempt {
	a.files = map[string]string{name: text}
	return a
}
func (a attempt) warned(finding string, line int) attempt {
	a.finding, a.level, a.line = finding, check.Warn, line
	return a
}
func (a attempt) atLevel(l check.Answer) attempt { a.level = l; return a }
func (a attempt) withoutGroup() attempt          { a.ungrouped = true; return a }

// inside marks the copy of this test that runs in the box.
const inside = "SSHD_TEST_INSIDE_BOX"

// TestSignIn tries each configuration in a throw-away root of each suite: if Assess says
// that it works, signing in with a certificate succeeds, and otherwise it fails.
func TestSignIn(t *testing.T) {
	if os.Getenv(inside) == "" {
		inBoxes(t, len(attempts()))
		return
	}
	if err := os.MkdirAll("/run/sshd", 0o755); err != nil {
		t.Fatal(err)
	}
	keys := prepare(t)
	for _, a := range attempts() {
		t.Run(a.name, func(t *testing.T) { a.try(t, keys) })
	}
}

// TestNeverStarted examines a machine whose socket unit has not started sshd since boot:
// /run/sshd is missing, and must still be missing afterwards.
func TestNeverStarted(t *testing.T) {
	if os.Getenv(inside) == "" {
		inBoxes(t, 3)
		return
	}
	if err := os.RemoveAll("/run/sshd"); err != nil {
		t.Fatal(err)
	}
	h := &host.Host{Runner: &host.Local{Log: logging.Discard()}, Log: logging.Discard()}
	write(t, "/tmp/healthy", "UsePAM yes\n"+block, 0o644)
	write(t, "/tmp/broken", "UsePAM yes\nBogus yes\n", 0o644)
	t.Run("healthy", func(t *testing.T) {
		f := GatherAt(t.Context(), h, false, nil, "/tmp/healthy")
		if f.Problem != nil || f.Err != nil || f.Note == "" || len(f.Users) != 2 {
			t.Errorf("%+v", f)
		}
		for _, a := range Assess(&f) {
			if a.Answer == check.Fail {
				t.Errorf("%+v", a)
			}
		}
	})
	t.Run("broken", func(t *testing.T) {
		f := GatherAt(t.Context(), h, false, nil, "/tmp/broken")
		if f.Problem == nil || f.Problem.Kind != Broken || f.Problem.Line != 2 || f.Problem.File != "/tmp/broken" {
			t.Errorf("%+v", f.Problem)
		}
	})
	t.Run("nothing is left", func(t *testing.T) {
		if h.Exists("/run/sshd") {
			t.Error("/run/sshd is there")
		}
		if strings.Contains(read(t, "/proc/self/mountinfo"), " /run rw") && strings.Count(read(t, "/proc/self/mountinfo"), " /run ") > 1 {
			t.Error("a mount on /run is left")
		}
	})
}

// inBoxes runs the calling test in a box of each suite, as a copy of this program, and
// expects this many passed subtests.
func inBoxes(t *testing.T, subtests int) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	for _, suite := range []roots.Suite{roots.Bullseye, roots.Bookworm, roots.Trixie} { // OpenSSH 8.4, 9.2, 10.0
		t.Run(string(suite), func(t *testing.T) {
			c, err := cache.Open()
			if err != nil {
				t.Fatal(err)
			}
			root, err := roots.Get(t.Context(), c, suite)
			if err != nil {
				t.Fatal(err)
			}
			b, err := box.New(t.Context(), c, box.Options{Layers: []string{root}})
			if err != nil {
				t.Fatal(err)
			}
			defer b.Close()
			if err := b.CopyIn(self, "/sshd.test", 0o755); err != nil {
				t.Fatal(err)
			}
			name, _, _ := strings.Cut(t.Name(), "/")
			r, err := b.Run(t.Context(), append(box.Environment(), inside+"=1"), "/sshd.test", "-test.run=^"+name+"$", "-test.v")
			if err != nil {
				t.Fatal(err)
			}
			if n := strings.Count(r.Output(), "    --- PASS: "); r.ExitCode != 0 || n != subtests {
				t.Errorf("%d of %d passed (exit %d):\n%s", n, subtests, r.ExitCode, r.Output())
			}
		})
	}
}

// prepare creates the users, an RSA authority, certificates as Entra ID issues them, and
// what the package would install.
func prepare(t *testing.T) (keys string) {
	t.Helper()
	keys = t.TempDir()
	sh(t, "ssh-keygen", "-q", "-t", "rsa", "-b", "2048", "-N", "", "-f", keys+"/ca")
	sh(t, "ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", keys+"/other")
	sh(t, "ssh-keygen", "-q", "-t", "rsa", "-b", "2048", "-N", "", "-f", keys+"/user")
	sh(t, "ssh-keygen", "-q", "-s", keys+"/ca", "-I", "rig", "-n", "rig", "-V", "-5m:+1h", keys+"/user.pub")
	ca, err := os.ReadFile(keys + "/ca.pub")
	if err != nil {
		t.Fatal(err)
	}
	// Like the real one it must be run as root.
	write(t, CertHandler, "#!/bin/sh\n[ \"$(id -u)\" = 0 ] || exit 1\necho 'cert-authority,principals=\"rig\" "+strings.TrimSpace(string(ca))+"'\n", 0o755)
	// The real module checks the role and creates the account in the account stack: a
	// sign-in counts only if this was called, whatever sshd says.
	write(t, "/usr/sbin/rig_provision", "#!/bin/sh\ntouch /run/provisioned.\"$PAM_USER\"\n", 0o755)
	write(t, "/etc/pam.d/sshd", "auth required pam_permit.so\naccount required pam_exec.so /usr/sbin/rig_provision\nsession required pam_permit.so\n", 0o644)
	add(t, "/etc/passwd", gate.HumanProbe+":x:4001:4001::/:/bin/sh\n"+gate.ServiceProbe+":x:4002:4001::/:/bin/sh\n")
	add(t, "/etc/shadow", gate.HumanProbe+":*:19000::::::\n"+gate.ServiceProbe+":*:19000::::::\n")
	return keys
}

func (a attempt) try(t *testing.T, keys string) {
	dir := t.TempDir()
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	group := "rigpeople:x:4001:\n"
	if a.ungrouped {
		group = ""
	}
	groups, err := os.ReadFile("/etc/group")
	if err != nil {
		t.Fatal(err)
	}
	write(t, "/etc/group", string(groups)+group, 0o644)
	defer write(t, "/etc/group", string(groups), 0o644)
	write(t, dir+"/other.pub", read(t, keys+"/other.pub"), 0o644)
	for name, text := range a.files {
		write(t, filepath.Join(dir, name), text, 0o644)
	}
	config := filepath.Join(dir, "sshd_config")
	write(t, config, strings.ReplaceAll(a.config, "PREFIX", dir), 0o644)

	h := &host.Host{Runner: &host.Local{Log: logging.Discard()}, Log: logging.Discard()}
	facts := GatherAt(context.Background(), h, false, nil, config)
	findings := Assess(&facts)
	a.checkFindings(t, findings)

	t.Log(facts.Version)
	if got := signIn(t, config, keys, gate.HumanProbe); got != a.person {
		t.Errorf("the person gets in: %v, want %v", got, a.person)
	}
	if got := signIn(t, config, keys, gate.ServiceProbe); got != a.service {
		t.Errorf("the service principal gets in: %v, want %v", got, a.service)
	}
}

func (a attempt) checkFindings(t *testing.T, findings []check.Result) {
	t.Helper()
	met := a.finding == ""
	for _, f := range findings {
		if f.Name == "sshd-listening" || f.Name == "sshd-order" {
			continue // no daemon listens on port 22 here
		}
		switch {
		case f.Name == a.finding:
			met = f.Answer == a.level && (a.line == 0 || names(f, a.line))
			t.Logf("%s %s: %s | %s", f.Name, f.Answer, f.Text, f.Next)
			if !met {
				t.Errorf("wrong finding")
			}
		case f.Answer != check.Pass:
			t.Errorf("unexpected %s %s: %s", f.Name, f.Answer, f.Text)
		}
	}
	if !met {
		t.Errorf("%s did not complain", a.finding)
	}
}

// signIn starts a daemon with this configuration on a free port of loopback
// and connects with the certificate.
func signIn(t *testing.T, config, keys, user string) bool {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	port := l.Addr().(*net.TCPAddr).Port
	l.Close()
	var log bytes.Buffer
	daemon := exec.Command("/usr/sbin/sshd", "-D", "-e", "-f", config, "-o", fmt.Sprintf("Port=%d", port), "-o", "ListenAddress=127.0.0.1", "-o", "PidFile=none", "-o", "LogLevel=VERBOSE")
	daemon.Stderr = &log
	if err := daemon.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = daemon.Wait()
	}()
	defer func() {
		_ = daemon.Process.Signal(syscall.SIGTERM)
		<-ended
	}()
	for {
		c, err := net.DialTimeout("tcp", fmt.Sprintf("127.0.0.1:%d", port), load.Scaled(time.Second))
		if err == nil {
			c.Close()
			break
		}
		select {
		case <-ended: // it refused its configuration
			return false
		case <-time.After(10 * time.Millisecond):
		}
	}
	ctx, cancel := context.WithTimeout(context.Background(), load.Scaled(20*time.Second))
	defer cancel()
	provisioned := "/run/provisioned." + user
	_ = os.Remove(provisioned)
	client := exec.CommandContext(ctx, "ssh", "-F", "none", "-p", fmt.Sprint(port), "-i", keys+"/user", "-o", "IdentitiesOnly=yes", "-o", "BatchMode=yes",
		"-o", "UserKnownHostsFile=/dev/null", "-o", "StrictHostKeyChecking=no", "-l", user, "127.0.0.1", "echo", "signed-in")
	out, err := client.CombinedOutput()
	_, missing := os.Stat(provisioned)
	ok := err == nil && strings.Contains(string(out), "signed-in") && missing == nil
	if testing.Verbose() {
		t.Logf("client: %s\ndaemon: %s", last(string(out)), last(log.String()))
	}
	return ok
}

func last(s string) string {
	lines := strings.Split(strings.TrimSpace(s), "\n")
	return strings.Join(lines[max(0, len(lines)-4):], " / ")
}

func sh(t *testing.T, name string, args ...string) {
	t.Helper()
	if out, err := exec.Command(name, args...).CombinedOutput(); err != nil {
		t.Fatalf("%s: %v\n%s", name, err, out)
	}
}

func write(t *testing.T, name, text string, mode os.FileMode) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, []byte(text), mode); err != nil {
		t.Fatal(err)
	}
}

func read(t *testing.T, name string) string {
	t.Helper()
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func add(t *testing.T, name, text string) {
	t.Helper()
	write(t, name, read(t, name)+text, 0o600)
	if err := os.Chmod(name, 0o644); err != nil {
		t.Fatal(err)
	}
}
