package metadata

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

const (
	goodToken   = "http://169.254.169.254" + TokenPath + "?api-version=2018-02-01&resource=https%3A%2F%2Fmanagement.azure.com%2F"
	goodCompute = "http://169.254.169.254" + ComputePath + "?api-version=2021-02-01"
	goodArc     = "http://127.0.0.1:40342" + TokenPath + "?api-version=2020-06-01&resource=r"
)

// ask sends one request, with header lines in the form "Name: value".
func ask(s *Service, method, url string, headers ...string) *http.Response {
	r := httptest.NewRequest(method, url, nil)
	if !strings.HasPrefix(method, "PROXY") {
		r.URL.Scheme, r.URL.Host = "", "" // NewRequest uses the form for a proxy
	}
	r.Method = strings.TrimPrefix(method, "PROXY")
	for _, h := range headers {
		name, value, _ := strings.Cut(h, ": ")
		r.Header.Add(name, value)
	}
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	return w.Result()
}

// TestViolationsAreRejected: a request that violates the protocol is rejected and recorded,
// for each violation by itself.
func TestViolationsAreRejected(t *testing.T) {
	const meta = "Metadata: true"
	for _, c := range []struct {
		name, method, url string
		headers           []string
		status            int
		why               string // "": nothing is wrong
	}{
		{"token", "GET", goodToken, []string{meta}, 200, ""},
		{"compute", "GET", goodCompute, []string{meta}, 200, ""},
		{"no Metadata header", "GET", goodToken, nil, 400, "Metadata"},
		{"Metadata header false", "GET", goodToken, []string{"Metadata: false"}, 400, "Metadata"},
		{"X-Forwarded-For", "GET", goodToken, []string{meta, "X-Forwarded-For: 10.0.0.1"}, 400, "proxy"},
		{"Via", "GET", goodToken, []string{meta, "Via: 1.1 squid"}, 400, "proxy"},
		{"proxy form", "PROXYGET", goodToken, []string{meta}, 400, "proxy"},
		{"another host", "GET", strings.Replace(goodToken, "169.254.169.254", "example.com", 1), []string{meta}, 400, "host"},
		{"POST", "POST", goodToken, []string{meta}, 405, "GET"},
		{"no api-version", "GET", strings.Replace(goodToken, "api-version", "version", 1), []string{meta}, 400, "api-version"},
		{"another api-version", "GET", strings.Replace(goodToken, "2018-02-01", "2017-09-01", 1), []string{meta}, 400, "api-version"},
		{"no resource", "GET", strings.Replace(goodToken, "resource", "audience", 1), []string{meta}, 400, "resource"},
		{"client id", "GET", goodToken + "&client_id=x", []string{meta}, 400, "client_id"},
		{"secret", "GET", goodToken, []string{meta, "Secret: x"}, 400, "secret"},
		{"credentials", "GET", goodToken, []string{meta, "Authorization: Basic eA=="}, 400, "credentials"},
		{"another path", "GET", "http://169.254.169.254/metadata/instance?api-version=2021-02-01", []string{meta}, 404, "path"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := Azure().Always(TokenPath, NoIdentity()).Always(ComputePath, JSON(VM()))
			s.Always(TokenPath, TokenOf(VMID("g", "n")))
			if got := ask(s, c.method, c.url, c.headers...); got.StatusCode != c.status {
				t.Errorf("status %d, want %d", got.StatusCode, c.status)
			}
			bad := s.Unexpected()
			if c.why == "" && len(bad) != 0 || c.why != "" && (len(bad) != 1 || !strings.Contains(bad[0], c.why)) {
				t.Errorf("unexpected is %q, want one with %q", bad, c.why)
			}
			if n := len(s.Requests()); n != 1 {
				t.Errorf("%d requests recorded", n)
			}
		})
	}
}

// TestAgentsOwnRequests: the agent's requests about the machine are answered without a
// script and not counted; any other one of it is unexpected.
func TestAgentsOwnRequests(t *testing.T) {
	for path, status := range map[string]int{ComputePath: 200, "/metadata/instance/": 200, TokenPath: 400} {
		s := Azure()
		got := ask(s, "GET", "http://169.254.169.254"+path, "Metadata: True", "User-Agent: WALinuxAgent/2.7.3.0")
		if n := len(s.Unexpected()); got.StatusCode != status || (n == 0) != (status == 200) || len(s.Requests()) > 0 {
			t.Errorf("%s: status %d, %d unexpected, %d recorded", path, got.StatusCode, n, len(s.Requests()))
		}
	}
}

func TestScript(t *testing.T) {
	s := Azure().Script(TokenPath, Status(404, "not_found", ""), NoIdentity())
	if got := s.Unplayed(); len(got) != 1 || !strings.Contains(got[0], "2 answers") {
		t.Errorf("unplayed is %q", got)
	}
	for i, want := range []int{404, 400, 500} {
		if got := ask(s, "GET", goodToken, "Metadata: true"); got.StatusCode != want {
			t.Errorf("answer %d has status %d, want %d", i, got.StatusCode, want)
		}
	}
	if bad := s.Unexpected(); len(bad) != 1 || !strings.Contains(bad[0], "no answer left") {
		t.Errorf("unexpected is %q: a request after the script's end must be recorded", bad)
	}
	if got := s.Unplayed(); len(got) != 0 {
		t.Errorf("unplayed is %q", got)
	}
}

