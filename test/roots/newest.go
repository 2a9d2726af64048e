package roots

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"aadsshlogin-handler/test/cache"
)

// NewestAgent is the root of Trixie with the Linux agent of the suite after it:
// 2.16 at the time of writing. Like Get's, it must never be written to.
func NewestAgent(ctx context.Context, c cache.Cache) (string, error) {
	const pin = "Package: *\nPin: release n=forky\nPin-Priority: 100\n\nPackage: waagent\nPin: release n=forky\nPin-Priority: 990\n"
	const preferences = "etc/apt/preferences.d/agent"
	include := strings.Join(packages(), ",")
	return c.Make(ctx, "roots", "trixie-newest-agent-"+cache.Key(include, pin), func(dir string) error {
		mirror, err := mirror(ctx)
		if err != nil {
			return err
		}
		file, err := os.CreateTemp("", "pin.")
		if err != nil {
			return err
		}
		defer os.Remove(file.Name())
		_, err = file.WriteString(pin)
		if err := errors.Join(err, file.Chmod(0o644), file.Close()); err != nil {
			return err
		}
		cmd := exec.CommandContext(ctx, "nice", "mmdebstrap", "--quiet", "--format=directory", "--variant=minbase",
			"--dpkgopt=force-unsafe-io", "--aptopt=Acquire::Check-Valid-Until \"false\"", "--include="+include,
			"--setup-hook=mkdir -p \"$1\"/etc/apt/preferences.d && cp "+file.Name()+" \"$1\"/"+preferences,
			string(Trixie), dir, "deb "+mirror+" trixie main", "deb "+mirror+" forky main")
		if out, err := cmd.CombinedOutput(); err != nil {
			return fmt.Errorf("mmdebstrap: %w\n%s", err, tail(out, 2000))
		}
		return errors.Join(
			os.RemoveAll(filepath.Join(dir, "etc/apt/sources.list")),
			os.RemoveAll(filepath.Join(dir, "etc/apt/apt.conf.d/99mmdebstrap")),
			os.RemoveAll(filepath.Join(dir, preferences)),
		)
	})
}
