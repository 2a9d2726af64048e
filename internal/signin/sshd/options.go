package sshd

import (
	"strings"

	"aadsshlogin-handler/internal/host"
)

// unit is how a distribution's sshd unit builds the daemon's command line.
// Options there win over the global part of the configuration file, so sshd
// must be asked with the same ones.
type unit struct {
	Files     []string // its EnvironmentFile= lines; a later file wins
	Variables []string // what its ExecStart= uses of them, in order
}

// units are the sshd units as the distributions ship them.
func units() []unit {
	return []unit{
		{[]string{"/etc/default/ssh"}, []string{"SSHD_OPTS"}}, // Debian, Ubuntu: ssh.service
		{ // RHEL and its family, Azure Linux: sshd.service. CRYPTO_POLICY is set on RHEL 8; RHEL 9 includes the policy instead.
			[]string{"/etc/crypto-policies/back-ends/opensshserver.config", "/etc/sysconfig/sshd"},
			[]string{"OPTIONS", "CRYPTO_POLICY"},
		},
		{[]string{"/etc/sysconfig/ssh"}, []string{"SSHD_OPTS"}}, // SLES, openSUSE: sshd.service
	}
}

// daemonOptions are the options that the daemon gets besides its file.
func daemonOptions(h *host.Host) []string {
	var out []string
	for _, u := range units() {
		values := map[string]string{}
		for _, file := range u.Files {
			text, err := h.ReadFile(file, 1<<20)
			if err != nil {
				continue
			}
			for _, name := range u.Variables {
				if v, ok := assigned(string(text), name); ok {
					values[name] = v
				}
			}
		}
		for _, name := range u.Variables {
			out = append(out, safeOptions(words(values[name]))...)
		}
	}
	return out
}

// assigned is the last value of a variable in a systemd environment file.
func assigned(text, variable string) (value string, found bool) {
	for line := range strings.Lines(text) {
		name, v, ok := strings.Cut(strings.TrimSpace(line), "=")
		if !ok || strings.TrimSpace(name) != variable {
			continue
		}
		v = strings.TrimSpace(v)
		if len(v) >= 2 && (v[0] == '"' || v[0] == '\'') && v[len(v)-1] == v[0] {
			v = v[1 : len(v)-1]
		}
		value, found = v, true
	}
	return value, found
}

// safeOptions keeps the options that change what a configuration means. Others
// (-D, -e, -E FILE) say how the daemon runs, and some would write.
func safeOptions(args []string) []string {
	var out []string
	for i := 0; i < len(args); i++ {
		a := args[i]
		switch {
		case len(a) == 2 && a[0] == '-' && strings.IndexByte("ofhpc", a[1]) >= 0 && i+1 < len(args):
			out = append(out, a, args[i+1])
			i++
		case len(a) > 2 && strings.HasPrefix(a, "-o"), len(a) > 2 && strings.HasPrefix(a, "-f"):
			out = append(out, a[:2], a[2:])
		case a == "-E" || a == "-g" || a == "-u" || a == "-C":
			i++
		}
	}
	return out
}
