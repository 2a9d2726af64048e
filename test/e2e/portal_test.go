//go:build rig

package e2e

import (
	"context"
	"errors"

	"github.com/rogpeppe/go-internal/testscript"
)

func portal(_ context.Context, s *stage, _ *testscript.TestScript, args []string) error {
	return errors.New("not yet")
}
