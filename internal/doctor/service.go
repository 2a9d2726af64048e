package doctor

import (
	"context"
	"strings"

	"aadssh/internal/check"
	"aadssh/internal/fault"
	"aadssh/internal/host"
	"aadssh/internal/signin/sshd"
	"aadssh/internal/systemd"
)

// service is the state of the SSH service in systemd.
type service struct {
	known   bool  // systemd runs and answered
	err     error // systemd runs, and this is why its answer is missing
	daemon  systemd.UnitState
	sockets []systemd.UnitState
}

// queryService asks systemd for sshd's unit, and for the socket that may listen instead.
func queryService(ctx context.Context, h *host.Host) service {
	if h.Root != "" || !systemd.Running() {
		return service{}
	}
	ctx, cancel := context.WithTimeout(ctx, Bound)
	defer cancel()
	units, err := systemd.States(ctx, "ssh.service", "sshd.service", "ssh.socket", "sshd.socket")
	if err != nil {
		return service{err: err}
	}
	daemon := units[0]
	if !daemon.Exists() {
		daemon = units[1]
	}
	return service{known: true, daemon: daemon, sockets: units[2:]}
}

// sshService reports whether sshd runs, and whether it starts at the next boot.
func sshService(m *machine) []check.Result {
	s := m.service
	switch {
	case m.SSHD.Binary == "":
		return nil
	case s.err != nil:
		return []check.Result{unasked("Whether the SSH service starts with the machine", s.err)}
	case !s.known:
		return nil
	}
	unit := strings.TrimSuffix(s.daemon.Name, ".service")
	listening, starts := s.daemon.IsActive(), enabled(s.daemon)
	for _, socket := range s.sockets {
		listening = listening || socket.IsActive()
		starts = starts || enabled(socket)
	}
	fail := func(what, next string) []check.Result {
		return []check.Result{{Answer: check.Fail, Code: fault.VerificationFailed, Text: what, Next: next}}
	}
	switch {
	case !s.daemon.Exists() && !listening:
		return fail("systemd has no unit for sshd.", "Reinstall openssh-server with the machine's package manager.")
	case s.daemon.Load == "masked" && !listening:
		return fail("The SSH service is masked, so it cannot start.", sshd.Unmask(unit))
	case !listening:
		return fail("The SSH service is not running ("+s.daemon.Name+" is "+s.daemon.Active+").",
			sshd.Start(unit))
	case !starts:
		return []check.Result{{Answer: check.Warn,
			Text: "The SSH service runs, but does not start with the machine (" + s.daemon.Name + " is " + s.daemon.File + ").", Next: "Run: sudo systemctl enable " + unit}}
	}
	return []check.Result{{Text: "The SSH service runs and starts with the machine."}}
}

// unasked is the result for what only systemd can tell, if systemd runs and did not answer.
func unasked(what string, why error) check.Result {
	return check.Result{Answer: check.Unknown, Text: what + " is not known: " + why.Error() + ".",
		Next: "See whether it answers: sudo systemctl status; where it does not: sudo systemctl --force reboot"}
}

func enabled(u systemd.UnitState) bool {
	switch u.File {
	case "enabled", "enabled-runtime", "static", "generated", "indirect", "alias", "transient":
		return true
	}
	return false
}
