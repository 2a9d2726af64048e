//go:build rig

package enable

import (
	"encoding/base64"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"aadssh/internal/fault"
	"aadssh/test/lib/agentrun"
	"aadssh/test/lib/box"
	"aadssh/test/lib/metadata"
	"aadssh/test/lib/pkghost"
	"aadssh/test/lib/scene"
)

const (
	proxyAt   = box.Packages + ":3128"
	proxyUser = "fleet"
	// With characters that must be escaped in a URL.
	password = "Pl4nted:Pass/w0rd"
	escaped  = "Pl4nted%3APass%2Fw0rd"
)

func passwordForms() []string {
	return []string{password, escaped, base64.StdEncoding.EncodeToString([]byte(proxyUser + ":" + password))}
}

// proxied is a machine that can only reach the package host through a proxy: it cannot even
// resolve its name.
func proxied(t *testing.T, o scene.Options, withPassword bool, prepare ...func(*machine)) (*machine, *pkghost.Proxy) {
	t.Helper()
	var proxy *pkghost.Proxy
	s := newMachine(t, o, append(prepare, func(s *machine) {
		s.resolve("")
		user, pass := "", ""
		if withPassword {
			user, pass = proxyUser, password
		}
		var err error
		proxy, err = pkghost.StartProxy(s.Box, proxyAt, user, pass)
		s.Must(err)
		s.secrets.Words = passwordForms()
	})...)
	t.Cleanup(func() { proxy.Close() })
	return s, proxy
}

// environment is the agent's, with more variables.
func environment(more ...string) []string {
	return append([]string{"LANG=C.UTF-8", "PATH=" + box.Path}, more...)
}

// used checks that our own download and the package manager's went through the proxy,
// nothing else did, and the proxy was not recorded anywhere.
func (s *machine) used(proxy *pkghost.Proxy) {
	s.T.Helper()
	requests := proxy.Requests()
	let := 0
	for _, r := range requests {
		if r.Unexpected {
			s.T.Errorf("the proxy was asked for %s %s", r.Method, r.Target)
		}
		if r.Authorized {
			let++
		}
	}
	if let < 2 {
		s.T.Errorf("%d requests came through the proxy, want the key's and the package manager's: %v", let, requests)
	}
	if len(s.Metadata.Requests()) == 0 {
		s.T.Error("the metadata service was not asked")
	}
	s.notConfigured()
}

// notConfigured checks that no file that names the proxy was written, except logs.
func (s *machine) notConfigured() {
	s.T.Helper()
	for _, line := range s.before.Diff(s.Snapshot(), nil) {
		path := line[2:]
		if strings.HasPrefix(path, agentrun.Lib) || strings.HasPrefix(path, "/var/log/") || slices.Contains(s.secrets.Planted, path) {
			continue
		}
		if strings.Contains(s.read(path), proxyAt) && path != "/var/lib/aadsshlogin-handler/transaction.log" {
			s.T.Errorf("%s names the proxy", path)
		}
	}
}

func TestProxy(t *testing.T) {
	for _, p := range machines() {
		o := scene.Options{Persona: p, Timeout: time.Minute}
		t.Run(p.Name+"/public setting", func(t *testing.T) {
			s, proxy := proxied(t, o, false)
			s.Set(`{"proxy": "http://` + proxyAt + `"}`)
			s.Want(fault.OK)
			s.used(proxy)
		})
		t.Run(p.Name+"/protected setting", func(t *testing.T) {
			s, proxy := proxied(t, o, true)
			s.SetFile(s.protect(`{"proxy": "http://127.0.0.1:9"}`, `{"proxy": "http://`+proxyUser+":"+escaped+"@"+proxyAt+`"}`))
			s.Want(fault.OK)
			s.used(proxy)
			if !strings.Contains(s.lines.text(), "install") {
				t.Error("the command lines were not watched")
			}
		})
		t.Run(p.Name+"/environment", func(t *testing.T) {
			s, proxy := proxied(t, o, true)
			address := "http://" + proxyUser + ":" + escaped + "@" + proxyAt
			s.Agent.Env = environment("http_proxy="+address, "https_proxy="+address)
			s.Want(fault.OK).Warns("network", "no_proxy does not except 169.254.169.254", "no_proxy=169.254.169.254")
			s.used(proxy)
		})
		t.Run(p.Name+"/package manager's own", func(t *testing.T) {
			s, proxy := proxied(t, o, true, ownProxy)
			s.Want(fault.OK)
			s.used(proxy)
		})
	}
}

