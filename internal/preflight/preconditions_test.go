package preflight

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"aadssh/distro"
	"aadssh/internal/agent"
	"aadssh/internal/az"
	"aadssh/internal/check"
	"aadssh/internal/facts"
	"aadssh/internal/fault"
	"aadssh/internal/identity"
	"aadssh/internal/state"
	"aadssh/pkgmgr"
)

// healthy is a machine that people can sign in to, with everything that these checks ask
// about; with changes one thing.
func healthy(with func(*facts.Facts)) *facts.Facts {
	f := &facts.Facts{
		Target: distro.Target{Name: "Ubuntu 22.04", Tested: true, Manager: distro.Apt, Legacy: []string{"aadlogin", "aadlogin-selinux"}},
		Memory: facts.Memory{Bytes: 1 << 30, Known: facts.Blocks},
		Identity: identity.Answer{Kind: identity.SystemAssigned,
			Machine: az.Machine{Group: "rg-web", Name: "web1"}},
		Packages: pkgmgr.Packages{"aadsshlogin": {Name: "aadsshlogin", Version: "1.0", State: pkgmgr.Installed}},
	}
	f.Target.Packages.Login, f.Target.Packages.SELinux = "aadsshlogin", "aadsshlogin-selinux"
	if with != nil {
		with(f)
	}
	return f
}

func env(pairs ...string) func(string) string {
	return func(name string) string {
		for _, p := range pairs {
			if k, v, _ := strings.Cut(p, "="); k == name {
				return v
			}
		}
		return ""
	}
}

