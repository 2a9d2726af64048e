package metadata

import (
	"context"
	"io"
	"log"
	"net"
	"net/http"
	"sync"
)

// Pipe serves a handler without a network, for tests that must not need root or that run on
// a fake clock. It accepts connections to any address, and records the addresses.
type Pipe struct {
	conns  chan net.Conn
	done   chan struct{}
	server *http.Server

	mu     sync.Mutex
	dialed []string
}

// Serve starts to serve a handler. Close ends it.
func Serve(h http.Handler) *Pipe {
	p := &Pipe{
		conns:  make(chan net.Conn),
		done:   make(chan struct{}),
		server: &http.Server{Handler: h, ErrorLog: log.New(io.Discard, "", 0)},
	}
	go func() { _ = p.server.Serve(p) }()
	return p
}

// Dial connects to the service; it can replace the DialContext of a net.Dialer.
func (p *Pipe) Dial(ctx context.Context, _, address string) (net.Conn, error) {
	p.mu.Lock()
	p.dialed = append(p.dialed, address)
	p.mu.Unlock()
	ours, theirs := net.Pipe()
	select {
	case p.conns <- theirs:
		return ours, nil
	case <-p.done:
		return nil, net.ErrClosed
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// Dialed are the addresses that were dialled.
func (p *Pipe) Dialed() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]string(nil), p.dialed...)
}

// Accept implements net.Listener.
func (p *Pipe) Accept() (net.Conn, error) {
	select {
	case c := <-p.conns:
		return c, nil
	case <-p.done:
		return nil, net.ErrClosed
	}
}

// Close ends the service with all its connections. It is called once by the test
// and once by the server.
func (p *Pipe) Close() error {
	p.mu.Lock()
	select {
	case <-p.done:
		p.mu.Unlock()
		return nil
	default:
		close(p.done)
	}
	p.mu.Unlock()
	return p.server.Close()
}

// Addr implements net.Listener.
func (p *Pipe) Addr() net.Addr { return &net.TCPAddr{IP: net.IPv4(169, 254, 169, 254), Port: 80} }
