package agent

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"time"

	"aadssh/internal/fault"
	"aadssh/internal/host"
)

// protectedSettings decrypts the protected settings with the key that the agent keeps two
// folders above the configuration (WALinuxAgent goal_state.py).
//
// azure-extension-foundation calls "openssl smime", which neither reads AES-GCM nor works
// on a machine in FIPS mode; "openssl cms" does (Azure/azure-linux-extensions#2007). smime
// is used with an openssl that has no cms.
func protectedSettings(ctx context.Context, h *host.Host, env Environment, file handlerSettings) (map[string]json.RawMessage, error) {
	if file.Protected == "" {
		return nil, nil
	}
	der, err := base64.StdEncoding.DecodeString(file.Protected)
	if err != nil {
		return nil, undecryptable("they are not base64", err)
	}
	if !thumbprint(file.Thumbprint) {
		return nil, undecryptable("the thumbprint of their certificate is missing or malformed", nil)
	}
	dir := filepath.Join(env.ConfigFolder, "..", "..")
	key := filepath.Join(dir, strings.ToUpper(file.Thumbprint))
	for _, end := range []string{".prv", ".crt"} {
		if _, err := new(host.Host).Lstat(key + end); fault.Unreadable(err) {
			f := fault.Unread(err, "The protected settings cannot be decrypted: a file of their certificate")
			f.Err = errors.Join(ErrProtected, err)
			return nil, f
		} else if err != nil {
			return nil, undecryptable(key+end+" is missing", nil)
		}
	}
	clear, err := decrypt(ctx, h.Runner, string(der), key)
	if errors.Is(err, host.ErrNotFound) {
		return nil, undecryptable("openssl is not installed, and is needed for this", err)
	}
	if err != nil {
		return nil, undecryptable("openssl could not decrypt them with "+key+".prv", err)
	}
	fields, err := object(clear)
	if err != nil {
		return nil, undecryptable("decrypted, they are "+err.Error(), nil)
	}
	return fields, nil
}

func decrypt(ctx context.Context, runner host.Runner, der, key string) ([]byte, error) {
	// This runs before the operation's own budget begins.
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	var failed error
	for _, tool := range []string{"cms", "smime"} {
		r, err := runner.Run(ctx, host.Command{
			Name:  "openssl",
			Args:  []string{tool, "-decrypt", "-inform", "DER", "-inkey", key + ".prv", "-recip", key + ".crt"},
			Stdin: der,
		})
		if err != nil {
			return nil, err
		}
		if r.ExitCode == 0 {
			return r.Stdout, nil
		}
		// Only standard error is quoted: standard output may hold a part of the secret.
		failed = errors.Join(failed, fmt.Errorf("openssl %s %s: %.300s", tool, r.Ending(), strings.TrimSpace(string(r.Stderr))))
	}
	return nil, failed
}

// thumbprint checks s before a path is made from it.
func thumbprint(s string) bool {
	return len(s) >= 40 && len(s) <= 64 && strings.Trim(s, "0123456789abcdefABCDEF") == ""
}

// The protected settings are in a file of their own next to the others.
const (
	protectedFile   = "protected.json"
	protectedOption = "--protected-settings"
)

func undecryptable(why string, cause error) error {
	return fault.Wrap(errors.Join(ErrProtected, cause), fault.SettingsInvalid,
		"The protected settings cannot be decrypted: "+why+".",
		fault.AgainFirst+", which encrypts them for the present certificate: "+setAgain(protectedOption, protectedFile)+
			` (`+protectedFile+`: {"proxy": "http://USER:PASSWORD@HOST:PORT"})`)
}