// weakKey signs itself by SHA-1 only.
func weakKey(t *testing.T) string {
	t.Helper()
	b, err := os.ReadFile("../trust/testdata/sha1.asc")
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func fresh(f *facts.Facts) { f.Packages = pkgmgr.Packages{} }

func TestPreconditions(t *testing.T) {
	refused := fault.New(fault.SettingsInvalid, "The setting \"x\" cannot be used.", "Correct it.")
	lost := fault.Wrap(agent.ErrProtected, fault.SettingsInvalid, "The protected settings cannot be decrypted.", "Set them again.")
	none := fault.New(fault.IdentityMissing, "VM web1 has no managed identity.", "Run az vm identity assign.")
	dark := fault.New(fault.IdentityUnknown, "The identity could not be checked.", "Look.")
	memory := func(bytes int64, known facts.MemorySource) func(*facts.Facts) {
		return func(f *facts.Facts) { f.Memory = facts.Memory{Bytes: bytes, Known: known}; fresh(f) }
	}
	legacyPackage := func(f *facts.Facts) {
		f.Packages["aadlogin"] = pkgmgr.Package{Name: "aadlogin", Version: "1.0", State: pkgmgr.Installed}
	}
	const mib = facts.MiB
	for _, c := range []struct {
		name   string
		with   func(*facts.Facts)
		check  string // whose result is meant
		answer check.Answer
		code   fault.Code
		says   []string
	}{
		{"settings: none", nil, "settings", check.Pass, 0, nil},
		{"settings: refused", func(f *facts.Facts) { f.Refused = refused }, "settings", check.Fail, fault.SettingsInvalid, []string{"\"x\"", "Correct it."}},
		{"settings: unknown names", func(f *facts.Facts) { f.Unknown = []string{"a", "b.c"} }, "settings", check.Warn, 0, []string{"a, b.c", "docs/settings.md"}},
		{"settings: a weak key", func(f *facts.Facts) { fresh(f); f.Settings.Repository.TrustedKeys = []string{weakKey(t)} }, "settings", check.Fail, fault.SettingsInvalid, []string{"too weak", "SHA-1", "gpg --list-packets"}},
		{"settings: a weak key that is in use", func(f *facts.Facts) { f.Settings.Repository.TrustedKeys = []string{weakKey(t)} }, "settings", check.Warn, 0, []string{"too weak", "in place"}},
		{"settings: undecryptable", func(f *facts.Facts) { f.Refused = lost }, "settings", check.Unknown, fault.SettingsInvalid, []string{"decrypted"}},

		{"distro: supported", nil, "distro", check.Pass, 0, []string{"Ubuntu 22.04 is supported"}},
		{"distro: by the family's rule", func(f *facts.Facts) { f.Target.Tested, f.Target.Note = false, "newer than the table." }, "distro", check.Warn, 0, []string{"not on the list", "newer than the table."}},
		{"distro: unsupported", func(f *facts.Facts) {
			f.TargetErr = &distro.Unsupported{Found: "RHEL 8.2", Arch: "amd64", Reason: "it is older than 8.3", Supported: []string{"RHEL 8.3", "RHEL 9"}}
		}, "distro", check.Fail, fault.DistroUnsupported, []string{"RHEL 8.2 on amd64", "older than 8.3", "RHEL 8.3; RHEL 9"}},
		{"distro: no os-release", func(f *facts.Facts) { f.TargetErr = errors.New("no such file") }, "distro", check.Fail, fault.DistroUnsupported, []string{"cannot be told", "/etc/os-release"}},

		{"memory: 1 GiB in blocks", memory(1024*mib, facts.Blocks), "memory", check.Pass, 0, []string{"1024 MiB"}},
		{"memory: 768 MiB in blocks", memory(768*mib, facts.Blocks), "memory", check.Fail, fault.MemoryTooSmall, []string{"768 MiB", "az vm resize -g rg-web -n web1"}},
		{"memory: 1 GiB less what firmware keeps", memory(1015*mib, facts.RAMMap), "memory", check.Pass, 0, nil},
		{"memory: 768 MiB by firmware", memory(767*mib, facts.RAMMap), "memory", check.Fail, fault.MemoryTooSmall, nil},
		{"memory: what the kernel leaves of 1 GiB at worst", memory(860*mib, facts.MemTotal), "memory", check.Pass, 0, nil},
		{"memory: what the kernel leaves of 768 MiB at best", memory(728*mib, facts.MemTotal), "memory", check.Fail, fault.MemoryTooSmall, nil},
		{"memory: small, but installed", func(f *facts.Facts) { f.Memory = facts.Memory{Bytes: 512 * mib, Known: facts.Blocks} }, "memory", check.Warn, fault.MemoryTooSmall, []string{"left in place"}},
		{"memory: unreadable", func(f *facts.Facts) { f.Memory = facts.Memory{} }, "memory", check.Unknown, 0, []string{"could not be read"}},
		{"memory: scale set", func(f *facts.Facts) {
			memory(512*mib, facts.Blocks)(f)
			f.Identity.Machine.ScaleSet = "pool"
		}, "memory", check.Fail, fault.MemoryTooSmall, []string{"az vmss update -g rg-web -n pool"}},
		{"memory: Arc", func(f *facts.Facts) {
			memory(512*mib, facts.Blocks)(f)
			f.Identity.Machine.Arc = true
		}, "memory", check.Fail, fault.MemoryTooSmall, []string{"Have whoever runs the machine give it"}},

		{"legacy: none", nil, "legacy", check.Pass, 0, nil},
		{"legacy: registered", func(f *facts.Facts) { f.Legacy.Extension = "/var/lib/waagent/old" }, "legacy", check.Fail, fault.LegacyInstalled,
			[]string{"/var/lib/waagent/old", "az vm extension delete -g rg-web --vm-name web1 -n AADLoginForLinux"}},
		{"legacy: registered, in a known subscription", func(f *facts.Facts) {
			f.Legacy.Extension, f.Identity.Machine.Subscription = "/x", "0b1f"
		}, "legacy", check.Fail, fault.LegacyInstalled, []string{"-n AADLoginForLinux --subscription 0b1f\""}},
		{"legacy: registered on Arc", func(f *facts.Facts) { f.Legacy.Extension, f.Identity.Machine.Arc = "/x", true }, "legacy", check.Fail, fault.LegacyInstalled, []string{"az connectedmachine extension delete"}},
		{"legacy: registered on a scale set", func(f *facts.Facts) { f.Legacy.Extension, f.Identity.Machine.ScaleSet = "/x", "pool" }, "legacy", check.Fail, fault.LegacyInstalled, []string{"az vmss extension delete -g rg-web --vmss-name pool", "update-instances"}},
		{"legacy: packages", legacyPackage, "legacy", check.Warn, 0, []string{"aadlogin", "makes room"}},
		{"legacy: people signed in", func(f *facts.Facts) {
			legacyPackage(f)
			f.Legacy.Sessions = []facts.Session{{User: "anna@example.com", PID: 42, Command: "bash"}}
		}, "legacy", check.Fail, fault.LegacyInstalled, []string{"anna@example.com (process 42, bash)", "sign out"}},
		{"legacy: people signed in by the new product", func(f *facts.Facts) {
			f.Legacy.Sessions = []facts.Session{{User: "anna@example.com", PID: 42, Command: "bash"}}
		}, "legacy", check.Pass, 0, nil},

		{"identity: there", nil, "identity", check.Pass, 0, []string{"system-assigned"}},
		{"identity: none", func(f *facts.Facts) { f.Identity.Kind, f.Identity.Fault = identity.None, none }, "identity", check.Fail, fault.IdentityMissing, []string{"web1", "assign"}},
		{"identity: user-assigned", func(f *facts.Facts) { f.Identity.Kind, f.Identity.Fault = identity.UserAssigned, none }, "identity", check.Fail, fault.IdentityMissing, nil},
		{"identity: unknown", func(f *facts.Facts) { f.Identity.Kind, f.Identity.Fault = identity.Unknown, dark }, "identity", check.Unknown, fault.IdentityUnknown, []string{"could not be checked"}},
		{"identity: not looked at", func(f *facts.Facts) { f.Identity = identity.Answer{} }, "identity", check.Unknown, fault.IdentityUnknown, nil},

		{"network: no proxy", func(f *facts.Facts) { f.Getenv = env() }, "network", check.Pass, 0, nil},
		{"network: https only", func(f *facts.Facts) { f.Getenv = env("https_proxy=http://p:1") }, "network", check.Pass, 0, nil},
		{"network: not excepted", func(f *facts.Facts) { f.Getenv = env("http_proxy=http://u:s3cret@p:1", "no_proxy=localhost") }, "network", check.Warn, 0,
			[]string{"http_proxy is set", "Have whoever set that proxy add to the environment of the VM agent: no_proxy=localhost,169.254.169.254"}},
		{"network: excepted", func(f *facts.Facts) { f.Getenv = env("http_proxy=http://p:1", "NO_PROXY=169.254.169.254") }, "network", check.Pass, 0, nil},
		{"network: a proxy that cannot be read", func(f *facts.Facts) {
			f.Proxy.Origin, f.Proxy.Unread = "the agent's environment (https_proxy)", errors.New("write %40 for @")
		}, "network", check.Warn, 0, []string{"the agent's environment (https_proxy) names cannot be read", "write %40 for @", "the setting proxy"}},
		{"network: Arc asks on loopback", func(f *facts.Facts) {
			f.Getenv, f.Identity.Machine.Arc = env("http_proxy=http://p:1"), true
		}, "network", check.Pass, 0, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			results := Run(Preconditions(), healthy(c.with))
			at := slices.IndexFunc(results, func(r check.Result) bool { return r.Name == c.check })
			if at < 0 {
				if c.answer != check.Pass {
					t.Fatalf("no result %s in %+v", c.check, results)
				}
				return
			}
			r := results[at]
			if r.Answer != c.answer || r.Code != c.code && r.Answer != check.Warn {
				t.Errorf("%s with code %d, want %s with %d: %s", r.Answer, r.Code, c.answer, c.code, r.Text)
			}
			for _, w := range c.says {
				if said := r.Text + "\n" + r.Next; !strings.Contains(said, w) {
					t.Errorf("%q is not said: %s", w, said)
				}
			}
			if said := r.Text + r.Next; strings.Contains(said, "s3cret") || strings.Contains(said, "\n") {
				t.Errorf("a secret, or more than a line: %s", said)
			}
			if r.Answer == check.Fail && (r.Text == "" || r.Next == "") {
				t.Errorf("a failure without what or next: %+v", r)
			}
			for _, other := range results {
				if other.Name != c.check && other.Answer == check.Fail {
					t.Errorf("%s fails too: %s", other.Name, other.Text)
				}
			}
		})
	}
}

