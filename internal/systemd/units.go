package systemd

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
)

// The D-Bus errors for a unit that does not exist: from the manager, and from the unit file
// functions of older versions.
const (
	noSuchUnit = "org.freedesktop.systemd1.NoSuchUnit"
	noSuchFile = "org.freedesktop.DBus.Error.FileNotFound"
)

// UnitState is the state of one unit in systemd.
type UnitState struct {
	_ [0]func() // never compared: no code for == is linked

	Name      string    // the unit's own name, if the one asked for is an alias
	Load      string    // "loaded", "not-found", "masked", ...
	Active    string    // "active", "inactive", "failed", "activating", "reloading", ...
	Sub       string    // "running", "listening", "exited", ...
	File      string    // "enabled", "disabled", "static", ...; "" without a unit file
	CanReload bool      // it defines how it is reloaded
	Stale     bool      // its file has changed since systemd read it
	Changed   time.Time // when it was last started or reloaded; zero: never since boot
}

// IsActive reports whether the unit is working now.
func (u UnitState) IsActive() bool { return u.Active == "active" || u.Active == "reloading" }

// Exists reports whether there is such a unit at all.
func (u UnitState) Exists() bool { return u.Load != "not-found" && u.Load != "" }

// State returns the state of one unit. A unit that does not exist is a state, not an error.
func State(ctx context.Context, unit string) (UnitState, error) {
	all, err := States(ctx, unit)
	if err != nil {
		return UnitState{}, err
	}
	return all[0], nil
}

// States returns the states of several units, in their order, over one connection: to
// connect costs more than to ask.
func States(ctx context.Context, units ...string) ([]UnitState, error) {
	all := make([]UnitState, len(units))
	err := again(ctx, func(s *session) (err error) {
		for i, unit := range units {
			if all[i], err = s.state(ctx, unit); err != nil {
				return err
			}
		}
		return nil
	})
	return all, err
}

// Executed reports whether the program of a service could be executed at systemd's last
// start of it; this is not known before the first start since boot.
func Executed(ctx context.Context, service string) (executed, known bool) {
	var code, status int32
	err := again(ctx, func(s *session) error {
		for name, to := range map[string]*int32{"ExecMainCode": &code, "ExecMainStatus": &status} {
			err := ask(ctx, func(ctx context.Context) error {
				p, err := s.conn.GetUnitTypePropertyContext(ctx, service, "Service", name)
				if err == nil {
					*to, _ = p.Value.Value().(int32)
				}
				return err
			})
			if err != nil {
				return err
			}
		}
		return nil
	})
	// CLD_EXITED of waitid(2), and an exit code below those that systemd uses if it could
	// not execute the program (systemd.exec(5), "PROCESS EXIT CODES").
	known = err == nil && code != 0
	return known && code == 1 && status < 200, known
}

// state asks for all properties at once: systemd 219 has no call that lists units by name.
func (s *session) state(ctx context.Context, unit string) (UnitState, error) {
	var values map[string]any
	err := ask(ctx, func(ctx context.Context) (err error) {
		values, err = s.conn.GetUnitPropertiesContext(ctx, unit)
		return err
	})
	if named(err, noSuchUnit) {
		return UnitState{Name: unit, Load: "not-found", Active: "inactive", Sub: "dead"}, nil
	}
	if err != nil {
		return UnitState{}, fmt.Errorf("ask systemd for %s: %w", unit, err)
	}
	return parseState(unit, values), nil
}

// parseState reads a unit's properties. A property that is missing or has another type
// stays empty.
func parseState(unit string, values map[string]any) UnitState {
	u := UnitState{Name: unit}
	for name, to := range map[string]*string{"Id": &u.Name, "LoadState": &u.Load, "ActiveState": &u.Active, "SubState": &u.Sub, "UnitFileState": &u.File} {
		if v, ok := values[name].(string); ok && v != "" {
			*to = v
		}
	}
	u.CanReload, _ = values["CanReload"].(bool)
	u.Stale, _ = values["NeedDaemonReload"].(bool)
	// StateChangeTimestamp also changes at a reload; systemd before 229 only has the time
	// of the start.
	for _, name := range []string{"ActiveEnterTimestamp", "StateChangeTimestamp"} {
		usec, ok := values[name].(uint64)
		if t := time.UnixMicro(int64(usec)); ok && usec > 0 && usec < 1<<62 && u.IsActive() && t.After(u.Changed) {
			u.Changed = t
		}
	}
	return u
}

