package identity_test

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"aadssh/internal/fault"
	"aadssh/internal/host"
	"aadssh/internal/identity"
	"aadssh/internal/logging"
	"aadssh/test/lib/golden"
	"aadssh/test/lib/metadata"
)

// situation is one state that a machine and its metadata service can be in.
type situation struct {
	name     string
	service  func(m *machine) *metadata.Service // the service at the metadata address
	kind     identity.Kind
	code     fault.Code
	requests int

	resource string            // of the identity, which the answer has to name; "": none
	audience string            // that the token must have been asked for; "": the public cloud's
	address  string            // that may be dialled; "": the metadata service's, or HIMDS's for arc
	arc      bool              // himds is installed
	environ  map[string]string // of the process, with what Getenv sees
	budget   time.Duration
	cancel   time.Duration // the caller's context is cancelled after this time
	dial     func(n int) error
	breach   string // what the service must have to complain about; "": nothing
}

// machine is the fake machine of a situation.
type machine struct {
	t    *testing.T
	root string
}

// keep writes a file of the machine, as himds does with its keys.
func (m *machine) keep(path string, content []byte) error {
	full := filepath.Join(m.root, path)
	if err := os.MkdirAll(filepath.Dir(full), 0o750); err != nil {
		return err
	}
	return os.WriteFile(full, content, 0o640)
}

// played is the result of a situation.
type played struct {
	answer identity.Answer
	took   time.Duration // on the fake clock
	log    string
}

// TestLook runs all situations on a fake clock. The texts are compared with
// testdata/situations.golden, which UPDATE_GOLDEN=1 rewrites.
func TestLook(t *testing.T) {
	var table strings.Builder
	all := situations()
	if len(all) < 40 {
		t.Fatalf("%d situations", len(all))
	}
	for _, s := range all {
		t.Run(s.name, func(t *testing.T) {
			p := play(t, s)
			table.WriteString(render(s.name, p))
			checkAnswer(t, s, p)
		})
	}
	if t.Failed() || flag.Lookup("test.run").Value.String() != "" && !strings.HasSuffix(flag.Lookup("test.run").Value.String(), "TestLook") {
		return // some situations may be missing
	}
	golden.Compare(t, filepath.Join("testdata", "situations.golden"), strings.ReplaceAll(table.String(), host.Program(), "PROGRAM"))
}

func play(t *testing.T, s situation) played {
	for k, v := range s.environ {
		t.Setenv(k, v)
	}
	m := &machine{t, t.TempDir()}
	if s.arc {
		if err := m.keep("/opt/azcmagent/bin/himds", nil); err != nil {
			t.Fatal(err)
		}
	}
	var p played
	synctest.Test(t, func(t *testing.T) {
		service := s.service(m)
		pipe := metadata.Serve(service)
		var log bytes.Buffer
		dials := 0
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		if s.cancel > 0 {
			stop := time.AfterFunc(s.cancel, cancel)
			defer stop.Stop()
		}
		began := time.Now()
		p.answer = identity.Probe(ctx, identity.Options{
			Host:   &host.Host{Root: m.root, Log: logging.Discard()},
			Log:    logging.New(&log),
			Budget: s.budget,
			Getenv: func(name string) string { return s.environ[name] },
			Dial: func(ctx context.Context, network, address string) (net.Conn, error) {
				dials++
				if s.dial != nil {
					if err := s.dial(dials); err != nil {
						return nil, &net.OpError{Op: "dial", Net: network, Err: os.NewSyscallError("connect", err)}
					}
				}
				return pipe.Dial(ctx, network, address)
			},
		})
		p.took, p.log = time.Since(began), log.String()
		_ = pipe.Close()
		wantAddress(t, s, pipe.Dialed())
		wantProtocol(t, s, service, p.answer.Requests)
	})
	return p
}

