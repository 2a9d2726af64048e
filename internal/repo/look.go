package repo

import (
	"bytes"
	"errors"
	"io/fs"
	"path"
	"slices"
	"strings"

	"aadssh/distro"
	"aadssh/internal/grammar"
	"aadssh/internal/host"
)

// The repository files of the package managers: sources.list(5), yum.conf(5), zypper(8).
const (
	aptMain  = "/etc/apt/sources.list"
	aptParts = "/etc/apt/sources.list.d"
	yumParts = "/etc/yum.repos.d"
	zypParts = "/etc/zypp/repos.d"
)

// maxFile is the largest size of a repository file that is read, in bytes.
const maxFile = 1 << 20

// Entries reads the configured repositories of a package manager. A file that cannot be read
// becomes a problem; the rest is returned all the same.
func Entries(h *host.Host, m distro.Manager) ([]Entry, []Problem) {
	if m == distro.Apt {
		return AptEntries(h)
	}
	return RPMEntries(h, m)
}

// AptEntries reads sources.list and sources.list.d. An entry whose key file is missing does
// not verify.
func AptEntries(h *host.Host) ([]Entry, []Problem) {
	var entries []Entry
	var problems []Problem
	if text, problem := read(h, aptMain); problem != nil {
		problems = append(problems, *problem)
	} else {
		entries, problems = ParseSourcesList(aptMain, text)
	}
	parts, partProblems := readParts(h, aptParts, []string{".list", ".sources"}, func(file string, text []byte) ([]Entry, []Problem) {
		if strings.HasSuffix(file, ".list") {
			return ParseSourcesList(file, text)
		}
		return ParseDeb822(file, text)
	})
	entries, problems = append(entries, parts...), append(problems, partProblems...)
	for i := range entries {
		if file := missingKey(h, entries[i]); file != "" {
			entries[i].Verifies, entries[i].Why = false, "its key file "+shown(file)+" is not there"
			entries[i].MissingKey = free(h, file)
		}
	}
	return entries, problems
}

// free is the path if nothing exists there, not even a broken link, and a plain key file
// may be written there; otherwise "".
func free(h *host.Host, file string) string {
	if _, err := h.Lstat(file); !grammar.Path(file) || !errors.Is(err, fs.ErrNotExist) {
		return ""
	}
	return file
}

// missingKey is the file in signed-by or gpgkey that is missing on the machine; empty if
// there is none, and for an entry that does not verify.
func missingKey(h *host.Host, e Entry) string {
	if !e.Verifies {
		return ""
	}
	return KeyGone(h, e)
}

// Keys are the keys that an entry names: files and addresses, without fingerprints.
func (e *Entry) Keys() []string {
	if e.SignedBy == InlineKey {
		return nil
	}
	return words(e.SignedBy)
}

// KeyGone is a key file that an entry names and that is missing on the machine; "" if there
// is none.
func KeyGone(h *host.Host, e Entry) string {
	for _, key := range e.Keys() {
		key = strings.TrimPrefix(key, "file://")
		if strings.HasPrefix(key, "/") {
			if _, err := h.Stat(key); errors.Is(err, fs.ErrNotExist) {
				return key
			}
		}
	}
	return ""
}

// RPMEntries reads the .repo files of an rpm-based manager.
func RPMEntries(h *host.Host, m distro.Manager) ([]Entry, []Problem) {
	d := dialectOf(m)
	if m == distro.Dnf && isDnf5(h) {
		d.read = readDnf5
	}
	dir, gpgcheck := yumParts, d.checksByDefault(h, m)
	if m == distro.Zypper {
		dir = zypParts
	}
	entries, problems := readParts(h, dir, []string{".repo"}, func(file string, text []byte) ([]Entry, []Problem) {
		return d.parse(file, text, gpgcheck)
	})
	for i := range entries { // the manager may have the keys all the same, because it imports them only once
		entries[i].MissingKey = free(h, missingKey(h, entries[i]))
	}
	return entries, problems
}

