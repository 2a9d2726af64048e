package agent

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"syscall"
	"testing"

	"aadssh/internal/fault"
	"aadssh/internal/host/hosttest"
	"aadssh/internal/proxy"
)

// settingsFile is a file as the agent writes it, around public settings.
func settingsFile(public string) string {
	return `{"runtimeSettings": [{"handlerSettings": {"publicSettings": ` + public + `, "protectedSettings": null, "protectedSettingsCertThumbprint": null}}]}`
}

// readBothWays reads settings as the agent starts us, through
// azure-extension-foundation, and as the watch does, without it, and wants the
// same of both.
func readBothWays(t *testing.T, content string) (Settings, []string, error) {
	t.Helper()
	l := newLayout(t)
	write(t, filepath.Join(l.base, "config", "5.settings"), content)
	start(t, l.program)
	loaded, err := Load()
	must(t, err)
	from, err := LoadFrom(l.base)
	must(t, err)
	h := hosttest.New(t).Host() // no command is expected
	s1, u1, e1 := ReadSettings(context.Background(), h, loaded, 5)
	s2, u2, e2 := ReadSettings(context.Background(), h, from, 5)
	if !reflect.DeepEqual(s1, s2) || !reflect.DeepEqual(u1, u2) || fmt.Sprint(e1) != fmt.Sprint(e2) {
		t.Errorf("through the library: %+v %q %v\nwithout it:          %+v %q %v", s1, u1, e1, s2, u2, e2)
	}
	return s1, u1, e1
}

func TestNoSettings(t *testing.T) {
	for name, content := range map[string]string{
		"object":            "{}",
		"no entry":          `{"runtimeSettings": []}`,
		"null entry list":   `{"runtimeSettings": null}`,
		"entry is empty":    `{"runtimeSettings": [{}]}`,
		"entry is null":     `{"runtimeSettings": [null]}`,
		"handler is null":   `{"runtimeSettings": [{"handlerSettings": null}]}`,
		"three nulls":       settingsFile("null"), // what the agent makes of broken JSON
		"public is empty":   settingsFile("{}"),
		"protected is \"\"": `{"runtimeSettings": [{"handlerSettings": {"publicSettings": {}, "protectedSettings": ""}}]}`,
		"every value null":  settingsFile(`{"packageVersion": null, "repository": null, "proxy": null, "monitor": null}`),
		"inner values null": settingsFile(`{"repository": {"mode": null, "baseUrl": null, "trustedKeys": null}}`),
		"empty texts":       settingsFile(`{"packageVersion": "", "repository": {"mode": "", "baseUrl": "", "trustedKeys": []}, "proxy": "", "monitor": ""}`),
	} {
		t.Run(name, func(t *testing.T) {
			s, unknown, err := readBothWays(t, content)
			if len(s.Repository.TrustedKeys) == 0 {
				s.Repository.TrustedKeys = nil
			}
			want := Defaults()
			want.Sent = true
			if err != nil || unknown != nil || !reflect.DeepEqual(s, want) {
				t.Errorf("got %+v, %q, %v", s, unknown, err)
			}
		})
	}
}

// TestNothingSent: without settings the agent leaves an empty file, and during
// an upgrade the old version has none of that number.
func TestNothingSent(t *testing.T) {
	s, unknown, err := readBothWays(t, "")
	if err != nil || unknown != nil || !reflect.DeepEqual(s, Defaults()) {
		t.Errorf("empty file: %+v, %q, %v", s, unknown, err)
	}
	s, unknown, err = ReadSettings(context.Background(), hosttest.New(t).Host(), Environment{ConfigFolder: hosttest.Folder(t)}, 1)
	if err != nil || unknown != nil || !reflect.DeepEqual(s, Defaults()) {
		t.Errorf("no file: %+v, %q, %v", s, unknown, err)
	}
}

func TestAllSettings(t *testing.T) {
	key := "-----BEGIN PGP PUBLIC KEY BLOCK-----\n\nabc=\n-----END PGP PUBLIC KEY BLOCK-----\n"
	text, err := json.Marshal(key)
	must(t, err)
	s, unknown, err := readBothWays(t, settingsFile(`{
		"packageVersion": "1.0.027980001", "proxy": "http://proxy.example.com:3128/", "monitor": 60.0,
		"repository": {"mode": "mirror", "baseUrl": "https://mirror.example.com/ms/", "trustedKeys": [`+string(text)+`]}}`))
	if err != nil || unknown != nil {
		t.Fatal(err, unknown)
	}
	parsed, err := proxy.Parse("http://proxy.example.com:3128")
	must(t, err)
	want := Settings{PackageVersion: "1.0.027980001", Proxy: parsed, Monitor: 60, Sent: true,
		Repository: Repository{Mode: ModeMirror, BaseURL: "https://mirror.example.com/ms", TrustedKeys: []string{key}}}
	if !reflect.DeepEqual(s, want) {
		t.Errorf("got  %+v\nwant %+v", s, want)
	}
}

