package sshd

import (
	"bytes"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"slices"
	"strconv"
	"strings"
)

// krlMagic begins a key revocation list (PROTOCOL.krl of OpenSSH).
const krlMagic = "SSHKRL\n\x00"

// checkRevoked says why sshd cannot read a list of revoked keys; while it
// cannot, it refuses every key (auth_key_is_revoked of OpenSSH's auth.c).
func checkRevoked(list []byte) string {
	if rest, ok := bytes.CutPrefix(list, []byte(krlMagic)); ok {
		if !wholeKRL(rest) {
			return "it is cut off or damaged"
		}
		return ""
	}
	number := 0
	for line := range strings.Lines(string(list)) {
		number++
		line = strings.Trim(line, " \t\r\n")
		if line == "" || line[0] == '#' {
			continue
		}
		if !isKey(line) {
			return "line " + strconv.Itoa(number) + " of it is no public key"
		}
	}
	return ""
}

// wholeKRL goes through the sections: after the format's version, the list's
// number, its date and flags, and two strings, each is a byte and a string.
func wholeKRL(b []byte) bool {
	const head = 4 + 8 + 8 + 8
	if len(b) < head || binary.BigEndian.Uint32(b) != 1 {
		return false
	}
	b, ok := b[head:], true
	for range 2 {
		if _, b, ok = cutString(b); !ok {
			return false
		}
	}
	for len(b) > 0 {
		if _, b, ok = cutString(b[1:]); !ok {
			return false
		}
	}
	return true
}

// cutString takes a string of RFC 4251 from the front.
func cutString(b []byte) (s, rest []byte, ok bool) {
	if len(b) < 4 {
		return nil, nil, false
	}
	n := uint64(binary.BigEndian.Uint32(b))
	if uint64(len(b)-4) < n {
		return nil, nil, false
	}
	return b[4 : 4+n], b[4+n:], true
}

// isKey says whether a line is a public key as sshkey_read of OpenSSH takes it:
// a type, and the key, which begins with the same type.
func isKey(line string) bool {
	f := strings.Fields(line)
	if len(f) < 2 || !slices.Contains(keyTypes(), strings.TrimSuffix(f[0], "-cert-v01@openssh.com")) && !slices.Contains(keyTypes(), f[0]) {
		return false
	}
	raw, err := base64.StdEncoding.DecodeString(f[1])
	name, rest, ok := cutString(raw)
	if err != nil || !ok || string(name) != f[0] {
		return false
	}
	want, plain := keyParts()[f[0]]
	for range want - 1 {
		if _, rest, ok = cutString(rest); !ok {
			return false
		}
	}
	return !plain || len(rest) == 0
}

// keyParts is of how many strings a key of a type consists, the type among them
// (RFC 4253, RFC 5656, RFC 8709, PROTOCOL.u2f of OpenSSH).
func keyParts() map[string]int {
	return map[string]int{"ssh-rsa": 3, "ssh-dss": 5, "ssh-ed25519": 2, "ecdsa-sha2-nistp256": 3, "ecdsa-sha2-nistp384": 3, "ecdsa-sha2-nistp521": 3,
		"sk-ssh-ed25519@openssh.com": 3, "sk-ecdsa-sha2-nistp256@openssh.com": 4}
}

// keyTypes are those that OpenSSH knows (ssh-keygen(1), "-t", and PROTOCOL.u2f).
func keyTypes() []string {
	return []string{"ssh-rsa", "ssh-dss", "ssh-ed25519", "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp521",
		"sk-ssh-ed25519@openssh.com", "sk-ecdsa-sha2-nistp256@openssh.com", "sk-ssh-ed25519", "sk-ecdsa-sha2-nistp256"}
}

// firstKey is a key of the list as sshd gives keys to the certificate handler;
// "" where the list names nobody. A list in the binary form has no whole keys to
// show: what is in it stands for one.
func firstKey(list []byte) string {
	if bytes.HasPrefix(list, []byte(krlMagic)) {
		if bytes.Contains(list, []byte("ssh-")) || bytes.Contains(list, []byte("ecdsa-")) || len(list) > len(krlMagic)+40 {
			return base64.StdEncoding.EncodeToString(list[:min(len(list), 64)])
		}
		return ""
	}
	for line := range strings.Lines(string(list)) {
		if f := strings.Fields(line); len(f) > 1 && f[0][0] != '#' {
			return f[1]
		}
	}
	return ""
}

// parseAuthorities are the keys of lines in the form of authorized_keys that have
// the option cert-authority (sshd(8)).
func parseAuthorities(text string) (out [][]byte) {
	for line := range strings.Lines(text) {
		if !strings.Contains(line, "cert-authority") {
			continue
		}
		f := strings.Fields(line)
		for i := 0; i+1 < len(f); i++ {
			if isKey(f[i] + " " + f[i+1]) {
				raw, _ := base64.StdEncoding.DecodeString(f[i+1]) // isKey has decoded it
				out = append(out, raw)
			}
		}
	}
	return out
}

// revokes says whether a list names a key: the binary form by the key itself or
// by its SHA-1 or SHA-256 (PROTOCOL.krl of OpenSSH), the text by the key.
func revokes(list, key []byte) bool {
	if !bytes.HasPrefix(list, []byte(krlMagic)) {
		return bytes.Contains(list, []byte(base64.StdEncoding.EncodeToString(key)))
	}
	short, long := sha1.Sum(key), sha256.Sum256(key)
	return bytes.Contains(list, key) || bytes.Contains(list, short[:]) || bytes.Contains(list, long[:])
}
