package facts

import (
	"maps"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"aadssh/internal/agent"
	"aadssh/internal/host"
	"aadssh/internal/names"
	"aadssh/internal/signin/login"
	"aadssh/internal/text"
)

// Legacy is what is left of the older handler, apart from its packages.
type Legacy struct {
	// Extension is the folder of the extension if the agent still has it (HandlerState
	// Enabled or Installed); empty: not registered.
	Extension string
	// Sessions are people signed in with Entra ID accounts.
	Sessions []Session
}

// Session is one person's first process on this machine.
type Session struct {
	User    string
	PID     int
	Command string
	// Leaving: only systemd's manager of the user is left of the session, and it ends by
	// itself some seconds later (logind.conf(5), UserStopDelaySec).
	Leaving bool
}

// findLegacyExtension finds the legacy extension in the agent's folder.
func findLegacyExtension(h *host.Host, agentDir string) string {
	for _, folder := range agent.Folders(h, agentDir, names.Older()) {
		if agent.StateOf(h, folder).Active() {
			return folder
		}
	}
	return ""
}

// Sessions finds the people of /etc/aadpasswd who are signed in: those who run a process,
// each with the first one, and those for whom systemd-logind or utmp lists a session. They
// are sorted by name.
func Sessions(h *host.Host) []Session {
	b, err := h.ReadFile(login.AccountsFile, 0)
	if err != nil {
		return nil
	}
	people := accounts{byUID: map[string]string{}, names: map[string]bool{}}
	for _, line := range text.SplitLines(string(b)) {
		if f := strings.Split(strings.TrimSpace(line), ":"); len(f) >= 3 && f[0] != "" {
			people.byUID[f[2]], people.names[f[0]] = f[0], true
		}
	}
	first := map[string]Session{}
	// A person may be signed in without a process of their own, as after "exec sudo -i".
	for _, s := range append(logindSessions(h, people), utmpSessions(h, people)...) {
		if old, seen := first[s.User]; !seen || old.Leaving && !s.Leaving {
			first[s.User] = s
		}
	}
	running(h, people, first)
	var sessions []Session
	for _, user := range slices.Sorted(maps.Keys(first)) {
		sessions = append(sessions, first[user])
	}
	return sessions
}

// running adds the people who run a process to those who are listed; for people in both,
// the process says more and replaces the entry.
func running(h *host.Host, people accounts, first map[string]Session) {
	listed := maps.Clone(first)
	for _, dir := range h.Glob("/proc/[0-9]*") {
		pid, err := strconv.Atoi(filepath.Base(dir))
		if err != nil {
			continue
		}
		status, err := h.ReadFile(dir+"/status", 1<<16)
		if err != nil {
			continue // the process has ended
		}
		name, uid := statusFields(string(status))
		user, ok := people.byUID[uid]
		if !ok {
			continue
		}
		s := Session{User: user, PID: pid, Command: name, Leaving: name == "systemd" || name == "(sd-pam)"}
		old, seen := first[user]
		if !seen || old.Leaving && !s.Leaving || old.Leaving == s.Leaving && (old == listed[user] || pid < old.PID) {
			first[user] = s
		}
	}
}

// statusFields extracts the name and the real uid from proc(5) status.
func statusFields(status string) (name, uid string) {
	for _, line := range text.SplitLines(status) {
		key, value, _ := strings.Cut(strings.TrimSpace(line), ":")
		fields := strings.Fields(value)
		if len(fields) == 0 {
			continue
		}
		switch key {
		case "Name":
			name = fields[0]
		case "Uid":
			uid = fields[0]
		}
	}
	return name, uid
}
