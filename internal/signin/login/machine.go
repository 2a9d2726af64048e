package login

import (
	"io/fs"
	"os"
	"slices"
	"sync"
	"time"

	"aadssh/internal/host"
	"aadssh/internal/signin/gate"
	"aadssh/internal/signin/pam"
)

// fileLimit is the largest size of a file that is read, in bytes: modules are the largest.
const fileLimit = 16 << 20

// PAMMachine gives libpam's stacks access to the machine. Each file is read once. service
// is sshd's service name in PAM; of mounts that are not known none forbids anything.
func PAMMachine(h *host.Host, service string, mounts host.Mounts) pam.Machine {
	var mu sync.Mutex
	read := map[string]gate.File{}
	m := pam.Machine{
		Service: service,
		File: func(path string) gate.File {
			mu.Lock()
			defer mu.Unlock()
			f, ok := read[path]
			if !ok {
				f = readFile(h, path)
				read[path] = f
			}
			return f
		},
		List: func(pattern string) []string {
			found := h.Glob(pattern)
			slices.Sort(found)
			return found
		},
		ReadOnly: mounts.ReadOnly,
		NoExec:   func(path string) bool { return mounts.NoExec(path) != "" },
		Now:      time.Now(),
		Lacks:    newLoader(h).lacksText,
	}
	m.Library = pam.ReadLibrary(libpam(h), h.Exists("/var/lib/dpkg"))
	return m
}

// libpam is the content of the library; nil if it was not found.
func libpam(h *host.Host) []byte {
	for _, d := range libraryDirs() {
		if text, err := h.ReadFile(d+"/libpam.so.0", fileLimit); err == nil {
			return text
		}
	}
	return nil
}

func readFile(h *host.Host, path string) gate.File {
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
		f.Text, f.Err = h.ReadFile(path, fileLimit)
	}
	return f
}
