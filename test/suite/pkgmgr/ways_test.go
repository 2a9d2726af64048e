//go:build rig

package pkgmgr_test

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"strings"
	"testing"
	"time"

	"aadssh/distro"
	"aadssh/internal/fault"
	"aadssh/internal/repo"
	"aadssh/test/lib/box"
	"aadssh/test/lib/fixtures"
	"aadssh/test/lib/keys"
	"aadssh/test/lib/load"
	"aadssh/test/lib/pkghost"
	"aadssh/test/lib/repository"
	"aadssh/test/lib/roots"
)

// kinds is one machine for each package manager, including both generations of dnf.
func kinds() []roots.Persona {
	all := rpmRoots()
	return []roots.Persona{roots.Debian(roots.Bookworm), roots.RHEL("7.9"), roots.RHEL("9.4"), all[4], all[5], roots.SLES("15.6")}
}

// idle fails the test if a package manager is still running or holds a lock that would
// block the next one.
func (m machine) idle() {
	m.T.Helper()
	m.Do(`for i in $(seq 600); do
  left=$(for p in /proc/[0-9]*; do tr '\0' ' ' < $p/cmdline 2>/dev/null | grep -E '^(\S*python3 )?\S*/?(dnf5?|dnf-3|yum|tdnf|zypper|apt-get|rpm)( |$)'; done || true)
  [ -z "$left" ] && exit 0
  sleep 0.1
done
echo "$left"; exit 1`)
}

// TestHangingSource: while a dependency of ours is searched in all sources, one accepts
// connections and never answers, or cannot be reached at all: we end in time, and no
// process keeps holding the lock.
func TestHangingSource(t *testing.T) {
	needs := []fixtures.Spec{{Name: fixtures.Login, Version: newer, Depends: []string{"libsemanage-of-the-future"}}}
	for name, hang := range map[string]func(machine) string{
		"never connects": func(machine) string { return "http://" + box.BlackHole + "/x" },
		"never answers": func(m machine) string {
			m.Packages.Trouble("/hang/...", pkghost.Hang())
			return "https://" + pkghost.Name + "/hang"
		},
	} {
		t.Run(name, func(t *testing.T) {
			each(t, kinds(), needs, func(m machine) {
				m.third("third", hang(m))
				m.must(job{Do: "Refresh"})
				began := time.Now()
				a := m.do(job{Do: "Install", Specs: spec("aadsshlogin", ""), Seconds: 24})
				if a.Code == fault.OK || a.Code == fault.Internal || a.Code == fault.StillRunning {
					m.T.Errorf("%d %s", a.Code, a.What)
				}
				if took := time.Since(began); took > load.Budget(40*time.Second) {
					m.T.Errorf("took %s of 24 s", took)
				}
				m.idle()
				m.has("aadsshlogin", "")
			})
		})
	}
}

// TestDeadHostCostsLittle: our repository costs the machine's own transactions little: if
// its host never answers, dnf gives up in at most a third of the time that it would take
// without the limits in our definition.
func TestDeadHostCostsLittle(t *testing.T) {
	each(t, []roots.Persona{roots.RHEL("9.4")}, login(newer), func(m machine) {
		m.configure(id, path, "http://"+box.BlackHole, keys.Rig())
		began := time.Now()
		m.Do("dnf -y upgrade")
		took := time.Since(began)
		m.Do("sed -i '/^timeout=/d; /^retries=/d' " + repo.DefinitionPath(m.manager))
		m.Do(fmt.Sprintf("timeout %d dnf -y upgrade; test $? = 124", int((3 * took).Seconds()))) // it is still running
		m.T.Logf("with our bounds: %s", took)
	})
}

