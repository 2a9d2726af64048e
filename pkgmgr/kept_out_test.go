package pkgmgr

import (
	"context"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"aadssh/internal/fault"
	"aadssh/internal/host"
	"aadssh/internal/host/hosttest"
)

// If the manager only says that there is no such package, the reason is found on the
// machine: an exclusion, or a missing definition of the repository.
func TestKeptOut(t *testing.T) {
	const list = "/etc/apt/sources.list.d/aadsshlogin.list"
	entry := map[string]string{list: "deb [signed-by=/x.gpg] https://packages.microsoft.com/ubuntu/22.04/prod jammy main\n"}
	with := func(files map[string]string, name, content string) map[string]string {
		all := map[string]string{name: content}
		maps.Copy(all, files)
		return all
	}
	ours := map[string]string{"/etc/yum.repos.d/aadsshlogin.repo": "[aadsshlogin]\nname=ours\nbaseurl=https://packages.microsoft.com/x\nenabled=1\n"}
	looks := map[string]func(context.Context, *host.Host, Source, []string) *fault.Fault{"apt": aptKeptOut, "yum": yumKeptOut, "tdnf": tdnfUndefined}
	for name, c := range map[string]struct {
		manager string
		files   map[string]string
		says    string // "" is that nothing is found
	}{
		"apt's entry is gone":                {"apt", nil, list},
		"nothing of the owner's, apt":        {"apt", entry, ""},
		"yum's own file":                     {"yum", with(ours, "/etc/yum.conf", "[main]\nexclude=kernel* aad*\n"), "exclude=aad* in /etc/yum.conf"},
		"on two lines":                       {"yum", with(ours, "/etc/yum.conf", "[main]\nexclude=kernel*\n  aadsshlogin\n"), "exclude=aadsshlogin in /etc/yum.conf"},
		"our definition, the owner's":        {"yum", map[string]string{"/etc/yum.repos.d/m.repo": "[aadsshlogin]\nbaseurl=https://x.invalid/\nexclude=aadsshlogin\n"}, "/etc/yum.repos.d/m.repo"},
		"another definition":                 {"yum", with(ours, "/etc/yum.repos.d/m.repo", "[third]\nbaseurl=https://x.invalid/\nexclude=aadsshlogin\n"), ""},
		"a locked version":                   {"yum", with(ours, "/etc/yum/pluginconf.d/versionlock.list", "0:bash-4.2-1.*\n0:aadsshlogin-1.0.027980001-1.*\n"), "versionlock"},
		"a locked version of something else": {"yum", with(ours, "/etc/yum/pluginconf.d/versionlock.list", "0:aadsshlogin-selinux-1.0-1.*\n"), ""},
		"tdnf has no definition":             {"tdnf", nil, "aadsshlogin is not there"},
		"tdnf has it":                        {"tdnf", ours, ""},
	} {
		t.Run(name, func(t *testing.T) {
			h := hosttest.New(t).Host()
			for file, content := range c.files {
				full := filepath.Join(h.Root, file)
				if err := os.MkdirAll(filepath.Dir(full), 0o755); err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(full, []byte(content), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			f := looks[c.manager](t.Context(), h, Source{ID: "aadsshlogin", ListFile: list}, []string{"", "aadsshlogin", ""})
			switch {
			case (f == nil) != (c.says == ""):
				t.Errorf("found %v, want %q", f, c.says)
			case f != nil && (f.Code != fault.PackageManagerFailed || !strings.Contains(f.What+f.Remedy(), c.says)):
				t.Errorf("%d %s / %s, want %q", f.Code, f.What, f.Remedy(), c.says)
			}
		})
	}
}

// If the machine's own sources are used, ours is not expected among them, and the next step
// asks their servers for the package.
func TestOursIsNotMissedUnderExisting(t *testing.T) {
	h := hosttest.New(t).Host()
	s := Source{ID: "aadsshlogin", ListFile: "/etc/apt/sources.list.d/aadsshlogin.list", All: true}
	said := []string{"", "aadsshlogin", ""}
	if f := aptKeptOut(t.Context(), h, s, said); f != nil {
		t.Errorf("apt: %v", f)
	}
	if f := tdnfUndefined(t.Context(), h, s, said); f != nil {
		t.Errorf("tdnf: %v", f)
	}
}
