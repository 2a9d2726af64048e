package pkgmgr

import (
	"errors"
	"testing"

	"aadssh/distro"
	"aadssh/internal/host"
)

// TestBadSignature: which package a manager does not accept is known apart from the words
// that people read.
func TestBadSignature(t *testing.T) {
	const name = "aadsshlogin-1.0.2-1.x86_64"
	for said, want := range map[string]struct {
		manager distro.Manager
		BadSignature
	}{
		"Public key for " + name + ".rpm is not installed. Failing package is: " + name: {distro.Dnf, BadSignature{Package: name}},
		"Package " + name + ".rpm is not signed":                                        {distro.Dnf, BadSignature{Package: name, Missing: true}},
		`OpenPGP check for package "` + name + `" (/var/cache/libdnf5/y/packages/` + name + `.rpm) from repo "y" has failed: The package is not signed.`:                {distro.Dnf, BadSignature{Package: name, Missing: true}},
		`OpenPGP check for package "` + name + `" (/var/cache/libdnf5/y/packages/` + name + `.rpm) from repo "y" has failed: Import of the key didn't help, wrong key?`: {distro.Dnf, BadSignature{Package: name}},
		"Package " + name + ".rpm is not signed\n":                        {distro.Yum, BadSignature{Package: name, Missing: true}},
		"/var/cache/download/" + name + ".rpm: digests SIGNATURES NOT OK": {distro.Dnf, BadSignature{Package: name}},
		"Error processing package: Packages/a/" + name + ".rpm\nError(1514) : RPM is signed but failed to match with known keys. Use --nogpgcheck to ignore.": {distro.Tdnf, BadSignature{Package: name}},
		name + " (x): Signature verification failed [6-File is unsigned]":                                                                                     {distro.Zypper, BadSignature{Package: name, Missing: true}},
		name + " (x): Signature verification failed [4-Signatures public key is not available]":                                                               {distro.Zypper, BadSignature{Package: name}},
		name + " (x): Signature verification failed [2-Signature does not verify]":                                                                            {distro.Zypper, BadSignature{Package: name}},
		"Error: Failed to download metadata for repo 'x': repomd.xml GPG signature verification error: Bad GPG signature":                                     {distro.Dnf, BadSignature{}},
	} {
		m, err := For(want.manager)
		if err != nil {
			t.Fatal(err)
		}
		f := m.Classify(host.Command{Name: string(want.manager)}, host.Result{ExitCode: 1, Stderr: []byte(said + "\n")})
		var bad *BadSignature
		found := f != nil && errors.As(f, &bad)
		switch {
		case found != (want.Package != ""):
			t.Errorf("%q: a bad signature of a package: %t", said, found)
		case found && (bad.Package != want.Package || bad.Missing != want.Missing):
			t.Errorf("%q: %+v", said, bad)
		}
	}
}
