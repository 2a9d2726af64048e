package roots

import (
	"context"
	_ "embed"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"text/template"

	"aadssh/test/lib/box"
	"aadssh/test/lib/cache"
)

// Family is the package manager of a persona.
type Family string

// The families. yum and tdnf are dnf under another name: neither of the real programs is
// available from a Debian mirror, and dnf is the most similar to both.
const (
	Apt    Family = "apt"
	Dnf    Family = "dnf"
	Yum    Family = "yum"
	Tdnf   Family = "tdnf"
	Zypper Family = "zypper"
)

// Persona is a Debian userland that identifies as another distribution and only has that
// one's package manager. The package manager is real; of the other distribution's paths,
// PAM stacks and packages it has what the vendor's packages touch.
type Persona struct {
	Name      string // its name in tests: "ubuntu22.04"
	Suite     Suite  // the userland below
	Family    Family
	OSRelease string // content of /etc/os-release; "": the userland's own
	Release   string // version that the release package of an rpm distribution provides: "9.4"
}

// Like is a persona with the given os-release.
func Like(name string, suite Suite, family Family, osRelease string) Persona {
	p := Persona{Name: name, Suite: suite, Family: family, OSRelease: osRelease}
	for _, line := range strings.Split(osRelease, "\n") {
		if v, ok := strings.CutPrefix(strings.TrimSpace(line), "VERSION_ID="); ok {
			p.Release = strings.Trim(v, `"'`)
		}
	}
	return p
}

// Debian is Debian itself.
func Debian(suite Suite) Persona {
	version := map[Suite]string{Bullseye: "11", Bookworm: "12", Trixie: "13"}[suite]
	return Persona{Name: "debian" + version, Suite: suite, Family: Apt}
}

// Ubuntu is an Ubuntu release, on the userland that is closest in age.
func Ubuntu(version string) Persona {
	names := map[string]struct {
		code  string
		suite Suite
	}{
		"16.04": {"xenial", Bullseye}, "18.04": {"bionic", Bullseye}, "20.04": {"focal", Bullseye},
		"22.04": {"jammy", Bookworm}, "24.04": {"noble", Trixie}, "26.04": {"resolute", Trixie},
	}
	n := names[version]
	return Like("ubuntu"+version, n.suite, Apt, fmt.Sprintf(`NAME="Ubuntu"
VERSION="%[1]s LTS"
VERSION_ID="%[1]s"
VERSION_CODENAME=%[2]s
UBUNTU_CODENAME=%[2]s
ID=ubuntu
ID_LIKE=debian
PRETTY_NAME="Ubuntu %[1]s LTS"
`, version, n.code))
}

// RHEL is a release of Red Hat Enterprise Linux, "9.4".
func RHEL(version string) Persona {
	major, _, _ := strings.Cut(version, ".")
	suite, family := Bookworm, Dnf
	switch major {
	case "7":
		suite, family = Bullseye, Yum
	case "8":
		suite = Bullseye
	case "10":
		suite = Trixie
	}
	return Like("rhel"+version, suite, family, fmt.Sprintf(`NAME="Red Hat Enterprise Linux"
VERSION="%[1]s"
ID="rhel"
ID_LIKE="fedora"
VERSION_ID="%[1]s"
PLATFORM_ID="platform:el%[2]s"
PRETTY_NAME="Red Hat Enterprise Linux %[1]s"
`, version, major))
}

// SLES is a release of SUSE Linux Enterprise Server, "15.6".
func SLES(version string) Persona {
	major, pack, _ := strings.Cut(version, ".")
	suite := Bookworm
	if version >= "15.6" {
		suite = Trixie
	}
	return Like("sles"+version, suite, Zypper, fmt.Sprintf(`NAME="SLES"
VERSION="%[1]s-SP%[2]s"
VERSION_ID="%[3]s"
PRETTY_NAME="SUSE Linux Enterprise Server %[1]s SP%[2]s"
ID="sles"
ID_LIKE="suse"
`, major, pack, version))
}

