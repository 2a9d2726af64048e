package doctor

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"aadsshlogin-handler/internal/fault"
	"aadsshlogin-handler/internal/host"
	"aadsshlogin-handler/internal/preflight"
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
	policy := fateOpen
	perhaps := "" // the first rule that lets somebody in, or may
	allBut := ""  // the first rule that keeps out all but some
	closed := func(rule string) (fate, string) {
		if perhaps != "" {
			return fateUnclear, perhaps
		}
		return fateClosed, rule
	}
	open := func(rule string) (fate, string) {
		if allBut != "" {
			return fateUnclear, allBut
		}
		return fateOpen, rule
	}
	for _, line := range f.rules {
		words := quotedWords(line)
		if len(words) >= 3 && words[0] == "-P" {
			if words[2] == "DROP" {
				policy = fateClosed
			}
			continue
		}
		jump, conditions := parseRule(words)
		meets, butSome := all, false
		for _, c := range conditions {
			meets = min(meets, c.meets(port))
			butSome = butSome || c.negated && c.meets(port) == some
		}
		switch {
		case meets == nobody || jump == "LOG" || jump == "":
		case jump == "DROP" || jump == "REJECT":
			if meets == all {
				return closed(line)
			}
			if butSome && allBut == "" {
				allBut = line
			}
		case jump == "ACCEPT" && meets == all:
			return open(line)
		case perhaps == "":
			perhaps = line
		}
	}
	if policy == fateClosed {
		return closed("-P INPUT DROP")
	}
	return open("")
}

// condition is one condition of a rule: "! --dport 22".
type condition struct {
	negated     bool
	name, value string
}

// parseRule takes "-A INPUT -p tcp ! --dport 22 -j DROP" apart.
func parseRule(words []string) (jump string, conditions []condition) {
	negated := false
	for i := 2; i < len(words); i++ {
		value := ""
		if i+1 < len(words) {
			value = words[i+1]
		}
		switch w := words[i]; {
		case w == "-j" || w == "-g":
			return value, conditions
		case w == "!":
			negated = true
		case strings.HasPrefix(w, "-"):
			if w == "--tcp-flags" && i+2 < len(words) {
				value += " " + words[i+2]
			}
			conditions = append(conditions, condition{negated, w, value})
			negated = false
		}
	}
	return jump, conditions
}

// share is for whom of those who connect a condition holds.
type share int

const (
	nobody share = iota
	some         // or it is not known
	all
)

// meets says for whom a condition holds who opens a connection to a port from
// another machine.
func (c condition) meets(port int) share {
	share := c.plainly(port)
	if c.negated {
		return all - share
	}
	return share
}

func (c condition) plainly(port int) share {
	when := func(holds bool) share {
		if holds {
			return all
		}
		return nobody
	}
	switch c.name {
	case "-p":
		return when(c.value == "tcp" || c.value == "all")
	case "--dport", "--dports":
		return when(hasPort(c.value, port))
	case "--state", "--ctstate":
		return when(slices.Contains(strings.Split(c.value, ","), "NEW"))
	case "-i":
		if c.value == "lo" {
			return nobody
		}
	case "--tcp-flags": // which are looked at, and which of them are set: the first packet has SYN alone
		looked, set, _ := strings.Cut(c.value, " ")
		first := "NONE"
		if slices.Contains(strings.Split(looked, ","), "SYN") {
			first = "SYN"
		}
		return when(set == first)
	case "-m", "--comment", "--reject-with": // no condition, and never negated
		return all
	}
	return some // a source, an interface, a rate
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
