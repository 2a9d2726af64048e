package systemd

import (
	"context"
	"fmt"
	"strings"

	"github.com/coreos/go-systemd/v22/dbus"
)

// systemSlice is where the scope goes: outside the slice of the agent, whose
// limits and whose stop would reach into it.
const systemSlice = "system.slice"

// Scope moves a running process with everything that it will start into a
// scope unit of its own, and returns when it is there. name is made a valid
// unit name and gets the suffix ".scope".
//
// It is not tried twice where the connection is lost: the process may have
// been moved, and then the name is taken.
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

// scopeName makes a unit name: letters, digits and ":-_.\", 255 bytes at most
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
