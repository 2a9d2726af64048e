package repo

import (
	"bytes"
	"fmt"
	"net/url"
	"path"
	"strings"
	"unicode"

	"aadssh/distro"
	"aadssh/internal/fault"
	"aadssh/internal/grammar"
	"aadssh/internal/trust"
)

// The files that we add. All are named alike, so that people and uninstall
// find them.
const (
	aptFile = aptParts + "/aadsshlogin.list"
	yumFile = yumParts + "/aadsshlogin.repo"
	zypFile = zypParts + "/aadsshlogin.repo"
	aptKey  = "/usr/share/keyrings/aadsshlogin.gpg"
	// rpmKey is the same for zypper: rpm has no place of its own for keys on
	// SUSE, /usr/lib/rpm/gnupg/keys belongs to SUSE's own, and
	// /etc/pki/trust holds certificates of TLS, which this is not.
	rpmKey = "/etc/pki/rpm-gpg/RPM-GPG-KEY-aadsshlogin"
)

// DefinitionPath is where our definition of the repository goes.
func DefinitionPath(m distro.Manager) string {
	switch m {
	case distro.Apt:
		return aptFile
	case distro.Zypper:
		return zypFile
	default:
		return yumFile
	}
}

// KeyPath is where our keyring goes. Its folder may have to be made, with mode
// 0755.
func KeyPath(m distro.Manager) string {
	if m == distro.Apt {
		return aptKey
	}
	return rpmKey
}

// Key is the file of our keyring, in the form that the manager reads. Everybody
// may read it: apt drops its privileges before it does.
func Key(m distro.Manager, ring trust.Keyring) File {
	if m == distro.Apt {
		return File{Path: aptKey, Content: ring.Binary, Mode: 0o644}
	}
	return File{Path: rpmKey, Content: ring.Armored, Mode: 0o644}
}

// KeyAt is the keyring under a path that an entry of the owner's names: apt
// tells the two forms apart by the extension.
func KeyAt(m distro.Manager, ring trust.Keyring, path string) File {
	if m == distro.Apt && !strings.HasSuffix(path, ".asc") {
		return File{Path: path, Content: ring.Binary, Mode: 0o644}
	}
	return File{Path: path, Content: ring.Armored, Mode: 0o644}
}

// Options are what a definition depends on besides the distribution.
type Options struct {
	Base   string // of the package host or a mirror: "https://packages.microsoft.com"
	Mirror bool   // Base is a mirror of the owner's
	GOARCH string
	// OwnKey: a keyring of ours is there although the image brings the key
	// (distro.Repository.OnImage), because the owner named keys. Everywhere
	// else it always is.
	OwnKey bool
	Pinned bool // we have a key for the repository
}

// Desired is our definition of the repository. No proxy stands in it: a proxy's
// address may hold a password, and everybody may read the file.
//
// The error is a *fault.Fault with code SettingsInvalid: Base is not an address
// that can stand in such a file.
func Desired(t distro.Target, o Options) ([]File, error) {
	if err := checkBase(o.Base); err != nil {
		return nil, err
	}
	var b bytes.Buffer
	b.WriteString("# Written by aadsshlogin-handler, which rewrites it when it\n" +
		"# differs and removes it when it is removed itself.\n")
	if t.Manager == distro.Apt {
		fmt.Fprintf(&b, "deb [arch=%s signed-by=%s] %s %s %s\n",
			dpkgArch(o.GOARCH), aptKey, join(o.Base, t.Repository.Path), t.Repository.Suite, t.Repository.Component)
	} else {
		writeRepo(&b, t, o)
	}
	return []File{{Path: DefinitionPath(t.Manager), Content: b.Bytes(), Mode: 0o644}}, nil
}

