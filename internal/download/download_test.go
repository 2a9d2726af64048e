package download

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"aadssh/internal/fault"
	"aadssh/internal/logging"
)

const secret = "PlantedProxyPassword"

// proxyFor is the address of a test server, as a proxy with a password.
func proxyFor(t *testing.T, address string) *url.URL {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	u.User = url.UserPassword("user", secret)
	return u
}

// answering is a server without an HTTP implementation: it reads one request and writes
// these bytes.
func answering(t *testing.T, bytes string) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			_, _ = bufio.NewReader(conn).ReadString('\n')
			_, _ = io.WriteString(conn, bytes)
			conn.Close()
		}
	}()
	return l.Addr().String()
}

// closed is an address on which nobody listens.
func closed(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// TestGetExplains: each obstacle has its own text, with code 20, in single lines, and never
// with a password.
func TestGetExplains(t *testing.T) {
	unknown := httptest.NewTLSServer(http.NotFoundHandler())
	defer unknown.Close()
	proxy := func(status string) string {
		return answering(t, "HTTP/1.1 "+status+"\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
	}
	for _, c := range []struct {
		name    string
		address string
		proxy   string
		words   []string
	}{
		{"refused", "https://" + closed(t) + "/k", "", []string{"refuses the TCP connection", "allow outbound HTTPS (TCP "}},
		{"plain HTTP on the port of HTTPS", "https://" + answering(t, "HTTP/1.1 200 OK\r\n\r\nhello") + "/k", "", []string{"does not speak TLS", "captive portal"}},
		{"authority that nobody knows", unknown.URL + "/k", "", []string{`"O=Acme Co", which this machine does not trust`, "trust store"}},
		{"cut off", "http://" + answering(t, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nshort") + "/k", "", []string{"was cut"}},
		{"hung up", "http://" + answering(t, "") + "/k", "", []string{"was cut"}},
		{"404", "http://" + proxy("404 Not Found") + "/k", "", []string{"answered HTTP 404 Not Found"}},
		{"511", "http://" + proxy("511 Network Authentication Required") + "/k", "", []string{"HTTP 511"}},
		{"proxy is down", "https://packages.example/k", "http://" + closed(t), []string{"The proxy http://127.0.0.1", "cannot be reached", "curl -sI -x"}},
		{"proxy wants a password", "https://packages.example/k", "http://" + proxy("407 Proxy Authentication Required"), []string{"wants a user name and password (HTTP 407)", "protected setting"}},
		{"proxy wants a password, plain HTTP", "http://packages.example/k", "http://" + proxy("407 Proxy Authentication Required"), []string{"HTTP 407", "protected setting"}},
		{"proxy forbids", "https://packages.example/k", "http://" + proxy("403 Forbidden"), []string{"does not let this machine reach packages.example (HTTP 403)", "Have packages.example allowed"}},
		{"proxy has trouble", "https://packages.example/k", "http://" + proxy("502 Bad Gateway"), []string{"The proxy http://127.0.0.1", "packages.example", "HTTP 502"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			var log strings.Builder
			client := Client{Log: logging.New(&log)}
			if c.proxy != "" {
				client.Proxy = proxyFor(t, c.proxy)
			}
			ctx, cancel := context.WithTimeout(t.Context(), firstPause) // too short for a second attempt
			defer cancel()
			_, err := client.Get(ctx, c.address, 1<<10)
			f := fault.Of(err)
			if f == nil || f.Code != fault.RepositoryUnreachable {
				t.Fatalf("%v is no fault of code 20", err)
			}
			said := f.What + "\n" + f.Remedy()
			for _, w := range c.words {
				if !strings.Contains(said, w) {
					t.Errorf("%q is not said:\n%s", w, said)
				}
			}
			if strings.Count(said, "\n") != 1 {
				t.Errorf("not one line each:\n%s", said)
			}
			encoded := base64.StdEncoding.EncodeToString([]byte("user:" + secret))
			for _, leak := range []string{secret, encoded} {
				if all := said + f.Error() + log.String(); strings.Contains(all, leak) {
					t.Errorf("%q is shown:\n%s", leak, all)
				}
			}
			if NotFound(err) != (c.name == "404") {
				t.Errorf("NotFound says %v", NotFound(err))
			}
			if d := Diagnose(t.Context(), c.address, client.Proxy); (d == nil) != (c.name == "404") {
				t.Errorf("Diagnose says %v", d)
			}
		})
	}
}

// TestExplainNames: what cannot be made on a loopback address.
func TestExplainNames(t *testing.T) {
	for _, c := range []struct {
		err  error
		want string
	}{
		{&net.DNSError{Name: "packages.example", IsNotFound: true}, "The name packages.example does not resolve on this machine"},
		{&net.DNSError{Name: "packages.example", IsTimeout: true}, "The name packages.example could not be resolved"},
		{&net.OpError{Op: "dial", Err: syscall.ENETUNREACH}, "no route to packages.example"},
		{&net.OpError{Op: "dial", Err: syscall.EHOSTUNREACH}, "no route to packages.example"},
		{&net.OpError{Op: "read", Err: syscall.ECONNRESET}, "was cut"},
		{context.DeadlineExceeded, "packages.example does not answer"},
		{&statusError{code: 429}, "HTTP 429"},
		{errTooLong, "it is too long"},
		{tls.AlertError(40), "packages.example"},
		{errors.New("something"), "Downloading from packages.example failed: something."},
	} {
		f := Explain("https://packages.example/keys/microsoft.asc", nil, fmt.Errorf("Get: %w", c.err))
		if f.Code != fault.RepositoryUnreachable || !strings.Contains(f.What, c.want) || f.Next == "" {
			t.Errorf("%v: %d %q %q, want %q", c.err, f.Code, f.What, f.Next, c.want)
		}
	}
}

// The command in the next step requests what the handler requested: a mirror and the closed
// clouds have their keys below a path.
func TestExplainRepeatsTheRequest(t *testing.T) {
	const asked = "https://repodepot.example/microsoft/keys/microsoft.asc"
	for _, err := range []error{&statusError{code: 403}, &statusError{code: 410}, errTooLong} {
		f := Explain("https://user:"+secret+"@repodepot.example/microsoft/keys/microsoft.asc?x=y", nil, err)
		if !strings.HasSuffix(f.Next, "curl -sI "+asked) || strings.Contains(f.Error(), secret) {
			t.Errorf("%v: %q", err, f.Next)
		}
	}
}

func TestExplainNamesThePort(t *testing.T) {
	for address, want := range map[string]string{
		"https://packages.example/k": "openssl s_client -connect packages.example:443 -servername packages.example",
		"https://mirror.corp:8443/k": "openssl s_client -connect mirror.corp:8443 -servername mirror.corp",
	} {
		u, err := url.Parse(address)
		if err != nil {
			t.Fatal(err)
		}
		if f := Explain(address, nil, x509.HostnameError{Certificate: &x509.Certificate{}, Host: u.Hostname()}); !strings.HasSuffix(f.Next, want) {
			t.Errorf("%s: %q", address, f.Next)
		}
	}
}

// answers is a fake of the package host, whose pauses take no time.
type answers func() int

func (a answers) RoundTrip(*http.Request) (*http.Response, error) {
	code := a()
	return &http.Response{StatusCode: code, Header: http.Header{}, Body: io.NopCloser(strings.NewReader("key"))}, nil
}

func TestGetTriesAgain(t *testing.T) {
	for _, c := range []struct {
		name   string
		first  int
		want   int // requests
		paused time.Duration
	}{{"busy", 429, 2, crowdedPause / 2}, {"failing", 503, 2, firstPause}, {"forbidden", 403, 1, 0}, {"missing", 404, 1, 0}} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				requests := 0
				host := answers(func() int {
					if requests++; requests == 1 {
						return c.first
					}
					return http.StatusOK
				})
				began := time.Now()
				b, err := Client{Log: logging.Discard(), Transport: host}.Get(t.Context(), "https://host.example/key", 1<<10)
				if requests != c.want || (c.want > 1) != (string(b) == "key" && err == nil) {
					t.Errorf("%d requests, %q, %v; want %d", requests, b, err, c.want)
				}
				if took := time.Since(began); took < c.paused || took > 3*c.paused {
					t.Errorf("it paused for %s, not for %s to three times that", took, c.paused)
				}
			})
		})
	}
}

