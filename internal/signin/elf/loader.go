package elf

import (
	"bytes"
	"io"
	"path"
	"strings"
	"sync"

	"aadssh/internal/host"
	"aadssh/internal/text"
)

// Loader searches libraries as the dynamic loader does, with a cache for one run: most
// modules need the same few, and a module is used in many stacks.
type Loader struct {
	People bool        // whether others than root can use the libraries is looked at too
	Closed host.Closed // what keeps them from the first library that they cannot use

	h     *host.Host
	mu    sync.Mutex
	files map[string]string // what each program or module lacks
	there map[string]found  // libraries by name if every program would find the same, others by path
	cache []byte            // the loader's own, once it was read
	read  bool
}

// found is the file of a library, and what it lacks itself.
type found struct {
	_ [0]func() // never compared: no code for == is linked

	file  string // "" if it was not found
	lacks string
}

// NewLoader is a loader without anything known.
func NewLoader(h *host.Host) *Loader {
	return &Loader{h: h, files: map[string]string{}, there: map[string]found{}}
}

// Lacks is the first library that a program or module needs, directly or through another
// library, and that the dynamic loader would not find (ld.so(8)): in the program's own
// folders, the loader's cache or the default folders. "" if nothing is missing, or if the
// file could not be opened.
func (l *Loader) Lacks(file string) (missing string, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	missing, known := l.files[file]
	if !known {
		missing, err = l.opened(file, nil)
		l.files[file] = missing
	}
	return missing, err
}

// Refused is why the kernel does not start a program, as a part of a sentence; "" if it does,
// or if it could not be read.
func (l *Loader) Refused(program string) string {
	head, err := l.h.ReadHead(program, 256)
	by := text.Interpreter(head)
	switch {
	case err != nil:
	case bytes.HasPrefix(head, []byte(littleEndian[:4])):
		if library, _ := l.Lacks(program); library != "" {
			return "needs " + library + ", which is not on this machine"
		}
	case by == "":
		return "is no program"
	case !l.h.Exists(by):
		return "is a script for " + text.Name(by) + ", which is not there"
	}
	return ""
}

// opened is missing for a file by its name.
func (l *Loader) opened(file string, within []string) (missing string, err error) {
	content, err := l.h.Open(file)
	if err == nil {
		missing = l.missing(file, content, within)
		_ = content.Close() // it was only read
	}
	return missing, err
}

// missing checks the libraries that a file names. within are the folders of the files that
// need it: DT_RPATH also applies to the libraries of libraries. That DT_RUNPATH does not is
// ignored, so that no library is reported as missing that is found.
func (l *Loader) missing(file string, content io.ReaderAt, within []string) string {
	libraries, own := Needs(content)
	folders := within
	for _, folder := range own {
		folders = append(folders[:len(folders):len(folders)], strings.NewReplacer("$ORIGIN", path.Dir(file), "${ORIGIN}", path.Dir(file)).Replace(folder))
	}
	for _, library := range libraries {
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

// common is a library that every program finds in the same place.
func (l *Loader) common(library string) found {
	if one, known := l.there[library]; known {
		return one
	}
	file := l.cached(library)
	for _, folder := range LibraryDirs() {
		if at := path.Join(folder, library); file == "" && l.h.Exists(at) {
			file = at
		}
	}
	return l.at(library, file, nil)
}

// at is a library in a file. What it needs is checked once; if a library needs itself in a
// circle, it counts as found.
func (l *Loader) at(key, file string, folders []string) found {
	one, known := l.there[key]
	if known {
		return one
	}
	one.file = file
	l.there[key] = one
	if file == "" {
		return one
	}
	if l.People && l.Closed.Path == "" {
		l.Closed = l.h.ClosedAt(file, 0o004, 8)
	}
	one.lacks, _ = l.opened(file, folders) // what cannot be read is not judged
	l.there[key] = one
	return one
}

// cached is the file that the loader's cache names for a library, if that file exists.
func (l *Loader) cached(library string) string {
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

// LibraryDirs are the dynamic loader's default folders on the distributions.
func LibraryDirs() []string {
	return []string{"/lib64", "/usr/lib64", "/lib", "/usr/lib",
		"/lib/x86_64-linux-gnu", "/lib/aarch64-linux-gnu",
		"/usr/lib/x86_64-linux-gnu", "/usr/lib/aarch64-linux-gnu"}
}
