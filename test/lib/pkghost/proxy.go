package pkghost

import (
	"context"
	"crypto/tls"
	"io"
	"log"
	"maps"
	"net"
	"net/http"
	"slices"
	"sync"

	"aadssh/test/lib/box"
)

// Proxied is one request to the proxy.
type Proxied struct {
	Method, Target string
	Authorized     bool // it had the right name and password, or none were required
	Unexpected     bool // it was for another host than the package host
}

// Network is where a proxy can listen: a box, or the network of a whole machine.
type Network interface {
	Listen(network, address string) (net.Listener, error)
	Dial(ctx context.Context, network, address string) (net.Conn, error)
}

// Proxy is an HTTP proxy that only connects to the package host. It resolves names itself,
// as a proxy does.
type Proxy struct {
	network        Network
	user, password string
	server         *http.Server
	stop           context.CancelFunc

	mu   sync.Mutex
	seen []Proxied
}

// StartProxy starts a proxy in a network, at address and port. With a user it requires user
// and password (407).
func StartProxy(n Network, address, user, password string) (*Proxy, error) {
	l, err := n.Listen("tcp", address)
	if err != nil {
		return nil, err
	}
	return serveProxy(n, l, user, password), nil
}

// StartSecureProxy is StartProxy for a proxy that is itself reached by TLS, under the first
// name of the host and with its certificate.
func (h *Host) StartSecureProxy(n Network, port, user, password string) (*Proxy, error) {
	l, err := n.Listen("tcp", box.Packages+":"+port)
	if err != nil {
		return nil, err
	}
	config := &tls.Config{GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) {
		h.mu.Lock()
		defer h.mu.Unlock()
		return h.certificate, nil
	}}
	return serveProxy(n, tls.NewListener(l, config), user, password), nil
}

func serveProxy(n Network, l net.Listener, user, password string) *Proxy {
	ctx, stop := context.WithCancel(context.Background())
	p := &Proxy{network: n, user: user, password: password, stop: stop}
	p.server = &http.Server{Handler: p, ErrorLog: log.New(io.Discard, "", 0), BaseContext: func(net.Listener) context.Context { return ctx }}
	go p.server.Serve(l) //nolint:errcheck // ends with Close
	return p
}

// Close ends the proxy.
func (p *Proxy) Close() error {
	p.stop()
	return p.server.Close()
}

// Requests are all requests so far.
func (p *Proxy) Requests() []Proxied {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.seen)
}

// ServeHTTP answers CONNECT and, for plain HTTP, requests with a whole URL.
func (p *Proxy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	entry := Proxied{Method: r.Method, Target: r.Host, Authorized: p.authorized(r)}
	host, port, err := net.SplitHostPort(r.Host)
	if err != nil {
		host, port = r.Host, "80"
	}
	entry.Unexpected = host != Name || r.Method != http.MethodConnect && !r.URL.IsAbs()
	p.mu.Lock()
	p.seen = append(p.seen, entry)
	p.mu.Unlock()
	switch {
	case !entry.Authorized:
		w.Header().Set("Proxy-Authenticate", `Basic realm="rig"`)
		http.Error(w, "who are you?", http.StatusProxyAuthRequired)
	case entry.Unexpected:
		http.Error(w, "this proxy leads to the package host only", http.StatusForbidden)
	case r.Method == http.MethodConnect:
		p.tunnel(w, r, box.Packages+":"+port)
	default:
		p.forward(w, r, box.Packages+":"+port)
	}
}

func (p *Proxy) authorized(r *http.Request) bool {
	if p.user == "" {
		return true
	}
	asked := &http.Request{Header: http.Header{"Authorization": r.Header["Proxy-Authorization"]}}
	user, password, ok := asked.BasicAuth()
	return ok && user == p.user && password == p.password
}

func (p *Proxy) tunnel(w http.ResponseWriter, r *http.Request, address string) {
	far, err := p.network.Dial(r.Context(), "tcp", address)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadGateway)
		return
	}
	defer far.Close()
	near, buffered, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return
	}
	defer near.Close()
	stop := context.AfterFunc(r.Context(), func() { near.Close(); far.Close() })
	defer stop()
	if _, err := io.WriteString(near, "HTTP/1.1 200 Connection established\r\n\r\n"); err != nil {
		return
	}
	var both sync.WaitGroup
	both.Go(func() { pipe(far, buffered) })
	both.Go(func() { pipe(near, far) })
	both.Wait()
}

// pipe copies until the source ends and passes the end on.
func pipe(to net.Conn, from io.Reader) {
	_, _ = io.Copy(to, from)
	if half, ok := to.(interface{ CloseWrite() error }); ok {
		_ = half.CloseWrite()
	}
}

func (p *Proxy) forward(w http.ResponseWriter, r *http.Request, address string) {
	way := &http.Transport{DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
		return p.network.Dial(ctx, network, address)
	}}
	defer way.CloseIdleConnections()
	out := r.Clone(r.Context())
	out.RequestURI = ""
	out.Header.Del("Proxy-Authorization")
	answer, err := way.RoundTrip(out)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadGateway)
		return
	}
	defer answer.Body.Close()
	maps.Copy(w.Header(), answer.Header)
	w.WriteHeader(answer.StatusCode)
	_, _ = io.Copy(w, answer.Body)
}
