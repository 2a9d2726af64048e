package systemd

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"reflect"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/coreos/go-systemd/v22/dbus"
	godbus "github.com/godbus/dbus/v5"
)

func TestScopeName(t *testing.T) {
	for name, want := range map[string]string{
		"aadsshlogin-handler 1/2":  "aadsshlogin-handler-1-2.scope",
		"a.scope":                  "a.scope",
		"":                         "transaction.scope",
		"é@":                       "--.scope",
		strings.Repeat("a", 300):   strings.Repeat("a", 249) + ".scope",
		"aadsshlogin:handler_1.23": "aadsshlogin:handler_1.23.scope",
	} {
		if got := scopeName(name); got != want {
			t.Errorf("%q: %q", name, got)
		}
	}
}

func TestScopeRefusesWhatIsNoProcess(t *testing.T) {
	for _, pid := range []int{-1, 0, 1} {
		if err := Scope(t.Context(), "x", pid, "x"); err == nil {
			t.Errorf("process %d", pid)
		}
	}
}

func TestSockets(t *testing.T) {
	if got := sockets([]string{"ssh.service", "sshd.service", "x.target"}); !slices.Equal(got, []string{"ssh.socket", "sshd.socket"}) {
		t.Errorf("%q", got)
	}
}

func TestParseState(t *testing.T) {
	values := map[string]any{"Id": "ssh.service", "LoadState": "loaded", "ActiveState": "active", "SubState": "running", "UnitFileState": "enabled",
		"CanReload": true, "NeedDaemonReload": true, "ActiveEnterTimestamp": uint64(1_000_000), "StateChangeTimestamp": uint64(3_000_000)}
	got := parseState("sshd.service", values)
	if want := (UnitState{Name: "ssh.service", Load: "loaded", Active: "active", Sub: "running", File: "enabled", CanReload: true, Stale: true, Changed: time.UnixMicro(3_000_000)}); !reflect.DeepEqual(got, want) {
		t.Errorf("%+v", got)
	}
	delete(values, "StateChangeTimestamp") // systemd 219 has none
	if got := parseState("sshd.service", values); !got.Changed.Equal(time.UnixMicro(1_000_000)) || !got.IsActive() || !got.Exists() {
		t.Errorf("%+v", got)
	}
	values["ActiveState"] = "inactive"
	if got := parseState("x", values); !got.Changed.IsZero() || got.IsActive() {
		t.Errorf("an inactive unit has read nothing: %+v", got)
	}
	if got := parseState("x", map[string]any{"LoadState": 7, "CanReload": "yes", "ActiveEnterTimestamp": "x"}); !reflect.DeepEqual(got, UnitState{Name: "x"}) {
		t.Errorf("values of other types: %+v", got)
	}
	if (UnitState{Load: "not-found"}).Exists() || (UnitState{}).Exists() {
		t.Error("a unit that is not there")
	}
}

func TestWithoutService(t *testing.T) {
	if got := withoutService(UnitState{Name: "ssh.socket"}, nil); got.Reloaded || got.Unit != "ssh.socket" || got.Why == "" {
		t.Errorf("%+v", got)
	}
	if got := withoutService(UnitState{}, []string{"ssh.service"}); got.Unit != "" || !strings.Contains(got.Why, "ssh.service") {
		t.Errorf("%+v", got)
	}
}

// TestDialDoesNotWaitForever: if the other side accepts the connection and sends nothing,
// the handshake ends with the caller's time and leaves no goroutine behind.
func TestDialDoesNotWaitForever(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	ended, began := make(chan struct{}), make(chan struct{})
	go func() { <-began; cancel() }()
	_, err := dial(ctx, func(life context.Context) (*dbus.Conn, error) {
		close(began)
		<-life.Done()
		close(ended)
		return nil, life.Err()
	})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
	<-ended
}

func TestLost(t *testing.T) {
	for _, err := range []error{
		fmt.Errorf("x: %w", godbus.ErrClosed),
		&net.OpError{Op: "read", Net: "unix", Err: os.NewSyscallError("recvmsg", syscall.ECONNRESET)},
		&net.OpError{Op: "write", Net: "unix", Err: os.NewSyscallError("sendmsg", syscall.EPIPE)},
		fmt.Errorf("x: %w", io.EOF),
		godbus.Error{Name: "org.freedesktop.DBus.Error.NoReply"},
		godbus.Error{Name: "org.freedesktop.DBus.Error.Disconnected"},
	} {
		if got := lost(err); !errors.Is(got, ErrLost) || !errors.Is(got, err) && !errors.As(got, new(godbus.Error)) {
			t.Errorf("%v", got)
		}
	}
	denied := godbus.Error{Name: "org.freedesktop.DBus.Error.AccessDenied"}
	if got := lost(denied); errors.Is(got, ErrLost) || !named(got, "org.freedesktop.DBus.Error.AccessDenied") {
		t.Errorf("%v", got)
	}
	if lost(nil) != nil {
		t.Error("nothing was lost")
	}
}
