// Package download fetches the few small files that the handler itself needs from the
// package host, and explains why when it cannot.
package download

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"aadssh/internal/fault"
	"aadssh/internal/logging"
)

// How a download treats an overloaded host: at most attempts requests, with a doubling
// pause that starts at firstPause, plus up to half of it at random, so that a scale set
// does not retry in step. The package host answers 429 above 4,000 requests in 5 minutes
// from one address (microsoft/linux-package-repositories README).
const (
	attempts    = 4
	firstPause  = 2 * time.Second
	longestWait = 60 * time.Second
	// After a 429 it takes up to five minutes until the address may send requests again,
	// and refused requests may count: so the pauses are long from the beginning, and
	// triple. They are limited by the operation's own time.
	crowdedPause = 20 * time.Second
	crowdedWait  = 6 * time.Minute
)

// ProxyAnswered is an http.Transport's OnProxyConnectResponse: without it the error for a
// proxy that refuses does not contain the code, and Explain does not know that it was the proxy.
func ProxyAnswered(_ context.Context, _ *url.URL, _ *http.Request, answer *http.Response) error {
	if answer.StatusCode == http.StatusOK {
		return nil
	}
	return newStatusError(answer, true)
}

// Client downloads over HTTPS, through the proxy if there is one. Only Log must be set.
type Client struct {
	Proxy *url.URL // nil: a direct connection, whatever the environment holds
	Log   *logging.Logger
	// Transport replaces the network in a simulation; nil: the network.
	Transport http.RoundTripper
}

// Get downloads at most limit bytes. The error is a fault of code 20 that says
// which of DNS, route, TCP, TLS, proxy or HTTP failed for which host.
func (c Client) Get(ctx context.Context, address string, limit int64) ([]byte, error) {
	action := c.Log.Started("download %s", address)
	pause, crowded := firstPause, crowdedPause
	for attempt := 1; ; attempt++ {
		body, err := c.once(ctx, address, limit)
		if err == nil {
			return body, action.Ended(nil)
		}
		wait, again := worthAnother(err, pause)
		last := attempt == attempts
		if status := (*statusError)(nil); errors.As(err, &status) && status.code == http.StatusTooManyRequests {
			last = false // ctx has ended it
			wait = inTime(ctx, max(crowded/2+rand.N(crowded), min(status.retryAfter+rand.N(crowdedPause), crowdedWait)))
			crowded = min(3*crowded, crowdedWait)
		}
		if !again || last || !sleep(ctx, wait) {
			return nil, action.Ended(Explain(address, c.Proxy, err))
		}
		c.Log.Infof("trying again after %s: %v", wait.Round(time.Millisecond), err)
		pause *= 2
	}
}

// inTime shortens a pause that would outlast the operation: one more request before its end
// is better than giving up with half of it left.
func inTime(ctx context.Context, wait time.Duration) time.Duration {
	deadline, ok := ctx.Deadline()
	if left := time.Until(deadline) - crowdedPause; ok && left > crowdedPause && wait > left {
		return left/2 + rand.N(left/2)
	}
	return wait
}

// statusError is an answer other than 200.
type statusError struct {
	code       int
	retryAfter time.Duration
	proxy      bool // the proxy answered it instead of opening a tunnel
}

func newStatusError(r *http.Response, proxy bool) *statusError {
	seconds, err := strconv.Atoi(r.Header.Get("Retry-After"))
	if err != nil || seconds < 0 {
		seconds = 0 // a date, or nothing: our own pause is used
	}
	return &statusError{r.StatusCode, time.Duration(min(seconds, 1<<20)) * time.Second, proxy}
}

func (e *statusError) Error() string {
	return "HTTP " + strconv.Itoa(e.code) + " " + http.StatusText(e.code)
}

// NotFound reports whether a download failed because the host does not have
// the file.
func NotFound(err error) bool {
	var status *statusError
	return errors.As(err, &status) && !status.proxy && status.code == http.StatusNotFound
}

// errTooLong means that the host sent more than the limit.
var errTooLong = errors.New("the answer is longer than any key is")

func (c Client) once(ctx context.Context, address string, limit int64) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second) // against a host that accepts connections and then says nothing
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, err
	}
	transport := &http.Transport{
		Proxy:                  http.ProxyURL(c.Proxy),
		DialContext:            (&net.Dialer{Timeout: 10 * time.Second}).DialContext,
		TLSHandshakeTimeout:    10 * time.Second,
		ResponseHeaderTimeout:  20 * time.Second,
		TLSClientConfig:        &tls.Config{MinVersion: tls.VersionTLS12},
		DisableKeepAlives:      true,
		OnProxyConnectResponse: ProxyAnswered,
	}
	defer transport.CloseIdleConnections()
	client := &http.Client{Transport: transport, CheckRedirect: stayOnHTTPS}
	if c.Transport != nil {
		client.Transport = c.Transport
	}
	response, err := client.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return nil, newStatusError(response, false)
	}
	body, err := io.ReadAll(io.LimitReader(response.Body, limit+1))
	if err != nil {
		return nil, err
	}
	if int64(len(body)) > limit {
		return nil, errTooLong
	}
	return body, nil
}

// stayOnHTTPS follows a few redirects, but never from https to http.
func stayOnHTTPS(request *http.Request, via []*http.Request) error {
	if len(via) >= 5 {
		return errors.New("too many redirects")
	}
	if via[0].URL.Scheme == "https" && request.URL.Scheme != "https" {
		return fmt.Errorf("redirected from https to %s", request.URL.Scheme)
	}
	return nil
}

// worthAnother reports whether the same request may succeed later, and how long to wait
// before it.
func worthAnother(err error, pause time.Duration) (wait time.Duration, again bool) {
	wait = pause + rand.N(pause/2)
	var status *statusError
	var dns *net.DNSError
	var certificate *tls.CertificateVerificationError
	switch {
	case errors.As(err, &status):
		if status.code != http.StatusTooManyRequests && status.code < 500 {
			return 0, false
		}
		return min(max(wait, status.retryAfter), longestWait), true
	case errors.As(err, &certificate), errors.Is(err, errTooLong), errors.Is(err, context.Canceled):
		return 0, false
	case errors.As(err, &dns):
		return wait, !dns.IsNotFound
	}
	return wait, true
}

// sleep waits, and returns false if ctx ends before that.
func sleep(ctx context.Context, d time.Duration) bool {
	if deadline, ok := ctx.Deadline(); ok && time.Until(deadline) < d {
		return false
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}

// Diagnose requests an address once and explains what fails; nil if nothing does. It is
// only called after a package manager has failed, because package managers say little about
// the network.
func Diagnose(ctx context.Context, address string, proxy *url.URL) *fault.Fault {
	if address == "" || ctx.Err() != nil {
		return nil // nothing to request, or no time left
	}
	_, err := Client{Proxy: proxy, Log: logging.Discard()}.once(ctx, address, 1<<20)
	if ctx.Err() != nil {
		return nil // our own time ended
	}
	var status *statusError
	if err == nil || errors.Is(err, errTooLong) {
		return nil
	}
	if errors.As(err, &status) && status.code == http.StatusNotFound {
		return nil // the host answers: a missing page is not a missing network
	}
	return Explain(address, proxy, err)
}
