package pkgmgr

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"aadssh/distro"
	"aadssh/internal/fault"
	"aadssh/internal/host"
	"aadssh/internal/host/hosttest"
	"aadssh/internal/logging"
)

// lockedFor is a machine whose package manager is locked for some time: the runner answers
// as the locked manager does, and normally afterwards.
type lockedFor struct {
	until  time.Time
	locked host.Result
	takes  time.Duration
	tries  int
}

func (l *lockedFor) Run(ctx context.Context, _ host.Command) (host.Result, error) {
	l.tries++
	if time.Now().Before(l.until) {
		return l.locked, nil
	}
	time.Sleep(l.takes)
	return hosttest.Answer(0, ""), ctx.Err()
}

func (l *lockedFor) Transact(ctx context.Context, c host.Command) (host.Result, error) {
	return l.Run(ctx, c)
}

// At first boot unattended-upgrades, dnf-automatic or packagekitd runs for minutes. The
// operation waits as long as it may. The refresh begins within a second after the lock is
// free, and then has its own whole time.
func TestLockHeldForMinutes(t *testing.T) {
	const held, opTime = 4 * time.Minute, 840 * time.Second
	for name, c := range map[distro.Manager]struct {
		pidFile string
		answers string // what the manager itself says while it is locked; "": its lock is seen before
	}{
		distro.Dnf:    {"/var/cache/dnf/metadata_lock.pid", ""},
		distro.Yum:    {"/var/run/yum.pid", ""},
		distro.Zypper: {"/run/zypp.pid", "lock-zypp-refresh"},
	} {
		for _, all := range []bool{false, true} {
			synctest.Test(t, func(t *testing.T) {
				r := &lockedFor{until: time.Now().Add(held), takes: refreshLimit - time.Second}
				if c.answers != "" {
					r.locked = answer(t, "zypper-1.14.89", c.answers).result
				}
				h := &host.Host{Root: t.TempDir(), Runner: r, Log: logging.Discard()}
				for path, content := range map[string]string{c.pidFile: "4711\n", "/proc/4711/comm": "packagekitd\n"} {
					full := filepath.Join(h.Root, path)
					if err := os.MkdirAll(filepath.Dir(full), 0o755); err != nil {
						t.Fatal(err)
					}
					if err := os.WriteFile(full, []byte(content), 0o644); err != nil {
						t.Fatal(err)
					}
				}
				time.AfterFunc(held, func() {
					if err := os.RemoveAll(filepath.Join(h.Root, "proc/4711")); err != nil {
						t.Error(err)
					}
				})
				ctx, cancel := context.WithTimeout(t.Context(), opTime)
				defer cancel()
				s := &Session{Host: h, Manager: manager(t, name), Source: Source{ID: "aadsshlogin"}}
				began := time.Now()
				if all {
					if err := s.RefreshAll(ctx); err != nil {
						t.Fatalf("%s: %v", name, err)
					}
				} else if err := s.Refresh(ctx); err != nil {
					t.Fatalf("%s: %v", name, err)
				}
				if waited := time.Since(began) - r.takes; waited < held || waited > held+time.Second {
					t.Errorf("%s: went on after %s, and the lock was free after %s", name, waited, held)
				}
				if r.tries > 40 {
					t.Errorf("%s was started %d times", name, r.tries)
				}
			})
		}
	}
}

// A lock that outlasts the operation is reported in time, and not earlier.
func TestLockHeldToTheEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := &lockedFor{until: time.Now().Add(time.Hour), locked: answer(t, "zypper-1.14.89", "lock-zypp-refresh").result}
		ctx, cancel := context.WithTimeout(t.Context(), 270*time.Second)
		defer cancel()
		s := &Session{Host: &host.Host{Root: t.TempDir(), Runner: r, Log: logging.Discard()}, Manager: manager(t, distro.Zypper), Source: Source{ID: "x"}}
		began := time.Now()
		err := s.Refresh(ctx)
		if f := fault.Of(err); f == nil || f.Code != fault.PackageManagerBusy {
			t.Fatalf("%v", err)
		}
		if waited := time.Since(began); waited < 240*time.Second || waited > 260*time.Second {
			t.Errorf("waited %s of 270 s", waited)
		}
	})
}
