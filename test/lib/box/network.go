package box

import (
	"context"
	"fmt"
	"net"
	"os"
	"runtime"

	"golang.org/x/sys/unix"
)

// Listen is net.Listen inside the box. The address must not be a name. The listener can be
// used in this process like any other.
func (b *Box) Listen(network, address string) (net.Listener, error) {
	var l net.Listener
	err := b.inNetwork(func() (err error) {
		l, err = net.Listen(network, address)
		return err
	})
	return l, err
}

// Dial is net.Dial inside the box. The address must not be a name.
func (b *Box) Dial(ctx context.Context, network, address string) (net.Conn, error) {
	var conn net.Conn
	err := b.inNetwork(func() (err error) {
		conn, err = new(net.Dialer).DialContext(ctx, network, address)
		return err
	})
	return conn, err
}

// inNetwork runs f on a thread in the box's network namespace. A socket belongs to the
// namespace in which it was created, wherever it is used later.
func (b *Box) inNetwork(f func() error) error {
	failed := make(chan error, 1)
	go func() {
		runtime.LockOSThread()
		own, err := os.Open("/proc/thread-self/ns/net")
		if err != nil {
			failed <- err
			return // the thread stays locked, so it ends with this goroutine
		}
		defer own.Close()
		if err := unix.Setns(int(b.network.Fd()), unix.CLONE_NEWNET); err != nil {
			failed <- fmt.Errorf("enter the box's network: %w", err)
			return
		}
		result := f()
		if unix.Setns(int(own.Fd()), unix.CLONE_NEWNET) == nil {
			runtime.UnlockOSThread()
		}
		failed <- result
	}()
	return <-failed
}
