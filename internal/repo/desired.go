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

// The files that we add. Their names are similar, so that people and uninstall find them.
const (
	aptFile = aptParts + "/aadsshlogin.list"
	yumFile = yumParts + "/aadsshlogin.repo"
	zypFile = zypParts + "/aadsshlogin.repo"
	aptKey  = "/usr/share/keyrings/aadsshlogin.gpg"
	// rpmKey is the key file for zypper: on SUSE rpm has no folder of its own for keys,
	// /usr/lib/rpm/gnupg/keys belongs to SUSE, and /etc/pki/trust is for TLS certificates.
	rpmKey = "/etc/pki/rpm-gpg/RPM-GPG-KEY-aadsshlogin"
)

// DefinitionPath is the path of our definition of the repository.
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

// KeyPath is the path of our keyring. Its folder may have to be created, with mode 0755.
func KeyPath(m distro.Manager) string {
	if m == distro.Apt {
		return aptKey
	}
	return rpmKey
}

// Key is the file with our keyring, in the format of the package manager. It is readable
// for everybody, because apt drops its privileges before it reads the file.
func Key(m distro.Manager, ring trust.Keyring) File {
	if m == distro.Apt {
		return File{Path: aptKey, Content: ring.Binary, Mode: 0o644}
	}
	return File{Path: rpmKey, Content: ring.Armored, Mode: 0o644}
}

// KeyAt is the keyring at the path that an administrator's entry names: apt recognizes the
// two formats by the extension.
func KeyAt(m distro.Manager, ring trust.Keyring, path string) File {
	if m == distro.Apt && !strings.HasSuffix(path, ".asc") {
		return File{Path: path, Content: ring.Binary, Mode: 0o644}
	}
	return File{Path: path, Content: ring.Armored, Mode: 0o644}
}

// Options are the inputs of a definition besides the distribution.
type Options struct {
	Base   string // address of the package host or a mirror: "https://packages.microsoft.com"
	Mirror bool   // Base is a mirror from the settings
	GOARCH string
	// OwnKey: there is a keyring of ours although the image includes the key
	// (distro.Repository.OnImage), because keys are given in the settings. Everywhere else
	// there always is one.
	OwnKey bool
	Pinned bool // we have a key for the repository
}

// Desired is our definition of the repository. It never has a proxy: a proxy's address may
// contain a password, and everybody can read the file.
//
// The error is a *fault.Fault with code SettingsInvalid: Base is not an address that is
// safe in such a file.
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
	// It is also written if it is 0: a hardened machine may have 1 as the default.
	setting("repo_gpgcheck", digit(t.Repository.MetadataSigned))
	setting("gpgkey", strings.Join(keyURLs(t, o), " "))
	if t.Manager == distro.Zypper {
		// If the metadata is valid, libzypp treats gpgcheck=1 as fulfilled and does not
		// check the packages' signatures; with this it does.
		setting("pkg_gpgcheck", 1)
		// zypper has no skip_if_unavailable. Without automatic refreshes, problems of this
		// repository do not affect other transactions.
		setting("type", "rpm-md")
		setting("autorefresh", 0)
		// Otherwise the package files are removed before they can be copied for repairs.
		setting("keeppackages", 1)
		return
	}
	setting("sslverify", 1)
	setting("skip_if_unavailable", 1)
	// This limits the delay that a host which never answers adds to other transactions to
	// twenty seconds instead of two minutes: dnf tries four times.
	setting("timeout", 5)
	setting("retries", 1)
}

// KeyFiles are the files with the keys of our definition of an rpm repository, separated by
// blanks; "" for apt, which evaluates signed-by itself.
func KeyFiles(t distro.Target, o Options) string {
	if t.Manager == distro.Apt {
		return ""
	}
	return localKeys(strings.Join(keyURLs(t, o), " "))
}

// KeyFiles are the same for an administrator's entry: "" if its keys are not files on this
// machine, so that rpm's own database counts.
func (e *Entry) KeyFiles() string { return localKeys(e.SignedBy) }

// localKeys are the files in a gpgkey setting; "" if one of the keys is not a file.
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

// checkBase rejects an address that would end the line in a repository file, or would put a
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
	case strings.ContainsAny(strings.Replace(base, "["+u.Hostname()+"]", "", 1), "[]"): // except around an IPv6 address
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

// join appends a path of the package host to a base address.
func join(base, p string) string {
	return strings.TrimRight(base, "/") + "/" + strings.TrimLeft(p, "/")
}

// ours reports whether a file is one that we write.
func ours(file string) bool { return file == aptFile || file == yumFile || file == zypFile }

// dpkgArch is dpkg's name of an architecture, which equals Go's for the two in the table.
func dpkgArch(goarch string) string {
	if goarch == "386" {
		return "i386"
	}
	return goarch
}