// TestUnknownSettings: they are named, and what is known still counts.
func TestUnknownSettings(t *testing.T) {
	s, unknown, err := readBothWays(t, settingsFile(`{"zeal": {"password": "secret"}, "Monitor": 5, "monitor": 30, "repository.mode": "existing",
		"repository": {"url": "x", "mode": "existing"}, "bad\u001bname": 1}`))
	want := []string{`"repository.mode"`, "Monitor", "bad?name", "repository.url", "zeal"}
	if err != nil || !reflect.DeepEqual(unknown, want) || s.Monitor != 30 || s.Repository.Mode != ModeExisting {
		t.Errorf("got %+v, %q, %v; want %q", s, unknown, err, want)
	}
}

func TestManyUnknownSettings(t *testing.T) {
	fields := map[string]int{}
	for i := range 1000 {
		fields[strings.Repeat("x", 1000)+fmt.Sprint(i)] = i
	}
	text, err := json.Marshal(fields)
	must(t, err)
	_, unknown, err := readBothWays(t, settingsFile(string(text)))
	if err != nil || len(unknown) != 11 || unknown[10] != "and 990 more" || len(strings.Join(unknown, "")) > 1000 {
		t.Errorf("got %q, %v", unknown, err)
	}
}

// TestUnreadableFile: files that the agent does not write.
func TestUnreadableFile(t *testing.T) {
	for _, c := range []struct{ name, content, part string }{
		{"garbage", "\x00\xff garbage", "not JSON"},
		{"truncated", `{"runtimeSettings": [{"handlerSett`, "not JSON"},
		{"two documents", "{} {}", "not JSON"},
		{"blanks", " \n", "not JSON"},
		{"array", `[]`, "not laid out"},
		{"text", `"x"`, "not laid out"},
		{"entry is text", `{"runtimeSettings": ["x"]}`, "not laid out"},
		{"two entries", `{"runtimeSettings": [{}, {}]}`, "2 runtimeSettings"},
		{"public is text", settingsFile(`"{}"`), "public settings are not a JSON object"},
		{"public is a list", settingsFile(`[{}]`), "public settings are not a JSON object"},
		{"a name twice", settingsFile(`{"monitor": 30, "proxy": {"monitor": 5}, "monitor": 60}`), `the public settings are ambiguous: "monitor" is there twice`},
		{"an unknown name twice", settingsFile(`{"x": 1, "\u0078": 2}`), `ambiguous: "x" is there twice`},
		{"a long name twice", settingsFile(`{"` + strings.Repeat("x", 5000) + `": 1, "` + strings.Repeat("x", 5000) + `": 2}`), `" is there twice`},
		{"a secret as a name, twice", settingsFile(`{"http://user:hunter2@proxy": 1, "http://user:hunter2@proxy": 2}`), `"one with a name of 25 bytes, which may hold a secret" is there twice`},
		{"public is a number", settingsFile(`5`), "public settings are not a JSON object"},
		{"protected is a number", `{"runtimeSettings": [{"handlerSettings": {"protectedSettings": 5}}]}`, "protectedSettings is not text"},
		{"thumbprint is an object", `{"runtimeSettings": [{"handlerSettings": {"protectedSettingsCertThumbprint": {}}}]}`, "protectedSettingsCertThumbprint is not text"},
		{"huge", strings.Repeat(" ", settingsLimit+1), "too large"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s, _, err := readBothWays(t, c.content)
			refused(t, err, c.part, "5.settings")
			if !s.Sent && c.name != "huge" {
				t.Error("it was sent")
			}
		})
	}
}

func TestHostileSettingsFile(t *testing.T) {
	env := Environment{ConfigFolder: hosttest.Folder(t)}
	must(t, syscall.Mkfifo(filepath.Join(env.ConfigFolder, "0.settings"), 0o600))
	must(t, os.Mkdir(filepath.Join(env.ConfigFolder, "1.settings"), 0o700))
	must(t, os.Symlink("/dev/zero", filepath.Join(env.ConfigFolder, "2.settings")))
	for seq := range 3 {
		_, _, err := ReadSettings(context.Background(), hosttest.New(t).Host(), env, seq)
		refused(t, err, fmt.Sprintf("%d.settings", seq))
	}
}

