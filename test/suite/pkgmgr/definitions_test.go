//go:build rig

package pkgmgr_test

import (
	"encoding/json"
	"encoding/xml"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"aadssh/distro"
	"aadssh/internal/host"
	"aadssh/internal/repo"
	"aadssh/test/lib/box"
	"aadssh/test/lib/cache"
	"aadssh/test/lib/roots"
)

var (
	definitionSeed  = flag.Uint64("definitions.seed", 1, "from which definition files are made")
	definitionCount = flag.Int("definitions", 60, "how many definition files are made for each program")
)

// refused is the result for a file that a program ignores or rejects.
const refused = "(refused)"

// TestDefinitions compares our reading of definition files with the real programs: which
// repositories are enabled, where they are, and, for managers based on rpm, whether
// signatures are checked.
func TestDefinitions(t *testing.T) {
	for _, c := range []struct {
		persona roots.Persona
		ext     string
		make    func(seed uint64, i int) string
		ask     func(*testing.T, *box.Box, int) map[int][]string
		ours    func(string) []string
	}{
		{roots.RHEL("8.10"), "repo", repoFile, askDnf, ours(distro.Dnf)},
		{roots.RHEL("9.4"), "repo", repoFile, askDnf, ours(distro.Dnf)},
		{roots.Like("rhel11.0", roots.Forky, roots.Dnf, "ID=rhel\nVERSION_ID=\"11.0\"\n"), "repo", repoFileOfDnf5, askDnf5, oursOfDnf5},
		{roots.SLES("15.5"), "repo", repoFile, askZypper, ours(distro.Zypper)},
		{roots.SLES("15.6"), "repo", repoFile, askZypper, ours(distro.Zypper)},
		{roots.Debian(roots.Bullseye), "list", listFile, askApt("list"), oursOfApt(repo.ParseSourcesList)},
		{roots.Debian(roots.Bookworm), "list", listFile, askApt("list"), oursOfApt(repo.ParseSourcesList)},
		{roots.Debian(roots.Trixie), "list", listFile, askApt("list"), oursOfApt(repo.ParseSourcesList)},
		{roots.Debian(roots.Bullseye), "sources", sourcesFile, askApt("sources"), oursOfApt(repo.ParseDeb822)},
		{roots.Debian(roots.Bookworm), "sources", sourcesFile, askApt("sources"), oursOfApt(repo.ParseDeb822)},
		{roots.Debian(roots.Trixie), "sources", sourcesFile, askApt("sources"), oursOfApt(repo.ParseDeb822)},
	} {
		t.Run(c.persona.Name+" "+c.ext, func(t *testing.T) {
			dir := t.TempDir()
			texts := make([]string, *definitionCount)
			for i := range texts {
				texts[i] = c.make(*definitionSeed, i)
				if err := os.WriteFile(filepath.Join(dir, fmt.Sprintf("%d.%s", i, c.ext)), []byte(texts[i]), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			real := c.ask(t, boxOf(t, c.persona, dir), len(texts))
			taken, wrong := 0, 0
			for i, text := range texts {
				want, asked := real[i]
				if !asked {
					t.Fatalf("file %d was not read", i)
				}
				got := c.ours(text)
				if !slices.Contains(want, refused) && len(want) > 0 {
					taken++
				}
				if !slices.Equal(got, want) {
					if wrong++; wrong <= 6 {
						t.Errorf("seed %d, file %d:\n%q\nwe read   %q\nit reads  %q", *definitionSeed, i, text, got, want)
					}
				}
			}
			if wrong > 0 || taken < len(texts)/5 || taken == len(texts) {
				t.Errorf("%d of %d are read differently; the program accepts something of %d", wrong, len(texts), taken)
			}
		})
	}
}

// boxOf is a machine with the files in /srv/definitions.
func boxOf(t *testing.T, p roots.Persona, dir string) *box.Box {
	t.Helper()
	c, err := cache.Open()
	if err != nil {
		t.Fatal(err)
	}
	layers, err := p.Layers(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	b, err := box.New(t.Context(), c, box.Options{Layers: layers, Binds: []box.Bind{{From: dir, To: "/srv/definitions"}}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := b.Close(); err != nil {
			t.Error(err)
		}
	})
	return b
}

// ours is our reading of a .repo file: the enabled repositories.
func ours(m distro.Manager) func(string) []string {
	return func(text string) []string {
		return entriesOn(repo.ParseRepo(m, "x.repo", []byte(text), true))
	}
}

// entriesOn are the enabled repositories.
func entriesOn(entries []repo.Entry, problems []repo.Problem) []string {
	if slices.ContainsFunc(problems, func(p repo.Problem) bool { return p.Refused }) {
		return []string{refused}
	}
	var all []string
	for _, e := range entries {
		if e.Enabled && strings.HasPrefix(e.URI, "http") {
			all = append(all, fmt.Sprintf("%s %s %v", e.ID, e.URI, e.Verifies))
		}
	}
	return sorted(all)
}

// oursOfDnf5 is our reading on a machine with dnf 5: a section name that dnf 4 skips ends
// dnf 5.
func oursOfDnf5(text string) []string {
	root, err := os.MkdirTemp("", "dnf5.")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(root)
	for _, dir := range []string{"/etc/yum.repos.d", "/etc/dnf", "/usr/bin"} {
		if err := os.MkdirAll(root+dir, 0o755); err != nil {
			panic(err)
		}
	}
	err = errors.Join(os.Symlink("dnf5", root+"/usr/bin/dnf"), os.WriteFile(root+"/etc/dnf/dnf.conf", []byte("[main]\ngpgcheck=1\n"), 0o644),
		os.WriteFile(root+"/etc/yum.repos.d/x.repo", []byte(text), 0o644))
	if err != nil {
		panic(err)
	}
	entries, problems := repo.RPMEntries(&host.Host{Root: root}, distro.Dnf)
	if slices.ContainsFunc(problems, func(p repo.Problem) bool { return strings.Contains(p.What, "has a name that is not taken") }) {
		return []string{refused}
	}
	return entriesOn(entries, problems)
}

func sorted(all []string) []string {
	slices.Sort(all)
	return slices.Compact(all)
}

// real is a repository as a program prints it.
type real struct {
	ID      string
	On      bool
	URLs    []string
	Checked bool
}

func (r real) lines() (all []string) {
	for _, address := range r.URLs {
		if r.On && strings.HasPrefix(address, "http") && r.ID != "main" {
			address, _, _ = strings.Cut(address, "?")
			address = regexp.MustCompile(`://[^/]*@`).ReplaceAllString(address, "://")
			all = append(all, fmt.Sprintf("%s %s %v", r.ID, address, r.Checked))
		}
	}
	return all
}

// askDnf asks dnf 4 through its own library; its message about a file that it rejects is in
// its log.
func askDnf(t *testing.T, b *box.Box, count int) map[int][]string {
	const script = `
import json, logging, os, shutil, sys
import dnf
said = []
class Keep(logging.Handler):
    def emit(self, record): said.append(record.getMessage())
log = logging.getLogger("dnf"); log.handlers = [Keep()]; log.setLevel(logging.WARNING)
for i in range(int(sys.argv[1])):
    shutil.rmtree("/tmp/r", ignore_errors=True); os.mkdir("/tmp/r")
    shutil.copy("/srv/definitions/%d.repo" % i, "/tmp/r/x.repo")
    del said[:]
    base = dnf.Base(); base.conf.reposdir = ["/tmp/r"]; base.conf.gpgcheck = True
    base.read_all_repos()
    repos = [{"ID": r.id, "On": bool(r.enabled), "Checked": bool(r.gpgcheck), "URLs": list(r.baseurl) + [u for u in (r.mirrorlist, r.metalink) if u]} for r in base.repos.values()]
    print(json.dumps({"Refused": any("failed loading" in s for s in said), "Repos": repos}))
`
	answers := map[int][]string{}
	for i, line := range answered(t, b, count, "python3", "-c", script, fmt.Sprint(count)) {
		var file struct {
			Refused bool
			Repos   []real
		}
		if err := json.Unmarshal([]byte(line), &file); err != nil {
			t.Fatalf("%v: %s", err, line)
		}
		answers[i] = heard(file.Refused, file.Repos)
	}
	return answers
}

func heard(nothing bool, repos []real) []string {
	if nothing {
		return []string{refused}
	}
	var all []string
	for _, r := range repos {
		all = append(all, r.lines()...)
	}
	return sorted(all)
}

// answered runs a program that prints a line for each file.
func answered(t *testing.T, b *box.Box, count int, argv ...string) []string {
	t.Helper()
	r, err := b.Run(t.Context(), nil, argv...)
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSuffix(string(r.Stdout), "\n"), "\n")
	if r.ExitCode != 0 || len(lines) != count {
		t.Fatalf("exit %d, %d answers to %d files\n%s", r.ExitCode, len(lines), count, r.Stderr)
	}
	return lines
}

// loop runs a command for each file, which is the only one in /tmp/r, and returns the
// outputs.
func loop(t *testing.T, b *box.Box, count int, ext, command string) []string {
	script := fmt.Sprintf(`for i in $(seq 0 %d); do rm -rf /tmp/r; mkdir /tmp/r; cp /srv/definitions/$i.%s /tmp/r/x.%[2]s; %[3]s 2>&1 | tr '\n' '\001'; echo; done`, count-1, ext, command)
	lines := answered(t, b, count, "bash", "-c", script)
	for i := range lines {
		lines[i] = strings.ReplaceAll(lines[i], "\x01", "\n")
	}
	return lines
}

// askDnf5 asks dnf 5, which does nothing at all if it rejects a file.
func askDnf5(t *testing.T, b *box.Box, count int) map[int][]string {
	answers := map[int][]string{}
	for i, text := range loop(t, b, count, "repo", "dnf5 --setopt=reposdir=/tmp/r --setopt=gpgcheck=1 '--dump-repo-config=*'") {
		var repos []real
		for _, part := range strings.Split(text, "======== \"")[1:] {
			id, settings, _ := strings.Cut(part, "\"")
			r := real{ID: id}
			for _, line := range strings.Split(settings, "\n") {
				switch name, value, _ := strings.Cut(line, " = "); name {
				case "enabled":
					r.On = value == "1"
				case "gpgcheck":
					r.Checked = value == "1"
				case "baseurl", "mirrorlist", "metalink":
					r.URLs = append(r.URLs, strings.FieldsFunc(value, func(c rune) bool { return c == ',' || c == ' ' })...)
				}
			}
			repos = append(repos, r)
		}
		answers[i] = heard(strings.Contains(text, "Error in configuration file") || strings.Contains(text, "Invalid repository id"), repos)
	}
	return answers
}

func askZypper(t *testing.T, b *box.Box, count int) map[int][]string {
	answers := map[int][]string{}
	for i, text := range loop(t, b, count, "repo", "zypper -n --reposd-dir /tmp/r --xmlout lr -u") {
		var list struct {
			Repos []struct {
				ID       string   `xml:"alias,attr"`
				On       string   `xml:"enabled,attr"`
				Metadata string   `xml:"repo_gpgcheck,attr"`
				Packages string   `xml:"pkg_gpgcheck,attr"`
				Mirrors  string   `xml:"mirrorlist,attr"`
				Link     string   `xml:"metalink,attr"`
				URLs     []string `xml:"url"`
			} `xml:"repo-list>repo"`
		}
		if err := xml.Unmarshal([]byte(text), &list); err != nil {
			t.Fatalf("%v: %s", err, text)
		}
		var repos []real
		for _, r := range list.Repos {
			repos = append(repos, real{r.ID, r.On == "1", append(r.URLs, r.Mirrors, r.Link), r.Metadata == "1" || r.Packages == "1"})
		}
		answers[i] = heard(strings.Contains(text, `<message type="error">`), repos)
	}
	return answers
}

// askApt asks apt which lists it would fetch.
func askApt(ext string) func(*testing.T, *box.Box, int) map[int][]string {
	return func(t *testing.T, b *box.Box, count int) map[int][]string {
		answers := map[int][]string{}
		for i, text := range loop(t, b, count, ext, "apt-get update --print-uris -o Dir::Etc::sourcelist=/dev/null -o Dir::Etc::sourceparts=/tmp/r") {
			var all []string
			for _, line := range strings.Split(text, "\n") {
				address, _, ok := strings.Cut(strings.TrimPrefix(line, "'"), "' ")
				if ok && (strings.Contains(address, "/Packages") && !strings.Contains(address, "/binary-") || strings.Contains(address, "/binary-amd64/Packages") || strings.Contains(address, "/Sources")) {
					at := strings.LastIndexByte(address, '/')
					name, _, _ := strings.Cut(address[at+1:], ".")
					all = append(all, real{ID: name, On: true, URLs: []string{address[:at]}}.lines()...)
				}
			}
			if strings.Contains(text, "E: ") {
				all = []string{refused}
			}
			answers[i] = sorted(all)
		}
		return answers
	}
}

// oursOfApt is our reading of a file of apt's: the lists that it would fetch.
func oursOfApt(parse func(string, []byte) ([]repo.Entry, []repo.Problem)) func(string) []string {
	return func(text string) []string {
		entries, problems := parse("x", []byte(text))
		if len(problems) > 0 {
			return []string{refused}
		}
		var all []string
		for _, e := range entries {
			flat := strings.HasSuffix(e.Suite, "/") // it has one list for all architectures
			if !e.Enabled || !flat && len(e.Arches) > 0 && !e.Sources && !slices.Contains(e.Arches, "amd64") {
				continue
			}
			name, below := "Packages", "/binary-amd64"
			if e.Sources {
				name, below = "Sources", "/source"
			}
			base := strings.TrimRight(e.URI, "/") + "/"
			if flat {
				all = append(all, fmt.Sprintf("%s %s%s %v", name, base, strings.TrimSuffix(e.Suite, "/"), false))
			}
			for _, component := range e.Components {
				all = append(all, fmt.Sprintf("%s %sdists/%s/%s%s %v", name, base, e.Suite, component, below, false))
			}
		}
		return sorted(all)
	}
}
