package pkgmgr

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"aadssh/distro"
	"aadssh/internal/host"
	"aadssh/test/lib/golden"
)

// TestCommands renders every command of every manager, so that a diff shows what will be
// run on other people's machines.
func TestCommands(t *testing.T) {
	sources := map[distro.Manager]Source{
		distro.Apt:    {ListFile: "/etc/apt/sources.list.d/aadsshlogin.list"},
		distro.Dnf:    {ID: "aadsshlogin"},
		distro.Yum:    {ID: "aadsshlogin"},
		distro.Tdnf:   {ID: "azurelinux-official-ms-non-oss"},
		distro.Zypper: {ID: "aadsshlogin"},
	}
	newest := []Spec{{Name: "aadsshlogin"}, {Name: "aadsshlogin-selinux"}}
	exact := []Spec{{Name: "aadsshlogin", Version: "1.0.027980001"}}
	legacy := []string{"aadlogin", "aadlogin-selinux"}
	for name, ours := range sources {
		t.Run(string(name), func(t *testing.T) {
			m := manager(t, name)
			all, proxied := ours, ours
			all.All = true
			proxied.Proxy, proxied.NoProxy = "http://user:s3cret@proxy.example:3128", "localhost, .corp 10.0.0.0/8"
			var b strings.Builder
			show := func(title string, commands ...host.Command) {
				fmt.Fprintf(&b, "# %s\n", title)
				for _, c := range commands {
					kind := "query"
					if c.Changes {
						kind = "change"
					}
					fmt.Fprintf(&b, "%s: %s\n%s: %s\n", kind, c, strings.Repeat(" ", len(kind)-2)+"as", brief(c))
					if len(brief(c)) > 120 {
						t.Errorf("%d characters of a status for %s", len(brief(c)), brief(c))
					}
				}
				b.WriteString("\n")
			}
			const wait = time.Minute
			show("query", m.Query([]string{"aadsshlogin", "aadsshlogin-selinux"}))
			show("refresh our source", m.Refresh(ours)...)
			show("refresh our source through a proxy", m.Refresh(proxied)...)
			show("refresh all sources", m.Refresh(all)...)
			if m.FetchFiles != nil {
				show("where files are", m.Locate(ours, exact))
				show("fetch files", m.FetchFiles(ours, exact))
				show("install fetched files, all sources", m.Install(Order{Source: all, Install: exact, Files: []string{"/var/cache/apt/archives/aadsshlogin_1.0_amd64.deb"}, LockWait: wait})...)
			}
			if m.Verify != nil {
				fetched := Order{Source: all, Install: exact, Files: []string{"/fetched/aadsshlogin-1.0.027980001-1.x86_64.rpm"}, LockWait: wait}
				older, again, replacing := fetched, fetched, fetched
				older.Older, again.Reinstall, replacing.Remove = true, true, legacy
				show("fetch from ours, all sources", m.Download(Order{Source: all, Install: exact, LockWait: wait})...)
				show("verify with our keys alone", rpmKeyring(keyringDir, []string{"/etc/pki/rpm-gpg/ours"}), m.Verify(keyringDir, fetched.Files[0]))
				show("verify with the machine's keys", m.Verify("", fetched.Files[0]))
				show("install fetched files, all sources", m.Install(fetched)...)
				show("install older fetched files", m.Install(older)...)
				show("reinstall fetched files", m.Install(again)...)
				show("replace by fetched files", m.Install(replacing)...)
			}
			show("versions", m.Versions(ours, "aadsshlogin"))
			show("install the newest", m.Install(Order{Source: ours, Install: newest, LockWait: wait})...)
			if m.Verify == nil {
				show("install the newest, all sources", m.Install(Order{Source: all, Install: newest, LockWait: wait})...)
			}
			show("install an exact version", m.Install(Order{Source: ours, Install: exact, LockWait: wait})...)
			show("install an older version", m.Install(Order{Source: ours, Install: exact, Older: true, LockWait: wait})...)
			show("reinstall", m.Install(Order{Source: ours, Install: exact, Reinstall: true, LockWait: wait})...)
			show("download", m.Download(Order{Source: ours, Install: newest, Remove: legacy, LockWait: wait})...)
			show("simulate a replacement", m.Simulate(Order{Source: ours, Install: newest, Remove: legacy, LockWait: wait})...)
			show("replace", m.Install(Order{Source: ours, Install: newest, Remove: legacy, LockWait: wait})...)
			show("install files", m.InstallFiles([]string{"/var/lib/aadsshlogin-handler/packages/aadsshlogin-1.0"})...)
			show("restore files", m.RestoreFiles([]string{"/var/lib/aadsshlogin-handler/packages/aadsshlogin-1.0"})...)
			show("simulate a removal", m.SimulateRemove([]string{"aadsshlogin"}))
			show("remove", m.Remove([]string{"aadsshlogin"})...)
			low := m.RemoveLowLevel(legacy)
			show("remove without scripts", low.Commands...)
			for _, s := range low.Scripts {
				fmt.Fprintf(&b, "out of the way: %s\n", s)
			}
			show("repair", m.Repair()...)
			for _, s := range m.StaleFiles {
				fmt.Fprintf(&b, "when nobody has it mapped: %s\n", s)
			}
			if m.ImportKey != nil {
				show("import a key", m.ImportKey("/etc/pki/rpm-gpg/aadsshlogin.asc"))
			}
			for _, s := range m.Kept(ours, Package{Name: "aadsshlogin", Version: "1:1.0-1"}) {
				fmt.Fprintf(&b, "kept: %s\n", s)
			}
			for _, l := range m.Locks {
				fmt.Fprintf(&b, "lock: %s (%d)\n", l.Path, l.Kind)
			}
			if strings.Contains(b.String(), "s3cret") {
				t.Error("the password of the proxy is shown")
			}
			for _, never := range []string{"upgrade ", "dist-upgrade", "--nogpgcheck", "gpg-auto-import", "--allow-unauthenticated", "trusted=yes", "--force-yes", "autoremove", "--no-gpg-checks"} {
				if strings.Contains(b.String(), " "+never) {
					t.Errorf("a command says %q", never)
				}
			}
			golden.Compare(t, filepath.Join("testdata", "commands-"+string(name)+".golden"), b.String())
		})
	}
}

// TestProxyStaysOutOfArguments: everybody on the machine can read the arguments of a
// process.
func TestProxyStaysOutOfArguments(t *testing.T) {
	for _, name := range distro.Managers() {
		m := manager(t, name)
		s := Source{ID: "x", ListFile: "/x.list", Proxy: "http://user:s3cret@proxy.example:3128"}
		o := Order{Source: s, Install: []Spec{{Name: "aadsshlogin"}}}
		commands := append(m.Refresh(s), m.Install(o)...)
		commands = append(commands, m.Download(o)...)
		for _, c := range commands {
			if strings.Contains(strings.Join(c.Args, " "), "s3cret") {
				t.Errorf("%s: password in the arguments of %s", name, c.Name)
			}
			if env := strings.Join(c.Env, " "); !strings.Contains(env, "https_proxy="+s.Proxy) || !strings.Contains(env, "169.254.169.254") {
				t.Errorf("%s: %s gets no proxy, or sends the metadata service through it: %q", name, c.Name, c)
			}
		}
	}
}

func TestForUnknown(t *testing.T) {
	if m, err := For("pacman"); err == nil || m != nil {
		t.Errorf("For(pacman) = %v, %v", m, err)
	}
}
