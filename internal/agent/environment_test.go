package agent

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"syscall"
	"testing"

	"aadssh/internal/fault"
)

const fullName = "Microsoft.Azure.ActiveDirectory.AADSSHLoginForLinux"

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func write(t testing.TB, path, content string) {
	t.Helper()
	must(t, os.MkdirAll(filepath.Dir(path), 0o700))
	must(t, os.WriteFile(path, []byte(content), 0o600))
}

// layout is a version's folder as WALinuxAgent 2.15 creates it, below a temporary
// /var/lib/waagent, with the program in bin/.
type layout struct{ base, log, program string }

func newLayout(t testing.TB) layout {
	root := t.TempDir()
	l := layout{
		base: filepath.Join(root, "lib", "waagent", fullName+"-1.2.3.4"),
		log:  filepath.Join(root, "log", "azure", fullName),
	}
	l.program = filepath.Join(l.base, "bin", "aadsshlogin-handler")
	for _, dir := range []string{filepath.Dir(l.program), l.base + "/config", l.base + "/status", l.log + "/events"} {
		must(t, os.MkdirAll(dir, 0o700))
	}
	write(t, filepath.Join(l.base, environmentFile), l.environment())
	return l
}

// environment is the file as the agent's json.dumps writes it.
func (l layout) environment() string {
	return fmt.Sprintf(`[{"name": "%[1]s", "version": 1.0, "handlerEnvironment": {"logFolder": "%[2]s", "configFolder": "%[3]s/config", "statusFolder": "%[3]s/status", "heartbeatFile": "%[3]s/heartbeat.log", "eventsFolder": "%[2]s/events", "eventsFolder_preview": "%[2]s/events"}}]`,
		fullName, l.log, l.base)
}

// start makes the process look as if the agent had started program: the library reads
// os.Args.
func start(t testing.TB, program string) {
	t.Helper()
	before := os.Args[0]
	os.Args[0] = program
	t.Cleanup(func() { os.Args[0] = before })
}

func TestLoad(t *testing.T) {
	l := newLayout(t)
	want := Environment{
		Name: fullName, Version: "1.2.3.4", BaseDir: l.base,
		LogFolder: l.log, ConfigFolder: l.base + "/config", StatusFolder: l.base + "/status", EventsFolder: l.log + "/events",
	}
	for name, program := range map[string]string{"one below": l.program, "beside": filepath.Join(l.base, "aadsshlogin-handler")} {
		start(t, program)
		got, err := Load()
		want.found = true
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s: got %+v, %v\nwant %+v", name, got, err, want)
		}
	}
	got, err := LoadFrom(l.base)
	want.found = false
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("LoadFrom: got %+v, %v\nwant %+v", got, err, want)
	}
	if dir := got.AgentDir(); dir != filepath.Dir(l.base) {
		t.Errorf("AgentDir is %s", dir)
	}
}

// The forms of other agents are accepted: a version that is text, a byte order mark.
func TestLoadReadsOtherAgents(t *testing.T) {
	const folders = `"name": "n", "handlerEnvironment": {"logFolder": "/l", "configFolder": "/c", "statusFolder": "/s", "eventsFolder": "/e"}`
	for name, content := range map[string]string{
		"version is text": `[{"version": "1.0", ` + folders + `}]`,
		"byte order mark": "\uFEFF" + `[{"version": 1.0, ` + folders + `}]`,
		"both":            "\uFEFF" + `[{"version": "1.0", ` + folders + `}]`,
		"no version":      `[{` + folders + `}]`,
	} {
		l := newLayout(t)
		write(t, filepath.Join(l.base, environmentFile), content)
		start(t, l.program)
		e, err := Load()
		if err != nil || e.LogFolder != "/l" || e.ConfigFolder != "/c" || e.StatusFolder != "/s" || e.EventsFolder != "/e" {
			t.Errorf("%s: %+v, %v", name, e, err)
		}
		if e, err = LoadFrom(l.base); err != nil || e.LogFolder != "/l" || e.EventsFolder != "/e" {
			t.Errorf("LoadFrom, %s: %+v, %v", name, e, err)
		}
	}
}

// TestLoadMissing: the error names the paths.
func TestLoadMissing(t *testing.T) {
	dir := t.TempDir()
	start(t, filepath.Join(dir, "bin", "aadsshlogin-handler"))
	_, err := Load()
	check(t, err, filepath.Join(dir, "bin", environmentFile), filepath.Join(dir, environmentFile), "doctor")
	_, err = LoadFrom(dir)
	check(t, err, filepath.Join(dir, environmentFile))
}

// check wants a fault for people that has all parts.
func check(t *testing.T, err error, parts ...string) {
	t.Helper()
	var f *fault.Fault
	if !errors.As(err, &f) || !errors.Is(err, ErrNoEnvironment) || f.Code != fault.Usage {
		t.Fatalf("the error is %#v", err)
	}
	said := f.What + "\n" + f.Next
	for _, part := range parts {
		if !strings.Contains(said, part) {
			t.Errorf("%q is not in:\n%s", part, said)
		}
	}
	if f.Next == "" || strings.Count(said, "\n") != 1 || len(said) > 1000 {
		t.Errorf("not two short lines:\n%s", said)
	}
	if all := said + err.Error(); strings.Contains(all, "CallStack") || strings.Contains(all, "goroutine") || strings.Contains(all, ".go:") {
		t.Errorf("a stack trace is in:\n%s", all)
	}
}

