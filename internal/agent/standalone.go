package agent

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strconv"

	"aadssh/internal/fault"
	"aadssh/internal/host"
	"aadssh/internal/names"
	"aadssh/internal/text"
)

// StandaloneDir holds what an agent would prepare and read, on a machine that was set up
// without one: the settings, the status, the log.
const StandaloneDir = host.StateDir + "/setup"

// Standalone is the environment of setup and remove.
func Standalone(version string) Environment {
	return Environment{
		Name: names.Ours().Full(), Version: version, BaseDir: StandaloneDir,
		LogFolder:    StandaloneDir + "/log",
		ConfigFolder: StandaloneDir + "/config",
		StatusFolder: StandaloneDir + "/status",
	}
}

// IsStandalone reports whether setup prepared it and no agent.
func (e Environment) IsStandalone() bool { return e.BaseDir == StandaloneDir }

// protectedLimit is the largest accepted size of a file of protected settings, in bytes.
const protectedLimit = 1 << 20

// protectedSuffix ends the name of the file with setup's protected settings. No agent
// encrypts them; only root can read the file.
const protectedSuffix = ".protected"

// Given are settings as a person passes them to setup: the content of the files, nil for a
// file that was not named.
type Given struct{ Public, Protected []byte }

// Offer is a pair of settings that were read but not saved yet.
type Offer struct {
	Settings Settings
	Unknown  []string
	Sequence int // under which they are saved: a new one if they differ from those before

	given Given
}

// Consider reads the settings that setup is given. A file that is not given leaves the
// settings of the last time. Nothing is written: see Keep. The error is a fault; the offer
// returned with it has the sequence number of the settings before.
func Consider(h *host.Host, given Given) (*Offer, error) {
	last, err := lastSettings(h.Path(Standalone("").ConfigFolder))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return &Offer{}, fault.Wrap(err, fault.Disk, "The settings of the last setup cannot be read: "+err.Error()+".", "")
	}
	before, err := kept(h, last)
	if err != nil { // what it says would be lost
		return &Offer{}, err
	}
	o := &Offer{Sequence: max(last, 0), given: before}
	for _, f := range []struct {
		option string
		from   []byte
		to     *[]byte
	}{{"--settings", given.Public, &o.given.Public}, {"--protected-settings", given.Protected, &o.given.Protected}} {
		if f.from == nil {
			continue
		}
		if *f.to, err = canonical(f.from); err != nil {
			return o, fault.Wrap(err, fault.SettingsInvalid, "What "+f.option+" names cannot be used: "+err.Error()+".",
				"Write all of the settings into it as one JSON object (explain settings lists them), for example: echo '{\"monitor\": 30}' | sudo "+host.Program()+" setup "+f.option+" -")
		}
	}
	public, _ := object(o.given.Public) // canonical, so they are objects
	protected, _ := object(o.given.Protected)
	if o.Settings, o.Unknown, err = understand(public, protected); err != nil {
		return o, err
	}
	o.Settings.Sent = true // status is always written
	if string(o.given.Public) != string(before.Public) || string(o.given.Protected) != string(before.Protected) {
		o.Sequence = last + 1
	}
	return o, nil
}

// Keep saves the settings for the watch and for the next setup, in the agent's layout; the
// protected ones in a file of their own. If they are already saved, nothing is written.
func (o *Offer) Keep(h *host.Host) error {
	folder := Standalone("").ConfigFolder
	laidOut, err := json.Marshal(map[string]any{"runtimeSettings": []any{map[string]any{
		"handlerSettings": map[string]any{"publicSettings": json.RawMessage(o.given.Public)}}}})
	if err != nil {
		return err
	}
	if err := h.EnsureDir(folder, 0o700); err != nil {
		return err
	}
	base := filepath.Join(folder, strconv.Itoa(o.Sequence))
	if string(o.given.Protected) != none { // written first: the settings file makes the number valid
		if _, err := h.EnsureFile(base+protectedSuffix, o.given.Protected, 0o600); err != nil {
			return err
		}
	}
	if _, err := h.EnsureFile(base+settingsSuffix, laidOut, 0o600); err != nil {
		return err
	}
	if o.Sequence > 0 { // a secret is kept once; the one before is of no use
		for _, suffix := range []string{protectedSuffix, settingsSuffix} {
			if _, err := h.RemoveFile(filepath.Join(folder, strconv.Itoa(o.Sequence-1)) + suffix); err != nil {
				return err
			}
		}
	}
	return nil
}

