// Package agent reads what the Azure Linux agent gives the handler, and writes what the
// handler gives back besides the status: the folders, the sequence number, the settings,
// telemetry events. Only this package imports azure-extension-foundation.
package agent

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/Azure/azure-extension-foundation/settings"

	"aadssh/internal/fault"
	"aadssh/internal/host"
)

// environmentFile is the file that the agent writes into the folder of each version of a
// handler, and again whenever the agent starts (WALinuxAgent exthandlers.py,
// create_handler_env).
const environmentFile = "HandlerEnvironment.json"

// ErrNoEnvironment means that the agent's description of its folders is missing or
// unusable: then nothing can be run or reported.
var ErrNoEnvironment = errors.New("no usable " + environmentFile)

// Environment says where the agent's folders are. All are absolute paths, whatever
// host.Host.Root is.
type Environment struct {
	_ [0]func() // never compared: no code for == is linked

	Name         string // publisher and type, as names.Handler.Full gives them
	Version      string // of the extension; "" where the folder's name has none
	BaseDir      string // of this version, which ends with it
	LogFolder    string // of all versions
	ConfigFolder string
	StatusFolder string
	EventsFolder string // "" where the agent collects none (before 2.5)

	// found: azure-extension-foundation can read this environment too, because it is next
	// to the program, the only place where the library looks.
	found bool
}

// AgentDir is the agent's own folder, /var/lib/waagent, with the folders of all versions
// and the certificates.
func (e Environment) AgentDir() string {
	if e.IsStandalone() {
		return Dirs()[0]
	}
	return filepath.Dir(e.BaseDir)
}

// Load reads the environment that the agent starts us in: from the file next to the
// program, or one folder up. The error is a fault and wraps ErrNoEnvironment; the
// environment returned with it holds what is known all the same, so that the verdict still
// reaches the agent: see standInFor.
func Load() (Environment, error) {
	path, content, err := locate(os.Args[0])
	if err != nil {
		return standInFor(os.Args[0]), err
	}
	// locate has checked that this is a small regular file: the library would read
	// anything, a FIFO included, to its end.
	env, err := settings.GetHandlerEnvironment()
	found := err == nil
	var e Environment
	if found {
		e, err = environment(path, env, content)
	} else { // the library accepts neither a byte order mark nor a version that is text
		e, err = parseEnvironment(path, content)
	}
	if err != nil {
		return standInFor(os.Args[0]), err
	}
	e.found = found
	return e, nil
}

// standInFor is the environment of a program whose environment file is missing or damaged:
// the status and config folders are always in the version's own folder (WALinuxAgent
// exthandlers.py, get_status_dir and get_conf_dir). The log folder is not known then. It is
// the zero value for a program outside such a folder, for example the copy that people run.
func standInFor(program string) Environment {
	program, err := filepath.Abs(program)
	if err != nil {
		return Environment{}
	}
	return standIn(filepath.Join(filepath.Dir(program), ".."))
}

// standIn is standInFor of the version in a folder.
func standIn(base string) Environment {
	h := new(host.Host)
	e := Environment{BaseDir: base, StatusFolder: filepath.Join(base, "status"), ConfigFolder: filepath.Join(base, "config")}
	if !h.Exists(filepath.Join(base, "HandlerManifest.json")) || !h.Exists(e.ConfigFolder) {
		return Environment{}
	}
	if name, version, ok := splitName(filepath.Base(base)); ok {
		e.Name, e.Version = name, version
	}
	return e
}

// LoadFrom reads the environment of the version in baseDir, for a program that does not run
// from there. The error is like that of Load.
func LoadFrom(baseDir string) (Environment, error) {
	if baseDir == StandaloneDir {
		return Standalone(""), nil
	}
	path, content, err := locate(filepath.Join(baseDir, Program))
	if err != nil {
		return standIn(baseDir), err
	}
	e, err := parseEnvironment(path, content)
	if err != nil {
		return standIn(baseDir), err
	}
	return e, nil
}

