package keys

import (
	"context"
	"fmt"
	"os"
	"os/exec"
)

// Certificate is what a person signs in with over ssh.
type Certificate struct {
	Principal string // whom it is for
	Valid     string // ssh-keygen's -V; "": now
	Stranger  bool   // its authority is one that nothing trusts, not UserCA
}

// Write makes a key at a path, as az makes it, and the certificate next to it. The
// authority that signed it is at the path with ".ca".
func (c Certificate) Write(ctx context.Context, path string) error {
	if err := Keygen(ctx, "-t", "rsa", "-b", "2048", "-N", "", "-f", path); err != nil {
		return err
	}
	authority := path + ".ca"
	if c.Stranger {
		if err := Keygen(ctx, "-t", "ed25519", "-N", "", "-f", authority); err != nil {
			return err
		}
	} else if err := os.WriteFile(authority, userCA, 0o600); err != nil {
		return err
	}
	if c.Valid == "" {
		c.Valid = "-5m:+1h"
	}
	return Keygen(ctx, "-s", authority, "-I", "rig", "-n", c.Principal, "-V", c.Valid, path+".pub")
}

// Keygen runs ssh-keygen.
func Keygen(ctx context.Context, args ...string) error {
	if out, err := exec.CommandContext(ctx, "ssh-keygen", append([]string{"-q"}, args...)...).CombinedOutput(); err != nil {
		return fmt.Errorf("ssh-keygen: %w: %s", err, out)
	}
	return nil
}
