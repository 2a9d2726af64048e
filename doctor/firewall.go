package doctor

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"aadsshlogin-handler/fault"
	"aadsshlogin-handler/host"
	"aadsshlogin-handler/preflight"
)

// firewall is what the machine's own packet filter does with what comes in.
type firewall struct {
	rules []string // of the chain INPUT, as "iptables -S" prints them
	known bool
}

// lookFirewall asks iptables, which also sees the rules that ufw and firewalld
// make through it. Both kinds of iptables only list with -S.
func lookFirewall(ctx context.Context, h *host.Host) firewall {
	ctx, cancel := context.WithTimeout(ctx, Bound)
	defer cancel()
	r, err := h.Runner.Run(ctx, host.Command{Name: "iptables", Args: []string{"-S", "INPUT"}})
	if err != nil || r.ExitCode != 0 {
		return firewall{known: errors.Is(err, host.ErrNotFound)}
	}
	var f firewall
	f.known = true
	for line := range strings.Lines(string(r.Stdout)) {
		f.rules = append(f.rules, strings.TrimSpace(line))
	}
	return f
}

// fate is what becomes of a connection.
type fate int

const (
	fateOpen fate = iota
	fateClosed
	fateUnclear // it depends on a chain or a condition that is not followed
)

// ssh follows the rules for a new TCP connection to a port, from anywhere. The
// rule that decides is returned with it.
func (f firewall) ssh(port int) (fate, string) {
	policy, unclear := fateOpen, ""
	for _, line := range f.rules {
		words := quotedWords(line)
		if len(words) >= 3 && words[0] == "-P" {
			if words[2] == "DROP" {
				policy = fateClosed
			}
			continue
		}
		jump, conditions := parseRule(words)
		applies, certain := appliesTo(conditions, port)
		if !applies {
			continue
		}
		switch jump {
		case "DROP", "REJECT":
			if certain && unclear == "" {
				return fateClosed, line
			}
		case "ACCEPT":
			if certain {
				return fateOpen, line
			}
		case "LOG", "":
			continue
		}
		if unclear == "" {
			unclear = line
		}
	}
	if policy == fateClosed && unclear != "" {
		return fateUnclear, unclear
	}
	if policy == fateClosed {
		return fateClosed, "-P INPUT DROP"
	}
	return fateOpen, ""
}

// parseRule takes "-A INPUT -p tcp --dport 22 -j DROP" apart.
func parseRule(words []string) (jump string, conditions [][2]string) {
	for i := 2; i < len(words); i++ {
		value := ""
		if i+1 < len(words) {
			value = words[i+1]
		}
		switch w := words[i]; {
		case w == "-j" || w == "-g":
			return value, conditions
		case strings.HasPrefix(w, "-"):
			conditions = append(conditions, [2]string{w, value})
		case w == "!":
			conditions = append(conditions, [2]string{"!", value})
		}
	}
	return jump, conditions
}

// appliesTo says whether a rule may apply to a new connection to a port, and
// whether it does for everybody who connects.
func appliesTo(conditions [][2]string, port int) (applies, certain bool) {
	certain = true
	for _, c := range conditions {
		switch c[0] {
		case "-p":
			if c[1] != "tcp" && c[1] != "all" {
				return false, false
			}
		case "-m", "--reject-with":
		case "--dport", "--dports":
			if !hasPort(c[1], port) {
				return false, false
			}
		case "-i":
			if c[1] == "lo" {
				return false, false
			}
			certain = false
		case "--state", "--ctstate":
			if !slices.Contains(strings.Split(c[1], ","), "NEW") {
				return false, false
			}
		default: // a source, a rate, a negation: for some only
			certain = false
		}
	}
	return true, certain
}

// hasPort reads 22, 20:25 and 80,443,22.
func hasPort(list string, port int) bool {
	for part := range strings.SplitSeq(list, ",") {
		from, to, isRange := strings.Cut(part, ":")
		low, err := strconv.Atoi(from)
		high := low
		if isRange {
			high, _ = strconv.Atoi(to)
		}
		if err == nil && low <= port && port <= high {
			return true
		}
	}
	return false
}

// sshPort is the first port that sshd's configuration names.
func (m machine) sshPort() int {
	for _, u := range m.SSHD.Users {
		for _, p := range u.List("port") {
			if n, err := strconv.Atoi(p); err == nil {
				return n
			}
		}
	}
	return 22
}

// firewallCheck says what the machine's own filter does with SSH. What stands
// in front of the machine is not seen from here.
func firewallCheck(m machine) []preflight.Result {
	const name = "firewall"
	port := m.sshPort()
	if !m.firewall.known {
		return []preflight.Result{{Name: name, Answer: preflight.Unknown, Text: "This machine's packet filter could not be read (root can: sudo iptables -S INPUT)."}}
	}
	switch fate, rule := m.firewall.ssh(port); fate {
	case fateClosed:
		return []preflight.Result{{Name: name, Answer: preflight.Fail, Code: fault.VerificationFailed,
			Text: fmt.Sprintf("This machine's own firewall drops connections to sshd's port %d: %s", port, rule),
			Next: fmt.Sprintf("Allow it: sudo ufw allow %d/tcp, or sudo firewall-cmd --permanent --add-port=%d/tcp && sudo firewall-cmd --reload, or sudo iptables -I INPUT -p tcp --dport %d -j ACCEPT.", port, port, port)}}
	case fateUnclear:
		return []preflight.Result{{Name: name, Answer: preflight.Unknown,
			Text: fmt.Sprintf("Whether this machine's own firewall lets connections to port %d in depends on: %s", port, rule)}}
	}
	return []preflight.Result{{Name: name, Text: fmt.Sprintf("This machine's own firewall (iptables) does not drop connections to port %d.", port)}}
}
