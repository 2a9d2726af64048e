package hostile

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"aadssh/distro"
	"aadssh/internal/download"
	"aadssh/internal/host"
	"aadssh/internal/logging"
	"aadssh/pkgmgr"
)

// requests is the number of requests of a fresh installation to the package host, by
// package manager: TestRequestsOfAnInstallation measures it.
func requests() map[distro.Manager]int {
	return map[distro.Manager]int{distro.Apt: 4, distro.Dnf: 8, distro.Zypper: 8}
}

// The published limit: 4,000 requests in 5 minutes from one address
// (microsoft/linux-package-repositories README).
const (
	limit  = 4000
	window = 5 * time.Minute
)

// server is a package host with that limit, used by instances behind one address. It is
// strict: refused requests count too.
type server struct {
	retryAfter string
	mu         sync.Mutex
	asked      []time.Time
	refused    int
}

// ask reports whether a request is answered.
func (s *server) ask() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	for len(s.asked) > 0 && now.Sub(s.asked[0]) >= window {
		s.asked = s.asked[1:]
	}
	s.asked = append(s.asked, now)
	if len(s.asked) > limit {
		s.refused++
		return false
	}
	return true
}

// RoundTrip answers the handler's own downloads.
func (s *server) RoundTrip(r *http.Request) (*http.Response, error) {
	answer := &http.Response{StatusCode: 200, Header: http.Header{}, Body: io.NopCloser(bytes.NewReader([]byte("key"))), Request: r}
	if !s.ask() {
		answer.StatusCode = http.StatusTooManyRequests
		if s.retryAfter != "" {
			answer.Header.Set("Retry-After", s.retryAfter)
		}
	}
	return answer, nil
}

// apt is a simulated package manager: its requests, its own retries, and what it prints.
type apt struct {
	*server
	index            []string // the files of a refresh
	asked, installed int
}

func (a *apt) Run(_ context.Context, c host.Command) (host.Result, error) {
	switch {
	case c.Name == "dpkg-query" && a.installed > 0:
		return host.Result{Stdout: []byte("aadsshlogin\t1.0\tamd64\tinstall ok installed\n")}, nil
	case c.Name == "dpkg-query":
		return host.Result{ExitCode: 1, Stderr: []byte("dpkg-query: no packages found matching aadsshlogin\n")}, nil
	case c.Name == "apt-get" && c.Args[len(c.Args)-1] == "update":
		return a.fetch(a.index...), nil
	case c.Name == "apt-get" && slices.Contains(c.Args, "--print-uris"): // sends no request
		return host.Result{Stdout: []byte("'https://packages.microsoft.com/ubuntu/22.04/prod" + packageFile + "' aadsshlogin_1.0_amd64.deb 6174 SHA256:00\n")}, nil
	case c.Name == "apt-get" && slices.Contains(c.Args, "download"):
		return a.fetch(packageFile), nil
	}
	return host.Result{}, fmt.Errorf("not expected: %s", c)
}

// packageFile is the package's path on the host.
const packageFile = "/pool/main/a/aadsshlogin/aadsshlogin_1.0_amd64.deb"

// Transact installs the fetched file.
func (a *apt) Transact(_ context.Context, c host.Command) (host.Result, error) {
	a.installed++
	return host.Result{}, nil
}

// fetch requests each file up to four times (Acquire::Retries=3), with the pauses in
// apt-pkg/acquire-item.cc: 1, 2 and 4 seconds.
func (a *apt) fetch(files ...string) host.Result {
	for _, file := range files {
		for try, pause := 0, time.Second; ; try, pause = try+1, 2*pause {
			a.asked++
			if a.ask() {
				break
			}
			if try == 3 {
				return host.Result{ExitCode: 100, Stdout: []byte("E: Failed to fetch https://packages.microsoft.com/ubuntu/22.04/prod" + file + "  429  Too Many Requests [IP: 192.0.2.1 443]\n")}
			}
			time.Sleep(pause)
		}
	}
	return host.Result{}
}

