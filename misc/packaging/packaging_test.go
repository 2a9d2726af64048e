package main

import (
	"archive/zip"
	"bytes"
	"compress/flate"
	"debug/elf"
	"encoding/hex"
	"encoding/json"
	"encoding/xml"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"aadssh/internal/names"
	"aadssh/misc/packaging/bundle"
	"aadssh/test/lib/keys"
)

// checkout copies the part of the module that is built into its own folder, with files of
// the given age.
func checkout(t *testing.T, dir string, age time.Duration) {
	t.Helper()
	if err := os.CopyFS(dir, tree{os.DirFS("../..")}); err != nil {
		t.Fatal(err)
	}
	at := time.Now().Add(-age)
	err := filepath.WalkDir(dir, func(path string, _ fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		return os.Chtimes(path, at, at)
	})
	if err != nil {
		t.Fatal(err)
	}
}

// tree leaves out what is not source of the product: half of the files belong to the tests,
// and need not be copied.
type tree struct{ fs.FS }

func (s tree) ReadDir(name string) ([]fs.DirEntry, error) {
	all, err := fs.ReadDir(s.FS, name)
	var kept []fs.DirEntry
	for _, e := range all {
		if n := e.Name(); !slices.Contains([]string{".git", "build", "test", "testdata", "docs"}, n) && !strings.HasSuffix(n, "_test.go") {
			kept = append(kept, e)
		}
	}
	return kept, err
}

// build runs make in a fresh copy of the module.
func build(t *testing.T, dir string, age time.Duration, targets ...string) {
	t.Helper()
	checkout(t, dir, age)
	cmd := exec.Command("make", targets...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GOFLAGS=", "MAKEFLAGS=", "TZ=Pacific/Auckland")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("make %q: %v\n%s", targets, err, out)
	}
}

// TestZip looks at what is in the zip. It compresses fast, which takes half of the time that
// make zip takes; TestSameZip has the zip of make zip.
func TestZip(t *testing.T) {
	dir := t.TempDir()
	build(t, dir, time.Hour, "build", "build/LICENSES.txt")
	t.Chdir(dir)
	version, err := os.ReadFile("VERSION")
	if err != nil {
		t.Fatal(err)
	}
	if err := write(names.Ours(), strings.TrimSpace(string(version)), "build", "build/LICENSES.txt", "build/fast.zip", "", flate.BestSpeed); err != nil {
		t.Fatal(err)
	}
	one, err := os.ReadFile("build/fast.zip")
	if err != nil {
		t.Fatal(err)
	}
	z, err := zip.NewReader(bytes.NewReader(one), int64(len(one)))
	if err != nil {
		t.Fatal(err)
	}
	files := map[string][]byte{}
	for _, f := range z.File {
		if !f.Mode().IsRegular() {
			t.Errorf("%s is %v: the agent makes a file with the target's name of a link", f.Name, f.Mode())
		}
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		if files[f.Name], err = io.ReadAll(r); err != nil {
			t.Fatal(err)
		}
	}
	if want := 7; len(files) != want {
		t.Errorf("%d files, want %d", len(files), want)
	}
	for name, machine := range map[string]elf.Machine{
		bundle.Program + "-amd64": elf.EM_X86_64, bundle.Program + "-arm64": elf.EM_AARCH64,
	} {
		binary(t, name, files[name], machine, strings.TrimSpace(string(version)))
	}
	var image struct{ Version, ProviderNameSpace, Type string }
	if err := xml.Unmarshal(files["manifest.xml"], &image); err != nil {
		t.Fatal(err)
	}
	if image.Version != strings.TrimSpace(string(version)) || image.ProviderNameSpace+"."+image.Type != names.Microsoft().Full() {
		t.Errorf("manifest.xml is for %+v", image)
	}
	sbom(t, files["sbom.cdx.json"], string(files["LICENSES.txt"]))
}

// largest is the maximum size of a released binary, in bytes: each machine downloads it and
// keeps it in its page cache.
const largest = 10 << 20