// Layers are the persona's file system, topmost layer first, for box.New. What is missing
// in the cache is built.
func (p Persona) Layers(ctx context.Context, c cache.Cache) ([]string, error) {
	root, err := Get(ctx, c, p.Suite)
	if err != nil {
		return nil, err
	}
	recipe, err := json.Marshal(p)
	if err != nil {
		return nil, err
	}
	key := p.Name + "-" + cache.Key(string(recipe), baseSpec, yum3, tdnf3, filepath.Base(root), personaRecipe)
	layer, err := c.Make(ctx, "personas", key, func(dir string) error { return p.build(ctx, c, dir, root) })
	return []string{layer, root}, err
}

// personaRecipe has to be increased when the code below changes.
const personaRecipe = "6"

func (p Persona) build(ctx context.Context, c cache.Cache, dir, root string) error {
	l := newLayer(dir)
	if p.OSRelease != "" {
		l.write("/usr/lib/os-release", p.OSRelease)
		l.link("../usr/lib/os-release", "/etc/os-release")
	}
	dnf := []string{"/usr/bin/dnf", "/usr/bin/dnf-3"}
	if p.Suite == Forky {
		dnf = []string{"/usr/bin/dnf5"}
	}
	if p.Family == Apt {
		l.hide(append(dnf, "/usr/bin/zypper", "/usr/bin/rpm")...)
		if p.OSRelease != "" {
			l.hide("/etc/debian_version")
		}
		return l.err()
	}
	l.hide("/usr/bin/apt-get", "/usr/bin/apt", "/usr/bin/apt-cache", "/usr/bin/apt-mark",
		"/usr/bin/dpkg", "/usr/bin/dpkg-query", "/usr/sbin/pam-auth-update", "/etc/debian_version")
	l.write("/etc/rpm/macros", "%_dbpath /var/lib/rpm\n") // Debian's rpm defaults to ~/.rpmdb
	// There, 64-bit libraries are in lib64.
	l.write("/etc/ld.so.conf.d/lib64.conf", "/usr/lib64\n")
	l.link("/lib/"+triplet()+"/security", "/usr/lib64/security")
	switch p.Family {
	case Zypper:
		l.hide(dnf...)
		l.mkdir("/etc/zypp/repos.d")
		l.link("/etc/ssl/certs/ca-certificates.crt", "/etc/ssl/ca-bundle.pem")
	default:
		l.hide("/usr/bin/zypper")
		l.mkdir("/etc/yum.repos.d")
		l.write("/etc/dnf/dnf.conf", "[main]\ngpgcheck=1\nbest=True\nskip_if_unavailable=False\n")
		l.write("/etc/redhat-release", "Red Hat Enterprise Linux release "+p.Release+"\n")
		l.link("/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt")
		l.redHatPAM()
		switch p.Family {
		case Dnf:
			p.namesOfDnf(l)
		case Yum:
			l.hide("/usr/bin/dnf")
			l.program("/usr/bin/yum", yum3)
			l.write("/etc/yum.conf", "[main]\ncachedir=/var/cache/yum/$basearch/$releasever\nkeepcache=0\nexactarch=1\nobsoletes=1\ngpgcheck=1\nplugins=1\n")
		case Tdnf:
			l.hide("/usr/bin/dnf")
			l.program("/usr/bin/tdnf", tdnf3)
			l.write("/etc/tdnf/tdnf.conf", "[main]\ngpgcheck=1\ninstallonly_limit=3\nclean_requirements_on_remove=0\nrepodir=/etc/yum.repos.d\ncachedir=/var/cache/tdnf\nplugins=1\n")
			l.write("/etc/tdnf/pluginconf.d/tdnfrepogpgcheck.conf", "[main]\nenabled=1\n")
			l.write("/usr/lib/tdnf-plugins/tdnfrepogpgcheck/libtdnfrepogpgcheck.so", "")
		}
	}
	if err := l.err(); err != nil {
		return err
	}
	return p.bake(ctx, c, l, root)
}

