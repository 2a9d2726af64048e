// Package login checks whether the parts that the package aadsshlogin adds to a machine are
// in place and effective: PAM, NSS, sudo, its programs and libraries, and how SELinux and
// mount options affect them. It runs nothing.
package login

import (
	"time"

	"aadssh/internal/host"
	"aadssh/internal/signin/elf"
	"aadssh/internal/signin/gate"
)

// Facts is what was read.
type Facts struct {
	PAM      PAM
	NSS      NSS
	Sudo     Sudo
	Files    Files
	SELinux  SELinux
	Denials  Denials
	Accounts Accounts
	Shells   Shells
	// Unwritable is why no account can be written to /etc; empty: none is known.
	Unwritable string
	One        *gate.Somebody // the person whose sign-in is examined; nil: everybody
}

// Gather reads the machine. one is the person whose sign-in is examined; nil: everybody of
// the directory.
func Gather(h *host.Host, one *gate.Somebody) Facts {
	kernel := readSELinux(h)
	switches, err := h.ReadFile(switchFile, fileLimit)
	mounts, _ := h.Mounts() // options that are not known are not judged
	libraries := elf.NewLoader(h)
	s := readSudo(h, libraries, 0, switches, mounts, one)
	service := s.Rules.PAM
	f := Facts{
		PAM:      GatherPAM(h, PAMService, one, &s.Rules, mounts),
		NSS:      readNSS(h, switches, err),
		Sudo:     s,
		Files:    readFiles(h, libraries, mounts),
		SELinux:  kernel,
		Denials:  readDenials(h, kernel, time.Now()),
		Accounts: readAccounts(h),
		Shells:   readShells(h, one),

		Unwritable: unwritable(h),
		One:        one,
	}
	f.Sudo.Denied = f.PAM.Sudo
	if d := f.Sudo.Denied; d != nil && service.File != "" {
		d.Text += " (which pam_service names)"
		d.File, d.Line, d.Next = service.File, service.Line, "Change that line, or comment it out, as root: "+comment(&service)
	}
	return f
}

// reinstall is the next step for what the package's own scripts set up.
const reinstall = "Reinstall the package aadsshlogin with the machine's package manager."
