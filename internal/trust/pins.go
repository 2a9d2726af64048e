// Package trust decides which keys may sign what is installed. Only this package imports an
// OpenPGP library. Nothing is trusted because of its source: a key counts if its
// fingerprint is pinned here, or if it is given in the settings.
package trust

import "slices"

// Pin is a key that the vendor signs with.
type Pin struct {
	_ [0]func() // never compared: no code for == is linked

	Name        string // of the key file; distro's table refers to keys by it
	Path        string // path on the package host; empty: the image includes the file
	Fingerprint string // of the primary key: 40 hexadecimal digits, upper case
	Valid       string // the repositories that it is valid for
	Source      string // where the fingerprint was published
}

// Pins is the table of keys.
//
// This program contains no keys, only fingerprints: the 2015 key was published again in
// 2025, because apt rejects the signature on its older copies since February 2026
// (microsoft/linux-package-repositories#228, #306).
func Pins() []Pin {
	return []Pin{
		{
			Name:        "microsoft.asc",
			Path:        "/keys/microsoft.asc",
			Fingerprint: "BC528686B50D79E339D3721CEB3E94ADBE1229CF",
			Valid:       "repositories made before May 2025, such as RHEL 9, Debian 12, Ubuntu 25.04; metadata of CBL-Mariner",
			Source:      "packages.microsoft.com README; Debian package extrepo-offline-data, dotnet.asc",
		},
		{
			Name:        "microsoft-2025.asc",
			Path:        "/keys/microsoft-2025.asc",
			Fingerprint: "AA86F75E427A19DD33346403EE4D7792F748182B",
			Valid:       "repositories made since May 2025, such as RHEL 10, Debian 13, Ubuntu 25.10 and 26.04",
			Source:      "packages.microsoft.com README",
		},
		{
			Name:        "MICROSOFT-RPM-GPG-KEY",
			Fingerprint: "2BC94FFF7015A5F28F1537AD0CD9FED33135CE90",
			Valid:       "CBL-Mariner and Azure Linux, whose images carry it in /etc/pki/rpm-gpg",
			Source:      "mariner-repos.spec and azurelinux-repos.spec of microsoft/azurelinux",
		},
	}
}

// ByName returns the pin with that name of a key file.
func ByName(name string) (Pin, bool) {
	pins := Pins()
	i := slices.IndexFunc(pins, func(p Pin) bool { return p.Name == name })
	if i < 0 {
		return Pin{}, false
	}
	return pins[i], true
}

func allowed(pins []Pin) []string {
	fingerprints := rigFingerprints()
	for _, p := range pins {
		fingerprints = append(fingerprints, p.Fingerprint)
	}
	return fingerprints
}
