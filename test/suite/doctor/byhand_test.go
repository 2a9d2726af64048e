//go:build rig

package doctor_test

import (
	"archive/zip"
	"bytes"
	"os"
	"strings"
	"testing"

	"aadssh/test/lib/roots"
	"aadssh/test/lib/scene"
	"aadssh/test/lib/stage"
)

// The commands in docs/publishing.md work as they are printed.
func TestByHand(t *testing.T) {
	top, err := scene.Top(t.Context())
	stage.Must(t, err)
	page, err := os.ReadFile(top + "/docs/publishing.md")
	stage.Must(t, err)
	block := func(name string) string {
		t.Helper()
		_, rest, ok := strings.Cut(string(page), "<!-- "+name+" -->\n```sh\n")
		script, _, ok2 := strings.Cut(rest, "```\n")
		if !ok || !ok2 {
			t.Fatalf("docs/publishing.md has no block %q", name)
		}
		return script
	}
	s, _ := fresh(t, scene.Options{Persona: roots.Ubuntu("22.04")})
	var archive bytes.Buffer
	w := zip.NewWriter(&archive)
	for name, file := range s.Package() {
		f, err := w.Create(name)
		stage.Must(t, err)
		_, err = f.Write(file.Data)
		stage.Must(t, err)
	}
	stage.Must(t, w.Close())
	stage.Must(t, s.WriteFile("/root/AADSSHLoginForLinux-1.0.0.0.zip", archive.Bytes(), 0o644))
	// The machine has no unzip: python's does the same with these arguments.
	stage.Must(t, s.WriteFile("/usr/local/bin/unzip", []byte("#!/bin/sh\nexec python3 -m zipfile -e \"$3\" \"$5\"\n"), 0o755))

	startSSHD(t, s)
	out := stage.On(t, s.Box).Do("cd /root\n" + block("by hand"))
	if !strings.Contains(out, "People can sign in") {
		t.Errorf("%s", out)
	}
	report, code := examine(t, s, nil, "--only", "packages,sshd-config,sshd-command")
	if code != 0 || report.Verdict.Code != 0 {
		t.Errorf("doctor: exit %d, %+v", code, report.Verdict)
	}
	if status, err := s.ReadFile("/opt/AADSSHLoginForLinux-1.0.0.0/status/0.status"); err != nil || !strings.Contains(string(status), `"success"`) {
		t.Errorf("%v %s", err, status)
	}
	stage.On(t, s.Box).Do(block("by hand, back"))
	if s.Exists("/usr/sbin/aad_certhandler") || s.Exists("/etc/apt/sources.list.d/aadsshlogin.list") {
		t.Error("not all was taken back")
	}
}
