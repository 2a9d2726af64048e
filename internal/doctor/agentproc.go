package doctor

import (
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"aadssh/internal/check"
	"aadssh/internal/host"
	"aadssh/internal/text"
)

// unitDirs are where systemd reads units, the first wins (systemd.unit(5)).
func unitDirs() []string {
	return []string{"/etc/systemd/system", "/run/systemd/system", "/usr/local/lib/systemd/system", "/usr/lib/systemd/system", "/lib/systemd/system"}
}

// findAgent finds the agent's process and its units, and whether the first one is masked.
func findAgent(h *host.Host) (pid int, units []string, masked bool) {
	// walinuxagent is on Debian and Ubuntu, waagent elsewhere, and an Arc-enabled server has the
	// other two (WALinuxAgent setup.py; Microsoft Learn, azure-arc/servers/agent-overview).
	for _, name := range [...]string{"walinuxagent.service", "waagent.service", "extd.service", "himdsd.service"} {
		for _, dir := range unitDirs() {
			to, _ := h.Readlink(dir + "/" + name) // "": no link
			if h.Exists(dir + "/" + name) {
				units = append(units, name)
				masked = masked || to == "/dev/null" && len(units) == 1
				break
			}
		}
	}
	for _, dir := range h.Glob("/proc/[0-9]*") {
		b, err := h.ReadFile(dir+"/cmdline", 1<<16)
		if err != nil || !isAgent(string(b)) {
			continue
		}
		// Any user may name a program waagent; the agent runs as root.
		if n, err := strconv.Atoi(filepath.Base(dir)); err == nil && h.ProcessUser(n) <= 0 && (pid == 0 || n < pid) {
			pid = n // the daemon is older than the process that it starts for extensions
		}
	}
	return pid, units, masked
}

// isAgent recognizes a command line of proc(5): python3 -u /usr/sbin/waagent -daemon, or
// the programs of an Arc-enabled server that run extensions. A program that only mentions
// the agent, such as journalctl -u waagent, does not count.
func isAgent(cmdline string) bool {
	words := strings.Split(strings.TrimRight(cmdline, "\x00"), "\x00")
	program := filepath.Base(words[0])
	if strings.HasPrefix(program, "python") {
		script := slices.IndexFunc(words[1:], func(w string) bool { return !strings.HasPrefix(w, "-") })
		return script >= 0 && filepath.Base(words[1+script]) == "waagent"
	}
	switch program {
	case "waagent":
		return len(words) > 1
	case "gc_extension_service", "gc_linux_service":
		return true
	}
	return false
}

// environment is the agent's environment, which decides about the proxies of its
// extensions.
type environment struct{ values map[string]string }

func (e environment) get(name string) string { return e.values[name] }

// agentEnvironment is the environment of the agent's process, or what its unit files set if
// it does not run or may not be read.
func agentEnvironment(h *host.Host, pid int, units []string) environment {
	if pid > 0 {
		if b, err := h.ReadFile("/proc/"+strconv.Itoa(pid)+"/environ", 1<<20); err == nil {
			e := environment{values: map[string]string{}}
			for _, line := range strings.Split(string(b), "\x00") {
				if k, v, ok := strings.Cut(line, "="); ok {
					e.values[k] = v
				}
			}
			return e
		}
	}
	e := environment{values: map[string]string{}}
	for _, unit := range units {
		for _, file := range unitFiles(h, unit) {
			if b, err := h.ReadFile(file, 1<<20); err == nil {
				e.readUnit(h, string(b))
			}
		}
	}
	return e
}

// unitFiles are a unit's file and its drop-ins, in the order in which systemd reads them.
func unitFiles(h *host.Host, unit string) []string {
	var files []string
	for _, dir := range unitDirs() {
		if h.Exists(dir + "/" + unit) {
			files = append(files, dir+"/"+unit)
			break
		}
	}
	for i := len(unitDirs()) - 1; i >= 0; i-- {
		files = append(files, h.Glob(unitDirs()[i]+"/"+unit+".d/*.conf")...)
	}
	return files
}

// readUnit reads Environment= and EnvironmentFile= (systemd.exec(5)).
func (e *environment) readUnit(h *host.Host, unit string) {
	for _, line := range text.SplitLines(unit) {
		key, value, ok := strings.Cut(strings.TrimSpace(line), "=")
		switch {
		case !ok:
		case key == "Environment" && value == "":
			e.values = map[string]string{}
		case key == "Environment":
			for _, w := range quotedWords(value) {
				if k, v, ok := strings.Cut(w, "="); ok {
					e.values[k] = v
				}
			}
		case key == "EnvironmentFile":
			if b, err := h.ReadFile(strings.TrimPrefix(value, "-"), 1<<20); err == nil {
				for k, v := range text.Assignments(string(b)) {
					e.values[k] = v
				}
			}
		}
	}
}

// quotedWords splits at spaces, but not within quotes.
func quotedWords(s string) []string {
	var words []string
	var word strings.Builder
	var quote rune
	for _, r := range s {
		switch {
		case quote != 0 && r == quote:
			quote = 0
		case quote == 0 && (r == '"' || r == '\''):
			quote = r
		case quote == 0 && (r == ' ' || r == '\t'):
			if word.Len() > 0 {
				words = append(words, word.String())
				word.Reset()
			}
		default:
			word.WriteRune(r)
		}
	}
	if word.Len() > 0 {
		words = append(words, word.String())
	}
	return words
}

// agentRuns: without the agent, nothing that is set in Azure reaches this machine.
func agentRuns(m *machine) []check.Result {
	if m.agentProc > 0 {
		return []check.Result{{Text: "The agent that runs extensions is at work (process " + strconv.Itoa(m.agentProc) + ")."}}
	}
	if m.extension.standalone() {
		return []check.Result{{Text: "No agent of Azure runs here, and none is needed: setup set this machine up."}}
	}
	r := check.Result{Answer: check.Warn,
		Text: "The agent that runs extensions is not running, so nothing that is set in Azure arrives on this machine."}
	if len(m.agentUnits) == 0 {
		r.Text = "No Azure agent is on this machine, so no extension can be set from Azure."
		r.Next = "Install the package walinuxagent (WALinuxAgent on some distributions), or do without it: sudo " + host.Program() + " setup"
		return []check.Result{r}
	}
	unit := m.agentUnits[0]
	if text.Begins(unit, "extd himdsd") {
		r.Next = "Run: sudo systemctl start extd himdsd; then azcmagent show, which must say Connected."
	} else if unit = strings.TrimSuffix(unit, ".service"); m.agentMasked {
		r.Next = "Run: sudo systemctl unmask " + unit + " && sudo systemctl enable --now " + unit
	} else {
		r.Next = "Run: sudo systemctl start " + unit + ". See why it stopped: sudo journalctl -u " + unit + " -n 50"
	}
	return []check.Result{r}
}
