// Package pkghost is a fake of the package host: HTTPS and HTTP under the real name,
// serving folders that a test chooses. It records every request and is strict: an
// unexpected request is an error.
package pkghost

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"aadssh/test/lib/box"
)

// Name is the vendor's package host.
const Name = "packages.microsoft.com"

// Request is one request and its result.
type Request struct {
	Method, Scheme, Host, Path string
	Agent                      string // User-Agent
	Status                     int    // 0: the connection was cut before an answer
	Bytes                      int64  // of the body that were sent
	Unexpected                 bool   // nothing allowed this request
}

func (r Request) String() string {
	return fmt.Sprintf("%s %s://%s%s -> %d, %d bytes", r.Method, r.Scheme, r.Host, r.Path, r.Status, r.Bytes)
}

// Place is where a host can be: a box, or a whole machine.
type Place interface {
	Listen(network, address string) (net.Listener, error)
	AppendFile(name string, content []byte) error
}

// Host is the running package host.
type Host struct {
	place     Place
	authority *authority
	server    *http.Server
	stop      context.CancelFunc

	mu          sync.Mutex
	names       []string
	mounts      []mount
	expected    []string // patterns that may be requested and are missing
	troubles    []trouble
	certificate *tls.Certificate
	requests    []Request
}

type mount struct {
	at  string // host and path
	dir string // a folder; "" where content is the file itself
	b   []byte
}

// Start starts a package host in a place: listeners, names in its hosts file, and its
// certificate authority in the trust store. Without names it only has Name. It ends with
// Close.
func Start(p Place, names ...string) (*Host, error) {
	if len(names) == 0 {
		names = []string{Name}
	}
	authority, err := newAuthority("Rig test authority")
	if err != nil {
		return nil, err
	}
	h := &Host{place: p, authority: authority, names: names}
	if err := h.Certificate(Good); err != nil {
		return nil, err
	}
	if err := p.AppendFile("/etc/hosts", []byte(box.Packages+" "+strings.Join(names, " ")+"\n")); err != nil {
		return nil, err
	}
	// In every family the bundle is this file or a link to it.
	if err := p.AppendFile("/etc/ssl/certs/ca-certificates.crt", authority.pem()); err != nil {
		return nil, err
	}
	return h, h.Up()
}

// New is Start for a test: the host ends with the test, which fails if there was an
// unexpected request.
func New(t testing.TB, p Place, names ...string) *Host {
	t.Helper()
	h, err := Start(p, names...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		h.Down()
		for _, r := range h.Unexpected() {
			t.Errorf("unexpected request: %s (%s)", r, r.Agent)
		}
	})
	return h
}

// Up makes the host listen, as it does from the start.
func (h *Host) Up() error {
	ctx, stop := context.WithCancel(context.Background())
	h.stop = stop
	h.server = &http.Server{
		Handler:     http.HandlerFunc(h.serve),
		ErrorLog:    log.New(io.Discard, "", 0), // clients that reject our certificate are part of the tests
		BaseContext: func(net.Listener) context.Context { return ctx },
	}
	plain, err := h.place.Listen("tcp", box.Packages+":80")
	if err != nil {
		return err
	}
	secure, err := h.place.Listen("tcp", box.Packages+":443")
	if err != nil {
		return err
	}
	config := &tls.Config{GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) {
		h.mu.Lock()
		defer h.mu.Unlock()
		return h.certificate, nil
	}}
	go h.server.Serve(plain)                           //nolint:errcheck // ends with Down
	go h.server.Serve(tls.NewListener(secure, config)) //nolint:errcheck // ends with Down
	return nil
}

// Down closes the ports: connections are refused until Up.
func (h *Host) Down() {
	h.stop()
	_ = h.server.Close()
}

// Also makes the host answer for more names, too.
func (h *Host) Also(names ...string) error {
	h.names = append(h.names, names...)
	return errors.Join(h.Certificate(Good), h.place.AppendFile("/etc/hosts", []byte(box.Packages+" "+strings.Join(names, " ")+"\n")))
}

// Close ends the host.
func (h *Host) Close() error {
	h.Down()
	return nil
}