// TestRetryAfter: the pause that the host demands is kept, within reason.
func TestRetryAfter(t *testing.T) {
	for asked, want := range map[time.Duration]time.Duration{30 * time.Second: 30 * time.Second, 24 * time.Hour: longestWait} {
		if wait, again := worthAnother(&statusError{code: 429, retryAfter: asked}, firstPause); !again || wait != want {
			t.Errorf("%s: %s %v, want %s", asked, wait, again, want)
		}
	}
	if wait, _ := worthAnother(&statusError{code: 500}, firstPause); wait < firstPause || wait > firstPause*3/2 {
		t.Errorf("%s is not %s and up to half of it", wait, firstPause)
	}
	if _, again := worthAnother(&net.DNSError{IsNotFound: true}, firstPause); again {
		t.Error("a name that does not exist is asked for again")
	}
}

func TestGetIsBounded(t *testing.T) {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, strings.Repeat("x", 2000))
	}))
	defer s.Close()
	_, err := Client{Log: logging.Discard()}.Get(t.Context(), s.URL, 1000)
	if !errors.Is(err, errTooLong) {
		t.Errorf("%v, want %v", err, errTooLong)
	}
}

// TestNoRedirectToHTTP: an answer of https never becomes one of http.
func TestNoRedirectToHTTP(t *testing.T) {
	target, err := http.NewRequest(http.MethodGet, "http://packages.example/", nil)
	if err != nil {
		t.Fatal(err)
	}
	first, err := http.NewRequest(http.MethodGet, "https://packages.example/", nil)
	if err != nil {
		t.Fatal(err)
	}
	if stayOnHTTPS(target, []*http.Request{first}) == nil {
		t.Error("followed")
	}
	if err := stayOnHTTPS(first, []*http.Request{target}); err != nil {
		t.Error(err)
	}
}