// locate finds the file in the places where azure-extension-foundation searches for it.
func locate(program string) (path string, content []byte, err error) {
	program, err = filepath.Abs(program)
	if err != nil {
		return "", nil, unusable(environmentFile, err.Error())
	}
	here := filepath.Join(filepath.Dir(program), environmentFile)
	above := filepath.Join(filepath.Dir(program), "..", environmentFile)
	for _, path := range []string{here, above} {
		content, err := new(host.Host).ReadFile(path, 1<<20)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if f := fault.Unread(err, environmentFile+", which the Azure Linux agent writes,"); f != nil {
			f.Err = errors.Join(ErrNoEnvironment, err)
			return "", nil, f
		}
		if err != nil {
			return "", nil, unusable(path, err.Error())
		}
		return path, content, nil
	}
	what := fmt.Sprintf("There is no %s, which the Azure Linux agent writes: neither %s nor %s.", environmentFile, here, above)
	if standInFor(program).BaseDir != "" {
		return "", nil, fault.Wrap(ErrNoEnvironment, fault.Usage, what, restart)
	}
	return "", nil, fault.Wrap(ErrNoEnvironment, fault.Usage, what,
		"The agent starts this operation; to check the machine, run: sudo "+host.Program()+" doctor")
}

func parseEnvironment(path string, content []byte) (Environment, error) {
	content = bytes.TrimPrefix(content, []byte("\uFEFF"))
	var all []struct {
		settings.HandlerEnvironment
		Version json.RawMessage `json:"version"` // 1.0 or "1.0": nobody uses it
	}
	if err := json.Unmarshal(content, &all); err != nil {
		return Environment{}, unusable(path, "it is "+plain(err).Error())
	}
	if len(all) != 1 {
		return Environment{}, unusable(path, fmt.Sprintf("it has %d entries instead of one", len(all)))
	}
	return environment(path, all[0].HandlerEnvironment, content)
}

// environment takes what the library read, adds the fields that it does not know, and
// refuses folders that would make us read or write somewhere else.
func environment(path string, env settings.HandlerEnvironment, content []byte) (Environment, error) {
	folders := env.HandlerEnvironment
	e := Environment{
		Name:         env.Name,
		BaseDir:      filepath.Dir(path),
		LogFolder:    folders.LogFolder,
		ConfigFolder: folders.ConfigFolder,
		StatusFolder: folders.StatusFolder,
		EventsFolder: eventsFolder(content),
	}
	for _, f := range []struct{ name, path string }{
		{"logFolder", e.LogFolder}, {"configFolder", e.ConfigFolder}, {"statusFolder", e.StatusFolder},
	} {
		if err := folder(f.path); err != nil {
			return Environment{}, unusable(path, fmt.Sprintf("its %s %q %s", f.name, f.path, err))
		}
	}
	if folder(e.EventsFolder) != nil {
		e.EventsFolder = "" // telemetry is never a reason to fail
	}
	// The agent names the folder <name>-<version>; the version in the file is that of the
	// file's layout.
	if name, version, ok := splitName(filepath.Base(e.BaseDir)); ok && (e.Name == "" || e.Name == name) {
		e.Name, e.Version = name, version
	}
	return e, nil
}

// folder says what is wrong with a folder's path.
func folder(path string) error {
	switch {
	case path == "":
		return errors.New("is missing")
	case strings.ContainsFunc(path, func(r rune) bool { return r < ' ' || r == 0x7f }):
		return errors.New("has control characters in it")
	case !filepath.IsAbs(path):
		return errors.New("is not an absolute path")
	case filepath.Clean(path) == "/":
		return errors.New("is the root of the machine")
	}
	return nil
}

// eventsFolder reads the one field that azure-extension-foundation does not know.
func eventsFolder(content []byte) string {
	var all []struct {
		HandlerEnvironment struct {
			EventsFolder string `json:"eventsFolder"`
		} `json:"handlerEnvironment"`
	}
	if json.Unmarshal(content, &all) != nil || len(all) == 0 {
		return ""
	}
	return all[0].HandlerEnvironment.EventsFolder
}

// restart is how to get a damaged or missing environment file back.
const restart = "Restart the agent, which writes the file anew: " + fault.RestartAgent

func unusable(path, why string) error {
	return fault.Wrap(ErrNoEnvironment, fault.Usage,
		fmt.Sprintf("%s cannot be used: %s.", path, why), restart)
}

// splitName splits the name of a folder of the agent's at its last dash.
func splitName(folder string) (name, version string, ok bool) {
	if i := strings.LastIndexByte(folder, '-'); i >= 0 {
		return folder[:i], folder[i+1:], true
	}
	return folder, "", false
}
