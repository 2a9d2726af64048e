// Package bundle writes the zip that the agent downloads. The same content gives the same
// bytes, wherever and whenever it is built.
package bundle

import (
	"archive/zip"
	"bytes"
	"compress/flate"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"path"
	"regexp"
	"slices"
	"strings"
	"text/template"
	"time"

	"aadssh/internal/names"
)

// Program is the path of the launcher in the zip. The binaries are next to it, with "-" and
// their GOARCH appended to the name.
const Program = "bin/aadsshlogin-handler"

// Bundle is the content of a zip.
type Bundle struct {
	Name     names.Handler     // under which it is published
	Version  string            // of the extension: four numbers
	Handler  []byte            // HandlerManifest.json
	Image    []byte            // template of manifest.xml, which is only needed for publishing
	Launcher []byte            // shell script
	Binaries map[string][]byte // by GOARCH
	SBOM     []byte            // CycloneDX, JSON
	Licences []byte            // texts of the licences of what is in the binaries
}

// Files are the files of the zip by their path.
func (b Bundle) Files() (map[string][]byte, error) {
	if !regexp.MustCompile(`^\d+(\.\d+){3}$`).MatchString(b.Version) {
		return nil, fmt.Errorf("version %q: an extension's version is four numbers, as in 1.0.0.0", b.Version)
	}
	image, err := template.New("manifest.xml").Option("missingkey=error").Parse(string(b.Image))
	if err != nil {
		return nil, err
	}
	var text bytes.Buffer
	if err := image.Execute(&text, b); err != nil {
		return nil, err
	}
	if err := xml.Unmarshal(text.Bytes(), new(struct{})); err != nil {
		return nil, fmt.Errorf("manifest.xml: %w", err)
	}
	if len(b.Binaries) == 0 {
		return nil, errors.New("there is no binary to pack")
	}
	files := map[string][]byte{
		"HandlerManifest.json": b.Handler,
		"manifest.xml":         text.Bytes(),
		"sbom.cdx.json":        b.SBOM,
		"LICENSES.txt":         b.Licences,
		Program:                b.Launcher,
	}
	for arch, content := range b.Binaries {
		files[Program+"-"+arch] = content
	}
	for name, content := range files {
		if len(content) == 0 {
			return nil, fmt.Errorf("%s is empty", name)
		}
	}
	return files, nil
}

// Write packs the bundle; level is one of compress/flate.
func (b Bundle) Write(w io.Writer, level int) error {
	files, err := b.Files()
	if err != nil {
		return err
	}
	return Pack(w, files, level)
}

// Pack writes files as a zip; level is one of compress/flate, of which the best takes
// seconds. It refuses paths that the agent must not find in a package: config/ and status/
// are its own folders, which exist before it unpacks.
func Pack(w io.Writer, files map[string][]byte, level int) error {
	z := zip.NewWriter(w)
	z.RegisterCompressor(zip.Deflate, func(out io.Writer) (io.WriteCloser, error) { return flate.NewWriter(out, level) })
	for _, name := range slices.Sorted(maps.Keys(files)) {
		if top, _, _ := strings.Cut(name, "/"); !fs.ValidPath(name) || top == "config" || top == "status" {
			return fmt.Errorf("%s must not be in the package", name)
		}
		h := &zip.FileHeader{Name: name, Method: zip.Deflate, Modified: time.Date(1980, 1, 1, 0, 0, 0, 0, time.UTC)}
		// The agent unpacks with Python's zipfile, which ignores modes, and then makes
		// everything executable itself. The modes are for people who unpack the file.
		h.SetMode(0o644)
		if path.Dir(name) == "bin" {
			h.SetMode(0o755)
		}
		f, err := z.CreateHeader(h)
		if err != nil {
			return err
		}
		if _, err := f.Write(files[name]); err != nil {
			return err
		}
	}
	return z.Close()
}