// TestBadEnvironment tests both ways: through the library, and with LoadFrom.
func TestBadEnvironment(t *testing.T) {
	one := func(folders string) string {
		return `[{"name": "n", "version": 1.0, "handlerEnvironment": {` + folders + `}}]`
	}
	for _, c := range []struct{ name, content, part string }{
		{"empty", "", "JSON"},
		{"garbage", "\x00\xff\xfe garbage", "invalid character"},
		{"truncated", `[{"name": "n", "handlerEnv`, "unexpected end"},
		{"object", `{"name": "n"}`, "it is not laid out as the agent writes it."},
		{"null", `null`, "cannot be used"},
		{"no entry", `[]`, "cannot be used"},
		{"torn", `[{"name"`, "cannot be used: it is not JSON: unexpected end"},
		{"two entries", `[{}, {}]`, "cannot be used"},
		{"nothing in it", `[{}]`, `logFolder "" is missing`},
		{"entry is null", `[null]`, `logFolder "" is missing`},
		{"version is text, and nothing else", `[{"version": "1.0"}]`, `logFolder "" is missing`},
		{"folder is a number", one(`"logFolder": 5`), "it is not laid out as the agent writes it."},
		{"no status folder", one(`"logFolder": "/l", "configFolder": "/c"`), `statusFolder "" is missing`},
		{"relative", one(`"logFolder": "/l", "configFolder": "c", "statusFolder": "/s"`), `configFolder "c" is not an absolute path`},
		{"root", one(`"logFolder": "/x/..", "configFolder": "/c", "statusFolder": "/s"`), "the root of the machine"},
		{"newline", one(`"logFolder": "/l\n/m", "configFolder": "/c", "statusFolder": "/s"`), "control characters"},
		{"huge", strings.Repeat("[", 2<<20), "too large"},
	} {
		t.Run(c.name, func(t *testing.T) {
			l := newLayout(t)
			path := filepath.Join(l.base, environmentFile)
			write(t, path, c.content)
			start(t, l.program)
			_, err := Load()
			check(t, err, path, c.part, "systemctl restart")
			_, err = LoadFrom(l.base)
			check(t, err, path)
		})
	}
}

// TestHostileEnvironment: what is not a file is not read, by the library either.
func TestHostileEnvironment(t *testing.T) {
	for name, prepare := range map[string]func(path string) error{
		"FIFO":      func(path string) error { return syscall.Mkfifo(path, 0o600) },
		"directory": func(path string) error { return os.Mkdir(path, 0o700) },
		"endless":   func(path string) error { return os.Symlink("/dev/zero", path) },
	} {
		t.Run(name, func(t *testing.T) {
			l := newLayout(t)
			path := filepath.Join(l.base, environmentFile)
			must(t, os.Remove(path))
			must(t, prepare(path))
			start(t, l.program)
			_, err := Load()
			check(t, err, path)
		})
	}
}

func TestEventsFolderIsOptional(t *testing.T) {
	for name, folder := range map[string]string{"missing": "", "null": `, "eventsFolder": null`, "number": `, "eventsFolder": 5`, "relative": `, "eventsFolder": "events"`} {
		e, err := parseEnvironment("/x/n-1/"+environmentFile, []byte(`[{"name": "n", "handlerEnvironment": {"logFolder": "/l", "configFolder": "/c", "statusFolder": "/s"`+folder+`}}]`))
		if err != nil || e.EventsFolder != "" || e.LogFolder != "/l" {
			t.Errorf("%s: %+v, %v", name, e, err)
		}
	}
}

func TestNameAndVersion(t *testing.T) {
	for _, c := range []struct{ folder, inFile, name, version string }{
		{"a.b-1.2.3", "a.b", "a.b", "1.2.3"},
		{"a.b-c-1.2.3", "a.b-c", "a.b-c", "1.2.3"},
		{"a.b-1.2.3", "", "a.b", "1.2.3"}, // the file does not say
		{"x-1", "a.b", "a.b", ""},         // unpacked by hand
		{"plain", "a.b", "a.b", ""},
		{"plain", "", "", ""},
	} {
		file := fmt.Sprintf(`[{"name": %q, "handlerEnvironment": {"logFolder": "/l", "configFolder": "/c", "statusFolder": "/s"}}]`, c.inFile)
		e, err := parseEnvironment("/lib/"+c.folder+"/"+environmentFile, []byte(file))
		if err != nil || e.Name != c.name || e.Version != c.version {
			t.Errorf("%+v: got %q %q, %v", c, e.Name, e.Version, err)
		}
	}
}

func FuzzEnvironment(f *testing.F) {
	f.Add([]byte(newLayout(f).environment()))
	f.Add([]byte(`[{"handlerEnvironment": {"logFolder": "/l", "configFolder": "/c", "statusFolder": "/s", "eventsFolder": 1}}]`))
	f.Add([]byte(`[null]`))
	f.Add([]byte("\xff"))
	f.Fuzz(func(t *testing.T, content []byte) {
		e, err := parseEnvironment("/lib/n-1/"+environmentFile, content)
		if err != nil {
			check(t, err)
			return
		}
		if !json.Valid(content) {
			t.Error("accepted what is not JSON")
		}
		for _, folder := range []string{e.LogFolder, e.ConfigFolder, e.StatusFolder} {
			if !filepath.IsAbs(folder) || strings.ContainsAny(folder, "\x00\n") || filepath.Clean(folder) == "/" {
				t.Errorf("accepted the folder %q", folder)
			}
		}
		if e.EventsFolder != "" && !filepath.IsAbs(e.EventsFolder) {
			t.Errorf("accepted the events folder %q", e.EventsFolder)
		}
	})
}
