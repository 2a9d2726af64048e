//go:build rig

// Package pam_test compares the evaluator of PAM stacks with libpam itself, which is called
// with pamtester.
package pam_test

import (
	"context"
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"aadssh/internal/host"
	"aadssh/internal/logging"
	"aadssh/internal/signin/gate"
	"aadssh/internal/signin/login"
	"aadssh/internal/signin/pam"
	"aadssh/test/lib/box"
	"aadssh/test/lib/cache"
	"aadssh/test/lib/fixtures"
	"aadssh/test/lib/roots"
	"aadssh/test/lib/stage"
)

var seed = flag.Uint64("seed", 14, "what the stacks are made from")

// number is how many stacks are generated: a sample, or all of them with PAM=all.
func number() int {
	if os.Getenv("PAM") == "all" {
		return 2400
	}
	return 300
}

// asked is a machine with libpam, its modules and the package's own.
type asked struct {
	*box.Box
	stage.Shell
	h *host.Host
}

func start(t *testing.T, suite roots.Suite) *asked {
	t.Helper()
	c, err := cache.Open()
	stage.Must(t, err)
	layers, err := roots.Debian(suite).Layers(t.Context(), c)
	stage.Must(t, err)
	deb, err := fixtures.Deb(t.Context(), c, fixtures.Spec{Name: fixtures.Login, Version: "1.0"})
	stage.Must(t, err)
	b, err := box.New(t.Context(), c, box.Options{Layers: layers, Binds: []box.Bind{
		{From: "/usr/bin/pamtester", To: "/usr/bin/pamtester"}, {From: deb, To: "/tmp/login.deb"}}})
	stage.Must(t, err)
	t.Cleanup(func() { b.Close() })
	s := &asked{Box: b, h: &host.Host{Root: b.Root(), Log: logging.Discard()}}
	s.Shell = stage.Shell{T: t, Exec: func(ctx context.Context, argv ...string) (box.Result, error) { return b.Run(ctx, nil, argv...) }}
	s.Sh(`dpkg-deb -x /tmp/login.deb /tmp/x && cp -a /tmp/x/lib/. /lib/ && sed -i 's/^passwd:.*/passwd: files aad/' /etc/nsswitch.conf
echo 'someone@example.com:x:12345:12345::/home/someone:/bin/bash' > /etc/aadpasswd; rm -f /etc/nologin /run/nologin; mkdir -p /home/someone
printf 'account required pam_permit.so\nsession required pam_permit.so\n' > /etc/pam.d/other`)
	return s
}

// ask is libpam's result for the person with each of the services, in one batch.
func (s *asked) ask(t *testing.T, all []made) map[string]bool {
	t.Helper()
	var list strings.Builder
	for _, m := range all {
		fmt.Fprintf(&list, "%s %s\n", m.name, map[pam.Stack]string{pam.Account: "acct_mgmt", pam.Session: "open_session"}[m.stack])
	}
	if err := s.WriteFile("/tmp/list", []byte(list.String()), 0o644); err != nil {
		t.Fatal(err)
	}
	out := s.Sh(`while read service operation; do
code=0; pamtester -I rhost=192.0.2.7 -I tty=ssh $service someone@example.com $operation >/dev/null 2>&1 </dev/null || code=$?
echo $service $code
done < /tmp/list`)
	said := map[string]bool{}
	for line := range strings.Lines(out) {
		var name string
		var code int
		if _, err := fmt.Sscan(line, &name, &code); err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		said[name] = code == 0
	}
	if len(said) != len(all) {
		t.Fatalf("%d answers for %d stacks", len(said), len(all))
	}
	return said
}

// TestAgainstLibpam: for generated stacks, libpam and the evaluator agree, or the evaluator
// answers unknown, in at most 5 of 100.
func TestAgainstLibpam(t *testing.T) {
	for _, suite := range []roots.Suite{roots.Bookworm, roots.Trixie} {
		t.Run(string(suite), func(t *testing.T) {
			s := start(t, suite)
			all := make([]made, number())
			for i := range all {
				all[i] = make1(*seed, i)
				for path, content := range all[i].files {
					if err := s.WriteFile(path, []byte(content), 0o644); err != nil {
						t.Fatal(err)
					}
				}
			}
			said := s.ask(t, all)
			mounts, _ := s.h.Mounts()
			machine := login.PAMMachine(s.h, "", mounts)
			in, unknown, wrong := 0, 0, 0
			for _, m := range all {
				machine.Service = m.name
				o := pam.Load(machine).Evaluate(m.stack, gate.Human)
				switch {
				case o.Access == pam.NotKnown || o.Access == pam.Partly:
					unknown++
					if testing.Verbose() {
						t.Logf("%s is not known: %s", m.name, reasons(o))
					}
				case (o.Access == pam.In) != said[m.name]:
					if wrong++; wrong <= 5 {
						t.Errorf("%s (%s): libpam lets in: %v; the evaluator: %v: %s\n%s", m.name, m.stack, said[m.name], o.Access == pam.In, reasons(o), show(m))
					}
				case o.Access == pam.In:
					in++
				}
			}
			t.Logf("%d stacks of seed %d: %d let in, %d not known, %d wrong", len(all), *seed, in, unknown, wrong)
			if unknown*100 > len(all)*5 {
				t.Errorf("not known: %d of %d", unknown, len(all))
			}
			if in*5 < len(all) || in*5 > len(all)*4 {
				t.Errorf("%d of %d let in: that is too one-sided", in, len(all))
			}
		})
	}
}

func reasons(o pam.Outcome) string {
	var all []string
	for _, r := range o.Reasons {
		all = append(all, fmt.Sprintf("%s %s", r.Place(), r.Text))
	}
	return strings.Join(all, "; ")
}

func show(m made) string {
	var b strings.Builder
	for path, content := range m.files {
		fmt.Fprintf(&b, "--- %s\n%s", path, content)
	}
	return b.String()
}