// namesOfDnf gives dnf the names that it has on its own distributions. Debian only has the
// name dnf5 for dnf 5.
func (p Persona) namesOfDnf(l layer) {
	if p.Suite == Forky {
		l.link("dnf5", "/usr/bin/dnf")
		l.link("dnf5", "/usr/bin/yum")
		return
	}
	l.link("dnf-3", "/usr/bin/yum")
}

// redHatPAM gives sshd the stack of RHEL's openssh-server: the two files that the vendor's
// package edits there.
func (l layer) redHatPAM() {
	const stack = `auth        required      pam_env.so
auth        sufficient    pam_unix.so try_first_pass nullok
auth        required      pam_deny.so
account     required      pam_unix.so
password    sufficient    pam_unix.so try_first_pass use_authtok nullok
password    required      pam_deny.so
session     required      pam_limits.so
session     required      pam_unix.so
`
	l.write("/etc/pam.d/system-auth", stack)
	l.write("/etc/pam.d/password-auth", stack)
	l.write("/etc/pam.d/sshd", `auth       substack     password-auth
account    required     pam_nologin.so
account    include      password-auth
password   include      password-auth
session    required     pam_loginuid.so
session    include      password-auth
`)
}

//go:embed base.spec
var baseSpec string

// yum3 acts like yum 3, with dnf's solver and rpm's transactions.
//
//go:embed yum3
var yum3 string

// tdnf3 acts like tdnf 3, with dnf's solver and rpm's transactions.
//
//go:embed tdnf3
var tdnf3 string

// bake installs, with the persona's own rpm, an empty package that provides what a
// distribution's base system provides: without it nothing could be installed.
func (p Persona) bake(ctx context.Context, c cache.Cache, l layer, root string) error {
	work, err := os.MkdirTemp("", "base-rpm.")
	if err != nil {
		return err
	}
	defer os.RemoveAll(work)
	spec, err := template.New("").Parse(baseSpec)
	if err != nil {
		return err
	}
	major, _, _ := strings.Cut(p.Release, ".")
	var text strings.Builder
	if err := spec.Execute(&text, map[string]any{"Release": p.Release, "Major": major, "SUSE": p.Family == Zypper}); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(work, "base.spec"), []byte(text.String()), 0o644); err != nil {
		return err
	}
	build := exec.CommandContext(ctx, "rpmbuild", "-bb", "--quiet", "--define", "_topdir "+work, "--define", "_rpmdir "+work,
		"--define", "_rpmfilename base.rpm", filepath.Join(work, "base.spec"))
	if out, err := build.CombinedOutput(); err != nil {
		return fmt.Errorf("rpmbuild: %w\n%s", err, out)
	}
	b, err := box.New(ctx, c, box.Options{
		Layers: []string{l.dir, root},
		Binds:  []box.Bind{{From: filepath.Join(work, "base.rpm"), To: "/tmp/base.rpm"}},
	})
	if err != nil {
		return err
	}
	defer b.Close()
	r, err := b.Run(ctx, nil, "rpm", "-i", "--nodeps", "--noscripts", "--nosignature", "/tmp/base.rpm")
	if err != nil || r.ExitCode != 0 {
		return fmt.Errorf("install the base package: %v, exit %d\n%s", err, r.ExitCode, r.Output())
	}
	entries, err := b.ReadDir("/var/lib/rpm")
	if err != nil {
		return err
	}
	for _, e := range entries {
		content, err := b.ReadFile("/var/lib/rpm/" + e.Name())
		if err != nil {
			return err
		}
		l.write("/var/lib/rpm/"+e.Name(), string(content))
	}
	return l.err()
}

// triplet is Debian's name for this architecture's libraries.
func triplet() string {
	if runtime.GOARCH == "arm64" {
		return "aarch64-linux-gnu"
	}
	return "x86_64-linux-gnu"
}