// checksByDefault is whether a manager checks packages of a repository that does not say
// so: off in yum and dnf, on in zypper, unless their configuration file says otherwise; on
// in tdnf, whatever its file says.
func (d dialect) checksByDefault(h *host.Host, m distro.Manager) bool {
	var config string
	switch m {
	case distro.Tdnf:
		return true
	case distro.Zypper:
		config = "/etc/zypp/zypp.conf"
	case distro.Yum:
		config = "/etc/yum.conf"
	default:
		config = "/etc/dnf/dnf.conf"
	}
	builtIn := m == distro.Zypper
	text, problem := read(h, config)
	if problem != nil {
		return builtIn
	}
	all, _ := d.read(string(text))
	for _, s := range all {
		if value, set := s.values["gpgcheck"]; set && s.id == "main" {
			if m == distro.Zypper {
				return !no(value) // zypp.conf(5)
			}
			if is, known := d.truth(value); known {
				return is
			}
		}
	}
	return builtIn
}

// readParts reads the files in a folder, in the order of their names.
func readParts(h *host.Host, dir string, extensions []string, parse func(string, []byte) ([]Entry, []Problem)) ([]Entry, []Problem) {
	files, err := h.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, []Problem{{File: dir, What: "it cannot be read: " + reason(err)}}
	}
	var entries []Entry
	var problems []Problem
	for _, f := range files {
		if !slices.Contains(extensions, path.Ext(f.Name())) || f.IsDir() {
			continue
		}
		file := path.Join(dir, f.Name())
		text, problem := read(h, file)
		if problem != nil {
			problems = append(problems, *problem)
			continue
		}
		some, wrong := parse(file, text)
		entries = append(entries, some...)
		problems = append(problems, wholeFile(file, text, len(some), wrong)...)
	}
	return entries, problems
}

// wholeFile adds what is wrong with a file as a whole. A failed installation of the
// vendor's handler leaves an empty file or a web page in place of its repository file
// (MicrosoftDocs/azure-docs#11997).
func wholeFile(file string, text []byte, entries int, wrong []Problem) []Problem {
	// A file that its manager rejects because of one line may contain entries that people
	// need.
	owned := bytes.HasPrefix(text, []byte("[")) || bytes.Contains(text, []byte("\n["))
	if refused := slices.ContainsFunc(wrong, func(p Problem) bool { return p.Refused }); refused && owned {
		return wrong
	}
	if entries > 0 || !leftoverName(path.Base(file)) {
		return wrong
	}
	if len(wrong) == 0 && len(bytes.TrimSpace(text)) > 0 && bytes.TrimSpace(text)[0] != '<' {
		return nil // only comments: somebody has turned it off, and may want it back
	}
	what := "it configures no repository: the rest of an earlier installation"
	switch trimmed := bytes.TrimSpace(text); {
	case len(trimmed) == 0:
		what = "it is empty: the rest of an earlier installation"
	case trimmed[0] == '<':
		what = "it holds a web page: the rest of an earlier installation"
	}
	return []Problem{{File: file, What: what, Leftover: true}}
}

// leftoverName reports whether a file has the name of ours, or of one that the vendor's
// handler 1.0.2385.1 wrote.
func leftoverName(name string) bool {
	switch strings.TrimSuffix(strings.TrimSuffix(strings.TrimSuffix(name, ".list"), ".sources"), ".repo") {
	case "aadsshlogin", "microsoft-prod", "mariner-official-extras":
		return true
	}
	return false
}

// read reads a file; nil without a problem if it is missing.
func read(h *host.Host, file string) ([]byte, *Problem) {
	text, err := h.ReadFile(file, maxFile)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, &Problem{File: file, What: "it cannot be read: " + reason(err)}
	}
	return text, nil
}

// reason is an error without the path, which the text already has.
func reason(err error) string {
	var p *fs.PathError
	if errors.As(err, &p) {
		return p.Err.Error()
	}
	return err.Error()
}