func TestErrorBody(t *testing.T) {
	resp := ask(Azure().Script(TokenPath, NoIdentity()), "GET", goodToken, "Metadata: true")
	var body map[string]string
	if err := json.NewDecoder(resp.Body).Decode(&body); err != nil {
		t.Fatal(err)
	}
	if body["error"] != "invalid_request" || body["error_description"] != "Identity not found" {
		t.Errorf("body %v", body)
	}
}

func TestArcChallenge(t *testing.T) {
	files := map[string]string{}
	s := Arc(func(path string, content []byte) error {
		files[path] = string(content)
		return nil
	}).Script(TokenPath, TokenOf(ArcID("g", "n")))

	resp := ask(s, "GET", goodArc, "Metadata: true")
	path, ok := strings.CutPrefix(resp.Header.Get("WWW-Authenticate"), "Basic realm=")
	if resp.StatusCode != 401 || !ok || files[path] == "" || !strings.HasPrefix(path, ArcTokens+"/") {
		t.Fatalf("status %d, header %q, files %q", resp.StatusCode, resp.Header, files)
	}
	key := "Authorization: Basic " + files[path]
	if got := ask(s, "GET", goodArc, "Metadata: true", key).StatusCode; got != 200 {
		t.Errorf("status %d with the key", got)
	}
	if bad := s.Unexpected(); len(bad) != 0 {
		t.Errorf("unexpected is %q", bad)
	}
	if got := ask(s, "GET", goodArc, "Metadata: true", key).StatusCode; got != 401 || len(s.Unexpected()) != 1 {
		t.Errorf("a key was good twice: status %d", got)
	}
}

// TestTokenHasTheSecret makes sure that Leaks would find something if there were a leak.
func TestTokenHasTheSecret(t *testing.T) {
	token := Token(map[string]any{"xms_mirid": VMID("g", "n")})
	if got := Leaks("x " + token + " y"); len(got) != 3 {
		t.Errorf("found %q of 3 in a token", got)
	}
	for i, part := range strings.Split(token, ".") {
		if len(Leaks(part)) == 0 {
			t.Errorf("part %d of a token is not recognised", i)
		}
	}
	payload, err := base64.RawURLEncoding.DecodeString(strings.Split(token, ".")[1])
	if err != nil || len(Leaks(string(payload))) == 0 {
		t.Errorf("a decoded token is not recognised: %v", err)
	}
	for _, innocent := range []string{"HTTP 400 invalid_request Identity not found", "/var/tmp/zypp.i9PeyJ/package"} {
		if got := Leaks(innocent); got != nil {
			t.Errorf("found %q where there is nothing: %s", got, innocent)
		}
	}
}

// TestMisbehaviour simulates the answers that take time or bytes, on a fake clock.
func TestMisbehaviour(t *testing.T) {
	get := func(t *testing.T, a Answer, limit time.Duration) (body []byte, took time.Duration, err error) {
		synctest.Test(t, func(t *testing.T) {
			pipe := Serve(Azure().Script(TokenPath, a))
			defer pipe.Close()
			transport := &http.Transport{DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
				return pipe.Dial(ctx, network, address)
			}}
			defer transport.CloseIdleConnections()
			ctx, cancel := context.WithTimeout(t.Context(), limit)
			defer cancel()
			req, failed := http.NewRequestWithContext(ctx, http.MethodGet, goodToken, nil)
			if failed != nil {
				t.Fatal(failed)
			}
			req.Header.Set("Metadata", "true")
			began := time.Now()
			var resp *http.Response
			if resp, err = transport.RoundTrip(req); err == nil {
				body, err = io.ReadAll(resp.Body)
				resp.Body.Close()
			}
			took = time.Since(began)
		})
		return body, took, err
	}
	if _, took, err := get(t, Silence(), time.Minute); err == nil || took != time.Minute {
		t.Errorf("Silence: %v after %s", err, took)
	}
	if body, took, err := get(t, Drip("12345", time.Second), time.Minute); err != nil || string(body) != "12345" || took != 4*time.Second {
		t.Errorf("Drip: %q, %v after %s", body, err, took)
	}
	if body, _, err := get(t, Flood(10<<20), time.Minute); err != nil || len(body) < 10<<20 {
		t.Errorf("Flood: %d bytes, %v", len(body), err)
	}
	if _, _, err := get(t, Hangup(), time.Minute); err == nil {
		t.Error("Hangup: an answer")
	}
	if _, _, err := get(t, Raw("SSH-2.0-x\r\n"), time.Minute); err == nil {
		t.Error("Raw: an answer")
	}
}