func TestPackages(t *testing.T) {
	state := func(s pkgmgr.State, detail string) func(*facts.Facts) {
		return func(f *facts.Facts) {
			f.Packages["aadsshlogin"] = pkgmgr.Package{Name: "aadsshlogin", Version: "1.0", State: s, Detail: detail}
		}
	}
	for _, c := range []struct {
		name   string
		with   func(*facts.Facts)
		answer check.Answer
		says   string
		place  bool
	}{
		{"installed", nil, check.Pass, "aadsshlogin 1.0", true},
		{"absent", fresh, check.Fail, "is not installed", false},
		{"broken", state(pkgmgr.Broken, "half-configured"), check.Fail, "half-configured", false},
		{"no database", func(f *facts.Facts) {
			f.PackagesErr = fault.New(fault.PackageManagerFailed, "dpkg-query failed", "mend it")
		}, check.Fail, "dpkg-query failed", false},
		{"an older one, with a reason", func(f *facts.Facts) { f.Receipt = noted("stays at 1.0") }, check.Warn, "stays at 1.0", true},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := healthy(c.with)
			r := Grouped(packages(f))[0]
			if r.Answer != c.answer || !strings.Contains(r.Text, c.says) || InPlace(f) != c.place {
				t.Errorf("%+v, in place %v; want %s, %q, %v", r, InPlace(f), c.answer, c.says, c.place)
			}
		})
	}
}

func noted(notice string) state.Receipt { return state.Receipt{Notice: notice} }

