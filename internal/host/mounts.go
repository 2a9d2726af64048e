package host

import (
	"os"
	"path"
	"slices"
	"strconv"
	"strings"
)

// mount is one line of mountinfo.
type mount struct {
	Point   string
	Options []string
}

// Mounts are the mounted file systems of the machine, in the order in which they were
// mounted.
type Mounts struct {
	host  *Host // whose links lead to them; nil: links are not followed
	all   []mount
	known map[string]string // what h.resolved found
}

// Mounts reads the mounted file systems of the machine, which are those of its first
// process: the watch runs in a mount namespace in which nearly everything is read-only.
func (h *Host) Mounts() (Mounts, error) {
	text, err := h.ReadFile("/proc/1/mountinfo", 16<<20)
	if err != nil {
		text, err = h.ReadFile("/proc/self/mountinfo", 16<<20)
	}
	if err != nil {
		return Mounts{}, err
	}
	return Mounts{h, parseMounts(text), map[string]string{}}, nil
}

// ReadOnlyHereAlone reports whether name, which is read-only to this process, is on a file
// system of the machine that can be written.
func (h *Host) ReadOnlyHereAlone(name string) bool {
	mounts, err := h.Mounts()
	return err == nil && mounts.of(name) != nil && !mounts.ReadOnly(name)
}

// parseMounts reads mountinfo (proc(5)): the fifth field is the mount point with blanks as
// octal numbers, the sixth the options of this mount, the last those of the file system. It
// accepts any input.
func parseMounts(text []byte) (out []mount) {
	for line := range strings.Lines(string(text)) {
		f := strings.Fields(line)
		if len(f) < 6 || !strings.HasPrefix(f[4], "/") {
			continue
		}
		options := strings.Split(f[5], ",")
		if whole := strings.Split(f[len(f)-1], ","); slices.Contains(whole, "ro") {
			options = append(options, "ro")
		}
		out = append(out, mount{Point: unescape(f[4]), Options: options})
	}
	return out
}

// NoExec is the mount point of the file system of name if that forbids programs.
func (m Mounts) NoExec(name string) string {
	if at := m.of(name); at != nil && slices.Contains(at.Options, "noexec") {
		return at.Point
	}
	return ""
}

// NoSUID reports whether set-user-ID bits are ignored on the file system of name.
func (m Mounts) NoSUID(name string) bool {
	at := m.of(name)
	return at != nil && slices.Contains(at.Options, "nosuid")
}

// ReadOnly reports whether the file system of name is read-only.
func (m Mounts) ReadOnly(name string) bool {
	at := m.of(name)
	return at != nil && slices.Contains(at.Options, "ro")
}

// of is the mount of name; nil if it is not known. The last mount on a mount point hides
// those before it.
func (m Mounts) of(name string) *mount {
	if m.host != nil {
		name = m.host.resolved(name, 40, m.known) // as many links as the kernel follows (path_resolution(7))
	}
	var best *mount
	for i, one := range m.all {
		if below(name, one.Point) && (best == nil || len(one.Point) >= len(best.Point)) {
			best = &m.all[i]
		}
	}
	return best
}

// resolved is the path of a file without links; of what is missing, as far as it is there.
// Most files are in few folders, so what is known is asked first.
func (h *Host) resolved(name string, links int, known map[string]string) string {
	name = path.Clean(name)
	above, at := path.Dir(name), known[name]
	if above == name { // the root folder
		return name
	}
	if at == "" {
		above = h.resolved(above, links, known)
		at = path.Join(above, path.Base(name))
		if to, err := os.Readlink(h.Path(at)); err == nil && links > 0 {
			if !path.IsAbs(to) {
				to = path.Join(above, to)
			}
			at = h.resolved(to, links-1, known)
		}
		known[name] = at
	}
	return at
}

func below(name, dir string) bool {
	dir = path.Clean(dir)
	return dir == "/" || name == dir || strings.HasPrefix(name, dir+"/")
}

func unescape(s string) string {
	if !strings.Contains(s, `\`) {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '\\' && i+3 < len(s) {
			if n, err := strconv.ParseUint(s[i+1:i+4], 8, 8); err == nil {
				b.WriteByte(byte(n))
				i += 3
				continue
			}
		}
		b.WriteByte(s[i])
	}
	return b.String()
}