// refused wants a fault 53 of two short lines with all parts.
func refused(t *testing.T, err error, parts ...string) {
	t.Helper()
	var f *fault.Fault
	if !errors.As(err, &f) || f.Code != fault.SettingsInvalid {
		t.Fatalf("the error is %#v", err)
	}
	said := f.What + "\n" + f.Next
	for _, part := range parts {
		if !strings.Contains(said, part) {
			t.Errorf("%q is not in:\n%s", part, said)
		}
	}
	if strings.Count(said, "\n") != 1 || len(f.What) > 700 || len(f.Next) > 500 || !strings.Contains(f.Next, "az vm extension set") {
		t.Errorf("not two short lines with the command:\n%s", said)
	}
	if all := said + err.Error(); strings.Contains(all, "CallStack") || strings.Contains(all, "goroutine") || strings.Contains(all, ".go:") {
		t.Errorf("a stack trace is in:\n%s", all)
	}
}

// TestNumbersThatNoFloat64Holds: only azure-extension-foundation refuses the file. An
// unknown setting with such a number is only named; a known one is refused by its name.
func TestNumbersThatNoFloat64Holds(t *testing.T) {
	l := newLayout(t)
	start(t, l.program)
	env, err := Load()
	must(t, err)
	write(t, filepath.Join(l.base, "config", "5.settings"), settingsFile(`{"other": [{"deep": 1e999}], "monitor": 20}`))
	s, unknown, err := ReadSettings(context.Background(), hosttest.New(t).Host(), env, 5)
	if err != nil || s.Monitor != 20 || !slices.Equal(unknown, []string{"other"}) {
		t.Errorf("%+v, unknown %q, %v", s, unknown, err)
	}
	write(t, filepath.Join(l.base, "config", "5.settings"), settingsFile(`{"monitor": 1e400}`))
	_, _, err = ReadSettings(context.Background(), hosttest.New(t).Host(), env, 5)
	refused(t, err, `"monitor" is 1e400`, "minutes")
}

// TestSettingsAsWindowsSavesThem: a mark or two bytes for each letter are named as what they are.
func TestSettingsAsWindowsSavesThem(t *testing.T) {
	env := Environment{ConfigFolder: hosttest.Folder(t)}
	two := func(high bool) (out string) {
		for _, c := range settingsFile(`{}`) {
			if out += string(c) + "\x00"; high {
				out = out[:len(out)-2] + "\x00" + string(c)
			}
		}
		return out
	}
	for _, content := range []string{"\ufeff" + settingsFile(`{}`), "\xff\xfe" + two(false), "\xfe\xff" + two(true), two(false), two(true)} {
		write(t, filepath.Join(env.ConfigFolder, "0.settings"), content)
		_, _, err := ReadSettings(context.Background(), hosttest.New(t).Host(), env, 0)
		refused(t, err, "UTF-8")
	}
}

// FuzzSettings: for any file, the result is settings that can be used or a fault that can
// be shown.
func FuzzSettings(f *testing.F) {
	f.Add([]byte(settingsFile(`{"packageVersion": "1.0", "monitor": "off", "repository": {"mode": "existing"}, "x": [1]}`)))
	for _, r := range rows() {
		f.Add([]byte(settingsFile(r.Example)))
	}
	f.Add([]byte(settingsFile(`{"proxy": "http://user:hunter2@proxy:1"}`)))
	f.Add([]byte(settingsFile(`{"repository": 5, "monitor": {"a": []}}`)))
	f.Add([]byte(`{"runtimeSettings": [null]}`))
	env := Environment{ConfigFolder: hosttest.Folder(f)}
	path := filepath.Join(env.ConfigFolder, "0.settings")
	f.Fuzz(func(t *testing.T, content []byte) {
		must(t, os.WriteFile(path, content, 0o600))
		file, err := parseFile(content)
		if err == nil && file.Protected != "" {
			return // needs openssl; see TestProtectedSettings
		}
		s, unknown, err := ReadSettings(context.Background(), hosttest.New(t).Host(), env, 0)
		if len(strings.Join(unknown, "")) > 5000 {
			t.Errorf("unknown names: %q", unknown)
		}
		if err != nil {
			refused(t, err)
			return
		}
		if s.Monitor != 0 && (s.Monitor < fewestMinutes || s.Monitor > mostMinutes) {
			t.Errorf("monitor is %d", s.Monitor)
		}
		if strings.ContainsAny(s.PackageVersion+s.Repository.BaseURL+s.Proxy.URL, " \t\n\r\"'\\$`;|") {
			t.Errorf("a value that could break a configuration file: %+v", s)
		}
		if (s.Repository.Mode == ModeMirror) != (s.Repository.BaseURL != "") {
			t.Errorf("repository is %+v", s.Repository)
		}
	})
}
