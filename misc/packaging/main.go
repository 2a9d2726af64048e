// Command packaging writes the extension's zip:
//
//	packaging -version 1.0.0.0 -binaries build -licences build/LICENSES.txt -o build/handler.zip
//
// It runs in the top folder of the module.
package main

import (
	"bytes"
	"compress/flate"
	"flag"
	"fmt"
	"os"
	"path/filepath"

	"aadssh/internal/names"
	"aadssh/misc/packaging/bundle"
)

func main() {
	version := flag.String("version", "", "version of the extension")
	binaries := flag.String("binaries", "build", "folder with aadsshlogin-handler-amd64 and -arm64")
	out := flag.String("o", "", "zip to write")
	publisher := flag.String("publisher", names.Ours().Publisher, "who publishes the extension")
	kind := flag.String("type", names.Ours().Type, "type of the extension")
	sbom := flag.String("sbom", "", "file for the list of what is in the binaries, beside the zip; empty: none")
	licences := flag.String("licences", "", "file with the licence texts of what is in the binaries")
	flag.Parse()
	if err := write(names.Handler{Publisher: *publisher, Type: *kind}, *version, *binaries, *licences, *out, *sbom, flate.BestCompression); err != nil {
		fmt.Fprintln(os.Stderr, "packaging:", err)
		os.Exit(1)
	}
}

func write(name names.Handler, version, binaries, licences, out, sbom string, level int) error {
	b := bundle.Bundle{Name: name, Version: version, Binaries: map[string][]byte{}}
	for name, content := range map[string]*[]byte{
		"HandlerManifest.json": &b.Handler, "misc/manifest.xml": &b.Image, "misc/launcher": &b.Launcher, licences: &b.Licences,
	} {
		var err error
		if *content, err = os.ReadFile(name); err != nil {
			return err
		}
	}
	for _, arch := range []string{"amd64", "arm64"} {
		content, err := os.ReadFile(filepath.Join(binaries, filepath.Base(bundle.Program)+"-"+arch))
		if err != nil {
			return err
		}
		b.Binaries[arch] = content
	}
	var err error
	if b.SBOM, err = bundle.SBOM(name.Type, version, b.Binaries); err != nil {
		return err
	}
	if sbom != "" {
		if err := os.WriteFile(sbom, b.SBOM, 0o644); err != nil {
			return err
		}
	}
	var zip bytes.Buffer
	if err := b.Write(&zip, level); err != nil {
		return err
	}
	return os.WriteFile(out, zip.Bytes(), 0o644)
}
