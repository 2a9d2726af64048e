package sshd

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"aadssh/internal/host/hosttest"
)

// TestHostKeys: the kinds and sizes of keys that ssh-keygen made.
func TestHostKeys(t *testing.T) {
	h := hosttest.New(t).Host()
	if err := os.MkdirAll(h.Path("/k"), 0o755); err != nil {
		t.Fatal(err)
	}
	for name, args := range map[string][]string{
		"ed25519": {"-t", "ed25519"}, "rsa": {"-t", "rsa", "-b", "1024"}, "ecdsa": {"-t", "ecdsa", "-b", "384"}, "pem": {"-m", "PEM", "-t", "rsa", "-b", "1280"},
		"open": {"-t", "ed25519"}, "locked": {"-t", "ed25519", "-N", "secret"},
	} {
		if out, err := exec.Command("ssh-keygen", append([]string{"-q", "-N", "", "-f", h.Path("/k/" + name)}, args...)...).CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
	}
	for _, change := range []error{os.Chmod(h.Path("/k/open"), 0o644), os.WriteFile(filepath.Join(h.Path("/k"), "empty"), nil, 0o600)} {
		if change != nil {
			t.Fatal(change)
		}
	}
	for name, want := range map[string]HostKey{
		"ed25519": {Kind: "ssh-ed25519"}, "rsa": {Kind: "ssh-rsa", Bits: 1024}, "ecdsa": {Kind: "ecdsa-sha2-nistp384"}, "pem": {Kind: "ssh-rsa", Bits: 1280},
		"locked": {Kind: "ssh-ed25519"}, "gone": {}, "open": openKey(os.Geteuid()),
	} {
		if got := readHostKey(h, "/k/"+name); got != want {
			t.Errorf("%s: %+v", name, got)
		}
	}
	if got := readHostKey(h, "/k/empty"); got.Err == nil {
		t.Errorf("of what is no key nothing is known: %+v", got)
	}
}

// openKey: sshd rejects a key that belongs to its own user and that others may read, but
// accepts such a key of another user.
func openKey(me int) HostKey {
	if me == 0 {
		return HostKey{}
	}
	return HostKey{Kind: "ssh-ed25519"}
}

func FuzzPublicPart(f *testing.F) {
	f.Add([]byte("-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXktdjEA\n-----END"))
	f.Fuzz(func(_ *testing.T, text []byte) { publicPart(text) })
}
