//go:build rig

package doctor_test

import (
	"archive/zip"
	"bytes"
	"strings"
	"testing"

	"aadssh/test/lib/source"
)

// TestByHand: the commands in docs/publishing.md work as they are printed.
func TestByHand(t *testing.T) {
	block := func(name string) string { return source.Block(t, "docs/publishing.md", name) }
	s := fresh(t, jammy())
	var archive bytes.Buffer
	w := zip.NewWriter(&archive)
	for name, file := range s.Package() {
		f, err := w.Create(name)
		s.Must(err)
		_, err = f.Write(file.Data)
		s.Must(err)
	}
	s.Must(w.Close())
	s.Write("/root/AADSSHLoginForLinux-1.0.0.0.zip", archive.String())
	// The machine has no unzip: python's does the same with these arguments.
	s.WriteMode("/usr/local/bin/unzip", "#!/bin/sh\nexec python3 -m zipfile -e \"$3\" \"$5\"\n", 0o755)

	s.SSHD()
	out := s.Do("cd /root\n" + block("by hand"))
	if !strings.Contains(out, "People can sign in") {
		t.Errorf("%s", out)
	}
	report, code := s.examine(nil, "--only", "packages,sshd-config,sshd-command")
	if code != 0 || report.Verdict.Code != 0 {
		t.Errorf("doctor: exit %d, %+v", code, report.Verdict)
	}
	if status, err := s.ReadFile("/opt/AADSSHLoginForLinux-1.0.0.0/status/0.status"); err != nil || !strings.Contains(string(status), `"success"`) {
		t.Errorf("%v %s", err, status)
	}
	s.Do(block("by hand, back"))
	if s.Exists("/usr/sbin/aad_certhandler") || s.Exists("/etc/apt/sources.list.d/aadsshlogin.list") {
		t.Error("not everything was removed")
	}
}