// Authority is the certificate of the host's authority, as PEM.
func (h *Host) Authority() []byte { return h.authority.pem() }

// at completes a path to host and path.
func at(place string) string {
	if strings.HasPrefix(place, "/") {
		return Name + place
	}
	return place
}

// Mount serves the files of a folder below a place: a path of Name, or another of the
// host's names with a path. A request below the place for a file that is not in the folder
// is still unexpected.
func (h *Host) Mount(place, dir string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.mounts = append(h.mounts, mount{at: strings.TrimSuffix(at(place), "/"), dir: dir})
}

// File serves one file. A later File or Mount for the same place wins.
func (h *Host) File(place string, content []byte) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.mounts = append(h.mounts, mount{at: at(place), b: content})
}

// Missing allows requests for files that do not exist: 404. The pattern is as for Trouble.
func (h *Host) Missing(patterns ...string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, p := range patterns {
		h.expected = append(h.expected, at(p))
	}
}

// Requests are all requests so far, in the order in which they ended.
func (h *Host) Requests() []Request {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Clone(h.requests)
}

// Forget empties the list of requests.
func (h *Host) Forget() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.requests = nil
}

// Unexpected are the requests that nothing allowed.
func (h *Host) Unexpected() []Request {
	return slices.DeleteFunc(h.Requests(), func(r Request) bool { return !r.Unexpected })
}

func (h *Host) serve(w http.ResponseWriter, r *http.Request) {
	entry := Request{Method: r.Method, Scheme: "http", Host: r.Host, Path: r.URL.Path, Agent: r.UserAgent()}
	if r.TLS != nil {
		entry.Scheme = "https"
	}
	counted := &counter{ResponseWriter: w}
	defer func() {
		entry.Status, entry.Bytes = counted.status, counted.bytes
		h.mu.Lock()
		h.requests = append(h.requests, entry)
		h.mu.Unlock()
		if cut := recover(); cut != nil {
			panic(cut) // http.ErrAbortHandler: how a handler cuts its connection
		}
	}()
	place := r.Host + path.Clean("/"+r.URL.Path)
	file, known := h.find(place)
	trouble := h.trouble(place)
	entry.Unexpected = !known && trouble == nil || r.Method != http.MethodGet && r.Method != http.MethodHead
	if trouble != nil {
		trouble(counted, r, file)
		return
	}
	file.ServeHTTP(counted, r)
}

// find is the handler for a place, and whether requests for it are allowed.
func (h *Host) find(place string) (http.Handler, bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, m := range slices.Backward(h.mounts) {
		if content, ok := m.open(place); ok {
			return content, true
		}
	}
	return http.HandlerFunc(http.NotFound), slices.ContainsFunc(h.expected, func(p string) bool { return matches(p, place) })
}

func (m mount) open(place string) (http.Handler, bool) {
	if m.dir == "" {
		return content(m.b), place == m.at
	}
	name, below := strings.CutPrefix(place, m.at+"/")
	if !below || !filepath.IsLocal(name) {
		return nil, false
	}
	b, err := os.ReadFile(filepath.Join(m.dir, name))
	return content(b), err == nil
}

// matches reports whether a pattern matches a place: path.Match, and a pattern that ends in
// /... matches everything below.
func matches(pattern, place string) bool {
	if below, ok := strings.CutSuffix(pattern, "..."); ok {
		return strings.HasPrefix(place, below)
	}
	ok, err := path.Match(pattern, place)
	return ok && err == nil
}

// counter records the response.
type counter struct {
	http.ResponseWriter
	status int
	bytes  int64
}

func (c *counter) WriteHeader(status int) {
	if c.status == 0 {
		c.status = status
	}
	c.ResponseWriter.WriteHeader(status)
}

func (c *counter) Write(b []byte) (int, error) {
	if c.status == 0 {
		c.status = http.StatusOK
	}
	n, err := c.ResponseWriter.Write(b)
	c.bytes += int64(n)
	return n, err
}

// Unwrap lets http.ResponseController reach the connection.
func (c *counter) Unwrap() http.ResponseWriter { return c.ResponseWriter }
