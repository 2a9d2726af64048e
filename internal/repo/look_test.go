package repo

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"aadssh/distro"
	"aadssh/internal/host"
	"aadssh/internal/host/hosttest"
	"aadssh/internal/logging"
)

// machine is a root with these files; a content of "/" makes a folder.
func machine(t *testing.T, files map[string]string) *host.Host {
	t.Helper()
	h := &host.Host{Root: hosttest.Folder(t), Log: logging.Discard()}
	for name, content := range files {
		full := h.Path(name)
		if err := os.MkdirAll(filepath.Dir(full), 0o755); err != nil {
			t.Fatal(err)
		}
		if content == "/" {
			if err := os.Mkdir(full, 0o755); err != nil {
				t.Fatal(err)
			}
			continue
		}
		if err := os.WriteFile(full, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return h
}

func places(entries []Entry) []string {
	var all []string
	for _, e := range entries {
		all = append(all, e.Place())
	}
	return all
}

func TestAptEntries(t *testing.T) {
	h := machine(t, map[string]string{
		"/etc/apt/sources.list":                    "# main\ndeb http://archive.example.com/debian bookworm main\n",
		"/etc/apt/sources.list.d/a.list":           "deb [signed-by=/usr/share/keyrings/a.gpg] https://a.invalid/ x main\n",
		"/etc/apt/sources.list.d/b.sources":        "Types: deb\nURIs: https://b.invalid/\nSuites: x\nComponents: main\nSigned-By: /usr/share/keyrings/gone.gpg\n",
		"/etc/apt/sources.list.d/c.list.save":      "deb junk\n",
		"/etc/apt/sources.list.d/folder.list":      "/",
		"/etc/apt/sources.list.d/microsoft.list":   "",
		"/etc/apt/sources.list.d/aadsshlogin.list": "<!DOCTYPE html>\n<p>Access denied\n",
		"/etc/apt/sources.list.d/z.list":           "nonsense\n",
		"/usr/share/keyrings/a.gpg":                "key",
	})
	entries, problems := Entries(h, distro.Apt)
	want := []string{"/etc/apt/sources.list line 2", "/etc/apt/sources.list.d/a.list line 1", "/etc/apt/sources.list.d/b.sources line 2"}
	if got := places(entries); !slices.Equal(got, want) {
		t.Fatalf("entries %q, want %q", got, want)
	}
	if !entries[1].Verifies {
		t.Errorf("entry with its key there: %+v", entries[1])
	}
	if entries[2].Verifies || entries[2].Why != "its key file /usr/share/keyrings/gone.gpg is not there" {
		t.Errorf("entry without its key: %+v", entries[2])
	}
	if len(problems) != 2 ||
		!problems[0].Leftover || problems[0].Place() != "/etc/apt/sources.list.d/aadsshlogin.list" || !strings.Contains(problems[0].What, "web page") ||
		problems[1].Leftover || problems[1].Place() != "/etc/apt/sources.list.d/z.list line 1" {
		t.Errorf("problems %+v", problems)
	}
}

func TestLookYumLeftovers(t *testing.T) {
	h := machine(t, map[string]string{
		"/etc/yum.repos.d/microsoft-prod.repo":          "",
		"/etc/yum.repos.d/mariner-official-extras.repo": "<html>no such page</html>\n",
		"/etc/yum.repos.d/other.repo":                   "",
		"/etc/yum.repos.d/aadsshlogin.repo":             "[aadsshlogin]\nname=cut off\n",
	})
	entries, problems := Entries(h, distro.Dnf)
	var leftovers []string
	for _, p := range problems {
		if p.Leftover {
			leftovers = append(leftovers, p.File)
		}
	}
	want := []string{"/etc/yum.repos.d/aadsshlogin.repo", "/etc/yum.repos.d/mariner-official-extras.repo", "/etc/yum.repos.d/microsoft-prod.repo"}
	if len(entries) > 0 || !slices.Equal(leftovers, want) || len(problems) != len(want) {
		t.Errorf("entries %+v, problems %+v", entries, problems)
	}
}

// TestLookKeepsComments: a repository that somebody, or a release upgrade, has commented
// out is not a leftover of an installation.
func TestLookKeepsComments(t *testing.T) {
	for manager, file := range map[distro.Manager]string{
		distro.Dnf: "/etc/yum.repos.d/microsoft-prod.repo",
		distro.Apt: "/etc/apt/sources.list.d/microsoft-prod.list",
	} {
		h := machine(t, map[string]string{file: "# disabled on upgrade to jammy\n# deb https://packages.microsoft.com/ubuntu/20.04/prod focal main\n"})
		if entries, problems := Entries(h, manager); len(entries) > 0 || len(problems) > 0 {
			t.Errorf("%s: entries %+v, problems %+v", manager, entries, problems)
		}
	}
}

// TestLookDefaults: for options that a repository does not set, the manager's configuration
// counts.
func TestLookDefaults(t *testing.T) {
	const repository = "[prod]\nbaseurl=https://h.invalid/p\n"
	tests := []struct {
		name     string
		manager  distro.Manager
		files    map[string]string
		verifies bool
	}{
		{"dnf on", distro.Dnf, map[string]string{"/etc/dnf/dnf.conf": "[main]\ngpgcheck=1\n"}, true},
		{"dnf off", distro.Dnf, map[string]string{"/etc/dnf/dnf.conf": "[main]\ngpgcheck=0\n"}, false},
		{"dnf silent", distro.Dnf, map[string]string{"/etc/dnf/dnf.conf": "[main]\nbest=True\n"}, false},
		{"nothing", distro.Yum, nil, false},
		{"yum on", distro.Yum, map[string]string{"/etc/yum.conf": "[main]\ngpgcheck = 1\n"}, true},
		{"another manager's file", distro.Yum, map[string]string{"/etc/yum.conf": "[main]\ngpgcheck=1\n", "/etc/dnf/dnf.conf": "[main]\ngpgcheck=0\n"}, true},
		{"tdnf, whatever its file says", distro.Tdnf, map[string]string{"/etc/tdnf/tdnf.conf": "[main]\ngpgcheck=0\n"}, true},
		{"dnf, what is no word", distro.Dnf, map[string]string{"/etc/dnf/dnf.conf": "[main]\ngpgcheck=maybe\n"}, false},
		{"zypper silent", distro.Zypper, map[string]string{"/etc/zypp/zypp.conf": "[main]\n# gpgcheck = on\n"}, true},
		{"zypper off", distro.Zypper, map[string]string{"/etc/zypp/zypp.conf": "[main]\ngpgcheck = off\n"}, false},
		{"zypper without configuration", distro.Zypper, nil, true},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			files := map[string]string{"/etc/yum.repos.d/x.repo": repository, "/etc/zypp/repos.d/x.repo": repository}
			maps.Copy(files, test.files)
			entries, problems := Entries(machine(t, files), test.manager)
			if len(entries) != 1 || entries[0].Verifies != test.verifies || len(problems) > 0 {
				t.Errorf("entries %+v, problems %+v, want verifies %v", entries, problems, test.verifies)
			}
		})
	}
}

