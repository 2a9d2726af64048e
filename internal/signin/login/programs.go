package login

import (
	"crypto/md5"
	"crypto/sha256"
	"encoding/hex"
	"maps"
	"path"
	"slices"
	"strings"

	"aadssh/internal/check"
	"aadssh/internal/host"
	"aadssh/internal/signin/gate"
)

// programs are the files of the package that are run or loaded at a sign-in.
func programs() []string {
	return []string{path.Base(certHandler), path.Base(addUser), PAMModule, nssLibrary}
}

// Programs says whether these match the package database.
type Programs struct {
	Known    bool     // the database has digests of them
	Differ   []string // those with other content
	Diverted []string // those that dpkg stores under another name because an administrator said so (dpkg-divert(1))
}

// ComparePrograms compares the files of an installed package with their digests: those that
// rpm printed, or those in dpkg's own list.
func ComparePrograms(h *host.Host, name string, digests map[string]string) Programs {
	if digests == nil {
		digests = dpkgDigests(h, name)
	}
	p := Programs{Diverted: diverted(h)}
	for file, digest := range digests {
		if !slices.Contains(programs(), path.Base(file)) {
			continue
		}
		p.Known = true
		text, err := h.ReadFile(file, fileLimit)
		if err != nil {
			continue // a missing file is reported elsewhere
		}
		if got := digestOf(text, len(digest)); got != "" && !strings.EqualFold(got, digest) {
			p.Differ = append(p.Differ, file)
		}
	}
	slices.Sort(p.Differ)
	return p
}

// digestOf is the digest with this number of hexadecimal digits: MD5, or SHA-256 in rpm
// since RHEL 6 and SLES 12. "" for another kind.
func digestOf(text []byte, digits int) string {
	switch digits {
	case 2 * md5.Size:
		sum := md5.Sum(text)
		return hex.EncodeToString(sum[:])
	case 2 * sha256.Size:
		sum := sha256.Sum256(text)
		return hex.EncodeToString(sum[:])
	}
	return ""
}

// dpkgDigests reads dpkg's list of a package's files; the architecture may be part of the
// package's name (dpkg-query(1), --control-path).
func dpkgDigests(h *host.Host, name string) map[string]string {
	const folder = "/var/lib/dpkg/info/"
	out := digestsIn(h, folder+name+".md5sums")
	if len(out) > 0 {
		return out
	}
	// The name contains the architecture if the package can be installed for several. The
	// folder has thousands of files.
	for _, list := range h.Glob(folder + name + ":*.md5sums") {
		maps.Copy(out, digestsIn(h, list))
	}
	return out
}

// digestsIn are the digests in one of dpkg's lists, by path.
func digestsIn(h *host.Host, list string) map[string]string {
	out := map[string]string{}
	text, _ := h.ReadFile(list, 1<<20) // without it there are none
	for line := range strings.Lines(string(text)) {
		if digest, file, ok := strings.Cut(strings.TrimSpace(line), " "); ok {
			out[path.Join("/", strings.TrimSpace(file))] = digest
		}
	}
	return out
}

// diverted are our files in dpkg's list of diversions, which has three lines for each: the
// name, the other name, and the package.
func diverted(h *host.Host) (files []string) {
	text, err := h.ReadFile("/var/lib/dpkg/diversions", 1<<20)
	if err != nil {
		return nil
	}
	lines := strings.Split(string(text), "\n")
	for i := 0; i+2 < len(lines); i += 3 {
		if slices.Contains(programs(), path.Base(lines[i])) {
			files = append(files, lines[i])
		}
	}
	return files
}

// Assess is the result of the check. kept means that the file of the installed version was
// kept, from which the package can be reinstalled without network.
func (p Programs) Assess(name, version string, kept bool) check.Result {
	a := gate.Answer{Text: "The sign-in programs are those of the package."}
	switch {
	case len(p.Diverted) > 0:
		a.Remark, a.File = true, p.Diverted[0]
		a.Text = p.Diverted[0] + " is not the package's: dpkg puts that one under another name, by a diversion of the machine's owner."
		a.Next = "See whose: dpkg-divert --list " + p.Diverted[0] + ". To have the package's own again: sudo dpkg-divert --rename --remove " + p.Diverted[0]
	case len(p.Differ) > 0 && kept:
		a.Outcome, a.Part, a.File = gate.Out, check.Files, p.Differ[0]
		a.Text = strings.Join(p.Differ, " and ") + " is not as " + name + " " + version + " installed it, so what it does at a sign-in is nobody's word."
		a.Next = "Reinstall the package " + name + " with the machine's package manager."
	case len(p.Differ) > 0:
		a.Outcome, a.File, a.Decides = gate.NotKnown, p.Differ[0], p.Differ[0]+", which was changed"
		a.Text = strings.Join(p.Differ, " and ") + " is not as " + name + " " + version + " installed it; the package's file of that version was not kept, so it is left as it is."
		a.Next = "If that change was not yours, reinstall the package " + name + " with the machine's package manager."
	case !p.Known:
		a.Text = "The package database keeps no digests of the sign-in programs."
	}
	return a.Result()
}
