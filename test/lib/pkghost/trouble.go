package pkghost

import (
	"bytes"
	"fmt"
	"math"
	"net"
	"net/http"
	"strconv"
	"time"
)

// Trouble answers a request instead of the requested file.
type Trouble func(w http.ResponseWriter, r *http.Request, file http.Handler)

type trouble struct {
	pattern string
	do      Trouble
	left    int // how many more requests it answers
}

// Trouble makes the host misbehave for every request whose place matches the pattern:
// path.Match syntax, or a prefix followed by "...". The latest call for a place wins; nil
// ends the trouble of that pattern.
func (h *Host) Trouble(pattern string, t Trouble) { h.TroubleTimes(pattern, math.MaxInt, t) }

// TroubleTimes is Trouble for the next n requests only.
func (h *Host) TroubleTimes(pattern string, n int, t Trouble) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.troubles = append([]trouble{{at(pattern), t, n}}, h.troubles...)
}

func (h *Host) trouble(place string) Trouble {
	h.mu.Lock()
	defer h.mu.Unlock()
	for i := range h.troubles {
		if t := &h.troubles[i]; t.left > 0 && matches(t.pattern, place) {
			t.left--
			return t.do
		}
	}
	return nil
}

// Status answers with an HTTP status, and with Retry-After if that is above 0.
func Status(code int, retryAfter time.Duration) Trouble {
	return func(w http.ResponseWriter, _ *http.Request, _ http.Handler) {
		if retryAfter > 0 {
			w.Header().Set("Retry-After", strconv.Itoa(int(retryAfter.Seconds())))
		}
		http.Error(w, http.StatusText(code), code)
	}
}

// Redirect redirects the client.
func Redirect(to string) Trouble {
	return func(w http.ResponseWriter, r *http.Request, _ http.Handler) {
		http.Redirect(w, r, to, http.StatusFound)
	}
}

// ResetAfter announces the whole file, sends n bytes of it and resets the connection.
func ResetAfter(n int) Trouble { return cut(n, true) }

// TruncateAfter announces the whole file, sends n bytes of it and closes the connection
// normally.
func TruncateAfter(n int) Trouble { return cut(n, false) }

func cut(n int, reset bool) Trouble {
	return func(w http.ResponseWriter, r *http.Request, file http.Handler) {
		whole := record(r, file)
		conn, out, err := http.NewResponseController(w).Hijack()
		if err != nil {
			panic(http.ErrAbortHandler)
		}
		defer conn.Close()
		fmt.Fprintf(out, "HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\nContent-Length: %d\r\n\r\n", max(len(whole), n+1))
		_, _ = out.Write(whole[:min(n, len(whole))])
		_ = out.Flush()
		if t, ok := underneath(conn).(*net.TCPConn); ok && reset {
			_ = t.SetLinger(0) // closing then sends RST
			_ = t.Close()      // below TLS, which would first end its session
		}
	}
}

// underneath is the TCP connection below TLS.
func underneath(conn net.Conn) net.Conn {
	if t, ok := conn.(interface{ NetConn() net.Conn }); ok {
		return t.NetConn()
	}
	return conn
}

// Corrupt serves the file with its middle byte flipped.
func Corrupt() Trouble {
	return func(w http.ResponseWriter, r *http.Request, file http.Handler) {
		b := record(r, file)
		if len(b) > 0 {
			b[len(b)/2] ^= 0xff
		}
		content(b).ServeHTTP(w, r)
	}
}

// Drip serves the file in pieces of n bytes with a pause after each.
func Drip(n int, pause time.Duration) Trouble {
	return func(w http.ResponseWriter, r *http.Request, file http.Handler) {
		b := record(r, file)
		w.Header().Set("Content-Length", strconv.Itoa(len(b)))
		for len(b) > 0 {
			piece := b[:min(n, len(b))]
			if _, err := w.Write(piece); err != nil {
				return
			}
			_ = http.NewResponseController(w).Flush()
			b = b[len(piece):]
			select {
			case <-time.After(pause):
			case <-r.Context().Done():
				return
			}
		}
	}
}

// Hang accepts the request and never answers.
func Hang() Trouble {
	return func(_ http.ResponseWriter, r *http.Request, _ http.Handler) {
		<-r.Context().Done()
		panic(http.ErrAbortHandler)
	}
}

// Page answers 200 with its own text, as a captive portal does.
func Page(html string) Trouble {
	return func(w http.ResponseWriter, r *http.Request, _ http.Handler) {
		w.Header().Set("Content-Type", "text/html")
		fmt.Fprint(w, html)
	}
}

// content serves a file that does not change.
type content []byte

func (c content) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/octet-stream")
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(c))
}

// record is the body that a handler would send.
func record(r *http.Request, h http.Handler) []byte {
	w := &recorder{header: http.Header{}}
	plain := r.Clone(r.Context())
	plain.Method = http.MethodGet
	plain.Header.Del("Range")
	h.ServeHTTP(w, plain)
	return w.body.Bytes()
}

type recorder struct {
	header http.Header
	body   bytes.Buffer
}

func (r *recorder) Header() http.Header         { return r.header }
func (r *recorder) WriteHeader(int)             {}
func (r *recorder) Write(b []byte) (int, error) { return r.body.Write(b) }
