package bundle

import (
	"bytes"
	"crypto/sha256"
	"debug/buildinfo"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"runtime/debug"
	"slices"
	"strings"
)

// The parts of CycloneDX 1.5 (cyclonedx.org, "JSON Reference") that are used. Serial number
// and time are optional there and left out, because they would differ in every build.
type document struct {
	Format     string      `json:"bomFormat"`
	Spec       string      `json:"specVersion"`
	Version    int         `json:"version"`
	Metadata   metadata    `json:"metadata"`
	Components []component `json:"components"`
}

type metadata struct {
	Component component `json:"component"`
}

type component struct {
	Type       string     `json:"type"`
	Name       string     `json:"name"`
	Version    string     `json:"version,omitempty"`
	PURL       string     `json:"purl,omitempty"`
	Hashes     []hash     `json:"hashes,omitempty"`
	Properties []property `json:"properties,omitempty"`
}

type hash struct {
	Algorithm string `json:"alg"`
	Content   string `json:"content"`
}

type property struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// SBOM lists the modules in the binaries, as the linker recorded them.
func SBOM(name, version string, binaries map[string][]byte) ([]byte, error) {
	doc := document{
		Format: "CycloneDX", Spec: "1.5", Version: 1,
		Metadata: metadata{component{Type: "application", Name: name, Version: version}},
	}
	modules := map[string]component{}
	for _, arch := range slices.Sorted(maps.Keys(binaries)) {
		info, err := buildinfo.Read(bytes.NewReader(binaries[arch]))
		if err != nil {
			return nil, fmt.Errorf("what the %s binary is made of: %w", arch, err)
		}
		sum := sha256.Sum256(binaries[arch])
		doc.Components = append(doc.Components, component{
			Type: "file", Name: Program + "-" + arch, Hashes: []hash{{"SHA-256", hex.EncodeToString(sum[:])}},
		})
		toolchain := strings.TrimPrefix(info.GoVersion, "go")
		modules["stdlib"] = component{Type: "library", Name: "stdlib", Version: toolchain, PURL: "pkg:golang/stdlib@" + toolchain}
		for _, m := range info.Deps {
			modules[m.Path] = library(m)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(modules)) {
		doc.Components = append(doc.Components, modules[name])
	}
	out, err := json.MarshalIndent(doc, "", "  ")
	return append(out, '\n'), err
}

func library(m *debug.Module) component {
	if m.Replace != nil {
		m = m.Replace
	}
	c := component{Type: "library", Name: m.Path, Version: m.Version, PURL: "pkg:golang/" + m.Path + "@" + m.Version}
	if m.Sum != "" { // go.sum's hash is over all files of the module: no algorithm of CycloneDX
		c.Properties = []property{{"go.sum", m.Sum}}
	}
	return c
}
