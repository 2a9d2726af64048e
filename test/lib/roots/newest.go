package roots

import (
	"context"
	"errors"
	"os"
	"strings"

	"aadssh/test/lib/cache"
)

// pin makes apt install the Linux agent of the suite after Trixie, and nothing else from it
// that Trixie has.
const pin = "Package: *\nPin: release n=forky\nPin-Priority: 100\n\nPackage: waagent\nPin: release n=forky\nPin-Priority: 990\n"

// preferences is the path of the pin while a root is built.
const preferences = "etc/apt/preferences.d/agent"

// NewestAgent is the root of Trixie with the Linux agent of the suite after it: 2.16 at the
// time of writing. As with Get, it must never be written to.
func NewestAgent(ctx context.Context, c cache.Cache) (string, error) {
	include := strings.Join(packages(Trixie), ",")
	return c.Make(ctx, "roots", "trixie-newest-agent-"+cache.Key(include, pin), func(dir string) error {
		return bootstrap(ctx, dir, Trixie, include, true)
	})
}

// pinFile is a file with the pin, which the caller removes.
func pinFile() (string, error) {
	file, err := os.CreateTemp("", "pin.")
	if err != nil {
		return "", err
	}
	_, err = file.WriteString(pin)
	return file.Name(), errors.Join(err, file.Chmod(0o644), file.Close())
}
