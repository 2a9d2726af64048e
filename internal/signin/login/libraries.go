package login

import (
	"bytes"
	"path"
	"slices"
	"strings"

	"aadsshlogin-handler/internal/host"
	"aadsshlogin-handler/internal/signin/elf"
)

// lacks is the first library that a program or module names and that is nowhere
// that the dynamic loader looks (ld.so(8)): its own folders, those of the
// loader's cache, the default ones. "" where it has all.
func lacks(h *host.Host, file string, content []byte) string {
	var own []string
	for _, folder := range elf.Paths(content) {
		own = append(own, strings.NewReplacer("$ORIGIN", path.Dir(file), "${ORIGIN}", path.Dir(file)).Replace(folder))
	}
	for _, library := range elf.Needed(content) {
		in := func(folder string) bool { return h.Exists(path.Join(folder, library)) }
		switch {
		case strings.Contains(library, "/") && h.Exists(library):
		case strings.Contains(library, "/"):
			return library
		case !slices.ContainsFunc(append(own, libraryDirs()...), in) && !cached(h, library):
			return library
		}
	}
	return ""
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
