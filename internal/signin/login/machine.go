package login

import (
	"io/fs"
	"os"
	"slices"
	"sync"
	"time"

	"aadssh/internal/host"
	"aadssh/internal/signin/elf"
	"aadssh/internal/signin/gate"
	"aadssh/internal/signin/pam"
)

// fileLimit is the largest size of a file that is read, in bytes: modules are the largest.
const fileLimit = 16 << 20

// PAMMachine gives libpam's stacks access to the machine. Each file is read once. service
// is sshd's service name in PAM; of mounts that are not known none forbids anything.
func PAMMachine(h *host.Host, service string, mounts host.Mounts) pam.Machine {
	libraries := elf.NewLoader(h)
	m := pam.Machine{
		Service: service,
		File:    once(h, whole),
		Module:  once(h, names),
		List: func(pattern string) []string {
			found := h.Glob(pattern)
			slices.Sort(found)
			return found
		},
		ReadOnly: mounts.ReadOnly,
		NoExec:   func(path string) bool { return mounts.NoExec(path) != "" },
		Now:      time.Now(),
		Lacks: func(module string) string {
			library, _ := libraries.Lacks(module) // what cannot be read is not judged
			return library
		},
	}
	m.Library = pam.ReadLibrary(libpam(h), h.Exists("/var/lib/dpkg"))
	return m
}

// libpam is the content of the library; nil if it was not found.
func libpam(h *host.Host) []byte {
	for _, d := range elf.LibraryDirs() {
		if text, err := h.ReadFile(d+"/libpam.so.0", fileLimit); err == nil {
			return text
		}
	}
	return nil
}

// once reads each file once.
func once(h *host.Host, content func(*host.Host, string) ([]byte, error)) func(path string) gate.File {
	var mu sync.Mutex
	known := map[string]gate.File{}
	return func(path string) gate.File {
		mu.Lock()
		defer mu.Unlock()
		f, ok := known[path]
		if !ok {
			f = readAs(h, path, content)
			known[path] = f
		}
		return f
	}
}

func readFile(h *host.Host, path string) gate.File {
	return readAs(h, path, whole)
}

// whole is the content of a file.
func whole(h *host.Host, path string) ([]byte, error) { return h.ReadFile(path, fileLimit) }

// names is no more of a module than decides whether libpam can use it, because pam_systemd
// alone has half a megabyte; the whole of what is no module.
func names(h *host.Host, path string) ([]byte, error) {
	module, err := h.Open(path)
	if err != nil {
		return nil, err
	}
	defer module.Close()
	if names := elf.Names(module); names != nil {
		return names, nil
	}
	return whole(h, path)
}

// readAs reads a file, and what the file system says of it.
func readAs(h *host.Host, path string, content func(*host.Host, string) ([]byte, error)) gate.File {
	if path == "" { // the folder that a name is appended to
		return gate.File{Err: fs.ErrNotExist}
	}
	info, err := h.Lstat(path)
	if err != nil {
		return gate.File{Err: err}
	}
	f := gate.File{Link: info.Mode()&fs.ModeSymlink != 0}
	if info, err = h.Stat(path); err != nil {
		f.Err = err
		return f
	}
	f.Mode = info.Mode()
	f.UID, f.GID = owners(info)
	switch {
	case info.IsDir():
	case info.Mode()&os.ModeCharDevice != 0: // as empty as /dev/null
	default:
		f.Text, f.Err = content(h, path)
	}
	return f
}