// none are settings that set nothing.
const none = "{}"

// kept is what was saved under a number, in canonical form. The error is a fault: a file is
// there and cannot be read.
func kept(h *host.Host, seq int) (Given, error) {
	g := Given{Public: []byte(none), Protected: []byte(none)}
	base := filepath.Join(Standalone("").ConfigFolder, strconv.Itoa(seq))
	content, err := h.ReadFile(base+settingsSuffix, settingsLimit)
	if err == nil {
		if file, err := parseFile(content); err == nil && file.Public != nil {
			if public, err := json.Marshal(file.Public); err == nil {
				g.Public = public
			}
		}
	}
	content, unread := h.ReadFile(base+protectedSuffix, protectedLimit)
	if unread == nil {
		if protected, err := canonical(content); err == nil {
			g.Protected = protected
		}
	}
	for _, err := range []error{err, unread} {
		if f := fault.Unread(err, "A file with the settings of the last setup"); f != nil {
			return g, f
		}
	}
	return g, nil
}

// canonical is a JSON object in one form, so that equal settings compare equal however they
// were typed. null becomes {}; empty input is an error: it is what a command that failed
// leaves in a pipe, and would remove all settings.
func canonical(content []byte) ([]byte, error) {
	content = bytes.TrimPrefix(content, []byte("\ufeff")) // which editors on Windows put first
	if len(bytes.TrimSpace(content)) == 0 {
		return nil, errors.New("it is empty; {} takes the settings away")
	}
	var raw json.RawMessage
	var syntax *json.SyntaxError
	if errors.As(json.Unmarshal(content, &raw), &syntax) {
		return nil, fmt.Errorf("it is %w", windows(content, fmt.Errorf("not JSON, from line %d on", 1+bytes.Count(content[:syntax.Offset], []byte("\n")))))
	}
	fields, err := object(content)
	if err != nil {
		return nil, fmt.Errorf("it is %w", err)
	}
	if fields == nil {
		return []byte(none), nil
	}
	return json.Marshal(fields)
}

// understand makes settings from the content of the files.
func understand(public, protected map[string]json.RawMessage) (s Settings, unknown []string, err error) {
	s = Defaults()
	unknown, bad := decode(public, rows(), &s)
	if len(bad) == 0 {
		bad = contradictions(s.Repository)
	}
	more, worse := decode(protected, protectedRows(), &s)
	for _, name := range more {
		unknown = append(unknown, "protectedSettings."+name)
	}
	if bad = append(bad, worse...); len(bad) > 0 {
		return s, text.List(unknown), refuse(bad)
	}
	return s, text.List(unknown), nil
}

// keptProtected reads the protected settings that setup saved.
func keptProtected(h *host.Host, env Environment, seq int) (map[string]json.RawMessage, error) {
	path := filepath.Join(env.ConfigFolder, strconv.Itoa(seq)+protectedSuffix)
	content, err := h.ReadFile(path, protectedLimit)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if f := fault.Unread(err, "The file of the protected settings that setup has kept"); f != nil {
		f.Err = errors.Join(ErrProtected, err)
		return nil, f
	}
	var fields map[string]json.RawMessage
	if err == nil {
		fields, err = object(content)
	}
	if err != nil {
		return nil, fault.Wrap(errors.Join(ErrProtected, err), fault.SettingsInvalid,
			"The protected settings that setup has kept cannot be read: "+err.Error()+".",
			"Give them again: sudo "+host.Program()+" setup --protected-settings "+protectedFile)
	}
	return fields, nil
}
