package doctor

import (
	"fmt"
	"strings"

	"aadssh/internal/check"
	"aadssh/internal/facts"
	"aadssh/internal/fault"
	"aadssh/internal/host"
	"aadssh/internal/preflight"
	"aadssh/internal/signin/login"
	"aadssh/internal/text"
)

// How much space is needed: our estimate for lists, downloads and what is unpacked next to
// them. Below the first limit nothing works reliably, below the second it may become
// scarce.
const (
	roomFails = 32 * facts.MiB
	roomWarns = 256 * facts.MiB
	filesFail = 500 // inodes
)

// volume is one file system that the handler or the packages write to.
type volume struct {
	_ [0]func() // never compared: no code for == is linked

	path string
	host.Room
	err error
}

// statVolumes reads the file systems of the packages, their database, our state and the
// extension's status.
func statVolumes(h *host.Host, e *extension) []volume {
	var all []volume
	paths := []string{"/", "/etc", "/usr", "/var", "/var/lib", "/var/cache", "/var/log", "/tmp", "/run", "/home", host.StateDir}
	if e != nil && e.env.StatusFolder != "" {
		paths = append(paths, e.env.StatusFolder)
	}
	for _, path := range paths {
		room, err := h.Room(path)
		all = append(all, volume{path: path, Room: room, err: err})
	}
	return all
}

// disk reports the first file system that is full or cannot be written.
func disk(m *machine) []check.Result {
	worst := check.Result{Text: "There is room where packages and state are written."}
	for _, v := range m.volumes {
		r := v.assess()
		// People who have signed in here before still can: they only write to their home folders;
		// the other folders are needed for packages, and none is to be installed. What people
		// need who come for the first time has a check of its own.
		if r.Answer == check.Fail && (v.path == "/home" || preflight.InPlace(&m.Facts) && m.decision.Plan.Empty()) {
			r.Answer, r.Code, r.Next = check.Warn, fault.OK, strings.TrimSuffix(r.Next, fault.ThenAgain)
			if v.path == "/home" {
				r.Text += " People who come for the first time get no home folder."
			}
		}
		if r.Answer == check.Fail {
			return []check.Result{r}
		}
		if r.Answer == check.Warn && worst.Answer == check.Pass {
			worst = r
		}
	}
	return []check.Result{worst}
}

func (v volume) assess() check.Result {
	r := check.Result{}
	fail := func(what, next string) check.Result {
		return check.Result{Answer: check.Fail, Code: fault.Disk, Text: what, Next: next}
	}
	room := fmt.Sprintf("Make room: sudo du -xh --max-depth=2 %s | sort -h | tail"+fault.ThenAgain, v.path)
	switch {
	case v.err != nil:
		return r // the folder does not exist: this machine does not need it
	case v.ReadOnly && v.path != "/tmp":
		what := map[string]string{"/etc": "no account can be made and nothing can be installed", "/home": "nothing can be written there"}[v.path]
		return fail("The file system of "+v.path+" is mounted read-only, so "+text.Or(what, "nothing can be installed")+".",
			login.WritableAgain(v.path))
	case v.Sized && v.Others < roomFails && !strings.HasPrefix(v.path, "/run"):
		return fail(fmt.Sprintf("The file system of %s has only %d MiB left.", v.path, v.Others/facts.MiB), room)
	case v.Counted && v.Files < filesFail && !strings.HasPrefix(v.path, "/run"):
		return fail("The file system of "+v.path+" has only "+text.Counted(int(v.Files), "file")+" (inodes) left.", "See where they are: df -i "+v.path+"; sudo du --inodes -xS "+v.path+" | sort -n | tail")
	case v.Sized && v.Others < roomWarns && !strings.HasPrefix(v.path, "/run"):
		r.Answer, r.Text, r.Next = check.Warn, fmt.Sprintf("The file system of %s has only %d MiB left.", v.path, v.Others/facts.MiB), room
	}
	return r
}