// reloadPatience is how long systemd may take to read its unit files again.
const reloadPatience = time.Minute

// DaemonReload makes systemd read its unit files again.
func DaemonReload(ctx context.Context) error {
	return again(ctx, func(s *session) error { return s.daemonReload(ctx) })
}

func (s *session) daemonReload(ctx context.Context) error {
	// It only answers when it is done, which takes seconds with many units.
	ctx, cancel := context.WithTimeout(ctx, reloadPatience)
	defer cancel()
	if err := silent(ctx, lost(s.conn.ReloadContext(ctx))); err != nil {
		return fmt.Errorf("systemctl daemon-reload: %w", err)
	}
	return nil
}

// EnableAndStart is "systemctl enable --now" for units whose files exist. A unit that is
// already enabled and active stays as it is.
func EnableAndStart(ctx context.Context, units ...string) error {
	return again(ctx, func(s *session) error {
		if err := s.daemonReload(ctx); err != nil {
			return err
		}
		err := ask(ctx, func(ctx context.Context) error {
			_, _, err := s.conn.EnableUnitFilesContext(ctx, units, false, true)
			return err
		})
		if err != nil {
			return fmt.Errorf("systemctl enable %s: %w", strings.Join(units, " "), err)
		}
		if err := s.daemonReload(ctx); err != nil { // as systemctl enable does: the new links are not effective before
			return err
		}
		for _, unit := range units {
			if err := s.startUnit(ctx, unit); err != nil {
				return err
			}
		}
		return nil
	})
}

// Start is "systemctl start", which for a unit of type oneshot waits for its end: if it
// failed, the error is a JobError.
func Start(ctx context.Context, unit string) error {
	return again(ctx, func(s *session) error { return s.startUnit(ctx, unit) })
}

func (s *session) startUnit(ctx context.Context, unit string) error {
	return s.job(ctx, "systemctl start "+unit, func(ctx context.Context, done chan<- string) (int, error) {
		return s.conn.StartUnitContext(ctx, unit, "replace", done)
	})
}

// StopAndDisable is "systemctl disable --now". Units that do not exist are no error. It
// continues after an error and returns all of them.
func StopAndDisable(ctx context.Context, units ...string) error {
	return again(ctx, func(s *session) error {
		var failed []error
		for _, unit := range units {
			err := s.job(ctx, "systemctl stop "+unit, func(ctx context.Context, done chan<- string) (int, error) {
				return s.conn.StopUnitContext(ctx, unit, "replace", done)
			})
			if err != nil && !named(err, noSuchUnit) {
				failed = append(failed, err)
			}
		}
		for _, unit := range units { // one by one: a missing one must not prevent the others
			err := ask(ctx, func(ctx context.Context) error {
				_, err := s.conn.DisableUnitFilesContext(ctx, []string{unit}, false)
				return err
			})
			if err != nil && !named(err, noSuchUnit) && !named(err, noSuchFile) {
				failed = append(failed, fmt.Errorf("systemctl disable %s: %w", unit, err))
			}
			// systemd remembers a failed unit until this, even without its file.
			_ = ask(ctx, func(ctx context.Context) error { return s.conn.ResetFailedUnitContext(ctx, unit) })
		}
		if err := s.daemonReload(ctx); err != nil {
			failed = append(failed, err)
		}
		return errors.Join(failed...)
	})
}

// Begin starts a unit and does not wait for what it does.
func Begin(ctx context.Context, unit string) error {
	return again(ctx, func(s *session) error {
		err := ask(ctx, func(ctx context.Context) error {
			_, err := s.conn.StartUnitContext(ctx, unit, "replace", nil)
			return err
		})
		if err != nil {
			return fmt.Errorf("systemctl start --no-block %s: %w", unit, err)
		}
		return nil
	})
}
