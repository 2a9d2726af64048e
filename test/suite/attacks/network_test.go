package attacks

import (
	"bytes"
	"context"
	"encoding/base64"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/ProtonMail/go-crypto/openpgp"

	"aadssh/internal/download"
	"aadssh/internal/fault"
	"aadssh/internal/identity"
	"aadssh/internal/logging"
	"aadssh/internal/trust"
)

func contextFor(w *world, d time.Duration) (context.Context, context.CancelFunc) {
	return context.WithTimeout(w.t.Context(), d)
}

// endless never ends.
type endless struct{}

func (endless) Read(p []byte) (int, error) { return len(p), nil }
func (endless) Close() error               { return nil }

// answers is a fake host: its answer for each address.
type answers func(r *http.Request) *http.Response

func (a answers) RoundTrip(r *http.Request) (*http.Response, error) {
	resp := a(r)
	resp.Request, resp.ProtoMajor, resp.ProtoMinor = r, 1, 1
	if resp.Header == nil {
		resp.Header = http.Header{}
	}
	if resp.Body == nil {
		resp.Body = io.NopCloser(strings.NewReader(""))
	}
	return resp, nil
}

func says(code int, body string, header ...string) *http.Response {
	h := http.Header{}
	for i := 0; i+1 < len(header); i += 2 {
		h[header[i]] = []string{header[i+1]}
	}
	return &http.Response{StatusCode: code, Header: h, Body: io.NopCloser(strings.NewReader(body))}
}

// fetch is one download from a fake host.
func fetch(w *world, address string, a answers) ([]byte, error) {
	ctx, cancel := contextFor(w, time.Second)
	defer cancel()
	return download.Client{Log: logging.Discard(), Transport: a}.Get(ctx, address, 1<<20)
}

// naiveFetch follows redirects and reads everything, up to a limit of the test.
func naiveFetch(address string, a answers) []byte {
	r, err := (&http.Client{Transport: a}).Get(address)
	if err != nil {
		return nil
	}
	defer r.Body.Close()
	b, _ := io.ReadAll(io.LimitReader(r.Body, 8<<20))
	return b
}

const key = "https://packages.microsoft.com/keys/microsoft.asc"

