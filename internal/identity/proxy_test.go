package identity_test

import (
	"bytes"
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"strings"
	"sync/atomic"
	"testing"

	"aadssh/internal/host"
	"aadssh/internal/identity"
	"aadssh/internal/logging"
	"aadssh/test/lib/metadata"
)

// askOverTCP runs Probe with real sockets on loopback in place of the metadata service, and
// returns the addresses that were dialled.
func askOverTCP(t *testing.T, service *metadata.Service) (identity.Answer, []string, string) {
	t.Helper()
	server := httptest.NewServer(service)
	defer server.Close()
	var dialed []string
	var log bytes.Buffer
	a := identity.Probe(t.Context(), identity.Options{
		Host: &host.Host{Root: t.TempDir(), Log: logging.Discard()},
		Log:  logging.New(&log),
		Dial: func(ctx context.Context, network, address string) (net.Conn, error) {
			dialed = append(dialed, address)
			if address != metadata.Address {
				return (&net.Dialer{}).DialContext(ctx, network, address)
			}
			return (&net.Dialer{}).DialContext(ctx, network, server.Listener.Addr().String())
		},
	})
	if bad := service.Unexpected(); len(bad) > 0 {
		t.Errorf("requests that should not have been made: %q", bad)
	}
	if left := service.Unplayed(); len(left) > 0 {
		t.Errorf("answers that were not fetched: %q", left)
	}
	return a, dialed, log.String()
}

// TestNoProxyEver sets a proxy in every known variable, without exceptions, and checks that
// the proxy gets no request. It runs in a process of its own, because net/http reads these
// variables only once per process.
func TestNoProxyEver(t *testing.T) {
	var asked atomic.Int32
	proxy := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked.Add(1) }))
	defer proxy.Close()
	var environ []string
	for _, e := range os.Environ() {
		if name, _, _ := strings.Cut(e, "="); !strings.HasSuffix(strings.ToLower(name), "_proxy") {
			environ = append(environ, e)
		}
	}
	for _, name := range []string{"http_proxy", "https_proxy", "all_proxy"} {
		environ = append(environ, name+"="+proxy.URL, strings.ToUpper(name)+"="+proxy.URL)
	}
	runAgain(t, "TestOneToken", environ)
	if n := asked.Load(); n != 0 {
		t.Errorf("%d requests reached the proxy", n)
	}

	// A client that takes the proxy would have been seen.
	to, err := url.Parse(proxy.URL)
	if err != nil {
		t.Fatal(err)
	}
	byProxy := http.Client{Transport: &http.Transport{Proxy: http.ProxyURL(to)}}
	resp, err := byProxy.Get("http://" + metadata.Address + metadata.TokenPath)
	if err != nil || asked.Load() != 1 {
		t.Fatalf("the proxy does not work: %v", err)
	}
	resp.Body.Close()
}

// TestBodiesAreBounded lets the service send without end and counts what is taken.
func TestBodiesAreBounded(t *testing.T) {
	for _, c := range []struct {
		path  string
		limit int64 // bytes; on top come the buffers on the way
	}{{metadata.ComputePath, 256 << 10}, {metadata.TokenPath, 64 << 10}} {
		t.Run(c.path, func(t *testing.T) {
			var taken atomic.Int64
			flood := func(w http.ResponseWriter, _ *http.Request) {
				chunk := bytes.Repeat([]byte("A"), 16<<10)
				for taken.Load() < 20<<20 {
					n, err := w.Write(chunk)
					taken.Add(int64(n))
					if err != nil {
						return
					}
				}
			}
			service := metadata.Azure().
				Always(metadata.ComputePath, metadata.JSON(metadata.VM())).
				Always(metadata.TokenPath, metadata.NoIdentity()).
				Script(c.path, flood)
			pipe := metadata.Serve(service)
			identity.Probe(t.Context(), identity.Options{Host: &host.Host{Root: t.TempDir()}, Dial: pipe.Dial})
			if err := pipe.Close(); err != nil {
				t.Fatal(err)
			}
			if n := taken.Load(); n < c.limit || n > c.limit+128<<10 {
				t.Errorf("%d bytes were taken, the limit is %d", n, c.limit)
			}
			if bad := service.Unexpected(); len(bad) > 0 {
				t.Errorf("requests that should not have been made: %q", bad)
			}
		})
	}
}
