//go:build rig

package hostile

import (
	"cmp"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"aadssh/internal/fault"
	"aadssh/test/lib/fixtures"
	"aadssh/test/lib/golden"
	"aadssh/test/lib/keys"
	"aadssh/test/lib/pkghost"
	"aadssh/test/lib/repository"
	"aadssh/test/lib/roots"
	"aadssh/test/lib/scene"
)

// trouble is one fault of the network or the package host.
type trouble struct {
	name  string
	begin func(s *machine)
	end   func(s *machine)
	only  roots.Family // if it is not possible for all; "": for all
	// busy: the server asks clients to wait, and how far the run gets depends on the speed
	// of the machine. Its text is not compared.
	busy bool
}

// troubles are faults on the way to the index and to the packages.
func troubles() []trouble {
	var all []trouble
	on := func(what, pattern string, t pkghost.Trouble) {
		all = append(all, trouble{name: what, busy: strings.HasSuffix(what, "429") || strings.HasSuffix(what, "500"),
			begin: func(s *machine) { s.Packages.Trouble(s.place(pattern), t) },
			end:   func(s *machine) { s.Packages.Trouble(s.place(pattern), nil) }})
	}
	for _, way := range []struct {
		name string
		do   pkghost.Trouble
	}{
		{"reset after 100 bytes", pkghost.ResetAfter(100)},
		{"cut off after 100 bytes", pkghost.TruncateAfter(100)},
		{"one byte changed", pkghost.Corrupt()},
		{"403", pkghost.Status(403, 0)},
		{"404", pkghost.Status(404, 0)},
		{"429", pkghost.Status(429, 2*time.Second)},
		{"500", pkghost.Status(500, 0)},
	} {
		on("index: "+way.name, "/...", way.do)
		on("package: "+way.name, "package", way.do)
	}
	on("index: a few bytes a second", "/...", pkghost.Drip(20, time.Second))
	on("list of packages: one byte changed", "list", pkghost.Corrupt())
	for name, kind := range map[string]pkghost.Kind{"another name": pkghost.OtherName, "an authority that nobody knows": pkghost.Untrusted, "expired": pkghost.Expired} {
		all = append(all, trouble{name: "certificate: " + name,
			begin: func(s *machine) { s.Must(s.Packages.Certificate(kind)) },
			end:   func(s *machine) { s.Must(s.Packages.Certificate(pkghost.Good)) }})
	}
	all = append(all,
		trouble{name: "index: past its date", only: roots.Apt, begin: func(s *machine) { s.offerUntil(-48 * time.Hour) }, end: func(s *machine) { s.Offer(login(newer)) }},
		trouble{name: "package: not the one of the index", begin: (*machine).swap, end: func(s *machine) { s.Offer(login(newer)) }},
	)
	slices.SortFunc(all, func(a, b trouble) int { return cmp.Compare(a.name, b.name) })
	return all
}

// place is a pattern on the package host: below the repository, its packages, or the list
// of them in its index.
func (s *machine) place(pattern string) string {
	base := strings.TrimSuffix(s.Target.Repository.Path, "/")
	apt := s.Persona.Family == roots.Apt
	switch {
	case pattern == "package" && apt:
		return base + "/pool/..."
	case pattern == "package":
		return base + "/Packages/..."
	case pattern == "list" && apt:
		return base + "/dists/" + s.Target.Repository.Suite + "/main/..."
	case pattern == "list":
		return base + "/repodata/*-primary.xml.gz"
	}
	return base + pattern
}

// offerUntil serves an index with an expiry date.
func (s *machine) offerUntil(valid time.Duration) {
	s.T.Helper()
	debs, err := fixtures.Debs(s.T.Context(), s.Cache, login(newer))
	s.Must(err)
	dir := s.T.TempDir()
	s.Must(repository.Apt{Suite: s.Target.Repository.Suite, Debs: debs, Key: keys.Rig(), ValidFor: valid}.Write(s.T.Context(), dir))
	s.Packages.Mount(s.Target.Repository.Path, dir)
}

// swap serves another file under the package's name in the index.
func (s *machine) swap() {
	s.T.Helper()
	build := fixtures.RPMs
	if s.Persona.Family == roots.Apt {
		build = fixtures.Debs
	}
	files, err := build(s.T.Context(), s.Cache, login(newer), login(older))
	s.Must(err)
	other, err := os.ReadFile(files[1])
	s.Must(err)
	name := filepath.Base(files[0])
	place := strings.TrimSuffix(s.Target.Repository.Path, "/") + "/Packages/a/" + name
	if s.Persona.Family == roots.Apt {
		place = strings.TrimSuffix(s.Target.Repository.Path, "/") + "/pool/main/a/aadsshlogin/" + name
	}
	s.Packages.File(place, other)
}