// writeRepo writes the section of a .repo file.
func writeRepo(b *bytes.Buffer, t distro.Target, o Options) {
	setting := func(name string, value any) { fmt.Fprintf(b, "%s=%v\n", name, value) }
	fmt.Fprintf(b, "[%s]\n", t.Repository.ID)
	setting("name", t.Repository.Name)
	setting("baseurl", join(o.Base, t.Repository.Path))
	setting("enabled", 1)
	setting("gpgcheck", 1)
	// Written also where it is 0: a hardened machine may have 1 for all.
	setting("repo_gpgcheck", digit(t.Repository.MetadataSigned))
	setting("gpgkey", strings.Join(keyURLs(t, o), " "))
	if t.Manager == distro.Zypper {
		// With good metadata libzypp takes gpgcheck=1 as fulfilled and does not
		// look at the packages' signatures; it does with this.
		setting("pkg_gpgcheck", 1)
		// zypper has no skip_if_unavailable. Without automatic refreshes what
		// becomes of this repository does not touch other transactions.
		setting("type", "rpm-md")
		setting("autorefresh", 0)
		// Otherwise the package files are gone before a copy of them can be
		// put aside for repairs.
		setting("keeppackages", 1)
		return
	}
	setting("sslverify", 1)
	setting("skip_if_unavailable", 1)
	// A host that never answers costs the owner's own transactions twenty
	// seconds, and not two minutes: dnf tries four times.
	setting("timeout", 5)
	setting("retries", 1)
}

// KeyFiles are the files with the keys of our definition of a repository of rpm's,
// separated by blanks; "" for apt, which looks at signed-by itself.
func KeyFiles(t distro.Target, o Options) string {
	if t.Manager == distro.Apt {
		return ""
	}
	return localKeys(strings.Join(keyURLs(t, o), " "))
}

// KeyFiles are the same for an entry of the owner's: "" where its keys are not
// files of this machine, so that rpm's own database is what counts.
func (e Entry) KeyFiles() string { return localKeys(e.SignedBy) }

// localKeys are the files of a gpgkey setting; "" where one of the keys is elsewhere.
func localKeys(gpgkey string) string {
	var paths []string
	for _, key := range strings.FieldsFunc(gpgkey, func(r rune) bool { return r == ',' || unicode.IsSpace(r) }) {
		name, ok := strings.CutPrefix(key, "file://")
		if !ok || !grammar.Path(name) {
			return ""
		}
		paths = append(paths, name)
	}
	return strings.Join(paths, " ")
}

func keyURLs(t distro.Target, o Options) []string {
	var urls []string
	if image := t.Repository.OnImage; image != nil {
		for _, key := range image.Keys {
			urls = append(urls, "file://"+key)
		}
	}
	if o.OwnKey || t.Repository.OnImage == nil {
		urls = append(urls, "file://"+KeyPath(t.Manager))
	}
	return urls
}

func digit(on bool) int {
	if on {
		return 1
	}
	return 0
}

// checkBase refuses what would end the line in a repository file or put a
// password where everybody can read it.
func checkBase(base string) error {
	const next = "Give the address of the mirror in repository.baseUrl as https://host/path, without user, password, blanks and query."
	refuse := func(why string) error {
		return fault.New(fault.SettingsInvalid, "The setting repository.baseUrl cannot be used: "+why+".", next)
	}
	if strings.ContainsFunc(base, func(r rune) bool {
		return unicode.IsSpace(r) || unicode.IsControl(r) || strings.ContainsRune("#\"'\\$", r)
	}) {
		return refuse("it has a character that no repository file can hold")
	}
	u, err := url.Parse(base)
	switch {
	case err != nil:
		return refuse("it is not an address")
	case strings.ContainsAny(strings.Replace(base, "["+u.Hostname()+"]", "", 1), "[]"): // but around an IPv6 address
		return refuse("it has a character that no repository file can hold")
	case u.User != nil:
		return refuse("it holds a user or password, and everybody may read repository files")
	case u.RawQuery != "" || u.ForceQuery || u.Fragment != "":
		return refuse("it has a query or a fragment")
	case u.Scheme == "file" && u.Host == "" && path.IsAbs(u.Path):
		return nil
	case u.Scheme != "https" && u.Scheme != "http" || u.Host == "":
		return refuse("it is not an address of https, http or a local folder (file:///path)")
	}
	return nil
}

// join puts a path of the package host behind a base address.
func join(base, p string) string {
	return strings.TrimRight(base, "/") + "/" + strings.TrimLeft(p, "/")
}

// ours reports whether a file is one that we write.
func ours(file string) bool { return file == aptFile || file == yumFile || file == zypFile }

// dpkgArch is an architecture in dpkg's terms, which are Go's for the two that
// the table knows.
func dpkgArch(goarch string) string {
	if goarch == "386" {
		return "i386"
	}
	return goarch
}
