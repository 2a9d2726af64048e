//go:build rig

package machine

import (
	"context"
	"errors"
	"os"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"
)

// TestReserveWaits: without free inotify instances, reserve waits until others have freed
// theirs, and reports it once. The kernel's error is simulated, because using up all
// instances would disturb the machines of other tests.
func TestReserveWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		free := time.Now().Add(10 * time.Minute)
		busy := func() (*reservation, error) {
			if time.Now().Before(free) {
				return nil, syscall.EMFILE
			}
			return &reservation{}, nil
		}
		var said strings.Builder
		if _, err := reserve(t.Context(), &said, busy); err != nil || strings.Count(said.String(), "waits for inotify instances") != 1 {
			t.Errorf("%v: %q", err, said.String())
		}
		ended, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		free = time.Now().Add(time.Hour)
		if _, err := reserve(ended, &said, busy); err == nil || !strings.Contains(err.Error(), "fs.inotify.max_user_instances") {
			t.Errorf("with none left: %v", err)
		}
		if _, err := reserve(t.Context(), &said, func() (*reservation, error) { return nil, syscall.ENFILE }); err == nil {
			t.Error("what does not pass is waited for")
		}
	})
}

// TestReserve: the instances are real, and all of them are freed; the turn is kept until
// the end.
func TestReserve(t *testing.T) {
	dir := t.TempDir()
	r, err := reserve(t.Context(), os.Stderr, func() (*reservation, error) { return take(dir) })
	if err != nil {
		t.Fatal(err)
	}
	if len(r.instances) != instances {
		t.Errorf("%d instances", len(r.instances))
	}
	r.release()
	r.release()
	if _, err := turn(dir, 1); !errors.Is(err, syscall.EMFILE) {
		t.Errorf("the turn of a machine that has booted is free: %v", err)
	}
	other, err := turn(dir, 2)
	if err != nil {
		t.Fatal(err)
	}
	other.Close()
	r.end()
	r.end()
	again, err := turn(dir, 1)
	if err != nil {
		t.Fatalf("the turn of a machine that is gone: %v", err)
	}
	again.Close()
	(*reservation)(nil).end()
}
