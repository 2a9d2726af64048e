package systemd

import (
	"context"
	"fmt"
	"strings"
	"syscall"

	"github.com/coreos/go-systemd/v22/dbus"
)

// Outcome is what a reload found and did.
type Outcome struct {
	_ [0]func() // never compared: no code for == is linked

	Unit     string // the unit that runs the daemon or listens for it; "" if none is active
	Reloaded bool   // the daemon has read its configuration again
	Why      string // why nothing was reloaded, for the log; empty if it was
}

// Reload makes the first active service of units read its configuration again. It never
// starts, stops or restarts anything, so open connections stay.
//
// Nothing to reload is no error: an inactive service reads its configuration when it
// starts, a daemon started by a socket unit likewise. Without systemd (a container, a
// chroot) no supported distribution runs its own sshd, and guessing at processes to signal
// would be worse than saying so.
//
// An error means that a daemon runs and could not be reloaded; it still has its old
// configuration. A *JobError with "failed" mostly means that the configuration is broken:
// the units of the distributions check it first.
func Reload(ctx context.Context, units []string) (Outcome, error) {
	if !Running() {
		return Outcome{Why: "systemd does not run here, so it runs no daemon that could be reloaded"}, nil
	}
	var out Outcome
	err := again(ctx, func(s *session) (err error) {
		out, err = s.reload(ctx, units)
		return err
	})
	return out, err
}

func (s *session) reload(ctx context.Context, units []string) (Outcome, error) {
	service, err := s.firstActive(ctx, units)
	if err != nil {
		return Outcome{}, err
	}
	if service.Name == "" {
		socket, err := s.firstActive(ctx, sockets(units))
		if err != nil {
			return Outcome{}, err
		}
		return withoutService(socket, units), nil
	}
	out := Outcome{Unit: service.Name}
	if !service.CanReload {
		// The unit has no ExecReload=. The others send SIGHUP (sshd(8)); it is sent only to
		// the main process, because it ends sessions.
		err := ask(ctx, func(ctx context.Context) error {
			return s.conn.KillUnitWithTarget(ctx, service.Name, dbus.Main, int32(syscall.SIGHUP))
		})
		if err != nil {
			return out, fmt.Errorf("send SIGHUP to %s: %w", service.Name, err)
		}
		out.Reloaded = true
		return out, nil
	}
	err = s.job(ctx, "systemctl reload "+service.Name, func(ctx context.Context, done chan<- string) (int, error) {
		return s.conn.ReloadUnitContext(ctx, service.Name, "replace", done)
	})
	out.Reloaded = err == nil
	return out, err
}

// firstActive is the state of the first active unit, the zero state without one.
func (s *session) firstActive(ctx context.Context, units []string) (UnitState, error) {
	for _, unit := range units {
		state, err := s.state(ctx, unit)
		if err != nil {
			return UnitState{}, err
		}
		if state.IsActive() {
			return state, nil
		}
	}
	return UnitState{}, nil
}

// withoutService says why there is nothing to reload.
func withoutService(socket UnitState, units []string) Outcome {
	if socket.Name != "" {
		return Outcome{Unit: socket.Name, Why: socket.Name + " starts the daemon when somebody connects, which then reads its configuration"}
	}
	return Outcome{Why: "none of " + strings.Join(units, ", ") + " is active"}
}

// sockets are the socket units of services.
func sockets(services []string) []string {
	var out []string
	for _, s := range services {
		if name, ok := strings.CutSuffix(s, ".service"); ok {
			out = append(out, name+".socket")
		}
	}
	return out
}