func network() []attack {
	flood := func(*http.Request) *http.Response { return &http.Response{StatusCode: 200, Body: endless{}} }
	down := func(r *http.Request) *http.Response {
		if r.URL.Scheme == "http" {
			return says(200, "evil")
		}
		return says(302, "", "Location", "http://packages.microsoft.com/keys/microsoft.asc")
	}
	around := func(r *http.Request) *http.Response { return says(302, "", "Location", r.URL.String()+"x") }
	told := func(w *world, resp func(*http.Request) *http.Response) error {
		_, err := fetch(w, key, resp)
		if err == nil {
			return fmt.Errorf("it was taken")
		}
		f := fault.Of(err)
		text := f.What + f.Remedy()
		return holds(!strings.ContainsAny(text, "\x1b\n\r") && len(text) < 1500, "it says %q", text)
	}
	other := func(what, file string) attack {
		return attack{by: "mirror or proxy", what: "the key file holds " + what, holds: "only keys with a pinned fingerprint, or named by the owner, and with valid self-signatures: 27",
			works: func(w *world) bool { // "download it, then rpm --import" accepts any key
				found, err := openpgp.ReadArmoredKeyRing(strings.NewReader(testdata(w, file)))
				return err == nil && len(found) == 1
			},
			held: func(w *world) error {
				_, err := trust.Accept([]byte(testdata(w, file)), trust.Pins(), nil)
				return holds(err != nil && fault.Of(err).Code == fault.RepositoryUntrusted, "%v", err)
			}}
	}
	return []attack{
		{by: "mirror or proxy", what: "an answer that never ends", holds: "a limit on what is read",
			works: func(*world) bool { return len(naiveFetch(key, flood)) == 8<<20 },
			held: func(w *world) error {
				b, err := fetch(w, key, flood)
				return holds(err != nil && len(b) == 0, "%d bytes", len(b))
			}},
		{by: "mirror or proxy", what: "a redirect from https to http", holds: "https stays https",
			works: func(*world) bool { return string(naiveFetch(key, down)) == "evil" },
			held: func(w *world) error {
				b, err := fetch(w, key, down)
				return holds(err != nil && len(b) == 0, "%q", b)
			}},
		{by: "mirror or proxy", what: "redirects that never end", holds: "five at most",
			held: func(w *world) error {
				n := 0
				_, err := fetch(w, key, func(r *http.Request) *http.Response { n++; return around(r) })
				return holds(err != nil && n <= 12, "%d requests, %v", n, err)
			}},
		{by: "mirror or proxy", what: "a status line and headers with control characters", holds: "texts from elsewhere are one line, shortened, without control characters",
			works: func(*world) bool {
				return strings.Contains(fmt.Sprint(says(403, "", "Server", "\x1b[2J").Header), "\x1b")
			},
			held: func(w *world) error {
				return told(w, func(*http.Request) *http.Response {
					return says(403, "\x1b]0;x\x07", "Server", "\x1b[2J\nnext", "X-Squid-Error", strings.Repeat("\x1bx", 4000), "Via", "\r\n\x1b[1mroot")
				})
			}},
		{by: "mirror or proxy", what: "a web page that says to turn verification off", holds: "a page is not a key, and its text is not repeated as advice",
			works: func(*world) bool {
				return strings.Contains(string(naiveFetch(key, func(*http.Request) *http.Response { return says(200, "<html>Run: gpgcheck=0") })), "gpgcheck=0")
			},
			held: func(w *world) error {
				b, err := fetch(w, key, func(*http.Request) *http.Response { return says(200, "<html>Run: gpgcheck=0") })
				w.must(err)
				_, err = trust.Accept(b, trust.Pins(), nil)
				return holds(err != nil && !strings.Contains(fault.Of(err).What+fault.Of(err).Remedy(), "gpgcheck"), "%v", err)
			}},
		other("another key", "rsa2048.asc"),
		{by: "mirror or proxy", what: "the key file also holds another key, after the vendor's", holds: "only the pinned keys of a file are written",
			works: func(w *world) bool {
				return strings.Count(testdata(w, "microsoft.asc")+testdata(w, "rsa2048.asc"), "BEGIN PGP") == 2
			},
			held: func(w *world) error {
				ring, err := trust.Accept([]byte(testdata(w, "microsoft.asc")+"\n"+testdata(w, "rsa2048.asc")), trust.Pins(), nil)
				w.must(err)
				return holds(len(ring.Fingerprints) == 1, "%v", ring.Fingerprints)
			}},
		{by: "mirror or proxy", what: "half a key", holds: "a key is verified whole",
			held: func(w *world) error {
				k := testdata(w, "microsoft.asc")
				_, err := trust.Accept([]byte(k[:len(k)/2]), trust.Pins(), nil)
				return holds(err != nil, "it was taken")
			}},
		{by: "mirror or proxy", what: "a proxy in the process's environment", environment: true, holds: "only proxies that the owner set are used, and not those of the caller's environment",
			works: func(w *world) bool {
				w.t.Setenv("https_proxy", "http://evil.example:1")
				return os.Getenv("https_proxy") != ""
			},
			held: func(w *world) error {
				listener, err := net.Listen("tcp", "127.0.0.1:0")
				w.must(err)
				defer listener.Close()
				asked := make(chan struct{}, 8)
				go func() {
					for {
						c, err := listener.Accept()
						if err != nil {
							return
						}
						c.Close()
						asked <- struct{}{}
					}
				}()
				w.t.Setenv("http_proxy", "http://"+listener.Addr().String())
				host := httptest.NewServer(http.HandlerFunc(func(r http.ResponseWriter, _ *http.Request) { _, _ = r.Write([]byte("direct")) }))
				defer host.Close()
				ctx, cancel := contextFor(w, time.Minute)
				defer cancel()
				b, err := download.Client{Log: logging.Discard()}.Get(ctx, host.URL, 100)
				return holds(err == nil && string(b) == "direct" && len(asked) == 0, "%q, %v", b, err)
			}},
	}
}

// himds is a program that has taken the port of the Arc agent's service: it asks for a file
// and records what it gets.
type himds struct {
	mu    sync.Mutex
	given []string
	realm string
	to    string // redirects there, if set
}

func (s *himds) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.given = append(s.given, r.Header.Get("Authorization"))
	switch {
	case s.to != "":
		w.Header().Set("Location", s.to)
		w.WriteHeader(http.StatusFound)
	case strings.Contains(r.URL.Path, "token"):
		w.Header().Set("WWW-Authenticate", "Basic realm="+s.realm)
		w.WriteHeader(http.StatusUnauthorized)
	default:
		_, _ = w.Write([]byte("{}"))
	}
}

const tokens = "var/opt/azcmagent/tokens/"

// ask makes an Arc-enabled server ask a hostile service; every connection goes there. It
// returns what the service got, and the addresses that were dialled.
func ask(w *world, s *himds, getenv func(string) string) (given string, dialled []string, a identity.Answer) {
	w.put("opt/azcmagent/bin/himds", "")
	server := httptest.NewServer(s)
	defer server.Close()
	var mu sync.Mutex
	a = identity.Probe(w.t.Context(), identity.Options{Host: w.host, Budget: 3 * time.Second, Getenv: getenv,
		Dial: func(ctx context.Context, _, address string) (net.Conn, error) {
			mu.Lock()
			dialled = append(dialled, address)
			mu.Unlock()
			return (&net.Dialer{}).DialContext(ctx, "tcp", server.Listener.Addr().String())
		}})
	return strings.Join(s.given, " "), dialled, a
}

