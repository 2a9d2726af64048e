package facts

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"aadssh/internal/host"
	"aadssh/internal/logging"
)

// answers is a machine whose package database and sshd answer at once: only the reading of
// files is measured.
type answers struct{ host.Runner }

func (answers) Run(_ context.Context, c host.Command) (host.Result, error) {
	if c.Name == "dpkg-query" {
		return host.Result{Stdout: []byte("aadsshlogin\t1.0.033070001\tamd64\tinstall ok installed\n"), ExitCode: 1,
			Stderr: []byte("dpkg-query: no packages found matching aadlogin\n")}, nil
	}
	if strings.HasSuffix(c.Name, "sshd") && len(c.Args) > 0 && c.Args[0] == "-T" {
		return host.Result{Stdout: []byte("port 22\nauthorizedkeyscommand /usr/sbin/aad_certhandler %u %k\nauthorizedkeyscommanduser root\n")}, nil
	}
	return host.Result{}, nil
}

// BenchmarkLook reads a machine without its metadata service: enable's own cost on a
// healthy machine.
func BenchmarkLook(b *testing.B) {
	root := b.TempDir()
	for path, content := range map[string]string{
		"/etc/os-release":                             "ID=ubuntu\nVERSION_ID=\"22.04\"\nVERSION_CODENAME=jammy\n",
		"/proc/meminfo":                               "MemTotal:        4030508 kB\n",
		"/usr/sbin/sshd":                              "",
		"/etc/ssh/sshd_config":                        strings.Repeat("# a comment\n", 120) + "UsePAM yes\nMatch User *@*\n    AuthorizedKeysCommand /usr/sbin/aad_certhandler %u %k\n",
		"/etc/nsswitch.conf":                          "passwd: files systemd aad\ngroup: files systemd aad\nshadow: files aad\n",
		"/etc/pam.d/sshd":                             "@include common-auth\n@include common-account\n",
		"/etc/pam.d/common-auth":                      "auth sufficient pam_aad.so\nauth required pam_unix.so\n",
		"/etc/pam.d/common-account":                   "account sufficient pam_aad.so\naccount required pam_unix.so\n",
		"/etc/apt/sources.list":                       strings.Repeat("deb http://archive.ubuntu.com/ubuntu jammy main universe\n", 12),
		"/etc/apt/sources.list.d/aadsshlogin.list":    "deb [arch=amd64 signed-by=/usr/share/keyrings/aadsshlogin.gpg] https://packages.microsoft.com/ubuntu/22.04/prod jammy main\n",
		"/etc/apt/sources.list.d/microsoft-prod.list": "deb [signed-by=/usr/share/keyrings/m.gpg] https://packages.microsoft.com/repos/azure-cli jammy main\n",
		"/var/lib/aadsshlogin-handler/receipt.json":   "{}",
	} {
		path = filepath.Join(root, path)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			b.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o755); err != nil {
			b.Fatal(err)
		}
	}
	h := &host.Host{Root: root, Runner: answers{}, Log: logging.Discard()}
	q := Question{Getenv: func(string) string { return "" }}
	b.ReportAllocs()
	for b.Loop() {
		f := GatherAgain(b.Context(), h, q, &Facts{})
		if f.TargetErr != nil || f.PackagesErr != nil || len(f.Sources) == 0 {
			b.Fatalf("the look failed: %v, %v, %d sources", f.TargetErr, f.PackagesErr, len(f.Sources))
		}
	}
}
