package sshd

import (
	"errors"
	"io/fs"
	"path"
	"strings"

	"aadssh/internal/host"
)

// What sshd takes: options with a value, options without one, and of these those with which
// it tests, or serves one connection, and ends (main of OpenSSH's sshd.c, 7.4 to 10).
const (
	valued  = "CEbcfghkopu"
	plain   = "46DeqrRQ"
	passing = "tTGVdi"
)

// unfit is the first of the options with which no daemon stays.
func unfit(h *host.Host, args []string) Unfit {
	for i := 0; i < len(args); i++ {
		a := args[i]
		if len(a) < 2 || a[0] != '-' {
			return Unfit{Option: a, Why: "is no option"} // "Extra argument"
		}
		for at := 1; at < len(a); at++ {
			option := "-" + a[at:at+1]
			switch {
			case strings.IndexByte(valued, a[at]) >= 0:
				value := a[at+1:]
				if value == "" {
					if i++; i == len(args) {
						return Unfit{Option: option, Why: "has no value"}
					}
					value = args[i]
				}
				if why := h.Unwritable(value, false); option == "-E" && why != "" {
					u := Unfit{Option: option + " " + value, Why: "cannot be used: " + why}
					if _, err := h.Lstat(path.Dir(value)); errors.Is(err, fs.ErrNotExist) {
						u.Folder = path.Dir(value)
					}
					return u
				}
				at = len(a)
			case strings.IndexByte(passing, a[at]) >= 0:
				return Unfit{Option: option, Why: "does not let it stay"}
			case strings.IndexByte(plain, a[at]) < 0:
				return Unfit{Option: option, Why: "is not known to it"}
			}
		}
	}
	return Unfit{}
}