func arc() []attack {
	none := func(string) string { return "" }
	naive := func(w *world, realm string) bool { // reads any file that it is asked for
		b, err := os.ReadFile(filepath.Join(w.dir, realm))
		return err == nil && bytes.Contains(b, []byte("secret"))
	}
	leak := func(what, realm, stops string, prepare func(w *world)) attack {
		return attack{by: "Arc service", what: what, holds: stops,
			works: func(w *world) bool { prepare(w); return naive(w, realm) },
			held: func(w *world) error {
				prepare(w)
				given, _, a := ask(w, &himds{realm: realm}, none)
				if strings.Contains(given, "secret") || strings.Contains(given, base64.StdEncoding.EncodeToString([]byte("secret"))) {
					return fmt.Errorf("it was given %q", given)
				}
				return holds(a.Fault != nil && !strings.Contains(a.Fault.What+a.Why, "$6$"), "%+v", a)
			}}
	}
	return []attack{
		leak("it asks for /etc/shadow as proof", "/etc/shadow", "only keys in the agent's own folder are read", func(w *world) { w.put("etc/shadow", shadow); w.path(tokens + "x") }),
		leak("it asks for a path that leaves the folder (..)", "/"+tokens+"../../../../etc/shadow", "the path is cleaned before it is compared", func(w *world) { w.put("etc/shadow", shadow); w.path(tokens + "x") }),
		leak("its folder has a link to shadow", "/"+tokens+"x.key", "the file is opened from the folder, without following", func(w *world) { w.link(w.put("etc/shadow", shadow), tokens+"x.key") }),
		leak("its folder is a link to another", "/"+tokens+"x.key", "the folder is opened without following", func(w *world) {
			w.put("root/own/x.key", shadow)
			w.link(filepath.Join(w.dir, "root/own"), "var/opt/azcmagent/tokens")
		}),
		{by: "Arc service", what: "the key is a pipe", holds: "only regular files are read, without waiting",
			works: func(w *world) bool {
				w.must(syscall.Mkfifo(w.path(tokens+"x.key"), 0o600))
				return !within(200*time.Millisecond, func() { _, _ = os.ReadFile(filepath.Join(w.dir, tokens, "x.key")) })
			},
			held: func(w *world) error {
				w.must(syscall.Mkfifo(w.path(tokens+"x.key"), 0o600))
				return holds(within(time.Minute, func() { ask(w, &himds{realm: "/" + tokens + "x.key"}, none) }), "it hangs")
			}},
		{by: "Arc service", what: "a key of 10 MB", holds: "a limit on what is read",
			works: func(w *world) bool { return len(w.read(w.put(tokens+"x.key", strings.Repeat("x", 10<<20)))) == 10<<20 },
			held: func(w *world) error {
				w.put(tokens+"x.key", strings.Repeat("x", 10<<20))
				given, _, _ := ask(w, &himds{realm: "/" + tokens + "x.key"}, none)
				return holds(len(given) < 10000, "%d bytes were given", len(given))
			}},
		{by: "Arc service", what: "it redirects to another host", holds: "metadata services do not redirect; nothing is followed",
			works: func(*world) bool {
				return len(naiveFetch("http://127.0.0.1:40342/x", func(r *http.Request) *http.Response {
					if r.URL.Host == "198.51.100.7" {
						return says(200, "taken")
					}
					return says(302, "", "Location", "http://198.51.100.7/steal")
				})) > 0
			},
			held: func(w *world) error {
				_, dialled, _ := ask(w, &himds{to: "http://198.51.100.7/steal"}, none)
				return holds(!strings.Contains(strings.Join(dialled, " "), "198.51.100.7"), "dialled %v", dialled)
			}},
		{by: "Arc service", what: "the environment names a service elsewhere", holds: "only addresses of loopback are taken from it",
			held: func(w *world) error {
				env := map[string]string{"IDENTITY_ENDPOINT": "http://198.51.100.7:80/metadata/identity/oauth2/token", "IMDS_ENDPOINT": "http://198.51.100.7:80", "http_proxy": "http://198.51.100.7:3128"}
				_, dialled, _ := ask(w, &himds{realm: "/x"}, func(n string) string { return env[n] })
				return holds(!strings.Contains(strings.Join(dialled, " "), "198.51.100.7"), "dialled %v", dialled)
			}},
	}
}
