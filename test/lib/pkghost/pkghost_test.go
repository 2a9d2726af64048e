//go:build rig

package pkghost_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"aadssh/test/lib/box"
	"aadssh/test/lib/cache"
	"aadssh/test/lib/load"
	"aadssh/test/lib/pkghost"
	"aadssh/test/lib/roots"
)

func newBox(t *testing.T) *box.Box {
	t.Helper()
	c, err := cache.Open()
	if err != nil {
		t.Fatal(err)
	}
	layers, err := roots.Debian(roots.Bookworm).Layers(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	b, err := box.New(t.Context(), c, box.Options{Layers: layers})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { b.Close() })
	return b
}

func curl(t *testing.T, b *box.Box, args ...string) box.Result {
	t.Helper()
	r, err := b.Run(t.Context(), nil, append([]string{"curl", "--silent", "--show-error", "--max-time", "300"}, args...)...)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

const (
	place = "/keys/microsoft.asc"
	url   = "https://" + pkghost.Name + place
)

func TestServesUnderTheRealName(t *testing.T) {
	b := newBox(t)
	h := pkghost.New(t, b)
	h.File(place, []byte("a key"))
	h.Missing("/gone/...")
	for _, u := range []string{url, strings.Replace(url, "https", "http", 1)} {
		if r := curl(t, b, u); string(r.Stdout) != "a key" {
			t.Errorf("%s: %q, exit %d", u, r.Output(), r.ExitCode)
		}
	}
	if r := curl(t, b, "--fail", "https://"+pkghost.Name+"/gone/for/ever"); r.ExitCode != 22 {
		t.Errorf("a declared missing file: exit %d", r.ExitCode)
	}
	got := h.Requests()
	if len(got) != 3 || got[0].Scheme != "https" || got[1].Scheme != "http" || got[0].Status != 200 || got[2].Status != 404 || got[0].Bytes != 5 {
		t.Errorf("log: %v", got)
	}
}

// strict is what New reports to the test, without failing this one.
func TestUnexpectedRequestsAreFound(t *testing.T) {
	b := newBox(t)
	h, err := pkghost.Start(b, pkghost.Name, "third-party.example")
	if err != nil {
		t.Fatal(err)
	}
	defer h.Close()
	h.File(place, []byte("a key"))
	h.Mount("/repo", t.TempDir())
	for _, u := range []string{
		"https://" + pkghost.Name + "/keys/other.asc",
		"https://" + pkghost.Name + "/repo/../../../etc/passwd",
		"https://" + pkghost.Name + "/repo/dists/jammy/InRelease",
		"https://third-party.example" + place,
	} {
		h.Forget()
		r := curl(t, b, "--path-as-is", "--fail", u)
		if n := len(h.Unexpected()); n != 1 || r.ExitCode != 22 {
			t.Errorf("%s: %d findings, curl exit %d", u, n, r.ExitCode)
		}
	}
	h.Forget()
	if curl(t, b, "-d", "x", url); len(h.Unexpected()) != 1 {
		t.Error("POST is not found")
	}
	h.Forget()
	if curl(t, b, url); len(h.Unexpected()) != 0 {
		t.Error("a request that was allowed is a finding")
	}
}

func TestTroubles(t *testing.T) {
	body := strings.Repeat("0123456789", 1000)
	limit := load.Scaled(2 * time.Second)
	for _, c := range []struct {
		name    string
		trouble pkghost.Trouble
		exit    int
		says    string
	}{
		{"429 with Retry-After", pkghost.Status(429, 7*time.Second), 22, "429"},
		{"503", pkghost.Status(503, 0), 22, "503"},
		{"reset before the body", pkghost.ResetAfter(0), 56, "eset"},
		{"reset in the body", pkghost.ResetAfter(5000), 56, "eset"},
		{"truncated", pkghost.TruncateAfter(5000), 18, "5000 bytes"},
		{"redirect to plain http", pkghost.Redirect("http://" + pkghost.Name + place), 1, "Protocol"},
		{"hang", pkghost.Hang(), 28, "timed out"},
		{"drip", pkghost.Drip(100, limit/20), 28, "out of 10000 bytes"},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := newBox(t)
			h := pkghost.New(t, b)
			h.File(place, []byte(body))
			h.Trouble("/keys/*", c.trouble)
			r := curl(t, b, "--fail", "--location", "--proto-redir", "=https", "--max-time", fmt.Sprint(limit.Seconds()), "-o", "/dev/null", url)
			if r.ExitCode != c.exit || !strings.Contains(r.Output(), c.says) {
				t.Errorf("exit %d, want %d: %q", r.ExitCode, c.exit, r.Output())
			}
			h.Trouble("/keys/*", nil)
			if r := curl(t, b, url); string(r.Stdout) != body {
				t.Errorf("the trouble does not end: exit %d", r.ExitCode)
			}
		})
	}
}

