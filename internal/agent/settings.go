package agent

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strconv"

	"github.com/Azure/azure-extension-foundation/settings"

	"aadssh/internal/az"
	"aadssh/internal/fault"
	"aadssh/internal/host"
	"aadssh/internal/names"
	"aadssh/internal/proxy"
)

// Settings are what the owner of the VM asks for. All are optional.
type Settings struct {
	PackageVersion string // exactly this one; "": the newest
	Repository     Repository
	Proxy          proxy.Proxy // for the repository; the zero value: none was set
	Monitor        int         // minutes between two looks at the machine; 0: off
	// Sent: the extension was set with settings, even if they are {}. Only then
	// does the agent read the status file.
	Sent bool
}

// Repository is where the packages come from.
type Repository struct {
	Mode        Mode
	BaseURL     string   // with mode mirror, without a trailing slash
	TrustedKeys []string // armored public keys, accepted in the modes default and mirror
}

// KeyFiles are the trusted keys as files of keys.
func (r Repository) KeyFiles() [][]byte {
	var files [][]byte
	for _, k := range r.TrustedKeys {
		files = append(files, []byte(k))
	}
	return files
}

// Mode is a way to get at the packages.
type Mode string

// The modes of the setting repository.mode.
const (
	ModeDefault  Mode = "default"  // the vendor's repository
	ModeExisting Mode = "existing" // what the machine has configured; nothing is added
	ModeMirror   Mode = "mirror"   // a copy of the vendor's at Repository.BaseURL
)

// Defaults are the settings of those who set none.
func Defaults() Settings {
	return Settings{Repository: Repository{Mode: ModeDefault}, Monitor: 15}
}

// ErrProtected means that the protected settings could not be decrypted: the
// certificate is gone, or openssl is. What they say is unknown.
var ErrProtected = errors.New("protected settings unreadable")

// settingsLimit is the size of a settings file, in bytes, above which it is not
// read.
const settingsLimit = 4 << 20

// ReadSettings reads <seq>.settings. No file, an empty one and null are no
// settings: the agent leaves an empty file where none were set, and an old
// version that is disabled during an upgrade is given the new version's number.
// The agent's folders are the machine's own, whatever h.Root is.
//
// The error is a fault of code SettingsInvalid; the settings returned with it
// are those that could be read. It is ErrProtected where that is the reason.
// unknown names what is set and has no meaning, sorted.
func ReadSettings(ctx context.Context, h *host.Host, env Environment, seq int) (s Settings, unknown []string, err error) {
	s = Defaults()
	path := filepath.Join(env.ConfigFolder, strconv.Itoa(seq)+settingsSuffix)
	content, err := new(host.Host).ReadFile(path, settingsLimit)
	if errors.Is(err, fs.ErrNotExist) {
		return s, nil, nil
	}
	if err != nil {
		return s, nil, unreadable(path, err)
	}
	s.Sent = len(content) > 0
	file, err := parseFile(content)
	if err != nil {
		return s, nil, unreadable(path, err)
	}
	public, err := publicSettings(env, seq, file)
	if err != nil {
		return s, nil, unreadable(path, err)
	}
	protected, locked := protectedOf(ctx, h, env, seq, file)
	sent := s.Sent
	s, unknown, err = understand(public, protected)
	s.Sent = sent
	if err == nil {
		err = locked
	}
	return s, unknown, err
}

// protectedOf reads the protected settings from where they are kept.
func protectedOf(ctx context.Context, h *host.Host, env Environment, seq int, file handlerSettings) (map[string]json.RawMessage, error) {
	if env.IsStandalone() {
		return keptProtected(h, env, seq)
	}
	return protectedSettings(ctx, h, env, file)
}

// publicSettings has azure-extension-foundation read the public settings where
// it can. It looks for them next to the program only; and it fails for good
// where protected settings are encrypted in a way that "openssl smime" does not
// know, which we find out by other means.
func publicSettings(env Environment, seq int, file handlerSettings) (map[string]json.RawMessage, error) {
	if !file.set || !env.found || file.Protected != "" {
		return file.Public, nil
	}
	var public map[string]json.RawMessage
	var protected any
	if err := settings.GetExtensionSettings(seq, &public, &protected); err != nil {
		return nil, briefly(err)
	}
	for name := range public {
		// The library puts numbers through float64: the version 1.0 has become
		// 1. What was typed is what is judged, and quoted.
		public[name] = file.Public[name]
	}
	return public, nil
}

func unreadable(path string, err error) error {
	return fault.Wrap(err, fault.SettingsInvalid,
		fmt.Sprintf("The settings in %s cannot be read: %v.", path, err),
		"Write settings.json, which holds all of this machine's settings, as one JSON object ({} for none), and "+fault.Again+": "+setAgain())
}

// setAgain is the command that gives the extension other settings. Without
// --settings they would be dropped, without --force-update nothing may happen.
func setAgain(more ...string) string {
	return az.Machine{}.SetExtension(names.Ours(), az.SettingsFile, more...).String()
}
