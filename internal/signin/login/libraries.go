package login

import (
	"bytes"
	"path"
	"slices"
	"strings"
	"sync"

	"aadsshlogin-handler/internal/host"
	"aadsshlogin-handler/internal/signin/elf"
)

// loader looks for libraries as the dynamic loader does, during one look: most
// modules name the same few, and a module stands in many stacks.
type loader struct {
	h     *host.Host
	mu    sync.Mutex
	files map[string]string // what each file lacks
	there map[string]bool   // whether a library is in the default folders or in the cache
}

func newLoader(h *host.Host) *loader {
	return &loader{h: h, files: map[string]string{}, there: map[string]bool{}}
}

// lacks is the first library that a program or module names and that is nowhere
// that the dynamic loader looks (ld.so(8)): its own folders, those of the
// loader's cache, the default ones. "" where it has all.
func (l *loader) lacks(file string, content []byte) string {
	l.mu.Lock()
	defer l.mu.Unlock()
	missing, known := l.files[file]
	if !known {
		missing = l.missing(file, content)
		l.files[file] = missing
	}
	return missing
}

func (l *loader) missing(file string, content []byte) string {
	var own []string
	for _, folder := range elf.Paths(content) {
		own = append(own, strings.NewReplacer("$ORIGIN", path.Dir(file), "${ORIGIN}", path.Dir(file)).Replace(folder))
	}
	for _, library := range elf.Needed(content) {
		in := func(folder string) bool { return l.h.Exists(path.Join(folder, library)) }
		switch {
		case strings.Contains(library, "/") && l.h.Exists(library):
		case strings.Contains(library, "/"):
			return library
		case !slices.ContainsFunc(own, in) && !l.has(library):
			return library
		}
	}
	return ""
}

// has says whether a library is where every program looks.
func (l *loader) has(library string) bool {
	there, known := l.there[library]
	if !known {
		in := func(folder string) bool { return l.h.Exists(path.Join(folder, library)) }
		there = slices.ContainsFunc(libraryDirs(), in) || cached(l.h, library)
		l.there[library] = there
	}
	return there
}

// cached says whether the loader's cache names a file for a library that is there.
func cached(h *host.Host, library string) bool {
	cache, err := h.ReadFile("/etc/ld.so.cache", 16<<20)
	if err != nil {
		return len(h.Glob("/usr/lib*/glibc-hwcaps/*/"+library)) > 0
	}
	end := []byte("/" + library + "\x00")
	for {
		at := bytes.Index(cache, end)
		if at < 0 {
			return false
		}
		begin := bytes.LastIndexByte(cache[:at], 0) + 1
		if h.Exists(string(cache[begin : at+len(end)-1])) {
			return true
		}
		cache = cache[at+len(end):]
	}
}
