//go:build rig

package inotify

import (
	"context"
	"errors"
	"io"
	"slices"
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
		busy := func() (*Reservation, error) {
			if time.Now().Before(free) {
				return nil, syscall.EMFILE
			}
			return &Reservation{}, nil
		}
		var said strings.Builder
		line := make(chan struct{}, 1)
		if _, err := reserve(t.Context(), &said, line, busy); err != nil || strings.Count(said.String(), "waits for inotify instances") != 1 {
			t.Errorf("%v: %q", err, said.String())
		}
		ended, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		free = time.Now().Add(time.Hour)
		if _, err := reserve(ended, &said, line, busy); err == nil || !strings.Contains(err.Error(), "fs.inotify.max_user_instances") {
			t.Errorf("with none left: %v", err)
		}
		if _, err := reserve(t.Context(), &said, line, func() (*Reservation, error) { return nil, syscall.ENFILE }); err == nil {
			t.Error("what does not pass is waited for")
		}
	})
}

// TestReserveInOrder: who comes later does not overtake those that wait, and who waits in
// line gives up at its time limit too.
func TestReserveInOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		line, free, got := make(chan struct{}, 1), 0, []int(nil)
		take := func(id int) func() (*Reservation, error) {
			return func() (*Reservation, error) {
				if free == 0 {
					return nil, syscall.EMFILE
				}
				free--
				got = append(got, id)
				return &Reservation{}, nil
			}
		}
		wait := func(ctx context.Context, id int) error {
			_, err := reserve(ctx, io.Discard, line, take(id))
			return err
		}
		const machines = 4
		for id := range machines {
			go wait(t.Context(), id)
			synctest.Wait()
		}
		ended, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		if err := wait(ended, machines); err == nil || !strings.Contains(err.Error(), "fs.inotify.max_user_instances") {
			t.Errorf("with others before it: %v", err)
		}
		for id := range machines { // what a test frees, the next one asks for at once
			time.Sleep(pause / 2)
			free++
			go wait(t.Context(), machines+1+id)
			synctest.Wait()
			time.Sleep(pause * 2)
		}
		if want := []int{0, 1, 2, 3}; !slices.Equal(got, want) {
			t.Errorf("the order is %v, want %v", got, want)
		}
		free = machines
		time.Sleep(pause * machines)
	})
}

// TestReserve: the instances are real, and all of them are freed; the places are kept until
// the end.
func TestReserve(t *testing.T) {
	dir := t.TempDir()
	r, err := Reserve(t.Context(), dir, Booted)
	if err != nil {
		t.Fatal(err)
	}
	if len(r.instances) != Booted*unit {
		t.Errorf("%d instances", len(r.instances))
	}
	r.Release()
	r.Release()
	if _, err := places(dir, 1, Booted); !errors.Is(err, syscall.EMFILE) {
		t.Errorf("the place of a machine that has booted is free: %v", err)
	}
	if _, err := places(dir, 2, Booted+1); !errors.Is(err, syscall.EMFILE) {
		t.Errorf("one place is enough for two: %v", err)
	}
	other, err := places(dir, 1, Booted+1)
	if err != nil {
		t.Fatal(err)
	}
	free(other)
	r.End()
	r.End()
	again, err := places(dir, 1, 1)
	if err != nil {
		t.Fatalf("the place of a machine that is gone: %v", err)
	}
	free(again)
	(*Reservation)(nil).End()
}
