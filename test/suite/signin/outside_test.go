//go:build rig

package signin_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"aadssh/test/lib/box"
	"aadssh/test/lib/keys"
	"aadssh/test/lib/load"
	"aadssh/test/lib/wire"
)

// outside is the network that people connect from: the other end of a box's link, in its
// own network namespace.
type outside struct {
	network *os.File
}

// connect creates a link between a box, which gets 10.0.0.4 and fd00::4, and a gateway with
// the addresses that people connect from.
func connect(t *testing.T, b *box.Box, from []string) *outside {
	t.Helper()
	o := &outside{network: newNetwork(t)}
	t.Cleanup(func() { o.network.Close() })
	script := fmt.Sprintf(`ip link set lo up
ip link add azure0 type veth peer name eth0 netns %d
ip addr add %s/24 dev azure0 && ip -6 addr add fd00::1/64 dev azure0 nodad && ip link set azure0 up
`, b.Pid(), wire.Gateway)
	for _, a := range from {
		if a != wire.Gateway && a != "fd00::1" {
			script += "ip addr add " + a + " dev azure0\n"
		}
	}
	o.must(t, script)
	inside := exec.Command("nsenter", "--target", fmt.Sprint(b.Pid()), "--net", "sh", "-ec", fmt.Sprintf(
		`ip addr add %s/24 dev eth0; ip -6 addr add fd00::4/64 dev eth0 nodad; ip link set eth0 up; ip route add default via %s; ip -6 route add default via fd00::1`, wire.Guest, wire.Gateway))
	if out, err := inside.CombinedOutput(); err != nil {
		t.Fatalf("the box's end of the wire: %v\n%s", err, out)
	}
	return o
}

// newNetwork is a network namespace that exists as long as the file is open.
func newNetwork(t *testing.T) *os.File {
	t.Helper()
	type made struct {
		f   *os.File
		err error
	}
	done := make(chan made)
	go func() {
		runtime.LockOSThread() // it stays locked, so the thread ends with this goroutine
		if err := unix.Unshare(unix.CLONE_NEWNET); err != nil {
			done <- made{nil, err}
			return
		}
		f, err := os.Open("/proc/thread-self/ns/net")
		done <- made{f, err}
	}()
	m := <-done
	if m.err != nil {
		t.Fatal(m.err)
	}
	return m.f
}

func (o *outside) command(ctx context.Context, argv ...string) *exec.Cmd {
	at := fmt.Sprintf("--net=/proc/%d/fd/%d", os.Getpid(), o.network.Fd())
	c := exec.CommandContext(ctx, "nsenter", append([]string{at, "--"}, argv...)...)
	c.Env = box.Environment()
	c.WaitDelay = time.Second
	return c
}

func (o *outside) must(t *testing.T, script string) {
	t.Helper()
	if out, err := o.command(t.Context(), "sh", "-ec", script).CombinedOutput(); err != nil {
		t.Fatalf("outside: %v\n%s", err, out)
	}
}

// service is a service principal, colleague a person of another domain, and guest somebody
// whom another organization's directory knows.
const (
	service   = "11111111-2222-3333-4444-555555555555"
	colleague = "anna@contoso.com"
	guest     = "bob_fabrikam.com#ext#@contoso.onmicrosoft.com"
)

// users are all people with an account on the machines.
func users() []string { return []string{person, service, colleague, guest} }

// called is the name of a user for which the files have a shorter word.
func called(word string) string {
	for short, name := range map[string]string{"service": service, "guest": guest, "anna": colleague} {
		if word == short {
			return name
		}
	}
	return word
}

// makeKeys creates people's keys: RSA keys of both sizes that az ssh creates, with
// certificates, and keys that no machine knows.
func makeKeys(t *testing.T) (dir string) {
	t.Helper()
	dir = t.TempDir()
	private, public := keys.UserCA()
	for name, content := range map[string]string{"ca": string(private), "ca.pub": public} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	script := "cd " + dir + "\n"
	for _, bits := range []int{2048, 3072} {
		script += fmt.Sprintf("ssh-keygen -q -t rsa -b %d -N '' -f rsa-%d && ssh-keygen -q -s ca -I rig -n %s -V -5m:+5h rsa-%d.pub\n", bits, bits, strings.Join(users(), ","), bits)
	}
	script += "for i in 1 2 3; do ssh-keygen -q -t ed25519 -N '' -f decoy$i; done"
	if out, err := exec.Command("sh", "-ec", script).CombinedOutput(); err != nil {
		t.Fatalf("keys: %v\n%s", err, out)
	}
	return dir
}

// ssh is one connection of a person, which runs a command. As with az ssh, the certificate
// is named, and so is offered before other keys.
func (o *outside) ssh(t testing.TB, keys string, a attempt, command string) (out string, ok bool) {
	t.Helper()
	key := fmt.Sprintf("%s/rsa-%d", keys, a.bits)
	argv := []string{"ssh", "-F", "none", "-b", a.from, "-p", fmt.Sprint(a.port), "-l", a.user,
		"-o", "IdentitiesOnly=yes", "-o", "BatchMode=yes", "-o", "UserKnownHostsFile=/dev/null", "-o", "StrictHostKeyChecking=no",
		"-o", "LogLevel=ERROR", "-o", patience(), "-o", "ConnectionAttempts=1"}
	for i := range a.decoys {
		argv = append(argv, "-i", fmt.Sprintf("%s/decoy%d", keys, i+1))
	}
	argv = append(argv, "-i", key)
	if a.decoys == 0 {
		argv = append(argv, "-o", "CertificateFile="+key+"-cert.pub")
	}
	ctx, cancel := context.WithTimeout(t.Context(), load.Budget(40*time.Second))
	defer cancel()
	c := o.command(ctx, append(argv, a.to, command)...)
	var errs strings.Builder
	c.Stderr = &errs
	b, err := c.Output()
	if out = strings.TrimSpace(string(b)); err != nil {
		out += errs.String()
	}
	return out, err == nil
}

// patience is how long ssh waits for a server that does not answer.
func patience() string {
	return fmt.Sprintf("ConnectTimeout=%.0f", load.Scaled(3*time.Second).Seconds())
}

// fail is a connection of a person who is rejected.
func (o *outside) fail(t testing.TB, keys string, a attempt) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), load.Budget(20*time.Second))
	defer cancel()
	_ = o.command(ctx, "ssh", "-F", "none", "-b", a.from, "-p", fmt.Sprint(a.port), "-l", a.user, "-i", keys+"/decoy1",
		"-o", "IdentitiesOnly=yes", "-o", "BatchMode=yes", "-o", "UserKnownHostsFile=/dev/null", "-o", "StrictHostKeyChecking=no",
		"-o", patience(), a.to, "true").Run()
}
