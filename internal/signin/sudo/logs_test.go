package sudo

import (
	"io/fs"
	"strings"
	"testing"
)

// TestRecordsThatCannotBeWritten: whether sudo refuses was measured with sudo itself on the
// machines sudo-iolog* and sudo-logfile* of the sign-in matrix.
func TestRecordsThatCannotBeWritten(t *testing.T) {
	for _, c := range []struct {
		defaults, rule string
		broken         string // what cannot be written
		refuses        string // "": nothing
		without        string
	}{
		{"Defaults log_output", rule, "/var/log/sudo-io", "iolog_dir", "ignore_iolog_errors"},
		{"Defaults log_input\nDefaults iolog_dir=/srv/io/%{user}", rule, "/srv/io", "/srv/io", "ignore_iolog_errors"},
		{"Defaults log_output\nDefaults iolog_dir=/srv/io/x%{user}", rule, "/srv/io", "/srv/io", "ignore_iolog_errors"},
		{"Defaults!ALL log_output", rule, "/var/log/sudo-io", "iolog_dir", "ignore_iolog_errors"},
		{"Defaults@ALL log_output", rule, "/var/log/sudo-io", "iolog_dir", "ignore_iolog_errors"},
		{"", "%aad_admins ALL=(ALL) NOPASSWD: LOG_OUTPUT: ALL\n", "/var/log/sudo-io", "iolog_dir", "ignore_iolog_errors"},
		{"Defaults logfile=/srv/log\nDefaults !ignore_logfile_errors", rule, "/srv/log", "logfile", "ignore_logfile_errors"},
		{"Defaults logfile=/srv/log", rule, "/srv/log", "", ""},
		{"Defaults log_output,ignore_iolog_errors", rule, "/var/log/sudo-io", "", ""},
		{"Defaults log_output\nDefaults log_servers=10.0.0.9", rule, "/var/log/sudo-io", "", "ignore_iolog_errors"},
		{"Defaults log_output\nDefaults log_servers=10.0.0.9,ignore_iolog_errors", rule, "/var/log/sudo-io", "", ""},
		{"Defaults log_servers=10.0.0.9", rule, "/var/log/sudo-io", "", ""},
		{"Defaults log_output,ignore_iolog_errors,!ignore_logfile_errors\nDefaults log_servers=10.0.0.9", rule, "", "", ""},
		{"Defaults log_servers=10.0.0.9,!ignore_logfile_errors", rule, "", "", "ignore_logfile_errors"},
		{"Defaults:operator log_output", rule, "/var/log/sudo-io", "", ""},
		{"Defaults log_output\nDefaults !log_output", rule, "/var/log/sudo-io", "", ""},
		{"Defaults log_output", rule, "/srv/other", "", ""},
	} {
		m := machine(map[string]string{mainFile: c.defaults + "\n" + includes, ruleFile: c.rule}, nil)
		m.Unwritable = func(path string, _ bool) string {
			if path == c.broken {
				return path + " is no folder"
			}
			return ""
		}
		a := Evaluate(m, "aad_admins")
		switch {
		case c.refuses == "" && a.Refuses != nil:
			t.Errorf("%q: refuses: %+v", c.defaults, *a.Refuses)
		case c.refuses != "" && (a.Refuses == nil || !strings.Contains(a.Refuses.Text, c.refuses) || !strings.Contains(a.Refuses.Text, c.broken)):
			t.Errorf("%q: %+v, and it refuses over %s", c.defaults, a.Refuses, c.refuses)
		case (a.Depends != nil) != (strings.Contains(c.defaults, "log_servers") && c.without != ""):
			t.Errorf("%q: depends on %+v", c.defaults, a.Depends)
		case a.Without != c.without:
			t.Errorf("%q: goes on with %q, not %q", c.defaults, a.Without, c.without)
		}
	}
}

// TestCounterOfSessionsThatIsAFolder: sudo cannot number the session.
func TestCounterOfSessionsThatIsAFolder(t *testing.T) {
	m := machine(map[string]string{mainFile: "Defaults log_output\n" + includes, ruleFile: rule, "/var/log/sudo-io/seq": ""},
		map[string]fs.FileMode{"/var/log/sudo-io/seq": fs.ModeDir | 0o700})
	m.Unwritable = func(string, bool) string { return "" }
	if a := Evaluate(m, "aad_admins"); a.Refuses == nil || !strings.Contains(a.Refuses.Text, "seq is a folder") {
		t.Errorf("%+v", a.Refuses)
	}
}
