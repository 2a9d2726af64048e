package facts

import (
	"encoding/binary"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"

	"aadssh/internal/host"
	"aadssh/internal/text"
)

// accounts are the people in the file of accounts.
type accounts struct {
	byUID map[string]string // name
	names map[string]bool
}

// of finds the name of an account by its name, which utmp(5) may have cut, or by its
// number.
func (a accounts) of(name, uid string) (string, bool) {
	if a.names[name] {
		return name, true
	}
	if len(name) == userLength { // cut
		for full := range a.names {
			if strings.HasPrefix(full, name) {
				return full, true
			}
		}
	}
	full, known := a.byUID[uid]
	return full, known
}

// logindSessions reads the files of systemd-logind, one for each session, in lines such as
// USER=anna@example.com (src/login/logind-session.c, session_save). A session that is
// closing has no processes except those that it left behind.
func logindSessions(h *host.Host, people accounts) (out []Session) {
	for _, path := range h.Glob("/run/systemd/sessions/*") {
		b, err := h.ReadFile(path, 1<<16)
		if err != nil {
			continue // this is the pipe that keeps the session open
		}
		fields := map[string]string{}
		for _, line := range text.SplitLines(string(b)) {
			key, value, _ := strings.Cut(strings.TrimSpace(line), "=")
			fields[key] = value
		}
		user, known := people.of(fields["USER"], fields["UID"])
		if !known {
			continue
		}
		pid, _ := strconv.Atoi(fields["LEADER"]) // 0: it has none any more
		manager := strings.HasPrefix(fields["CLASS"], "manager") || fields["CLASS"] == "background"
		out = append(out, Session{User: user, PID: pid, Command: "session " + filepath.Base(path),
			Leaving: fields["STATE"] == "closing" || manager || pid > 0 && !h.Exists("/proc/"+fields["LEADER"])})
	}
	return out
}

// Offsets of the fields in a record of utmp(5), in bytes.
const (
	typeAt, pidAt, lineAt, userAt = 0, 4, 8, 44
	lineLength, userLength        = 32, 32
	userProcess                   = 7 // USER_PROCESS
)

// utmpRecord is the length of a record: glibc uses 32-bit times on amd64, for compatibility
// with i386, and longer ones on arm64.
func utmpRecord() int {
	if runtime.GOARCH == "arm64" {
		return 400
	}
	return 384
}

// utmpSessions reads utmp(5). A record remains if the end of a session was not recorded, so
// its process must still exist.
func utmpSessions(h *host.Host, people accounts) (out []Session) {
	b, err := h.ReadFile("/run/utmp", 0)
	if err != nil {
		return nil // newer systems have no utmp
	}
	text := func(b []byte) string { s, _, _ := strings.Cut(string(b), "\x00"); return s }
	for size := utmpRecord(); len(b) >= size; b = b[size:] {
		if binary.NativeEndian.Uint16(b[typeAt:]) != userProcess {
			continue
		}
		user, known := people.of(text(b[userAt:userAt+userLength]), "")
		pid := int(int32(binary.NativeEndian.Uint32(b[pidAt:])))
		if !known || pid <= 0 || h.Exists("/proc/self") && !h.Exists("/proc/"+strconv.Itoa(pid)) {
			continue
		}
		out = append(out, Session{User: user, PID: pid, Command: text(b[lineAt : lineAt+lineLength])})
	}
	return out
}
