package doctor

import (
	"slices"
	"strings"
)

// isProgram says of a word that it begins a command in a next step, without sudo
// too. Programs whose names are English words (who, find, date) are no sure sign.
func isProgram(w string) bool {
	return slices.Contains([]string{"sudo", "az", "apt-cache", "apt-get", "azcmagent", "cat", "chronyc", "curl", "df", "dmesg", "dnf", "dpkg", "echo", "findmnt",
		"free", "fuser", "getent", "gpg", "grep", "iptables", "journalctl", "kubectl", "ldd", "ls", "lsattr", "nc", "nft", "openssl", "pgrep", "printf", "ps",
		"rpm", "sed", "ss", "ssh-keygen", "sshd", "systemctl", "tail", "timedatectl", "tdnf", "yum", "zypper"}, w)
}

// token is a part of a text between two blanks, or more of them where a command has
// blanks in quotes. within: it goes on with the command of the word before.
type token struct {
	text   string
	within bool
}

// tokens takes a text apart, and says where commands are: from "run:", sudo, az or
// another program to the end of the sentence, or of the brackets or quotes around.
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

// commandEnd reads a command up to where it ends.
type commandEnd struct {
	quoted bool // it stands in quotes as a whole
	quote  byte // an argument's that is open
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