func TestLookNothing(t *testing.T) {
	for _, m := range distro.Managers() {
		if entries, problems := Entries(machine(t, nil), m); len(entries)+len(problems) > 0 {
			t.Errorf("%s on an empty machine: %+v, %+v", m, entries, problems)
		}
	}
}

func TestLookUnreadable(t *testing.T) {
	h := machine(t, map[string]string{
		"/etc/apt/sources.list":               "/",
		"/etc/apt/sources.list.d/big.list":    strings.Repeat("#\n", maxFile),
		"/etc/apt/sources.list.d/normal.list": "deb http://h.invalid/ x main\n",
	})
	entries, problems := AptEntries(h)
	if len(entries) != 1 || len(problems) != 2 {
		t.Errorf("entries %+v, problems %+v", entries, problems)
	}
	for _, p := range problems {
		if !strings.Contains(p.What, "cannot be read") || strings.Contains(p.What, h.Root) {
			t.Errorf("problem %+v", p)
		}
	}
}

// To dnf 5 pkg_gpgcheck is gpgcheck, to dnf 4 it is nothing; the last one counts.
func TestPackageCheckOfDnf5(t *testing.T) {
	for _, c := range []struct {
		settings    string
		four, fifth bool // whether signatures are checked
	}{
		{"gpgcheck=1\npkg_gpgcheck=0\n", true, false},
		{"pkg_gpgcheck=0\ngpgcheck=1\n", true, true},
		{"pkg_gpgcheck=1\n", false, true},
		{"gpgcheck=0\npkg_gpgcheck=yes\n", false, true},
		{"gpgcheck=0\npkg_gpgcheck=n\n", false, false},
		{"gpgcheck=1\npkg_gpgcheck=0\ngpgcheck=1\n", true, false},
	} {
		for generation, want := range map[string]bool{"dnf-3": c.four, "dnf5": c.fifth} {
			h := machine(t, map[string]string{"/etc/dnf/dnf.conf": "[main]\n", "/etc/yum.repos.d/x.repo": "[x]\nbaseurl=https://h.invalid/\n" + c.settings, "/usr/bin": "/"})
			if err := os.Symlink(generation, h.Path("/usr/bin/dnf")); err != nil {
				t.Fatal(err)
			}
			entries, problems := RPMEntries(h, distro.Dnf)
			if len(entries) != 1 || len(problems) > 0 || entries[0].Verifies != want {
				t.Errorf("%q, %s: %+v, %v; want %v", c.settings, generation, entries, problems, want)
			}
		}
	}
}
