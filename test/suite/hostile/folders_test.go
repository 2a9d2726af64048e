//go:build rig

package hostile

import (
	"strings"
	"testing"

	"aadssh/test/lib/fixtures"
	"aadssh/test/lib/scene"
	"aadssh/test/lib/stage"
)

// TestHostileFolders: what is in place of the handler's own files is neither followed nor
// trusted, and nothing outside is written.
func TestHostileFolders(t *testing.T) {
	for name, c := range map[string]struct {
		script string
		code   int // of enable; -1: any but a success
	}{
		"status is a link to a file of the machine":      {"ln -s /etc/passwd %[1]s/status/0.status", 0},
		"status is a dangling link":                      {"ln -s /etc/new %[1]s/status/0.status", 0},
		"status is a pipe":                               {"mkfifo %[1]s/status/0.status", 0},
		"status is a folder":                             {"mkdir %[1]s/status/0.status", -1},
		"the status folder is a file":                    {"rmdir %[1]s/status; touch %[1]s/status", -1},
		"the status folder is gone":                      {"rmdir %[1]s/status", 0},
		"the state folder is a file":                     {"touch /var/lib/aadsshlogin-handler", 30},
		"the receipt is a folder":                        {"mkdir -p /var/lib/aadsshlogin-handler/receipt.json", -1},
		"the receipt is a pipe":                          {"mkdir -p /var/lib/aadsshlogin-handler; mkfifo /var/lib/aadsshlogin-handler/receipt.json", 0},
		"the receipt is rubbish":                         {"mkdir -p /var/lib/aadsshlogin-handler; echo '{]' > /var/lib/aadsshlogin-handler/receipt.json", 0},
		"the transaction log is a link":                  {"mkdir -p /var/lib/aadsshlogin-handler; ln -s /etc/passwd /var/lib/aadsshlogin-handler/transaction.log", -1},
		"the lock is a link":                             {"ln -s /etc/passwd /run/aadsshlogin-handler.lock", 30},
		"the log is a link":                              {"ln -s /etc/passwd %[2]s/handler.log", 0},
		"the pending marker is a link":                   {"mkdir -p /var/lib/aadsshlogin-handler; ln -s /etc/passwd /var/lib/aadsshlogin-handler/pending", 0},
		"the record of the transaction is a link":        {"ln -s /etc/passwd /run/aadsshlogin-handler.transaction", 0},
		"the folder of kept packages is a file":          {"mkdir -p /var/lib/aadsshlogin-handler; touch /var/lib/aadsshlogin-handler/packages", 0},
		"everybody may write to the state folder so far": {"mkdir -p /var/lib/aadsshlogin-handler; chmod 777 /var/lib/aadsshlogin-handler", 0},
	} {
		t.Run(name, func(t *testing.T) {
			s := newMachine(t, scene.Options{Packages: []fixtures.Spec{login(newer)}})
			if name == "the log is a link" {
				s.Unforeseen("what enable did is read from its log, and there is none")
			}
			s.Deliver()
			s.Shf(c.script+"; : %[1]s %[2]s", stage.Home, stage.Logs)
			passwd := strings.TrimSpace(s.Shf("stat -c '%%a %%u %%g %%h' /etc/passwd; sed '/aad/d' /etc/passwd | sha256sum"))
			report, err := s.Agent.Apply(t.Context(), s.Goal())
			s.Must(err)
			last := report.Runs[len(report.Runs)-1]
			said := last.Stdout + last.Stderr
			if last.ExitCode == 1 || strings.Contains(said, "has a bug") {
				t.Errorf("it is called a bug: %s", said)
			}
			if c.code >= 0 && last.ExitCode != c.code || c.code < 0 && last.ExitCode == 0 {
				t.Errorf("enable ended with %d, want %d: %s\n%s", last.ExitCode, c.code, said, s.Changes())
			}
			if last.ExitCode != 0 && strings.Count(strings.TrimSpace(last.Stdout), "\n") == 0 {
				t.Errorf("nothing says what to do next: %s", said)
			}
			if now := strings.TrimSpace(s.Shf("stat -c '%%a %%u %%g %%h' /etc/passwd; sed '/aad/d' /etc/passwd | sha256sum")); now != passwd {
				t.Errorf("/etc/passwd was written: %s, was %s", now, passwd)
			}
			if s.Exists("/etc/new") {
				t.Error("a dangling link was followed")
			}
			if mode := strings.TrimSpace(s.Shf("stat -c %%a%%F /var/lib/aadsshlogin-handler || true")); last.ExitCode == 0 && mode != "700directory" {
				t.Errorf("the state folder is %s", mode)
			}
		})
	}
}