// binary checks that a binary is static, small, for the right processor and of the right
// version, and trusts no key of the tests.
func binary(t *testing.T, name string, content []byte, machine elf.Machine, version string) {
	t.Helper()
	f, err := elf.NewFile(bytes.NewReader(content))
	if err != nil {
		t.Errorf("%s: %v", name, err)
		return
	}
	if f.Machine != machine {
		t.Errorf("%s is for %v", name, f.Machine)
	}
	if libraries, err := f.ImportedLibraries(); err == nil && len(libraries) > 0 {
		t.Errorf("%s needs %q", name, libraries)
	}
	if !bytes.Contains(content, []byte(version)) {
		t.Errorf("%s does not know its version %s", name, version)
	}
	if found := fingerprints(content); len(found) > 0 {
		t.Errorf("%s holds the fingerprint of the tests' key, as %s", name, strings.Join(found, " and "))
	}
	if len(content) > largest {
		t.Errorf("%s has %d bytes, more than %d", name, len(content), largest)
	}
	if here, err := filepath.Abs("."); err != nil || bytes.Contains(content, []byte(here+"/")) {
		t.Errorf("%s holds the path of the folder that it was built in (%v)", name, err)
	}
}

// fingerprints are the forms in which the tests' key is in a program.
func fingerprints(program []byte) []string {
	text := keys.Rig().Fingerprint
	raw, err := hex.DecodeString(text)
	if err != nil {
		panic(err) // of the tests' own constant
	}
	var found []string
	for name, form := range map[string][]byte{
		"capital digits": []byte(text), "small digits": []byte(strings.ToLower(text)), "bytes": raw,
		"armor": bytes.TrimSpace(bytes.Split(keys.Rig().Public, []byte("\n"))[3]),
	} {
		if bytes.Contains(program, form) {
			found = append(found, name)
		}
	}
	return found
}

// sbom checks that the modules of go.mod are listed, and that each of the list has the text
// of its licence beside it.
func sbom(t *testing.T, content []byte, licences string) {
	t.Helper()
	var doc struct {
		BOMFormat  string
		Components []struct{ Name, Version, PURL string }
	}
	if err := json.Unmarshal(content, &doc); err != nil {
		t.Fatal(err)
	}
	purls := map[string]bool{}
	for _, c := range doc.Components {
		purls[c.PURL] = true
		_, text, found := strings.Cut(licences, "\n"+c.Name+" "+c.Version+": LICENSE")
		if head := text[:min(len(text), 500)]; strings.HasPrefix(c.PURL, "pkg:golang/") && c.Name != "stdlib" && (!found || !strings.Contains(head, "License") && !strings.Contains(head, "Copyright")) {
			t.Errorf("LICENSES.txt has no licence of %s %s", c.Name, c.Version)
		}
	}
	if !strings.Contains(licences, "The Go Authors") {
		t.Error("LICENSES.txt lacks the licence of Go")
	}
	gomod, err := os.ReadFile("go.mod")
	if err != nil {
		t.Fatal(err)
	}
	for _, module := range []string{"github.com/sirupsen/logrus", "github.com/Azure/go-autorest/autorest/azure/auth", "github.com/coreos/go-systemd/v22"} {
		_, after, _ := strings.Cut(string(gomod), module+" ")
		version, _, _ := strings.Cut(after, "\n")
		if purl := "pkg:golang/" + module + "@" + version; doc.BOMFormat != "CycloneDX" || !purls[purl] {
			t.Errorf("the bill of materials lacks %s", purl)
		}
	}
}

// TestRefused: what the agent would trip over is not packed.
func TestRefused(t *testing.T) {
	for _, name := range []string{"config/0.settings", "status/0.status", "../escape", "/absolute"} {
		if err := bundle.Pack(io.Discard, map[string][]byte{name: []byte("x")}, flate.BestSpeed); err == nil {
			t.Errorf("%s was packed", name)
		}
	}
	good := bundle.Bundle{Version: "1.0.0.0", Handler: []byte("[]"), Image: []byte("<V>{{.Version}}</V>"), Launcher: []byte("#!"),
		SBOM: []byte("{}"), Licences: []byte("MIT"), Binaries: map[string][]byte{"amd64": []byte("x")}}
	if err := good.Write(io.Discard, flate.BestSpeed); err != nil {
		t.Fatal(err)
	}
	for what, spoil := range map[string]func(*bundle.Bundle){
		"version":    func(b *bundle.Bundle) { b.Version = "1.0" },
		"no binary":  func(b *bundle.Bundle) { b.Binaries = nil },
		"empty file": func(b *bundle.Bundle) { b.Launcher = nil },
		"bad XML":    func(b *bundle.Bundle) { b.Image = []byte("<V>") },
	} {
		b := good
		spoil(&b)
		if err := b.Write(io.Discard, flate.BestSpeed); err == nil {
			t.Errorf("%s: packed all the same", what)
		}
	}
}
