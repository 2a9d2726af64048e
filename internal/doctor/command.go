package doctor

import (
	"strings"

	"aadssh/internal/text"
)

// isProgram reports whether a word begins a command in a next step even without sudo.
// Programs whose names are English words (who, find, date) are left out, and those that a
// person runs with sudo and of which sentences speak (sshd, dpkg, iptables).
func isProgram(w string) bool {
	const programs = "apt-cache apt-get azcmagent cat chronyc curl df dmesg dnf echo findmnt free fuser getent gpg grep journalctl kubectl ldd ls lsattr nc openssl pgrep printf ps rpm sed ss ssh-keygen systemctl tail timedatectl tdnf yum zypper"
	return text.OneOf(w, programs)
}

// token is a part of a text between two blanks; in a command with quoted blanks it can
// contain some. within: it continues the command of the token before it.
type token struct {
	_ [0]func() // never compared: no code for == is linked

	text   string
	within bool
}

// tokens splits a text and marks the commands in it: from "run:", sudo, az or another
// program to the end of the sentence, or of the enclosing brackets or quotes.
func tokens(of string) (all []token) {
	fields := strings.Split(of, " ")
	var c commandEnd
	inside, before := false, ""
	for i := 0; i < len(fields); i++ {
		if fields[i] == "" {
			continue
		}
		inside = inside && fields[i][0] != '(' // a remark
		w := token{text: fields[i], within: inside}
		if !inside {
			bare := strings.TrimLeft(w.text, `("`)
			switch {
			case strings.EqualFold(before, "run:"):
				inside = true
			case bare == "sudo" || bare == "az":
				inside = i+1 == len(fields) || !speaks(fields[i+1])
			case isProgram(bare):
				inside = len(bare) < len(w.text) || strings.HasSuffix(before, ":") || strings.HasSuffix(before, ";")
			}
			if !inside {
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

// speaks reports whether a sentence speaks of sudo or az, by the word after it.
func speaks(next string) bool {
	switch next {
	case "is", "as", "may", "cannot", "with", "itself", "rule":
		return true
	case "aks", "vmss":
		return false
	}
	return len(next) > 2 && next[len(next)-1] == 's' && !strings.Contains(next, "-")
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

// columns is how wide a terminal shows a text: East Asian characters and pictures take two
// columns (Unicode Standard Annex 11), accents that are characters of their own none.
func columns(s string) (n int) {
	for _, r := range s {
		if r < 0x300 || r > 0x36f && r&^0xf != 0xfe00 {
			n++
		}
		for _, wide := range [...][2]rune{{0x1100, 0x115f}, {0x2e80, 0xa4cf}, {0xac00, 0xd7a3}, {0xf900, 0xfaff}, {0xfe30, 0xfe6f}, {0xff00, 0xff60}, {0xffe0, 0xffe6}, {0x1f300, 0x3fffd}} {
			if wide[0] <= r && r <= wide[1] {
				n++
			}
		}
	}
	return n
}
