package facts

import (
	"errors"
	"strings"
	"testing"

	"aadssh/distro"
	"aadssh/internal/fault"
)

// dpkg takes an empty database for a machine without packages; nothing may be
// installed by that.
func TestEmptyDatabase(t *testing.T) {
	target := distro.Target{Manager: distro.Apt}
	target.Packages.Login = "aadsshlogin"
	_, err := lookPackages(t.Context(), root(t, map[string]string{"/var/lib/dpkg/status": ""}), target)
	var f *fault.Fault
	if !errors.As(err, &f) || f.Code != fault.PackageManagerFailed || !strings.Contains(f.What, "is empty") || !strings.Contains(f.Next, "/var/lib/dpkg/status-old") {
		t.Errorf("an empty database: %v", err)
	}
}
