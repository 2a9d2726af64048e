package doctor

import (
	"slices"
	"strings"
)

// isProgram reports whether a word begins a command in a next step even without sudo.
// Programs whose names are English words (who, find, date) are left out.
func isProgram(w string) bool {
	return slices.Contains([]string{"sudo", "az", "apt-cache", "apt-get", "azcmagent", "cat", "chronyc", "curl", "df", "dmesg", "dnf", "dpkg", "echo", "findmnt",
		"free", "fuser", "getent", "gpg", "grep", "iptables", "journalctl", "kubectl", "ldd", "ls", "lsattr", "nc", "nft", "openssl", "pgrep", "printf", "ps",
		"rpm", "sed", "ss", "ssh-keygen", "sshd", "systemctl", "tail", "timedatectl", "tdnf", "yum", "zypper"}, w)
}

// token is a part of a text between two blanks; in a command with quoted blanks it can
// contain some. within: it continues the command of the token before it.
type token struct {
	text   string
	within bool
}

// tokens splits a text and marks the commands in it: from "run:", sudo, az or another
// program to the end of the sentence, or of the enclosing brackets or quotes.
func tokens(text string) (all []token) {
	fields := strings.Fields(text)
	var c commandEnd
	inside, before := false, ""
	for i := 0; i < len(fields); i++ {
		w := token{fields[i], inside}
		if !inside {
			bare := strings.TrimLeft(w.text, `("`)
			if inside = strings.EqualFold(before, "run:") || isProgram(bare) && (bare == "sudo" || bare == "az" || len(bare) < len(w.text) || strings.HasSuffix(before, ":") || strings.HasSuffix(before, ";")); !inside {
				all, before = append(all, w), w.text
				continue
			}
			c = commandEnd{quoted: w.text[0] == '"'}
			c.read(bare)
		} else {
			c.read(w.text)
		}
		for i+1 < len(fields) && c.quote != 0 && strings.IndexByte(strings.Join(fields[i+1:], " "), c.quote) >= 0 {
			i++
			c.read(fields[i])
			w.text += " " + fields[i]
		}
		inside = !c.ended && strings.IndexByte(".;,", w.text[len(w.text)-1]) < 0
		all, before = append(all, w), w.text
	}
	return all
}

// commandEnd scans a command for its end.
type commandEnd struct {
	quoted bool // the whole command is in quotes
	quote  byte // the open quote of an argument
	depth  int  // of brackets
	ended  bool
}

func (c *commandEnd) read(part string) {
	for i := range len(part) {
		switch b := part[i]; {
		case c.quote != 0:
			if b == c.quote {
				c.quote = 0
			}
		case b == '"' && c.quoted:
			c.ended = true
		case b == '\'' || b == '"':
			c.quote = b
		case b == '(':
			c.depth++
		case b == ')':
			c.depth--
			c.ended = c.ended || c.depth < 0
		}
	}
}