// TestPortalPage: a portal answers every request with its page. For our repository that is
// reported with 20; for another source it has no effect.
func TestPortalPage(t *testing.T) {
	page := pkghost.Page("<html><body>Please log in to the guest network</body></html>")
	each(t, kinds(), login(newer), func(m machine) {
		m.third("third", "https://"+pkghost.Name+"/third")
		m.Packages.Trouble("/third/...", page)
		m.must(job{Do: "Refresh"})
		m.must(job{Do: "Install", Specs: spec("aadsshlogin", "")})
		m.must(job{Do: "Remove", Names: []string{"aadsshlogin"}})
		m.Packages.Trouble(path+"/...", page)
		if m.manager == distro.Yum { // for yum it is an invalid signature: handler examines that itself
			m.fails(job{Do: "Refresh"}, fault.RepositoryUntrusted)
			return
		}
		m.fails(job{Do: "Refresh"}, fault.RepositoryUnreachable)
		m.idle()
	})
}

// TestThroughASecureProxy: a proxy that is reached by TLS, with a user and a password.
func TestThroughASecureProxy(t *testing.T) {
	each(t, kinds(), login(newer), func(m machine) {
		p, err := m.Packages.StartSecureProxy(m.Box, "3129", "user", "s3cret")
		m.Must(err)
		defer p.Close()
		source := m.source()
		source.Proxy = "https://user:wr0ng@" + pkghost.Name + ":3129"
		m.fails(job{Do: "Refresh", Source: source}, fault.RepositoryUnreachable)
		source.Proxy = "https://user:s3cret@" + pkghost.Name + ":3129"
		m.must(job{Do: "Refresh", Source: source})
		m.must(job{Do: "Install", Source: source, Specs: spec("aadsshlogin", "")})
		m.has("aadsshlogin", newer)
		if len(p.Requests()) == 0 {
			m.T.Error("the proxy was not asked")
		}
	})
}

// TestMirrorByIPv6Address: a mirror with an IPv6 address in its URL, which the settings
// accept.
func TestMirrorByIPv6Address(t *testing.T) {
	each(t, kinds(), login(newer), func(m machine) {
		// Resolvers reject IPv6 addresses on a machine that only has ::1.
		m.Do("ip -6 address add fd77::1/128 dev lo nodad")
		l, err := m.Listen("tcp", "[fd77::1]:8080")
		m.Must(err)
		server := &http.Server{Handler: &httputil.ReverseProxy{
			Rewrite: func(r *httputil.ProxyRequest) {
				r.SetURL(&url.URL{Scheme: "http", Host: pkghost.Name})
				r.Out.Host = pkghost.Name
			},
			Transport: &http.Transport{DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
				return m.Dial(ctx, network, box.Packages+":80")
			}},
		}}
		go server.Serve(l) //nolint:errcheck // ends with Close
		defer server.Close()
		m.configure(id, path, "http://[fd77::1]:8080", keys.Rig())
		m.must(job{Do: "Refresh"})
		if v := m.must(job{Do: "Versions", Names: []string{"aadsshlogin"}}).Versions; len(v) != 1 {
			m.T.Errorf("versions %v", v)
		}
		m.must(job{Do: "Install", Specs: spec("aadsshlogin", "")})
		m.has("aadsshlogin", newer)
	})
}

// TestExpiredIndex: apt rejects an old, validly signed index after its expiry, whatever the
// machine's configuration allows elsewhere.
func TestExpiredIndex(t *testing.T) {
	each(t, aptRoots(), login(newer), func(m machine) {
		deb, err := fixtures.Deb(m.T.Context(), m.Cache, login(newer)[0])
		m.Must(err)
		dir := m.T.TempDir()
		old := repository.Apt{Suite: "rig", Debs: []string{deb}, Key: keys.Rig(), ValidFor: -24 * time.Hour}
		m.Must(old.Write(m.T.Context(), dir))
		m.Packages.Mount(path, dir)
		for _, owners := range []string{"", "Acquire::Check-Valid-Until \"false\";\n"} {
			m.write("/etc/apt/apt.conf.d/99owner", owners)
			a := m.fails(job{Do: "Refresh"}, fault.RepositoryUntrusted, pkghost.Name)
			if !strings.Contains(a.What, "expired") && !strings.Contains(a.What, "too old") {
				m.T.Errorf("%s", a.What)
			}
			m.has("aadsshlogin", "")
		}
	})
}
