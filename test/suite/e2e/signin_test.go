//go:build rig

package e2e

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"

	"aadssh/test/lib/keys"
	"aadssh/test/lib/wire"
)

// signin signs in over ssh, from Azure's end of the network, with one of: certificate (of
// the authority that the packages trust), stranger (of another one), expired, colleague
// (for somebody else), key (no certificate).
func signin(ctx context.Context, s *stage, _ *testscript.TestScript, args []string) error {
	if len(args) != 2 {
		return fmt.Errorf("USER CERTIFICATE, not %q", args)
	}
	user, kind := args[0], args[1]
	dir, err := os.MkdirTemp("", "signin.")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	identity := filepath.Join(dir, "id")
	if err := keygen(ctx, "-t", "ed25519", "-f", identity); err != nil {
		return err
	}
	if err := certify(ctx, dir, identity, user, kind); err != nil {
		return err
	}
	r, err := s.Outside(ctx, "ssh", "-F", "none", "-o", "UserKnownHostsFile=/dev/null", "-o", "StrictHostKeyChecking=no",
		"-o", "BatchMode=yes", "-o", "LogLevel=ERROR", "-o", "IdentitiesOnly=yes", "-o", "ConnectTimeout=30",
		"-i", identity, "-l", user, wire.Guest, "id", "-un")
	if err != nil {
		return err
	}
	if got := strings.TrimSpace(string(r.Stdout)); r.ExitCode != 0 || got != user {
		return fmt.Errorf("exit %d, signed in as %q: %s", r.ExitCode, got, r.Stderr)
	}
	return nil
}

func certify(ctx context.Context, dir, identity, user, kind string) error {
	private, _ := keys.UserCA()
	authority, principal, valid := filepath.Join(dir, "ca"), user, "-5m:+1h"
	switch kind {
	case "key":
		return nil
	case "stranger":
		private = nil
	case "expired":
		valid = "-2h:-1h"
	case "colleague":
		principal = "colleague@example.com"
	case "certificate":
	default:
		return fmt.Errorf("no such certificate: %q", kind)
	}
	if private == nil {
		if err := keygen(ctx, "-t", "ed25519", "-f", authority); err != nil {
			return err
		}
	} else if err := os.WriteFile(authority, private, 0o600); err != nil {
		return err
	}
	return keygen(ctx, "-s", authority, "-I", user, "-n", principal, "-V", valid, identity+".pub")
}

func keygen(ctx context.Context, args ...string) error {
	if args[0] == "-t" {
		args = append(args, "-N", "")
	}
	if out, err := exec.CommandContext(ctx, "ssh-keygen", append([]string{"-q"}, args...)...).CombinedOutput(); err != nil {
		return fmt.Errorf("ssh-keygen: %w: %s", err, out)
	}
	return nil
}
