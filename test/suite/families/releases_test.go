package families

import (
	"slices"
	"testing"

	"aadssh/test/lib/roots"
)

// managers is one release for each version of each available package manager.
func managers() []string {
	return []string{"debian-11", "debian-12", "debian-13", "rhel-8.10", "rhel-9.4", "rhel-10.0", "rhel-11.0", "azurelinux-4.0", "rhel-7.9", "azurelinux-3.0", "leap-15.6", "sles-15.6"}
}

// typical is one release for each real package manager.
func typical() []string { return []string{"ubuntu-22.04", "rhel-9.4", "sles-15.6"} }

// kinds is one release for each package manager, including stand-ins.
func kinds() []string {
	return append(typical(), "rhel-7.9", "azurelinux-3.0", "azurelinux-4.0")
}

// others are the releases that are not in managers.
func others() []string {
	return []string{"ubuntu-16.04", "ubuntu-18.04", "ubuntu-20.04", "ubuntu-22.04", "ubuntu-24.04",
		"almalinux-8.10", "almalinux-9.4", "rocky-8.9", "rocky-9.6", "oracle-8.9", "oracle-9.3",
		"centos-7", "centos-8", "mariner-2.0", "sles-12.5", "sles-15.5", "sles-sap-15.5", "leap-15.5"}
}

// newReleases are releases without a row in the table.
func newReleases() []string {
	return []string{"ubuntu-26.04", "debian-13", "rhel-11.0", "azurelinux-4.0", "sles-16.0", "almalinux-10.0", "centos-stream-9"}
}

// refused are releases that the handler refuses.
func refused() []string {
	return []string{"alpine-3.22", "amazon-2023", "eurolinux-9", "fedora-42", "mariner-1.0", "rhel-8.2"}
}

// A release that a machine can identify as, and that is in no list, would be run by no test.
func TestReleasesAreRun(t *testing.T) {
	run := slices.Concat(managers(), kinds(), others(), newReleases(), refused())
	for _, r := range roots.Releases() {
		if !slices.Contains(run, r) {
			t.Errorf("%s is in no list of releases above", r)
		}
	}
	for _, r := range run {
		if _, _, known := roots.Userland(r); !known {
			t.Errorf("%s has no userland in test/lib/roots/release.go", r)
		}
	}
}
