package login

import (
	"fmt"
	"os"
	"testing"

	"aadssh/internal/host/hosttest"
)

// TestPlugins: the expected results were measured with sudo on the machines sudo-conf-* of
// the sign-in matrix.
func TestPlugins(t *testing.T) {
	for _, c := range []struct {
		conf               string
		mode               os.FileMode
		lost, other, rules string
	}{
		{"", 0o644, "", "", ""},
		{"Plugin sudoers_policy sudoers.so\nPlugin sudoers_io sudoers.so\nPlugin audit_json audit_json.so\n", 0o644, "", "", ""},
		{"# Plugin x gone.so\nPlugin sudoers_policy gone.so\n", 0o644, "2 gone.so", "2 gone.so", ""},
		{"plugin site /opt/gone.so\n", 0o644, "1 /opt/gone.so", "1 /opt/gone.so", ""},
		{"Plugin site /opt/gone.so\n", 0o666, "", "", ""},
		{"Plugin site /opt/site.so a=b\n", 0o644, "", "1 /opt/site.so", ""},
		{"Plugin sudoers_polici sudoers.so\n", 0o644, "1 sudoers_polici of sudoers.so", "", ""},
		{"Path plugin_dir /opt/\n", 0o644, "1 sudoers.so", "", ""},
		{"Path plugin_dir /opt/\nPlugin sudoers_policy /usr/libexec/sudo/sudoers.so\n", 0o644, "", "", ""},
		{"Path plugin_dir /usr/libexec/sudo/\n", 0o644, "", "", ""},
		{"Plugin sudoers_policy sudoers.so sudoers_mode=0400 sudoers_file=/etc/site\n", 0o644, "", "", "/etc/site"},
	} {
		h := hosttest.New(t).Host()
		for _, file := range []string{"/usr/libexec/sudo/sudoers.so", "/usr/libexec/sudo/audit_json.so", "/opt/site.so"} {
			put(t, h, file, "\x7fELF\x00site\x00", 0o644)
		}
		put(t, h, sudoConf, c.conf, c.mode)
		if err := os.Chmod(h.Path(sudoConf), c.mode); err != nil {
			t.Fatal(err)
		}
		p := readPlugins(h, uint32(os.Getuid()))
		if at(p.lost.Line, p.lost.Text) != c.lost || at(p.other.Line, p.other.Text) != c.other || p.rules != c.rules {
			t.Errorf("%q: %+v", c.conf, p)
		}
	}
}

func at(line int, text string) string {
	if line == 0 {
		return ""
	}
	return fmt.Sprintf("%d %s", line, text)
}
