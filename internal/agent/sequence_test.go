package agent

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"aadssh/internal/fault"
)

func TestSequence(t *testing.T) {
	type files map[string]int // name: minutes ago
	for _, c := range []struct {
		name, variable string
		files          files
		want           int
		wrong          string
	}{
		{"variable alone", "3", nil, 3, ""},
		{"variable against files", "3", files{"3.settings": 9, "10.settings": 1}, 3, ""},
		{"variable is zero", "0", nil, 0, ""},
		{"variable with blanks", " 7\n", nil, 7, ""},
		{"variable is no number", "seven", files{"1.settings": 1}, 0, `"seven", which is not a sequence number`},
		{"variable is negative", "-1", nil, 0, "not a sequence number"},
		{"variable with a sign", "+1", nil, 0, "not a sequence number"},
		{"variable is too large", "99999999999999999999", nil, 0, "not a sequence number"},
		{"variable is an attack", "1/../../etc\x00\n", nil, 0, "not a sequence number"},
		{"one file", "", files{"0.settings": 1}, 0, ""},
		{"newest, not highest", "", files{"9.settings": 60, "2.settings": 1, "5.settings": 30}, 2, ""},
		{"same age: highest", "", files{"9.settings": 60, "10.settings": 60}, 10, ""},
		{"other files", "", files{"4.settings": 60, "ext.7.settings": 1, "8.settings.bak": 1, "HandlerState": 1, ".settings": 1, "-1.settings": 1, "99999999999999999999.settings": 1}, 4, ""},
		{"no file", "", files{"HandlerState": 1}, 0, "no settings file in"},
		{"no folder", "", nil, 0, "no such file"},
	} {
		t.Run(c.name, func(t *testing.T) {
			env := Environment{ConfigFolder: filepath.Join(t.TempDir(), "config")}
			now := time.Now()
			for name, minutes := range c.files {
				path := filepath.Join(env.ConfigFolder, name)
				write(t, path, "")
				at := now.Add(-time.Duration(minutes) * time.Minute)
				must(t, os.Chtimes(path, at, at))
			}
			got, err := Sequence(env, func(name string) string {
				if name != "ConfigSequenceNumber" {
					t.Errorf("asked for %s", name)
				}
				return c.variable
			})
			if c.wrong == "" {
				if err != nil || got != c.want {
					t.Errorf("got %d, %v; want %d", got, err, c.want)
				}
				return
			}
			f := fault.Of(err)
			if f == nil || f.Code != fault.Usage || f.Next == "" || !strings.Contains(f.What, c.wrong) || strings.Contains(f.What, "\n") {
				t.Errorf("the error is %+v, want %q", f, c.wrong)
			}
		})
	}
}

// TestSequenceSkipsFolders: a directory with such a name is no settings file.
func TestSequenceSkipsFolders(t *testing.T) {
	env := Environment{ConfigFolder: t.TempDir()}
	must(t, os.Mkdir(filepath.Join(env.ConfigFolder, "5.settings"), 0o700))
	if n, err := Sequence(env, func(string) string { return "" }); err == nil {
		t.Errorf("got %d", n)
	}
}
