package pkgmgr

import "testing"

// A script's own last lines say why it failed; the manager's lines around them do not.
func TestScriptSaid(t *testing.T) {
	for program, want := range map[string]string{
		"yum-3.4.3": "yum", "tdnf-3.5.2": "tdnf", "tdnf-3.5.8": "tdnf", "tdnf-3.6.0": "tdnf", "dnf5-5.4.6": "dnf",
	} {
		m := manager(t, recordedPrograms()[program])
		r := recordedRun(t, program, "failing installation script", "install", "aadsshlogin")
		const what = "aadsshlogin: this fixture's installation script fails"
		f := m.Classify(r.Command, r.Result)
		if r.Command.Name != want || f == nil || len(f.What) < len(what) || f.What[len(f.What)-len(what):] != what {
			t.Errorf("%s: %v", program, f)
		}
	}
	for output, want := range map[string]string{
		"warning: x":                           "",
		"one\ntwo\nthree\nwarning: x":          "two / three",
		"Running transaction\nwarning: x":      "",
		"  Installing : a 1/1\nno\nwarning: x": "no",
	} {
		if got := scriptSaid(output, len(output)-len("warning: x")); got != want {
			t.Errorf("%q: %q, want %q", output, got, want)
		}
	}
}
