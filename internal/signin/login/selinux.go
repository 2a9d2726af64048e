package login

import (
	"errors"
	"io/fs"
	"path"
	"strings"

	"aadssh/internal/check"
	"aadssh/internal/host"
)

// seModule is the module that the package aadsshlogin-selinux installs
// (Azure/azure-linux-extensions#2208).
const seModule = "aad_permissions"

// SELinux is its state in the kernel, whatever policy packages are installed.
type SELinux struct {
	_ [0]func() // never compared: no code for == is linked

	Enabled   bool
	Enforcing bool
	Policy    string // SELINUXTYPE in /etc/selinux/config; "" if not set
	Stores    bool   // the machine has a store of policy modules: the policy can be changed here
	Module    bool   // the package's module is in the store
	Confines  string // version of the policy, if it is known to break what AuthorizedKeysCommand starts
	Err       error  // the state in the kernel is not known
}

// PolicyPackage is the policy's package on RHEL, and ConfiningPolicy its first version for
// RHEL 10 that runs sshd's sessions in a domain of their own, sshd_session_t, in which
// programs that AuthorizedKeysCommand starts were denied what they need
// (Azure/azure-linux-extensions#2208, opkssh#599, 2026-06).
const (
	PolicyPackage   = "selinux-policy"
	ConfiningPolicy = "42.1.18-4.el10_2.2"
)

// Enforced reports whether the kernel enforces a policy. It reads one file.
func Enforced(h *host.Host) bool {
	text, err := h.ReadFile(enforceFile, 16)
	return err == nil && strings.TrimSpace(string(text)) == "1"
}

const enforceFile = "/sys/fs/selinux/enforce"

func readSELinux(h *host.Host) SELinux {
	var s SELinux
	text, err := h.ReadFile(enforceFile, 16)
	switch {
	case err == nil:
		s.Enabled = true
		s.Enforcing = strings.TrimSpace(string(text)) == "1"
	case !errors.Is(err, fs.ErrNotExist):
		s.Err = err
	}
	if text, err := h.ReadFile("/etc/selinux/config", 64<<10); err == nil {
		for line := range strings.Lines(string(text)) {
			if name, value, ok := strings.Cut(strings.TrimSpace(line), "="); ok && strings.TrimSpace(name) == "SELINUXTYPE" {
				s.Policy = strings.TrimSpace(value)
			}
		}
	}
	// The places where libsemanage stores modules: below /var/lib/selinux since 2.4, before
	// that and on the RHEL family below /etc/selinux; the priority is a folder, and before
	// 2.4 a module was one file.
	for _, store := range []string{"/var/lib/selinux", "/etc/selinux"} {
		policies := h.Glob(path.Join(store, "*", "active", "modules"))
		policies = append(policies, h.Glob(path.Join(store, "*", "modules", "active", "modules"))...)
		for _, p := range policies {
			s.Stores = true
			if s.Policy != "" && !strings.HasPrefix(p, path.Join(store, s.Policy)+"/") {
				continue
			}
			if len(h.Glob(path.Join(p, "*", seModule))) > 0 || h.Exists(path.Join(p, seModule+".pp")) {
				s.Module = true
			}
		}
	}
	return s
}

func (s SELinux) assess() check.Result {
	f := check.Result{Text: "SELinux is not active."}
	const remedy = "Reinstall the package aadsshlogin-selinux with the machine's package manager; check with: sudo semodule -l | grep " + seModule
	switch {
	case s.Err != nil:
		f.Answer, f.Text = check.Unknown, "Whether SELinux is active is not known: "+s.Err.Error()
	case !s.Enabled:
	case s.Module && s.Enforcing && s.Confines != "":
		f.Answer, f.Decides = check.Unknown, "SELinux ("+PolicyPackage+" "+s.Confines+")"
		f.Text = "SELinux is enforcing with " + PolicyPackage + " " + s.Confines + ", which runs sshd's sessions in a domain of their own; programs that sshd asks for keys were denied what they need there."
		f.Next = "After a sign-in that fails, run: sudo ausearch -m avc -ts recent. Keep aadsshlogin-selinux up to date: sudo dnf update aadsshlogin-selinux"
	case s.Module && s.Enforcing:
		f.Text = "SELinux is enforcing, and its module " + seModule + " is loaded."
	case s.Module:
		f.Text = "SELinux is permissive, and its module " + seModule + " is loaded."
	case !s.Stores:
		f.Answer, f.Text, f.Next = check.Unknown, "SELinux is active, but the machine keeps no policy modules where they could be seen.", "Run: sudo semodule -l | grep "+seModule
	case s.Enforcing:
		f.Answer, f.Part, f.Next = check.Fail, check.Scripts, remedy
		f.Text = "SELinux is enforcing, but its module " + seModule + " is not installed: sign-in is denied."
	default:
		f.Answer, f.Part, f.Next = check.Warn, check.Scripts, remedy
		f.Text = "SELinux is permissive, and its module " + seModule + " is not installed: sign-in ends when it is made enforcing."
	}
	return f
}