// TestNetwork: whatever the network does, enable reports it in two lines, leaves nothing
// behind, and succeeds once it is over. The lines are in a golden file, which
// UPDATE_GOLDEN=1 rewrites.
func TestNetwork(t *testing.T) {
	var mu sync.Mutex
	said := map[string]string{}
	t.Run("troubles", func(t *testing.T) {
		families(t, func(t *testing.T, p roots.Persona) {
			for _, tr := range troubles() {
				if tr.only != "" && tr.only != p.Family {
					continue
				}
				t.Run(tr.name, func(t *testing.T) {
					t.Parallel()
					line := during(t, p, tr)
					if tr.busy {
						return
					}
					mu.Lock()
					defer mu.Unlock()
					said[string(p.Family)+", "+tr.name] = line
				})
			}
		})
	})
	compareRun(t, "testdata/network.golden", said)
}

// during is enable's text during the trouble.
func during(t *testing.T, p roots.Persona, tr trouble) string {
	t.Helper()
	s := newMachine(t, scene.Options{Persona: p, Packages: []fixtures.Spec{login(newer)}, Timeout: 50 * time.Second})
	s.Deliver()
	before := s.Snapshot()
	tr.begin(s)
	v := s.Apply()
	if code := fault.Code(v.ExitCode); code == fault.OK || code == fault.Internal {
		t.Errorf("enable ended with %d: %s", v.ExitCode, v.Stdout)
	}
	if fault.Code(v.ExitCode) != fault.StillRunning { // otherwise the manager continues by itself, and needs the repository for it
		s.SameContent(before, "/var/lib/aadsshlogin-handler", "/var/cache", "/var/log", "/var/lib/apt", "/var/lib/dpkg/lock", "/var/lib/dpkg/lock-frontend", "/var/lib/YaST2", "/var/lib/dnf", "/var/lib/rpm", "/var/lib/zypp", "/var/tmp", "/etc/hosts", "/etc/ssl", "/run")
	}
	if v.Next() == "" {
		t.Errorf("nothing says what to do next: %s", v.What())
	}
	if code := fault.Code(v.ExitCode); tr.busy && code != fault.RepositoryUnreachable && code != fault.StillRunning {
		t.Errorf("a busy server is called %d: %s", v.ExitCode, v.Stdout)
	}
	if t.Failed() {
		t.Logf("transaction.log:\n%s", s.Shf("cat /var/lib/aadsshlogin-handler/transaction.log || true"))
	}
	tr.end(s)
	s.Want(0)
	s.Has(fixtures.Login, newer)
	return stable(fmt.Sprintf("%d\n  %s\n  %s", v.ExitCode, v.What(), v.Next()))
}

// stable replaces what differs between runs: durations in apt's form, processes, sizes of the
// tests' packages, and file names that are checksums.
func stable(said string) string {
	said = regexp.MustCompile(`\b\d+(d|h|min|s)\b`).ReplaceAllString(said, "N$1")
	said = regexp.MustCompile(`\b\d+ bytes remaining`).ReplaceAllString(said, "N bytes remaining")
	said = regexp.MustCompile(`\bprocess \d+`).ReplaceAllString(said, "process N")
	return regexp.MustCompile(`\b[0-9a-f]{64}\b`).ReplaceAllString(said, "SUM")
}

// sameTrouble are texts that one trouble has, by when the machine notices it, each with the
// one that is recorded.
func sameTrouble() *strings.Replacer {
	return strings.NewReplacer(
		// apt, of a connection that is reset: before or while it reads.
		"Error reading from server - read (5: Input/output error)", "Undetermined Error",
		// dnf, of too slow a server: by its lower limit, or by its timeout.
		`packages.microsoft.com does not answer: the connection timed out.
  A network security group or firewall drops the traffic. Have whoever runs the network allow outbound HTTPS (TCP 443) from this machine to packages.microsoft.com, or set the proxy that leads there.`,
		`packages.microsoft.com could not be read: Operation too slow. Less than 1000 bytes/sec transferred the last 5 seconds
  See what answers on this machine: curl -sSvI https://packages.microsoft.com; then set the extension again.`)
}

// compareRun compares the texts of those that were run with a file.
func compareRun(t *testing.T, name string, said map[string]string) {
	t.Helper()
	var b strings.Builder
	for _, key := range slices.Sorted(maps.Keys(said)) {
		fmt.Fprintf(&b, "%s: %s\n", key, said[key])
	}
	if golden.Update() {
		golden.Compare(t, name, b.String())
		return
	}
	want, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	for key, line := range said {
		entry := key + ": " + line + "\n"
		if !strings.Contains(string(want), entry) && !strings.Contains(string(want), sameTrouble().Replace(entry)) {
			t.Errorf("not in %s: %s", name, entry)
		}
	}
}
