package attacks

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"aadssh/distro"
	"aadssh/internal/az"
	"aadssh/internal/logging"
	"aadssh/internal/permit"
	"aadssh/internal/text"
	"aadssh/status"
)

// runs runs a text that people paste in a shell, in which az and sudo do nothing, and
// reports whether something else was run.
func runs(w *world, command string) bool {
	c := exec.Command("sh", "-c", "az() { :; }; "+command)
	c.Dir = w.dir
	_ = c.Run()
	_, err := os.Stat(filepath.Join(w.dir, "owned"))
	return err == nil
}

// named: the metadata service, or a program in its place, gives the machine this name.
func named(what, name string) attack {
	return attack{by: "metadata", what: "a machine or group named " + what, holds: "words in an az command are quoted in one place",
		works: func(w *world) bool {
			return runs(w, "az vm identity assign -g rg -n "+name) || runs(w, "az vm identity assign -g rg -n '"+name+"'") // quoted, but without quoting what is in it
		},
		held: func(w *world) error {
			for _, m := range []az.Machine{{Name: name, Group: name, Subscription: name}, {Name: name, Group: name, Arc: true}, {ScaleSet: name, Group: name}} {
				for _, command := range []string{m.UpdateInstances(), m.AssignIdentity().String()} {
					if runs(w, command) {
						return fmt.Errorf("%s", command)
					}
				}
			}
			return nil
		}}
}

// release: /etc/os-release, as a derivative or somebody with access to the image writes it.
func release(what, content string, works func(*world) bool, wrong func(r distro.Release) bool) attack {
	return attack{by: "os-release", what: what, holds: "read as text by one parser, never by a shell; shown shortened and without control characters", works: works,
		held: func(w *world) error {
			r, err := distro.Parse([]byte(content))
			if err != nil {
				return holds(!strings.ContainsAny(err.Error(), "\x1b\x00"), "%q", err)
			}
			_, lookup := distro.Lookup(r, "amd64")
			shown := fmt.Sprint(r.PrettyName, r.ID, r.VersionID, lookup)
			return holds(!wrong(r) && !strings.ContainsAny(shown, "\x1b\u202e\n"), "%q", shown)
		}}
}

func words() []attack {
	sourced := func(content string) func(*world) bool {
		return func(w *world) bool {
			w.put("os-release", content)
			return runs(w, ". ./os-release")
		}
	}
	never := func(distro.Release) bool { return false }
	logLine := func(w *world, s string) string {
		w.path("log/x")
		l, closed, err := logging.Open(filepath.Join(w.dir, "log"))
		w.must(err)
		l.Infof("it said %s", s)
		w.must(closed())
		return w.read(filepath.Join(w.dir, "log/handler.log"))
	}
	forgedLine := "x\ntime=\"2026-01-01T00:00:00Z\" level=info msg=\"finished: enable\""
	return []attack{
		named("with a command after ;", "web1;touch${IFS}owned"),
		named("with a command in $()", "$(touch${IFS}owned)"),
		named("with backticks", "`touch${IFS}owned`"),
		named("with a quote that ends ours", "x'$(touch owned)'"),
		release("a value that a shell would run", "ID=$(touch owned)\n", sourced("ID=$(touch owned)\n"), never),
		release("a line that is a command", "ID=ubuntu\nVERSION_ID=22.04\ntouch owned\n", sourced("ID=ubuntu\ntouch owned\n"), func(r distro.Release) bool { return r.ID != "ubuntu" }),
		release("a name with control characters", "ID=ubuntu\nVERSION_ID=22.04\nPRETTY_NAME=\"\x1b[2JUbuntu\u202e\"\n",
			func(w *world) bool { return strings.Contains(w.read(w.put("o", "\x1b[2J")), "\x1b") }, never),
		release("a name of 1 MB", "ID=ubuntu\nPRETTY_NAME=\""+strings.Repeat("x", 1<<20)+"\"\n", nil, func(r distro.Release) bool { return len(r.PrettyName) > 4096 }),
		release("a zero byte", "ID=ubuntu\x00rhel\n", nil, func(distro.Release) bool { return true }),
		{by: "log", what: "a text with a second line that looks like ours", holds: "the log quotes texts, with one event per line",
			works: func(w *world) bool { return strings.Count(w.read(w.put("l", "it said "+forgedLine)), "\n") == 1 },
			held: func(w *world) error {
				got := logLine(w, forgedLine)
				return holds(strings.Count(got, "\n") == 1, "%s", got)
			}},
		{by: "log", what: "a text with control characters", holds: "the log quotes texts",
			works: func(w *world) bool { return strings.Contains(w.read(w.put("l", "\x1b[2J")), "\x1b") },
			held: func(w *world) error {
				got := logLine(w, "\x1b[2J\x07")
				return holds(!strings.Contains(got, "\x1b"), "%q", got)
			}},
		{by: "status", what: "a message that ends the JSON, or the agent's line", holds: "the file is made by an encoder, its texts shortened and without control characters",
			works: func(w *world) bool {
				return strings.Contains(fmt.Sprintf(`[{"status":{"message":"%s"}}]`, `x"},"status":{"code":0`), `"code":0`)
			},
			held: func(w *world) error {
				w.path("status/x")
				dir := filepath.Join(w.dir, "status")
				w.must(status.Write(dir, 1, status.Report{Operation: "enable", Level: status.Failure, Code: 21, Message: "x\"}},{\"status\":\"success\x1b[2J\u202e" + strings.Repeat("y", 1<<20)}))
				r, err := status.Read(dir, 1)
				w.must(err)
				raw := w.read(filepath.Join(dir, "1.status"))
				return holds(r.Level == status.Failure && r.Code == 21 && !strings.ContainsAny(raw, "\x1b\u202e") && len(raw) < 131072, "%+v, %d bytes", r.Level, len(raw))
			}},
		{by: "file name", what: "a source file named like a command", holds: "words that people paste are quoted in one place",
			works: func(w *world) bool { return runs(w, "az --file /etc/apt/sources.list.d/x;touch owned;.list") },
			held: func(w *world) error {
				return holds(!runs(w, "az --file "+text.Quote("/etc/apt/sources.list.d/x;touch owned;.list")) && !runs(w, "az "+text.Quote("'$(touch owned)'")), "it was run")
			}},
		{by: "file name", what: "a repository file whose name has a secret and control characters", holds: "names in a bundle are plain, or masked",
			works: func(*world) bool {
				return strings.Contains(filepath.Base("/etc/x/tok\x1b-AbCdEfGhIjKlMnOpQrStUvWxYz0123.repo"), "\x1b")
			},
			held: func(*world) error {
				got := permit.Name("tok\x1b-AbCdEfGhIjKlMnOpQrStUvWxYz0123.repo")
				return holds(got == permit.Masked, "%q", got)
			}},
		{by: "logs of others", what: "a private key whose first line is before the part that is read", holds: "only lines of a known form go into a bundle, and half a key has none",
			works: func(*world) bool {
				tail := "MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC7\n-----END PRIVATE KEY-----\n" // a pattern from BEGIN to END finds nothing
				return !strings.Contains(tail, "BEGIN")
			},
			held: func(*world) error {
				for name, f := range map[string]permit.Filter{"agent": permit.Agent, "transaction": permit.Transaction, "handler": permit.Handler, "packages": permit.Packages, "table": permit.Table} {
					if got := f("MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC7\n-----END PRIVATE KEY-----\n"); strings.Contains(got.Kept, "MIIE") {
						return fmt.Errorf("%s: %s", name, got.Kept)
					}
				}
				return nil
			}},
	}
}
