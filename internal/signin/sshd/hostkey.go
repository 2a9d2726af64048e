package sshd

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"aadssh/internal/host"
)

// HostKey is one of sshd's host keys, with the properties that decide which algorithms sshd
// can offer. Nothing secret of it is kept.
type HostKey struct {
	Kind string // "ssh-ed25519"; "" if there is no key that sshd accepts
	Bits int    // of an RSA key; 0: not known
	Err  error  // it could not be read
}

// readHostKeys reads the keys in these files.
func readHostKeys(h *host.Host, names []string) map[string]HostKey {
	out := map[string]HostKey{}
	for _, name := range names {
		out[name] = readHostKey(h, name)
	}
	return out
}

// hostKeys are the keys that the configuration names, or sshd's defaults (sshd_config(5)).
func (c *Config) hostKeys() (names []string) {
	for _, d := range c.Directives {
		if d.Keyword == "hostkey" && d.Block == nil && len(d.Args) > 0 {
			names = append(names, d.Args[0])
		}
	}
	if len(names) == 0 {
		return []string{"/etc/ssh/ssh_host_rsa_key", "/etc/ssh/ssh_host_ecdsa_key", "/etc/ssh/ssh_host_ed25519_key"}
	}
	return names
}

// tooSmall is the first RSA key that sshd does not use because of RequiredRSASize.
func (f *Facts) tooSmall() (name string, required int) {
	for _, d := range f.Config.Directives {
		if d.Keyword == "requiredrsasize" && len(d.Args) > 0 {
			required = number(d.Args[0])
			break
		}
	}
	for _, name := range f.Config.hostKeys() {
		if k := f.HostKeys[name]; k.Kind == "ssh-rsa" && k.Bits > 0 && k.Bits < required {
			return name, required
		}
	}
	return "", 0
}

// larger is a command that creates an RSA key again. It keeps the old one.
func larger(f *Facts, name string, required int) string {
	return fmt.Sprintf("Run: sudo mv %[1]s %[1]s.small && sudo ssh-keygen -q -t rsa -b %[2]d -N '' -f %[1]s && sudo systemctl restart %[3]s", quote(name), max(keySize, required), f.Unit)
}

func readHostKey(h *host.Host, name string) HostKey {
	p := statPlace(h, name)
	switch {
	case p.Missing || p.Dir:
		return HostKey{}
	case p.Err != nil:
		return HostKey{Err: p.Err}
	case p.UID == 0 && p.Mode.Perm()&0o007 != 0: // rejected by every sshd; RHEL's accepts keys readable for a group of its own
		return HostKey{}
	}
	text, err := h.ReadFile(name, 1<<20)
	if err != nil {
		return HostKey{Err: err}
	}
	if kind, bits, ok := publicPart(text); ok {
		return HostKey{Kind: kind, Bits: bits}
	}
	// In older formats the public part is only in the file next to it.
	text, err = h.ReadFile(name+".pub", 1<<20)
	if f := strings.Fields(string(text)); err == nil && len(f) > 1 {
		if raw, err := base64.StdEncoding.DecodeString(f[1]); err == nil {
			kind, bits := keyOf(raw)
			return HostKey{Kind: kind, Bits: bits}
		}
	}
	if err == nil || errors.Is(err, fs.ErrNotExist) {
		err = errors.New("the kind of " + name + " is not known")
	}
	return HostKey{Err: err}
}

// publicPart reads the unencrypted part of a private key in OpenSSH's own format
// (PROTOCOL.key): the public key after the names of the cipher.
func publicPart(text []byte) (kind string, bits int, ok bool) {
	const begin, end, magic = "-----BEGIN OPENSSH PRIVATE KEY-----", "-----END", "openssh-key-v1\x00"
	_, body, found := bytes.Cut(text, []byte(begin))
	body, _, closed := bytes.Cut(body, []byte(end))
	raw, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(string(body)), ""))
	rest, is := bytes.CutPrefix(raw, []byte(magic))
	if !found || !closed || err != nil || !is {
		return "", 0, false
	}
	for range 3 { // cipher, kdf, its options
		if _, rest, ok = cutString(rest); !ok {
			return "", 0, false
		}
	}
	if len(rest) < 4 || binary.BigEndian.Uint32(rest) != 1 {
		return "", 0, false
	}
	public, _, ok := cutString(rest[4:])
	if !ok {
		return "", 0, false
	}
	kind, bits = keyOf(public)
	return kind, bits, kind != ""
}

// keyOf is the kind of a public key and, for RSA, its size (RFC 4253).
func keyOf(public []byte) (kind string, bits int) {
	name, rest, ok := cutString(public)
	if !ok {
		return "", 0
	}
	if string(name) == "ssh-rsa" {
		_, rest, _ = cutString(rest)
		modulus, _, _ := cutString(rest)
		bits = 8 * len(bytes.TrimLeft(modulus, "\x00"))
	}
	return string(name), bits
}

// algorithms are those that sshd can offer with the key. There are none for an RSA key
// smaller than RequiredRSASize.
func (k HostKey) algorithms(required string) []string {
	switch {
	case k.Kind == "":
		return nil
	case k.Kind != "ssh-rsa":
		return []string{k.Kind, k.Kind + "-cert-v01@openssh.com"}
	case k.Bits > 0 && k.Bits < number(required):
		return nil
	}
	return []string{"rsa-sha2-512", "rsa-sha2-256", "ssh-rsa", certSHA512, certSHA256, certSHA1}
}
