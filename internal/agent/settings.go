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

// Settings are the settings of the extension. All are optional.
type Settings struct {
	PackageVersion string // exactly this one; "": the newest
	Repository     Repository
	Proxy          proxy.Proxy // for the repository; the zero value: none was set
	Monitor        int         // minutes between two checks of the machine; 0: off
	// Sent: the extension was given settings, even if they are {}. Only then does the agent
	// read the status file.
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

// Mode says where the packages come from.
type Mode string

// The modes of the setting repository.mode.
const (
	ModeDefault  Mode = "default"  // the vendor's repository
	ModeExisting Mode = "existing" // what is configured on the machine; nothing is added
	ModeMirror   Mode = "mirror"   // a copy of the vendor's repository at Repository.BaseURL
)

// Defaults are the settings where none were given.
func Defaults() Settings {
	return Settings{Repository: Repository{Mode: ModeDefault}, Monitor: 15}
}

// ErrProtected means that the protected settings could not be decrypted, because the
// certificate or openssl is missing. Their content is unknown.
var ErrProtected = errors.New("protected settings unreadable")

// settingsLimit is the largest accepted size of a settings file, in bytes.
const settingsLimit = 4 << 20

// ReadSettings reads <seq>.settings. A missing file, an empty one and null mean no
// settings: the agent leaves an empty file where none were set, and an old version that is
// disabled during an upgrade is given the new version's number. The agent's folders are not
// below h.Root.
//
// The error is a fault, of code SettingsInvalid if the file could be read; the settings
// returned with it are those that could be read. It wraps ErrProtected if that is the
// reason. unknown are the names of settings that have no meaning here, sorted.
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
	public := publicSettings(env, seq, file)
	var protected map[string]json.RawMessage // encrypted by the agent, or kept by setup
	var locked error
	if env.IsStandalone() {
		protected, locked = keptProtected(h, env, seq)
	} else {
		protected, locked = protectedSettings(ctx, h, env, file)
	}
	sent := s.Sent
	s, unknown, err = understand(public, protected)
	s.Sent = sent
	if err == nil {
		err = locked
	}
	return s, unknown, err
}

// publicSettings lets azure-extension-foundation read the public settings where it can. The
// library looks for them only next to the program; it fails altogether if the protected
// settings are encrypted in a way that "openssl smime" does not support, while our own code
// can read those; and at 1e400, which is JSON, and no float64. What was read before counts
// then: it was judged more strictly than the library judges.
func publicSettings(env Environment, seq int, file handlerSettings) map[string]json.RawMessage {
	if !file.set || !env.found || file.Protected != "" {
		return file.Public
	}
	var public map[string]json.RawMessage
	var protected any
	if settings.GetExtensionSettings(seq, &public, &protected) != nil {
		return file.Public
	}
	for name := range public {
		// The library converts numbers to float64: the version 1.0 has become 1. What was
		// typed is what is judged and quoted.
		public[name] = file.Public[name]
	}
	return public
}

func unreadable(path string, err error) error {
	if f := fault.Unread(err, "The file of the settings"); f != nil {
		return f
	}
	return fault.Wrap(err, fault.SettingsInvalid,
		fmt.Sprintf("The settings in %s cannot be read: %v.", path, err),
		"Write settings.json, which holds all of this machine's settings, as one JSON object ({} for none), and "+fault.Again+": "+setAgain())
}

// setAgain is the command that gives the extension other settings. Without --settings the
// old ones would be dropped, without --force-update nothing may happen.
func setAgain(more ...string) string {
	return az.Machine{}.SetExtension(names.Ours(), az.SettingsFile, more...).String()
}
