package proxy

import (
	"context"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"aadssh/distro"
	"aadssh/internal/host"
	"aadssh/internal/host/hosttest"
	"aadssh/internal/logging"
)

// FuzzProxy: for any configuration of a package manager, of curl or of the agent, the proxy
// is shown without a password, and what is used is an address.
func FuzzProxy(f *testing.F) {
	for _, seed := range []string{
		"proxy=http://p.example:3128\nproxy_username=u\nproxy_password=s3cret/@:\n", "HTTP_PROXY=\"http://u:s3cret@p:1/\"\nPROXY_ENABLED=\"yes\"",
		"HTTPS_PROXY=p.example\n--proxy-user \"u:s3cret\"", "proxy-user=u:\nHTTP_PROXY=[::1]", "proxy = _none_", "P2='DIRECT'\nP3='http://u%40:s3cret@h:80'", "#proxy=x", "\xff=\x00",
	} {
		f.Add(seed)
	}
	root := f.TempDir()
	files := []string{"/etc/sysconfig/proxy", "/root/.curlrc", "/etc/dnf/dnf.conf"}
	for _, file := range files {
		if err := os.MkdirAll(filepath.Dir(root+file), 0o755); err != nil {
			f.Fatal(err)
		}
	}
	f.Fuzz(func(t *testing.T, text string) {
		for _, file := range files {
			if err := os.WriteFile(root+file, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		runner := hosttest.New(t)
		h := &host.Host{Root: root, Runner: runner, Log: logging.Discard()}
		runner.Expect(askApt, hosttest.Answer(0, text))
		for _, m := range []distro.Manager{distro.Apt, distro.Dnf, distro.Zypper} {
			p := OfManager(context.Background(), h, m, base)
			address := p.Address()
			if address == nil {
				continue
			}
			if address.Host == "" || address.Scheme != "http" && address.Scheme != "https" {
				t.Errorf("%s: %s is no address", m, p)
			}
			if strings.ContainsAny(p.String(), "@ \n\x00") || strings.Contains(p.String(), "s3cret") && !strings.Contains(address.Host, "s3cret") {
				t.Errorf("%s: shows %q", m, p)
			}
		}
		if to, err := url.Parse(base); err == nil {
			Excepts(text, to)
		}
	})
}