// wantAddress checks that nothing but the one service was connected to.
func wantAddress(t *testing.T, s situation, dialed []string) {
	t.Helper()
	want := s.address
	if want == "" {
		want = metadata.Address
		if s.arc {
			want = metadata.ArcAddress
		}
	}
	for _, d := range dialed {
		if d != want {
			t.Errorf("connected to %s, may only to %s", d, want)
		}
	}
}

// wantProtocol checks what the service saw.
func wantProtocol(t *testing.T, s situation, service *metadata.Service, counted int) {
	t.Helper()
	unexpected := service.Unexpected()
	if s.breach != "" {
		if len(unexpected) != 1 || !strings.Contains(unexpected[0], s.breach) {
			t.Errorf("the service complained of %q, want one %q", unexpected, s.breach)
		}
	} else if len(unexpected) > 0 {
		t.Errorf("requests that should not have been made: %q", unexpected)
	}
	if left := service.Unplayed(); len(left) > 0 {
		t.Errorf("the script was not played to its end: %q", left)
	}
	seen := service.Requests()
	if s.dial == nil && len(seen) != counted {
		t.Errorf("Requests is %d, the service saw %d", counted, len(seen))
	}
	want := s.audience
	if want == "" {
		want = "https://management.azure.com/"
	}
	for _, r := range seen {
		if got := r.Query.Get("resource"); r.Path == metadata.TokenPath && got != want {
			t.Errorf("token asked for %s, want %s", got, want)
		}
	}
}

// checkAnswer checks what every answer must keep to, and what this one must say.
func checkAnswer(t *testing.T, s situation, p played) {
	t.Helper()
	a := p.answer
	if a.Kind != s.kind {
		t.Errorf("kind %s, want %s", a.Kind, s.kind)
	}
	if !strings.Contains(a.Why, s.resource) {
		t.Errorf("%q does not name %q", a.Why, s.resource)
	}
	if a.Requests != s.requests {
		t.Errorf("%d requests, want %d", a.Requests, s.requests)
	}
	budget := s.budget
	if budget == 0 {
		budget = identity.DefaultBudget
	}
	if p.took > budget {
		t.Errorf("took %s of %s", p.took, budget)
	}
	code := fault.OK
	texts := a.Why + fmt.Sprintf("%+v", a.Machine)
	if a.Fault != nil {
		code = a.Fault.Code
		texts += a.Fault.Error() + a.Fault.Next
		for _, line := range []string{a.Fault.What, a.Fault.Next} {
			if line == "" || strings.ContainsAny(line, "\r\n") || len(line) > 450 || !strings.HasSuffix(line, ".") {
				t.Errorf("not one readable line: %q", line)
			}
		}
	}
	if code != s.code {
		t.Errorf("code %d, want %d", code, s.code)
	}
	if leaks := metadata.Leaks(texts); len(leaks) > 0 {
		t.Errorf("secrets in the answer: %q", leaks)
	}
	if leaks := metadata.Leaks(p.log); len(leaks) > 0 {
		t.Errorf("secrets in the log: %q", leaks)
	}
	if !strings.Contains(p.log, "started: ") || !strings.Contains(p.log, "identity: "+a.Kind.String()) {
		t.Errorf("the log does not tell the look:\n%s", p.log)
	}
	if (a.Kind == identity.SystemAssigned || s.code == fault.IdentityMissing) && !strings.Contains(a.Why, "cached for up to a day") {
		t.Errorf("why does not say that tokens are cached: %q", a.Why)
	}
}

func render(name string, p played) string {
	var b strings.Builder
	fmt.Fprintf(&b, "## %s\n", name)
	what, next := "-", "-"
	code := fault.OK
	if f := p.answer.Fault; f != nil {
		code, what, next = f.Code, f.What, f.Next
	}
	fmt.Fprintf(&b, "code %d, %s, cloud %s, %d requests in %s\n", code, p.answer.Kind, p.answer.Cloud.Name, p.answer.Requests, p.took)
	fmt.Fprintf(&b, "what: %s\nnext: %s\nwhy:  %s\n\n", what, next, p.answer.Why)
	return b.String()
}
