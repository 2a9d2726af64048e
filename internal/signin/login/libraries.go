package login

import (
	"bytes"
	"io"
	"path"
	"strings"
	"sync"

	"aadssh/internal/host"
	"aadssh/internal/signin/elf"
)

// loader looks for libraries as the dynamic loader does, during one look: most
// modules name the same few, and a module stands in many stacks.
type loader struct {
	h     *host.Host
	mu    sync.Mutex
	files map[string]string // what each program or module lacks
	there map[string]found  // libraries by name where every program looks, others by path
	cache []byte            // the loader's own, once it was read
	read  bool
}

// found is where a library is, and what it lacks itself, as it turned out.
type found struct {
	file  string // "" where it is nowhere
	lacks string
}

func newLoader(h *host.Host) *loader {
	return &loader{h: h, files: map[string]string{}, there: map[string]found{}}
}

// lacks is the first library that a program or module needs, itself or by a
// library that it needs, and that is nowhere that the dynamic loader looks
// (ld.so(8)): its own folders, those of the loader's cache, the default ones. ""
// where it has all.
func (l *loader) lacks(file string, content io.ReaderAt) string {
	l.mu.Lock()
	defer l.mu.Unlock()
	missing, known := l.files[file]
	if !known {
		missing = l.missing(file, content, nil)
		l.files[file] = missing
	}
	return missing
}

// lacksText is lacks of a file that was read.
func (l *loader) lacksText(file string, content []byte) string {
	return l.lacks(file, bytes.NewReader(content))
}

// missing goes through what a file names. within are the folders of those that
// need it: DT_RPATH is looked in for their libraries' libraries too, and that
// DT_RUNPATH is not is left out of account, so that nothing is called missing
// that is there.
func (l *loader) missing(file string, content io.ReaderAt, within []string) string {
	folders := within
	for _, folder := range elf.Paths(content) {
		folders = append(folders[:len(folders):len(folders)], strings.NewReplacer("$ORIGIN", path.Dir(file), "${ORIGIN}", path.Dir(file)).Replace(folder))
	}
	for _, library := range elf.Needed(content) {
		if strings.Contains(library, "/") {
			if !l.h.Exists(library) {
				return library
			}
			continue
		}
		one := l.common(library)
		for _, folder := range folders {
			if at := path.Join(folder, library); l.h.Exists(at) {
				one = l.at(at, at, folders)
				break
			}
		}
		switch {
		case one.file == "":
			return library
		case one.lacks != "":
			return one.lacks
		}
	}
	return ""
}

// common is a library where every program looks.
func (l *loader) common(library string) found {
	if one, known := l.there[library]; known {
		return one
	}
	file := l.cached(library)
	for _, folder := range libraryDirs() {
		if at := path.Join(folder, library); file == "" && l.h.Exists(at) {
			file = at
		}
	}
	return l.at(library, file, nil)
}

// at is a library in a file. What it needs is looked for once; one that needs it
// in turn, while that goes on, finds it there.
func (l *loader) at(key, file string, folders []string) found {
	one, known := l.there[key]
	if known {
		return one
	}
	one.file = file
	l.there[key] = one
	if file == "" {
		return one
	}
	content, err := l.h.Open(file)
	if err != nil {
		return one // what cannot be read is not judged
	}
	defer content.Close()
	one.lacks = l.missing(file, content, folders)
	l.there[key] = one
	return one
}

// cached is the file that the loader's cache names for a library, where that is
// there.
func (l *loader) cached(library string) string {
	if !l.read {
		l.cache, _ = l.h.ReadFile("/etc/ld.so.cache", 16<<20)
		l.read = true
	}
	if l.cache == nil {
		for _, at := range l.h.Glob("/usr/lib*/glibc-hwcaps/*/" + library) {
			return at
		}
		return ""
	}
	end := []byte("/" + library + "\x00")
	for rest := l.cache; ; {
		at := bytes.Index(rest, end)
		if at < 0 {
			return ""
		}
		begin := bytes.LastIndexByte(rest[:at], 0) + 1
		if file := string(rest[begin : at+len(end)-1]); l.h.Exists(file) {
			return file
		}
		rest = rest[at+len(end):]
	}
}
