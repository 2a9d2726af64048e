package proxy

import (
	"strings"
	"testing"

	"aadssh/test/lib/metadata"
)

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
			got, line := MetadataAdvice(func(name string) string {
				for _, e := range c.environ {
					if k, v, _ := strings.Cut(e, "="); k == name {
						return v
					}
				}
				return ""
			})
			if (got == "") != (c.line == "") || line != c.line {
				t.Errorf("got %q and %q, want %q", got, line, c.line)
			}
			if leaks := metadata.Leaks(got + line); len(leaks) > 0 || strings.Contains(got+line, "user") {
				t.Errorf("the proxy is shown: %q", got)
			}
		})
	}
}