// instance is one machine's first hours with the extension: install, then enable, each
// within the agent's time limit.
func instance(ctx context.Context, s *server, m *pkgmgr.Manager, root string, each int) (asked int, err error) {
	keys := &counted{RoundTripper: s}
	a := &apt{server: s}
	for i := range each - 2 { // besides the key and the package
		a.index = append(a.index, fmt.Sprintf("/dists/jammy/index%d", i))
	}
	for _, budget := range []time.Duration{840 * time.Second, 270 * time.Second} {
		err = attempt(ctx, budget-10*time.Second, keys, a, m, root)
		if err == nil {
			break
		}
	}
	return keys.n + a.asked, err
}

type counted struct {
	http.RoundTripper
	n int
}

func (c *counted) RoundTrip(r *http.Request) (*http.Response, error) {
	c.n++
	return c.RoundTripper.RoundTrip(r)
}

// attempt is what the handler does with the package host in one operation, with its own
// downloads, retries and rules for apt's output.
func attempt(ctx context.Context, budget time.Duration, keys http.RoundTripper, a *apt, m *pkgmgr.Manager, root string) error {
	ctx, cancel := context.WithTimeout(ctx, budget)
	defer cancel()
	client := download.Client{Log: logging.Discard(), Transport: keys}
	if _, err := client.Get(ctx, "https://packages.microsoft.com/keys/microsoft.asc", 1<<20); err != nil {
		return err
	}
	session := pkgmgr.Session{Host: &host.Host{Root: root, Runner: a, Log: logging.Discard()}, Manager: m, Source: pkgmgr.Source{ListFile: "/etc/apt/sources.list.d/aadsshlogin.list"}}
	if err := session.Refresh(ctx); err != nil {
		return err
	}
	_, err := session.Install(ctx, []pkgmgr.Spec{{Name: "aadsshlogin"}})
	return err
}

// TestThousandInstances: the extension is set on a scale set behind one address within one
// minute. Every instance succeeds, and the package host is not overloaded. The instances
// send as many requests as the two extremes of the package managers; a 429 has the same
// effect on all managers, and apt's messages represent it.
func TestThousandInstances(t *testing.T) {
	const instances = 1000
	m, err := pkgmgr.For(distro.Apt)
	if err != nil {
		t.Fatal(err)
	}
	few, many := requests()[distro.Apt], requests()[distro.Dnf]
	type crowd struct {
		each       int // requests of an installation
		retryAfter string
		others     int // requests that other machines behind the address have just sent
	}
	crowds := []crowd{{many, "30", 0}, {many, "", 2000}} // without the tag rig: the refused are told when to retry, or they are not
	if everyCrowd {
		crowds = []crowd{{few, "", 0}, {few, "30", 0}, {few, "", 2000}, {few, "30", 2000}, {many, "", 0}, {many, "30", 0}, {many, "", 2000}, {many, "30", 2000}}
	}
	for _, c := range crowds {
		t.Run(fmt.Sprintf("%d requests each, Retry-After %q, %d of others", c.each, c.retryAfter, c.others), func(t *testing.T) {
			root := t.TempDir()
			synctest.Test(t, func(t *testing.T) {
				began := time.Now()
				s := &server{retryAfter: c.retryAfter}
				for range c.others {
					s.ask()
				}
				var mu sync.Mutex
				var failed []string
				var last time.Duration
				total, most := 0, 0
				var all sync.WaitGroup
				for range instances {
					all.Go(func() {
						time.Sleep(rand.N(time.Minute))
						asked, err := instance(t.Context(), s, m, root, c.each)
						mu.Lock()
						defer mu.Unlock()
						total, most, last = total+asked, max(most, asked), max(last, time.Since(began))
						if err != nil {
							failed = append(failed, err.Error())
						}
					})
				}
				all.Wait()
				t.Logf("%d instances: %.1f requests each, %d at most, %d refused; the last was done after %s",
					instances, float64(total)/instances, most, s.refused, last.Round(time.Second))
				if len(failed) > 0 {
					t.Errorf("%d of %d instances failed: %s", len(failed), instances, strings.Join(failed[:1], ""))
				}
				if crowded := c.others+instances*c.each > limit; crowded != (s.refused > 0) {
					t.Errorf("%d requests were refused", s.refused)
				}
				if mean := float64(total) / instances; mean > 4*float64(c.each) {
					t.Errorf("%.1f requests each: the package host is overloaded", mean)
				}
			})
		})
	}
}
