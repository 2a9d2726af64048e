package identity

import (
	"context"
	"io"
	"net/http"
	"net/http/httptrace"
	"strconv"
	"strings"
	"time"

	"aadssh/internal/logging"
)

const (
	// tryTimeout is the time for one request, from the connection to the last byte.
	tryTimeout = 5 * time.Second
	// tokenLimit is many times the size of a token response, in bytes.
	tokenLimit = 64 << 10
	// computeLimit has space for the user data in that document: 64 KiB, which is 86 KiB in
	// base64 (Microsoft Learn, user data for Azure VMs).
	computeLimit = 256 << 10
)

// client sends requests to metadata services. It counts them and keeps one connection for
// all of them.
type client struct {
	_ [0]func() // never compared: no code for == is linked

	transport *http.Transport
	log       *logging.Logger
	requests  int
	ahead     time.Duration // how far our clock is ahead of the service's
	dated     bool
}

func newClient(o Options) *client {
	return &client{
		log: o.Log,
		transport: &http.Transport{
			Proxy:                  nil, // never, whatever the environment holds
			DialContext:            o.Dial,
			DisableCompression:     true, // so that the limit on bytes read also limits memory
			MaxResponseHeaderBytes: 16 << 10,
			MaxIdleConnsPerHost:    1,
		},
	}
}

func (c *client) close() { c.transport.CloseIdleConnections() }

// get sends one request, with the key of an Arc challenge if there is one, and reads at
// most limit bytes of the response. It uses the transport directly, so redirects are
// responses and not followed.
func (c *client) get(ctx context.Context, url string, limit int64, key string) reply {
	// net/http retries once by itself if a kept connection breaks: that counts too.
	sent := 0
	defer func() { c.requests += max(sent, 1) }()
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{GotConn: func(httptrace.GotConnInfo) { sent++ }})
	try, cancel := context.WithTimeout(ctx, tryTimeout)
	defer cancel()
	req, err := http.NewRequestWithContext(try, http.MethodGet, url, nil)
	if err != nil {
		return reply{outcome: garbled, detail: "the request could not be made"}
	}
	req.Header.Set("Metadata", "true")
	if key != "" {
		req.Header.Set("Authorization", "Basic "+key)
	}
	began := time.Now()
	r := c.do(req, limit)
	if ctx.Err() != nil && r.outcome != answered {
		r.outcome = stopped
	}
	c.log.Debugf("GET %s%s: %s in %s", req.URL.Host, req.URL.Path, r.brief(), time.Since(began).Round(time.Millisecond))
	return r
}

func (c *client) do(req *http.Request, limit int64) reply {
	resp, err := c.transport.RoundTrip(req)
	if err != nil {
		return transportReply(err)
	}
	defer resp.Body.Close()
	if at, err := http.ParseTime(resp.Header.Get("Date")); err == nil {
		c.ahead, c.dated = time.Since(at), true
	}
	r := reply{
		status:    resp.StatusCode,
		media:     mediaType(resp.Header.Get("Content-Type")),
		challenge: resp.Header.Get("WWW-Authenticate"),
		wait:      retryAfter(resp.Header.Get("Retry-After")),
	}
	body, err := io.ReadAll(io.LimitReader(resp.Body, limit+1))
	if err != nil {
		failed := transportReply(err)
		if r.outcome = failed.outcome; r.outcome == silent {
			r.outcome = slow
		}
		return r
	}
	r.body = body
	r.outcome = r.classify(limit)
	return r
}

// mediaType is the first part of a Content-Type, if it looks like one.
func mediaType(s string) string {
	s, _, _ = strings.Cut(s, ";")
	s = strings.ToLower(strings.TrimSpace(s))
	if !only(s, 40, "/-+.") {
		return ""
	}
	return s
}

// retryAfter parses a Retry-After header in either of its forms; 0 without one.
func retryAfter(s string) time.Duration {
	if s == "" {
		return 0
	}
	if n, err := strconv.Atoi(strings.TrimSpace(s)); err == nil {
		const day = 24 * 60 * 60
		return time.Duration(min(max(n, 0), day)) * time.Second
	}
	if at, err := http.ParseTime(s); err == nil {
		return max(time.Until(at), 0)
	}
	return 0
}
