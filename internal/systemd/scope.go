package systemd

import (
	"context"
	"fmt"
	"strings"

	"github.com/coreos/go-systemd/v22/dbus"
)

// systemSlice is the slice of the scope: outside the agent's slice, whose limits and whose
// stop would affect it.
const systemSlice = "system.slice"

// Scope moves a running process, with everything that it will start, into a scope unit of
// its own, and returns when that is done. name is converted to a valid unit name and gets
// the suffix ".scope".
//
// It is not retried if the connection is lost: the process may have been moved, and then
// the name is in use.
func Scope(ctx context.Context, name string, pid int, description string) error {
	if pid <= 1 {
		return fmt.Errorf("process %d cannot be put into a scope", pid)
	}
	s, err := open(ctx)
	if err != nil {
		return err
	}
	defer s.close()
	unit := scopeName(name)
	properties := []dbus.Property{
		dbus.PropDescription(description),
		dbus.PropSlice(systemSlice),
		dbus.PropPids(uint32(pid)),
	}
	return s.job(ctx, "start "+unit, func(ctx context.Context, done chan<- string) (int, error) {
		return s.conn.StartTransientUnitContext(ctx, unit, "fail", properties, done)
	})
}

// scopeName converts a name to a unit name: letters, digits and ":-_.\", at most 255 bytes
// (systemd.unit(5)).
func scopeName(name string) string {
	const suffix, limit = ".scope", 255
	name = strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9', strings.ContainsRune(":-_.", r):
			return r
		}
		return '-'
	}, strings.TrimSuffix(name, suffix))
	if name == "" {
		name = "transaction"
	}
	if len(name) > limit-len(suffix) {
		name = name[:limit-len(suffix)]
	}
	return name + suffix
}