// TestExplainNamesTheWay: port, scheme and address are those of the request, and a
// connection without a proxy gets no advice about one.
func TestExplainNamesTheWay(t *testing.T) {
	refused := &net.OpError{Op: "dial", Addr: &net.TCPAddr{IP: net.ParseIP("fd00::9"), Port: 80}, Err: syscall.ENETUNREACH}
	for _, c := range []struct {
		got    *fault.Fault
		has    []string
		hasNot string
	}{
		{Explain("http://mirror.example/k", nil, syscall.ECONNREFUSED), []string{"allow outbound HTTP (TCP 80)", "or set the proxy"}, "443"},
		{Explain("https://mirror.example:8443/k", nil, syscall.ECONNRESET), []string{"HTTPS (TCP 8443)"}, "443)."},
		{Explain("https://mirror.example/k", nil, refused), []string{"ip route get fd00::9"}, "1.1.1.1"},
		{ExplainDirect("https://roles.example/", context.DeadlineExceeded), []string{"allow outbound HTTPS (TCP 443) from this machine to roles.example."}, "proxy"},
		{Explain("https://mirror.example/k", &url.URL{Scheme: "http", Host: "p.example:3128", User: url.UserPassword("u", secret)}, &statusError{code: 407}),
			[]string{"The proxy http://p.example:3128 wants", `{"proxy": "http://USER:PASSWORD@p.example:3128"}`}, secret},
		{Explain("https://mirror.example/k", nil, &statusError{code: 401}), []string{"mirror.example answered HTTP 401 Unauthorized. It wants a user name and password", `repository.mode to "existing"`}, "Allow mirror"},
		{ExplainStatus("https://mirror.example/k", 403), []string{"The host itself, or"}, "Allow mirror"},
	} {
		text := c.got.What + " " + c.got.Next
		for _, has := range c.has {
			if !strings.Contains(text, has) {
				t.Errorf("%q is not said: %s", has, text)
			}
		}
		if strings.Contains(text, c.hasNot) {
			t.Errorf("%q is said: %s", c.hasNot, text)
		}
	}
	if f := ExplainStatus("https://mirror.example/k", 404); f != nil {
		t.Errorf("404 is an answer: %v", f)
	}
}
