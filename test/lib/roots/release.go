package roots

import "slices"

// userlands are the releases that machines can identify as, by the names of their files in
// distro/testdata/os-release, with the userland that is closest in age and the package
// manager. The handler knows some by rule only, and refuses some.
func userlands() []struct {
	suite    Suite
	family   Family
	releases []string
} {
	return []struct {
		suite    Suite
		family   Family
		releases []string
	}{
		{Bullseye, Apt, []string{"debian-11", "ubuntu-16.04", "ubuntu-18.04", "ubuntu-20.04"}},
		{Bookworm, Apt, []string{"alpine-3.22", "debian-12", "ubuntu-22.04"}},
		{Trixie, Apt, []string{"debian-13", "ubuntu-24.04", "ubuntu-26.04"}},
		{Bullseye, Dnf, []string{"almalinux-8.10", "centos-8", "oracle-8.9", "rhel-8.10", "rhel-8.2", "rocky-8.9"}},
		{Bookworm, Dnf, []string{"almalinux-9.4", "amazon-2023", "centos-stream-9", "eurolinux-9", "oracle-9.3", "rhel-9.4", "rocky-9.6"}},
		{Trixie, Dnf, []string{"almalinux-10.0", "fedora-42", "rhel-10.0"}},
		{Forky, Dnf, []string{"azurelinux-4.0", "rhel-11.0"}},
		{Bullseye, Yum, []string{"centos-7", "rhel-7.9"}},
		{Bullseye, Tdnf, []string{"mariner-1.0", "mariner-2.0"}},
		{Bookworm, Tdnf, []string{"azurelinux-3.0"}},
		{Bookworm, Zypper, []string{"leap-15.5", "leap-15.6", "sles-12.5", "sles-15.5", "sles-sap-15.5"}},
		{Trixie, Zypper, []string{"sles-15.6", "sles-16.0"}},
	}
}

// Userland is the userland for a release; false if it is not listed here.
func Userland(release string) (Suite, Family, bool) {
	for _, u := range userlands() {
		if slices.Contains(u.releases, release) {
			return u.suite, u.family, true
		}
	}
	return "", "", false
}

// Releases are the names of all of them.
func Releases() []string {
	var all []string
	for _, u := range userlands() {
		all = append(all, u.releases...)
	}
	return slices.Sorted(slices.Values(all))
}
