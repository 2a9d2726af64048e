//go:build rig

package e2e

import (
	"bytes"
	"compress/flate"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"aadssh/internal/names"
	"aadssh/misc/packaging/bundle"
	"aadssh/test/lib/scene"
)

// handlerZip is the extension's package. The variations say how it differs from the
// released one: "timeout.install=20s" gives an operation less time, "update=bin/broken"
// replaces its command.
func handlerZip(ctx context.Context, version string, variations []string) ([]byte, error) {
	top, err := scene.Top(ctx)
	if err != nil {
		return nil, err
	}
	z := bundle.Bundle{Name: names.Microsoft(), Version: version, Binaries: map[string][]byte{}}
	for name, content := range map[string]*[]byte{"HandlerManifest.json": &z.Handler, "misc/manifest.xml": &z.Image, "misc/launcher": &z.Launcher, "LICENSE": &z.Licences} {
		if *content, err = os.ReadFile(filepath.Join(top, name)); err != nil {
			return nil, err
		}
	}
	if z.Binaries[runtime.GOARCH], err = scene.BuildAs(version); err != nil {
		return nil, err
	}
	if z.SBOM, err = bundle.SBOM(z.Name.Type, version, z.Binaries); err != nil {
		return nil, err
	}
	if z.Handler, err = vary(z.Handler, variations); err != nil {
		return nil, err
	}
	files, err := z.Files()
	if err != nil {
		return nil, err
	}
	files["bin/broken"] = []byte("#!/bin/sh\necho 'broken on purpose'\nexit 3\n")
	var out bytes.Buffer
	err = bundle.Pack(&out, files, flate.BestSpeed)
	return out.Bytes(), err
}

func vary(manifest []byte, variations []string) ([]byte, error) {
	text := string(manifest)
	for _, v := range variations {
		key, value, _ := strings.Cut(v, "=")
		operation, withTime := strings.CutPrefix(key, "timeout.")
		before := fmt.Sprintf(`"bin/aadsshlogin-handler %s"`, operation)
		after := fmt.Sprintf(`"bin/aadsshlogin-handler %s --timeout %s"`, operation, value)
		if !withTime {
			after = fmt.Sprintf("%q", value)
		}
		if !strings.Contains(text, before) {
			return nil, fmt.Errorf("%s: the manifest has no %s", v, before)
		}
		text = strings.Replace(text, before, after, 1)
	}
	return []byte(text), nil
}

// scriptZip is the package of an extension that is one shell script, with the operation as
// its argument.
func scriptZip(script string) ([]byte, error) {
	commands := map[string]any{"rebootAfterInstall": false, "reportHeartbeat": false}
	for _, operation := range []string{"install", "enable", "disable", "update", "uninstall"} {
		commands[operation+"Command"] = "run.sh " + operation
	}
	manifest, err := json.Marshal([]any{map[string]any{"version": 1.0, "handlerManifest": commands}})
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	err = bundle.Pack(&out, map[string][]byte{"HandlerManifest.json": manifest, "run.sh": []byte(script)}, flate.BestSpeed)
	return out.Bytes(), err
}
