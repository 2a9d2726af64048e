//go:build rig

package e2e

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"

	"aadssh/test/lib/keys"
	"aadssh/test/lib/wire"
)

// signin signs in over ssh, from Azure's end of the network, with one of: certificate (of
// the authority that the packages trust), stranger (of another one), expired, colleague
// (for somebody else), key (no certificate).
func signin(ctx context.Context, s *scenario, _ *testscript.TestScript, args []string) error {
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
	if err := certify(ctx, identity, user, kind); err != nil {
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

func certify(ctx context.Context, identity, user, kind string) error {
	c := keys.Certificate{Principal: user}
	switch kind {
	case "certificate":
	case "key":
		return keys.Keygen(ctx, "-t", "rsa", "-b", "2048", "-N", "", "-f", identity)
	case "stranger":
		c.Stranger = true
	case "expired":
		c.Valid = "-2h:-1h"
	case "colleague":
		c.Principal = "colleague@example.com"
	default:
		return fmt.Errorf("no such certificate: %q", kind)
	}
	return c.Write(ctx, identity)
}
