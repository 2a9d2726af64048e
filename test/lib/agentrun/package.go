package agentrun

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"strconv"
)

func logDir() string { return "/var/log/azure/" + Handler }

// Files are those of a machine of any kind.
type Files interface {
	WriteFile(name string, content []byte, mode fs.FileMode) error // creates missing parent folders
	MkdirAll(name string, mode fs.FileMode) error
	Chmod(name string, mode fs.FileMode) error
}

// Record writes the state that the agent records for a version.
func Record(m Files, version, state string) error {
	return m.WriteFile(Dir(version)+"/config/HandlerState", []byte(state), 0o644)
}

// Unpack unpacks a version and creates its folders, as the agent does before it runs the
// version's first command.
func Unpack(m Files, g Goal) error {
	dir := Dir(g.Version)
	if err := Record(m, g.Version, "NotInstalled"); err != nil {
		return err
	}
	found := false
	err := fs.WalkDir(g.Package, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || name == "." {
			return err
		}
		if d.IsDir() {
			return m.MkdirAll(path.Join(dir, name), 0o755)
		}
		content, err := fs.ReadFile(g.Package, name)
		if err != nil {
			return err
		}
		if path.Base(name) == "HandlerManifest.json" && !found {
			found = true
			if err := m.WriteFile(dir+"/HandlerManifest.json", bytes.TrimPrefix(content, []byte("\uFEFF")), 0o644); err != nil {
				return err
			}
			if name == "HandlerManifest.json" {
				return nil
			}
		}
		// Python's zipfile ignores modes, and the agent then adds u+x to every file.
		return m.WriteFile(path.Join(dir, name), content, 0o744)
	})
	if err != nil {
		return fmt.Errorf("unpack %s: %w", g.Version, err)
	}
	if !found {
		return errors.New("HandlerManifest.json not found")
	}
	for folder, mode := range map[string]fs.FileMode{
		dir + "/status": 0o700, dir + "/config": 0o700, logDir(): 0o755, logDir() + "/events": 0o700,
	} {
		if err := errors.Join(m.MkdirAll(folder, 0o755), m.Chmod(folder, mode)); err != nil {
			return err
		}
	}
	if err := m.WriteFile(dir+"/HandlerEnvironment.json", []byte(Environment(g.Version)), 0o644); err != nil {
		return err
	}
	return writeSettings(m, g)
}

// Environment is the content of HandlerEnvironment.json, byte for byte as the agent writes
// it.
func Environment(version string) string {
	dir := Dir(version)
	return fmt.Sprintf(`[{"name": %q, "version": 1.0, "handlerEnvironment": {"logFolder": %q, "configFolder": %q, "statusFolder": %q, "heartbeatFile": %q, "eventsFolder": %q, "eventsFolder_preview": %q}}]`,
		Handler, logDir(), dir+"/config", dir+"/status", dir+"/heartbeat.log", logDir()+"/events", logDir()+"/events")
}

// writeSettings writes the settings file: empty if the goal state has no settings.
func writeSettings(m Files, g Goal) error {
	return m.WriteFile(path.Join(Dir(g.Version), "config", strconv.Itoa(g.Sequence)+".settings"), []byte(g.Settings), 0o644)
}

// manifest is the part of HandlerManifest.json that the agent reads.
type manifest struct {
	Commands                map[string]json.RawMessage
	UpdateMode              string
	ContinueOnUpdateFailure bool
}

func (m manifest) command(operation string) (line string, ok bool) {
	raw, ok := m.Commands[operation+"Command"]
	return line, ok && json.Unmarshal(raw, &line) == nil && line != ""
}

// manifest reads a version's manifest: an array, of which the first element counts.
func (a *Agent) manifest(version string) (manifest, error) {
	content, err := a.Box.ReadFile(Dir(version) + "/HandlerManifest.json")
	if err != nil {
		return manifest{}, err
	}
	var list []struct {
		HandlerManifest map[string]json.RawMessage `json:"handlerManifest"`
	}
	if err := json.Unmarshal(content, &list); err != nil {
		return manifest{}, fmt.Errorf("HandlerManifest.json: %w", err)
	}
	if len(list) == 0 || list[0].HandlerManifest == nil {
		return manifest{}, errors.New("HandlerManifest.json: malformed manifest file")
	}
	m := manifest{Commands: list[0].HandlerManifest}
	if raw, ok := m.Commands["updateMode"]; ok {
		if err := json.Unmarshal(raw, &m.UpdateMode); err != nil {
			return manifest{}, fmt.Errorf("updateMode: %w", err)
		}
	}
	if raw, ok := m.Commands["continueOnUpdateFailure"]; ok {
		if err := json.Unmarshal(raw, &m.ContinueOnUpdateFailure); err != nil {
			return manifest{}, fmt.Errorf("continueOnUpdateFailure: %w", err)
		}
	}
	return m, nil
}
