package login

import (
	"fmt"
	"path"
	"strings"

	"aadssh/internal/signin/pam"
	"aadssh/internal/text"
)

// remedy is how to restore the module's line in a stack with the tools of the distribution
// family.
func (p *PAM) remedy(stack string) string {
	switch {
	case p.Tool == "pam-auth-update" && strings.HasPrefix(path.Base(p.Unused), "common-"):
		file, _, _ := strings.Cut(p.Unused, ":")
		return "It is in " + p.Unused + ", which " + p.File + " does not include. Include that file again, run: printf '@include " + path.Base(file) + "\\n' | sudo tee -a " + p.File
	case p.Tool == "pam-auth-update" && p.Unused == "" && p.Profile != "":
		return "Run: sudo pam-auth-update --package --enable " + text.Quote(p.Profile)
	case p.Tool == "pam-auth-update" && p.Unused == "":
		return "Ask who keeps the machine's PAM files: pam-auth-update --package puts the line back; where it says \"Local modifications\", compare /etc/pam.d/common-* with pam-auth-update --force and take over the changes."
	}
	next := "Reinstall the package aadsshlogin with the machine's package manager, or put the line back: "
	if p.Unused != "" {
		next = "It is in " + p.Unused + ", which sshd does not include. Put the line back: "
	}
	switch p.Tool {
	case "pam-config":
		next = "pam-config overwrites files whose names end in -pc, so " + p.target(stack) + " has to be a file of its own. " + next + fmt.Sprintf("sudo cp --remove-destination %s-pc %[1]s; ", p.target(stack))
	case "authselect":
		next = "authselect writes that file anew, so have the line in a custom profile too (authselect create-profile). " + next
	}
	if stack == string(pam.Account) && p.Auth == nil { // whoever rewrote the files removed both lines
		return next + p.insert(stack) + " && " + p.insert(string(pam.Auth))
	}
	return next + p.insert(stack)
}

// insert is a command that inserts the line at the top of its stack.
func (p *PAM) insert(stack string) string {
	line, file := stack+" sufficient "+PAMModule, text.Quote(p.target(stack))
	return fmt.Sprintf(`sudo `+text.Edit+` '%di\%s' %s`, max(1, p.First[stack]), line, file)
}

// target is the file in which a line of the stack belongs.
func (p *PAM) target(stack string) string {
	if stack == "account" && p.Account != "" {
		return p.Account
	}
	return p.File
}