func TestGroupedKeepsTheWorst(t *testing.T) {
	got := Grouped([]check.Result{
		{Name: "sshd-config", Row: &check.About{Group: "sshd"}, Answer: check.Pass, Text: "fine."},
		{Name: "sshd-listening", Row: &check.About{Group: "sshd"}, Answer: check.Warn, Text: "w.", Next: "n."},
		{Name: "sshd-pam", Row: &check.About{Group: "sshd"}, Answer: check.Fail, Text: "f.", Code: fault.VerificationFailed},
		{Name: "cert-handler", Row: &check.About{Group: "sshd"}, Answer: check.Unknown, Text: "u."},
		{Name: "nss-passwd", Row: &check.About{Group: "nss"}, Answer: check.Pass, Text: "ok."},
	})
	if len(got) != 2 || got[0].Name != "sshd" || got[0].Answer != check.Fail || got[0].Code != fault.VerificationFailed {
		t.Fatalf("%+v", got)
	}
	for _, w := range []string{"f.", "w.", "u."} {
		if !strings.Contains(got[0].Text, w) {
			t.Errorf("%q got lost: %s", w, got[0].Text)
		}
	}
	if strings.Contains(got[0].Text, "fine.") || got[0].Next != "n." {
		t.Errorf("%+v", got[0])
	}
}

// A group that passes says what matters most, wherever it stands.
func TestGroupedSpeaksOfTheCertHandler(t *testing.T) {
	hosts := check.Result{Name: "sshd-hosts", Row: &check.About{Group: "sshd", Gate: check.GateDoor}, Text: "hosts."}
	command := check.Result{Name: "sshd-command", Row: &check.About{Group: "sshd", Gate: check.GateCommand}, Text: "command."}
	handler := check.Result{Name: "cert-handler", Row: &check.About{Group: "sshd", Gate: check.GateCommand}, Text: "handler."}
	warning := check.Result{Name: "sshd-tries", Row: &check.About{Group: "sshd"}, Answer: check.Warn, Text: "tries."}
	for _, c := range []struct {
		results []check.Result
		text    string
	}{
		{[]check.Result{hosts, command, handler}, "command."},
		{[]check.Result{hosts}, "hosts."},
		{[]check.Result{hosts, warning, command}, "tries."},
		{[]check.Result{hosts, command, warning}, "tries."},
	} {
		if got := Grouped(c.results); len(got) != 1 || got[0].Text != c.text {
			t.Errorf("%+v, want %q", got, c.text)
		}
	}
}

func TestOrderOfFailures(t *testing.T) {
	results := []check.Result{{Answer: check.Warn}, {Answer: check.Unknown, Code: fault.IdentityUnknown, Text: "u"}, {Answer: check.Fail, Code: fault.MemoryTooSmall}, {Answer: check.Fail, Code: fault.LegacyInstalled}}
	if f := FirstFailure(results); f == nil || f.Code != fault.MemoryTooSmall {
		t.Errorf("%v", f)
	}
	if f := Undecided(results); f == nil || f.Code != fault.IdentityUnknown {
		t.Errorf("%v", f)
	}
	if f := Undecided([]check.Result{{Answer: check.Unknown, Text: "no code: nobody's business"}}); f != nil {
		t.Errorf("%v", f)
	}
	if FirstFailure(nil) != nil || Undecided(nil) != nil {
		t.Error("a failure out of nothing")
	}
	for a, want := range map[check.Answer]string{check.Pass: "pass", check.Warn: "warn", check.Fail: "fail", check.Unknown: "unknown"} {
		if fmt.Sprint(a) != want {
			t.Errorf("%s, want %s", a, want)
		}
	}
}

// A machine whose packages come with its image is never changed: it is refused if they are
// not in the image, or if people cannot sign in.
func TestImage(t *testing.T) {
	for name, c := range map[string]struct {
		with func(*facts.Facts)
		want string
	}{
		"packages missing": {fresh, "the packages are not in it"},
		"half installed": {func(f *facts.Facts) {
			f.Packages["aadsshlogin"] = pkgmgr.Package{Name: "aadsshlogin", State: pkgmgr.Broken}
		}, "the packages are not in it"},
		"nobody can sign in": {func(*facts.Facts) {}, "cannot be repaired on a running machine: "},
	} {
		f := healthy(c.with)
		f.Image = "CoreOS, by VARIANT_ID=coreos in os-release"
		results := distribution(f)
		if len(results) != 1 || results[0].Answer != check.Fail || results[0].Code != fault.DistroUnsupported ||
			!strings.Contains(results[0].Text, c.want) || !strings.Contains(results[0].Text, "VARIANT_ID=coreos") || !strings.Contains(results[0].Next, "aadsshlogin") {
			t.Errorf("%s: %+v", name, results)
		}
	}
}
