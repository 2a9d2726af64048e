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

	"aadsshlogin-handler/internal/host"
	"aadsshlogin-handler/internal/identity"
	"aadsshlogin-handler/internal/logging"
	"aadsshlogin-handler/test/lib/metadata"
)

// lookOverTCP looks with real sockets on loopback in the place of the metadata
// service, and returns the addresses that were dialled.
func lookOverTCP(t *testing.T, service *metadata.Service) (identity.Answer, []string, string) {
	t.Helper()
	server := httptest.NewServer(service)
	defer server.Close()
	var dialed []string
	var log bytes.Buffer
	a := identity.Look(t.Context(), identity.Options{
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

// TestNoProxyEver has a proxy in every variable that is known for one, nothing
// excepted, and looks whether the proxy is asked. The look runs in a process of
// its own, because net/http reads these variables only once in a process.
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
			identity.Look(t.Context(), identity.Options{Host: &host.Host{Root: t.TempDir()}, Dial: pipe.Dial})
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

func TestNoProxyAdvice(t *testing.T) {
	const proxied = "http_proxy=http://user:" + metadata.Secret + "@169.254.0.11:3128"
	for _, c := range []struct {
		name    string
		environ []string
		line    string // that is to be added; "": nothing is wrong
	}{
		{"no proxy", []string{"PATH=/bin"}, ""},
		{"empty proxy", []string{"http_proxy="}, ""},
		{"only https", []string{"https_proxy=http://p:1"}, ""},
		{"no exception", []string{proxied}, "no_proxy=169.254.169.254"},
		{"upper case", []string{"HTTP_PROXY=http://p:1"}, "no_proxy=169.254.169.254"},
		{"all", []string{"ALL_PROXY=socks5://p:1"}, "no_proxy=169.254.169.254"},
		{"others excepted", []string{proxied, "no_proxy=localhost,127.0.0.1,::1"}, "no_proxy=localhost,127.0.0.1,::1,169.254.169.254"},
		{"others excepted, upper case", []string{proxied, "NO_PROXY=localhost, "}, "no_proxy=localhost,169.254.169.254"},
		{"as the documentation has it", []string{proxied, "no_proxy=localhost,127.0.0.1,::1,169.254.169.254"}, ""},
		{"in upper case", []string{proxied, "NO_PROXY=169.254.169.254"}, ""},
		{"with spaces", []string{proxied, "no_proxy=localhost 169.254.169.254"}, ""},
		{"with its port", []string{proxied, "no_proxy=169.254.169.254:80"}, ""},
		{"another port", []string{proxied, "no_proxy=169.254.169.254:443"}, "no_proxy=169.254.169.254:443,169.254.169.254"},
		{"network", []string{proxied, "no_proxy=169.254.0.0/16"}, ""},
		{"another network", []string{proxied, "no_proxy=10.0.0.0/8"}, "no_proxy=10.0.0.0/8,169.254.169.254"},
		{"everything", []string{proxied, "no_proxy=*"}, ""},
		{"an address that begins alike", []string{proxied, "no_proxy=169.254.169.25"}, "no_proxy=169.254.169.25,169.254.169.254"},
		{"an exception that is a command", []string{proxied, "no_proxy=$(reboot)\n"}, "no_proxy=169.254.169.254"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := identity.NoProxyAdvice(c.environ)
			if (got == "") != (c.line == "") || !strings.HasSuffix(got, c.line) {
				t.Errorf("got %q, want it to end with %q", got, c.line)
			}
			if c.line != "" && !strings.Contains(got, ": "+c.line) {
				t.Errorf("the line is not all of %q", got)
			}
			if leaks := metadata.Leaks(got); len(leaks) > 0 || strings.Contains(got, "user") {
				t.Errorf("the proxy is shown: %q", got)
			}
		})
	}
}
