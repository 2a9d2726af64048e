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

// krlMagic is the beginning of a key revocation list (PROTOCOL.krl of OpenSSH).
const krlMagic = "SSHKRL\n\x00"

// checkRevoked says why sshd cannot read a list of revoked keys; as long as it cannot, it
// rejects every key (auth_key_is_revoked in OpenSSH's auth.c).
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

// wholeKRL checks the sections: after the format's version, the list's number, its date and
// flags, and two strings, each section is a byte and a string.
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

// cutString splits a string of RFC 4251 off the beginning.
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

// isKey reports whether a line is a public key that sshkey_read of OpenSSH accepts: a type,
// and the key, which begins with the same type.
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
	want := keyParts(f[0])
	plain := want > 0
	for range want - 1 {
		if _, rest, ok = cutString(rest); !ok {
			return false
		}
	}
	return !plain || len(rest) == 0
}

// keyParts is the number of strings in a key of a type, including the type (RFC 4253, RFC
// 5656, RFC 8709, PROTOCOL.u2f of OpenSSH).
// 0: it is none of them.
func keyParts(name string) int {
	switch name {
	case "ssh-ed25519":
		return 2
	case "ssh-rsa", "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp521", "sk-ssh-ed25519@openssh.com":
		return 3
	case "sk-ecdsa-sha2-nistp256@openssh.com":
		return 4
	case "ssh-dss":
		return 5
	}
	return 0
}

// keyTypes are the types that OpenSSH supports (ssh-keygen(1), "-t", and PROTOCOL.u2f).
func keyTypes() []string {
	return []string{"ssh-rsa", "ssh-dss", "ssh-ed25519", "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp521",
		"sk-ssh-ed25519@openssh.com", "sk-ecdsa-sha2-nistp256@openssh.com", "sk-ssh-ed25519", "sk-ecdsa-sha2-nistp256"}
}

// firstKey is a key in the list, in the format in which sshd passes keys to the certificate
// handler; "" if the list is empty. A list in binary format contains no complete keys, so
// some content of it stands for one.
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

// parseAuthorities are the keys of lines in the format of authorized_keys that have the
// option cert-authority (sshd(8)).
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

// revokes reports whether a list contains a key: the binary format as the key itself or its
// SHA-1 or SHA-256 (PROTOCOL.krl of OpenSSH), the text as the key.
func revokes(list, key []byte) bool {
	if !bytes.HasPrefix(list, []byte(krlMagic)) {
		return bytes.Contains(list, []byte(base64.StdEncoding.EncodeToString(key)))
	}
	short, long := sha1.Sum(key), sha256.Sum256(key)
	return bytes.Contains(list, key) || bytes.Contains(list, short[:]) || bytes.Contains(list, long[:])
}