func TestTroubleForSomeRequestsOnly(t *testing.T) {
	b := newBox(t)
	h := pkghost.New(t, b)
	h.File(place, []byte("abcdefghi"))
	h.TroubleTimes(place, 1, pkghost.Corrupt())
	if r := curl(t, b, url, "--output", "-"); len(r.Stdout) != 9 || string(r.Stdout) == "abcdefghi" {
		t.Errorf("not corrupt: %q", r.Stdout)
	}
	if r := curl(t, b, url); string(r.Stdout) != "abcdefghi" {
		t.Errorf("still corrupt: %q", r.Stdout)
	}
	h.TroubleTimes(place, 1, pkghost.Page("<html>please pay</html>"))
	if r := curl(t, b, url); !strings.Contains(string(r.Stdout), "please pay") {
		t.Errorf("got %q", r.Stdout)
	}
	h.Trouble(place, pkghost.Status(429, 7*time.Second))
	if r := curl(t, b, "--head", url); !strings.Contains(string(r.Stdout), "Retry-After: 7") {
		t.Errorf("got %q", r.Stdout)
	}
}

func TestCertificates(t *testing.T) {
	b := newBox(t)
	h := pkghost.New(t, b)
	h.File(place, []byte("a key"))
	for kind, says := range map[pkghost.Kind]string{
		pkghost.Good: "a key", pkghost.Expired: "expired", pkghost.OtherName: "no alternative certificate subject name", pkghost.Untrusted: "unable to get local issuer",
	} {
		if err := h.Certificate(kind); err != nil {
			t.Fatal(err)
		}
		if r := curl(t, b, url); !strings.Contains(r.Output(), says) {
			t.Errorf("certificate %d: %q, exit %d", kind, r.Output(), r.ExitCode)
		}
	}
}

func TestDownAndUp(t *testing.T) {
	b := newBox(t)
	h := pkghost.New(t, b)
	h.File(place, []byte("a key"))
	h.Down()
	if r := curl(t, b, url); r.ExitCode != 7 {
		t.Errorf("a host that is down: exit %d, %s", r.ExitCode, r.Output())
	}
	if err := h.Up(); err != nil {
		t.Fatal(err)
	}
	if r := curl(t, b, url); r.ExitCode != 0 {
		t.Errorf("up again: %s", r.Output())
	}
}

func TestBlackHole(t *testing.T) {
	b := newBox(t)
	began := time.Now()
	r := curl(t, b, "--connect-timeout", "1", "https://"+box.BlackHole+"/")
	if r.ExitCode != 28 || time.Since(began) < time.Second {
		t.Errorf("exit %d after %s: %s", r.ExitCode, time.Since(began), r.Output())
	}
}

func TestProxy(t *testing.T) {
	b := newBox(t)
	h := pkghost.New(t, b)
	h.File(place, []byte("a key"))
	const address = box.WireServer + ":3128"
	p, err := pkghost.StartProxy(b, address, "user", "s3cret")
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	for _, c := range []struct {
		name, proxy, target string
		exit                int
		says                string
	}{
		{"with a password", "user:s3cret@", url, 0, "a key"},
		{"plain http", "user:s3cret@", strings.Replace(url, "https", "http", 1), 0, "a key"},
		{"without", "", url, 56, "407"},
		{"wrong password", "user:wrong@", url, 56, "407"},
		{"elsewhere", "user:s3cret@", "https://elsewhere.example/", 56, "403"},
	} {
		r := curl(t, b, "--proxy", fmt.Sprintf("http://%s%s", c.proxy, address), c.target)
		if r.ExitCode != c.exit || !strings.Contains(r.Output(), c.says) {
			t.Errorf("%s: exit %d, want %d: %q", c.name, r.ExitCode, c.exit, r.Output())
		}
	}
	var bad, refused int
	for _, r := range p.Requests() {
		if r.Unexpected {
			bad++
		}
		if !r.Authorized {
			refused++
		}
	}
	if bad != 1 || refused != 2 {
		t.Errorf("log: %+v", p.Requests())
	}
}
