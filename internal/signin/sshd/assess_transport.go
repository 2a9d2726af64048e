package sshd

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"aadssh/internal/check"
)

// offer is what OpenSSH clients offer by default, in order (myproposal.h of OpenSSH 7.6 to
// 10.0, without what they only use with some servers). az ssh runs the client without
// changes.
type offer struct {
	keyword, shown string
	names          []string
}

func offers() []offer {
	return []offer{
		{"ciphers", "Ciphers", []string{"chacha20-poly1305@openssh.com", "aes128-ctr", "aes192-ctr", "aes256-ctr", "aes128-gcm@openssh.com", "aes256-gcm@openssh.com"}},
		{"kexalgorithms", "KexAlgorithms", []string{"mlkem768x25519-sha256", "sntrup761x25519-sha512", "sntrup761x25519-sha512@openssh.com", "curve25519-sha256", "curve25519-sha256@libssh.org",
			"ecdh-sha2-nistp256", "ecdh-sha2-nistp384", "ecdh-sha2-nistp521", "diffie-hellman-group-exchange-sha256", "diffie-hellman-group16-sha512", "diffie-hellman-group18-sha512", "diffie-hellman-group14-sha256"}},
		{"hostkeyalgorithms", "HostKeyAlgorithms", []string{"ssh-ed25519-cert-v01@openssh.com", "ecdsa-sha2-nistp256-cert-v01@openssh.com", "ecdsa-sha2-nistp384-cert-v01@openssh.com", "ecdsa-sha2-nistp521-cert-v01@openssh.com",
			"rsa-sha2-512-cert-v01@openssh.com", "rsa-sha2-256-cert-v01@openssh.com", "ssh-ed25519", "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp521", "rsa-sha2-512", "rsa-sha2-256"}},
		{"macs", "MACs", []string{"umac-64-etm@openssh.com", "umac-128-etm@openssh.com", "hmac-sha2-256-etm@openssh.com", "hmac-sha2-512-etm@openssh.com", "hmac-sha1-etm@openssh.com",
			"umac-64@openssh.com", "umac-128@openssh.com", "hmac-sha2-256", "hmac-sha2-512", "hmac-sha1"}},
	}
}

// askHostKeys: of the algorithms that sshd accepts for its host key, one must match a key
// that it has.
func (f *Facts) askHostKeys(e *Effective) check.Result {
	good := pass("sshd and OpenSSH clients have algorithms in common.")
	accepted, have := remaining(f, e, "hostkeyalgorithms"), []string{}
	for _, name := range e.List("hostkey") {
		key, seen := f.HostKeys[name]
		if !seen || key.Err != nil {
			return good // a key that could not be read may match
		}
		have = append(have, key.algorithms(e.Value("requiredrsasize"))...)
	}
	if !e.Has("hostkeyalgorithms") || len(e.List("hostkey")) == 0 || e.Has("hostkeyagent") && e.Value("hostkeyagent") != "none" ||
		slices.ContainsFunc(accepted, func(a string) bool {
			return slices.Contains(have, a) && (e.Has("hostcertificate") || !strings.Contains(a, "-cert-"))
		}) {
		return good
	}
	w := locate(f, e, "hostkeyalgorithms", "")
	return shut(w, "sshd has no host key of a kind that it accepts"+w.at()+": "+shownNames(accepted)+".",
		f.makeHostKey(e, accepted))
}

// makeHostKey is a command that creates a host key of the first accepted kind and makes
// sshd use it.
func (f *Facts) makeHostKey(e *Effective, accepted []string) string {
	restart := " && sudo systemctl restart " + f.Unit
	for _, a := range accepted {
		kind, found := map[string]string{"ssh-ed25519": "ed25519", "rsa-sha2-512": "rsa", "rsa-sha2-256": "rsa", "ecdsa-sha2-nistp256": "ecdsa"}[a]
		if !found {
			continue
		}
		name := "/etc/ssh/ssh_host_" + kind + "_key"
		named := slices.Contains(e.List("hostkey"), name)
		if old := f.HostKeys[name]; named && old.Kind != "" { // it is an RSA key that is too small
			return larger(f, name, number(e.Value("requiredrsasize")))
		}
		if named {
			return "Run: sudo rm -f " + name + " && sudo ssh-keygen -A" + restart
		}
		return "Run: sudo ssh-keygen -A && " + strings.Replace(sed(f, f.Config.Main, `1i\HostKey `+name), " && sudo systemctl reload-or-restart "+f.Unit, restart, 1)
	}
	return globally(f, locate(f, e, "hostkeyalgorithms", ""))
}

func number(s string) int {
	n, _ := strconv.Atoi(s) // 0 for a text that is not a number
	return n
}

// askTransport: client and server must agree on each of these before authentication begins.
func askTransport(f *Facts, e *Effective) check.Result {
	cipher := ""
	for _, o := range offers() {
		accepted := remaining(f, e, o.keyword)
		at := slices.IndexFunc(o.names, func(n string) bool { return slices.Contains(accepted, n) })
		if o.keyword == "ciphers" && at >= 0 {
			cipher = o.names[at]
		}
		// A cipher with built-in authentication needs no MAC (PROTOCOL of OpenSSH).
		if at >= 0 || !e.Has(o.keyword) || o.keyword == "macs" && !strings.HasSuffix(cipher, "-ctr") {
			continue
		}
		w := locate(f, e, o.keyword, "")
		return shut(w, "sshd accepts none of the "+o.shown+" that OpenSSH clients offer"+w.at()+": "+shownNames(accepted)+".", globally(f, w))
	}
	return f.askHostKeys(e)
}

// remaining are the algorithms that the daemon accepts. Of a line that takes all of them away,
// as "Ciphers -*" does, the daemon has none, and sshd -T prints its defaults.
func remaining(f *Facts, e *Effective, keyword string) []string {
	accepted := split(e.Value(keyword))
	if w := locate(f, e, keyword, ""); len(w.Args) > 0 {
		if taken, is := strings.CutPrefix(w.Args[0], "-"); is {
			accepted = slices.DeleteFunc(accepted, func(name string) bool { return matchList(name, taken) })
		}
	}
	return accepted
}

func shownNames(names []string) string {
	return cmp.Or(brief(strings.Join(names, ",")), "it accepts none at all")
}
