package trust

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// Packages that rpmbuild and rpmsign 4.18 made, with a throw-away key.
func TestPackageSigners(t *testing.T) {
	for name, want := range map[string][]string{
		"signed.rpm":   {"E68E26ACFD3800F419628771099A122506276CD3"},
		"unsigned.rpm": nil,
	} {
		pkg, err := os.ReadFile(filepath.Join("testdata", name))
		if err != nil {
			t.Fatal(err)
		}
		got, err := PackageSigners(pkg)
		if err != nil || !slices.Equal(got, want) {
			t.Errorf("%s: %q, %v", name, got, err)
		}
		// A download that was cut short, at any byte of the header, is no package.
		for n := range 400 {
			if keys, err := PackageSigners(pkg[:n]); err == nil && len(keys) > 0 {
				t.Fatalf("%s, %d bytes: %q", name, n, keys)
			}
		}
	}
	if _, err := PackageSigners([]byte("<html>a portal</html>")); err == nil {
		t.Error("a page is a package")
	}
}

func FuzzPackageSigners(f *testing.F) {
	for _, name := range []string{"signed.rpm", "unsigned.rpm"} {
		pkg, err := os.ReadFile(filepath.Join("testdata", name))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(pkg[:4096])
	}
	f.Fuzz(func(_ *testing.T, pkg []byte) { _, _ = PackageSigners(pkg) })
}

// TestMetadataSigners reads the signatures of an index in each form that repositories
// serve.
func TestMetadataSigners(t *testing.T) {
	const want = "22C3281A92D14003FB53BBE8155C3D5C17105335"
	for _, name := range []string{"InRelease", "repomd.xml.asc", "repomd.xml.sig"} {
		signed, err := os.ReadFile(filepath.Join("testdata", name))
		if err != nil {
			t.Fatal(err)
		}
		if got := MetadataSigners(signed); !slices.Equal(got, []string{want}) {
			t.Errorf("%s: %q", name, got)
		}
	}
	for _, other := range []string{"", "<html>a portal</html>", "-----BEGIN PGP SIGNATURE-----\n\nAAAA\n"} {
		if got := MetadataSigners([]byte(other)); len(got) > 0 {
			t.Errorf("%q is signed by %q", other, got)
		}
	}
}
