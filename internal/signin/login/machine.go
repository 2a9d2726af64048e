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

// fileLimit is how much of a file is read, in bytes: modules are the largest.
const fileLimit = 16 << 20

// PAMMachine is the machine as libpam's stacks are judged from it. Each file is
// read once. service is PAM's name for sshd.
func PAMMachine(h *host.Host, service string) pam.Machine {
	var mu sync.Mutex
	read := map[string]gate.File{}
	mounts, _ := h.Mounts() // where they are not known, none forbids anything
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

// libpam is the text of the library; nil where it was not found.
func libpam(h *host.Host) []byte {
	for _, d := range libraryDirs() {
		if text, err := h.ReadFile(d+"/libpam.so.0", fileLimit); err == nil {
			return text
		}
	}
	return nil
}

func readFile(h *host.Host, path string) gate.File {
	if path == "" { // which is the folder that a name is put behind, here
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
