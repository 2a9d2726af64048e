package main

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"time"

	"aadssh/test/lib/cache"
	"aadssh/test/lib/keys"
)

// component is one list of packages.
type component struct {
	host, suite, name string
	packages          int
}

// components are the sources of an Ubuntu 22.04 image of Azure, with about as many packages
// as archive.ubuntu.com has (packages.ubuntu.com, "all packages" of each suite), and one
// vendor who keeps old versions. Served by loopback and compressed with gzip, they take
// less time than over a network, with the archive's xz, which apt prefers: the comparison
// errs against the handler.
func components() []component {
	return []component{
		{archive, "jammy", "main", 6000},
		{archive, "jammy", "restricted", 600},
		{archive, "jammy", "universe", 60000},
		{archive, "jammy", "multiverse", 1800},
		{archive, "jammy-updates", "main", 5500},
		{archive, "jammy-updates", "restricted", 6000},
		{archive, "jammy-updates", "universe", 4500},
		{archive, "jammy-security", "main", 3800},
		{archive, "jammy-security", "restricted", 6000},
		{archive, "jammy-security", "universe", 3500},
		{vendor, "stable", "main", 10000},
	}
}

// buildWorld builds a folder with the machine's other repositories, with a folder for each
// host. Nothing is ever installed from them.
func buildWorld(ctx context.Context, c cache.Cache) (string, error) {
	recipe := fmt.Sprintf("4 %v %s %s", components(), runtime.GOARCH, keys.Rig().Fingerprint)
	return c.Make(ctx, "worlds", cache.Key(recipe), func(dir string) error {
		suites := map[string]map[string][]byte{}
		for _, p := range components() {
			place := filepath.Join(p.host, "dists", p.suite)
			if suites[place] == nil {
				suites[place] = map[string][]byte{}
			}
			list := p.list()
			index := p.name + "/binary-" + runtime.GOARCH + "/Packages"
			suites[place][index], suites[place][index+".gz"] = list, zipped(list)
			if p.host == archive {
				words := p.descriptions()
				index := p.name + "/i18n/Translation-en"
				suites[place][index], suites[place][index+".gz"] = words, zipped(words)
			}
		}
		for place, files := range suites {
			if err := publish(filepath.Join(dir, place), files); err != nil {
				return err
			}
		}
		return nil
	})
}

// publish writes a suite's files and the signed list of them.
func publish(dir string, files map[string][]byte) error {
	suite := filepath.Base(dir)
	var names string
	seen := map[string]bool{}
	for name := range files {
		if part := filepath.Dir(filepath.Dir(name)); !seen[part] {
			seen[part] = true
			names += " " + part
		}
	}
	var release bytes.Buffer
	fmt.Fprintf(&release, "Origin: rig\nSuite: %s\nCodename: %s\nDate: %s\nArchitectures: %s\nComponents:%s\nSHA256:\n",
		suite, suite, time.Now().UTC().Add(-time.Hour).Format(time.RFC1123), runtime.GOARCH, names)
	for name, content := range files {
		fmt.Fprintf(&release, " %x %d %s\n", sha256.Sum256(content), len(content), name)
	}
	signed, err := keys.Rig().ClearSign(release.Bytes())
	if err != nil {
		return err
	}
	files["InRelease"] = signed
	for name, content := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(path, content, 0o644); err != nil {
			return err
		}
	}
	return nil
}

// sum is the hash that everything about the i-th package is made from.
func (p component) sum(i int) [sha256.Size]byte {
	return sha256.Sum256(fmt.Appendf(nil, "%s %s %s %d", p.host, p.suite, p.name, i))
}

// descriptions is the Translation file, which has the long descriptions.
func (p component) descriptions() []byte {
	var b bytes.Buffer
	for i := range p.packages {
		sum := p.sum(i)
		fmt.Fprintf(&b, "Package: %s-%x\nDescription-md5: %x\nDescription-en: package %[2]x of a large repository\n", p.name, sum[:5], sum[16:])
		for line := range 6 {
			fmt.Fprintf(&b, " What the package %x is for, and how it gets along with %x.\n", sum[line:line+5], sum[line+5:line+10])
		}
		b.WriteString("\n")
	}
	return b.Bytes()
}

// list is the Packages file: stanzas with the fields of real ones, and about their size
// (900 bytes).
func (p component) list() []byte {
	var b bytes.Buffer
	for i := range p.packages {
		sum := p.sum(i)
		fmt.Fprintf(&b, `Package: %[1]s-%[2]x
Architecture: %[3]s
Version: %[4]d.%[5]d.%[6]d-%[7]dubuntu1
Priority: optional
Section: %[1]s/libs
Origin: rig
Maintainer: Somebody at %[2]x <%[8]x@rig.invalid>
Installed-Size: %[9]d
Depends: libc6 (>= 2.34), libgcc-s1 (>= 3.0), %[1]s-%[10]x (>= %[4]d.%[5]d), %[1]s-%[11]x | %[1]s-%[12]x
Filename: pool/%[1]s/%[13]x/%[2]x_%[3]s.deb
Size: %[14]d
MD5sum: %[15]x
SHA1: %[16]x
SHA256: %[17]x
Homepage: https://rig.invalid/%[2]x
Description: package %[2]x of a large repository
Task: server-%[13]x
Description-md5: %[18]x

`, p.name, sum[:5], runtime.GOARCH, sum[5]%20, sum[6], sum[7], sum[8]%9, sum[9:14], int(sum[10])*97,
			sum[1:6], sum[2:7], sum[3:8], sum[:1], int(sum[11])*9973, sum[:16], sum[:20], sum, sum[16:])
	}
	return b.Bytes()
}

func zipped(b []byte) []byte {
	var out bytes.Buffer
	w := gzip.NewWriter(&out)
	_, _ = w.Write(b) // a bytes.Buffer accepts everything
	_ = w.Close()
	return out.Bytes()
}