// ownProxy configures the package manager as the distributions' documentation says.
func ownProxy(s *machine) {
	address := "http://" + proxyUser + ":" + escaped + "@" + proxyAt
	path, content := "/etc/apt/apt.conf.d/95proxy", `Acquire::http::Proxy "`+address+`";`+"\n"
	switch {
	case s.zypper():
		path = "/root/.curlrc"
		content = "--proxy-user \"" + proxyUser + ":" + password + "\"\n"
		s.Write("/etc/sysconfig/proxy", "PROXY_ENABLED=\"yes\"\nHTTP_PROXY=\"http://"+proxyAt+"\"\nHTTPS_PROXY=\"http://"+proxyAt+"\"\nNO_PROXY=\"localhost, 127.0.0.1\"\n")
		s.secrets.Planted = append(s.secrets.Planted, "/etc/sysconfig/proxy")
	case !s.apt():
		path = "/etc/dnf/dnf.conf"
		content = s.read(path) + "proxy=http://" + proxyAt + "\nproxy_username=" + proxyUser + "\nproxy_password=" + password + "\n"
	}
	s.WriteMode(path, content, 0o600)
	s.secrets.Planted = append(s.secrets.Planted, path)
}

// TestProxyRefuses: each refusal of a proxy has its own text, whether our own download or
// the package manager gets it.
func TestProxyRefuses(t *testing.T) {
	for _, c := range []struct {
		name  string
		start func(*machine)
		words []string
	}{
		{"407", func(s *machine) {
			proxy, err := pkghost.StartProxy(s.Box, proxyAt, proxyUser, "another password")
			s.Must(err)
			s.T.Cleanup(func() { proxy.Close() })
		}, []string{"The proxy http://" + proxyAt + " wants a user name and password (HTTP 407), or does not accept", "protected setting"}},
		{"403", func(s *machine) { s.forbiddingProxy() },
			[]string{"The proxy http://" + proxyAt + " does not let this machine reach " + pkghost.Name + " (HTTP 403)", "allowed on the proxy"}},
		{"refused", func(*machine) {},
			[]string{"The proxy http://" + proxyAt + " cannot be reached from this machine: connection refused"}},
	} {
		for _, p := range machines() {
			for _, meets := range []string{"key", "package manager"} {
				if meets == "key" && p.Name != machines()[0].Name {
					continue // our own download is the same on each
				}
				t.Run(c.name+"/"+p.Name+"/"+meets, func(t *testing.T) {
					t.Parallel()
					prepare := []func(*machine){c.start, func(s *machine) { s.resolve(""); s.secrets.Words = passwordForms() }}
					timeout := 16 * time.Second
					if meets != "key" {
						prepare, timeout = append(prepare, configured), time.Minute
					}
					s := newMachine(t, scene.Options{Persona: p, Timeout: timeout}, prepare...)
					s.SetFile(s.protect("null", `{"proxy": "http://`+proxyUser+":"+escaped+"@"+proxyAt+`"}`))
					s.Want(fault.RepositoryUnreachable, c.words...)
				})
			}
		}
	}
}

// forbiddingProxy lets nobody through.
func (s *machine) forbiddingProxy() {
	l, err := s.Listen("tcp", proxyAt)
	s.Must(err)
	go func() {
		_ = http.Serve(l, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			http.Error(w, "blocked", http.StatusForbidden)
		})) // ends with the box
	}()
}

// TestNexus: tokens come from a sidecar at the usual address, everything else goes through
// a proxy that the machine's environment names.
func TestNexus(t *testing.T) {
	for _, c := range []struct{ noProxy, line string }{
		{"", "no_proxy=169.254.169.254"},
		{"localhost,.example.com", "no_proxy=localhost,.example.com,169.254.169.254"},
		{"localhost,169.254.169.254", ""},
	} {
		t.Run("no_proxy="+c.noProxy, func(t *testing.T) {
			s, proxy := proxied(t, scene.Options{Persona: machines()[0], Timeout: time.Minute}, false, func(s *machine) {
				s.Metadata.Always(metadata.ComputePath, metadata.Status(404, "", ""))
			})
			s.Agent.Env = environment("HTTP_PROXY=http://"+proxyAt, "HTTPS_PROXY=http://"+proxyAt, "NO_PROXY="+c.noProxy)
			e := s.Want(fault.OK)
			s.used(proxy)
			if c.line != "" {
				e.Warns("network", c.line)
				return
			}
			for _, sub := range e.Report.Extension.Substatus {
				if sub.Name == "network" {
					t.Errorf("warned without a reason: %s", sub.Message)
				}
			}
		})
	}
}
