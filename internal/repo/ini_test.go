package repo

import (
	"reflect"
	"testing"

	"aadssh/distro"
)

const rhel9 = "[packages-microsoft-com-prod]\nname=packages-microsoft-com-prod\nbaseurl=https://packages.microsoft.com/rhel/9/prod/\nenabled=1\ngpgcheck=1\ngpgkey=https://packages.microsoft.com/keys/microsoft.asc\nsslverify=1\n"

func TestParseYum(t *testing.T) {
	const head = "[prod]\nbaseurl=https://packages.microsoft.com/rhel/9/prod/\n"
	plain := Entry{File: "x.repo", Line: 1, ID: "prod", URI: "https://packages.microsoft.com/rhel/9/prod/", Enabled: true, Verifies: true}
	with := func(change func(*Entry)) []Entry { e := plain; change(&e); return []Entry{e} }
	weak := func(why string) []Entry { return with(func(e *Entry) { e.Verifies, e.Why = false, why }) }
	tests := []struct {
		name, text string
		gpgcheck   bool
		want       []Entry
		problem    string
	}{
		{"vendor's", rhel9, false, with(func(e *Entry) {
			e.ID, e.SignedBy = "packages-microsoft-com-prod", "https://packages.microsoft.com/keys/microsoft.asc"
		}), ""},
		{"checked by default", head, true, []Entry{plain}, ""},
		{"not checked by default", head, false, weak("gpgcheck is not set, neither here nor for all repositories"), ""},
		{"gpgcheck=0", head + "gpgcheck=0\n", true, weak("gpgcheck=0"), ""},
		{"gpgcheck = No", head + "gpgcheck = No\nrepo_gpgcheck=1\n", true, weak("gpgcheck=No"), ""},
		{"a colon", head + "gpgcheck: yes\n", false, nil, "neither a section nor a setting"},
		{"disabled", head + "gpgcheck=1\nenabled=0\n", false, with(func(e *Entry) { e.Enabled = false }), ""},
		{"CRLF, BOM, comments", "\ufeff# note\r\n[prod]\r\n; note\r\nbaseurl = https://packages.microsoft.com/rhel/9/prod/\r\ngpgcheck=1\r\n", false, with(func(e *Entry) { e.Line = 2 }), ""},
		{"main is no repository", "[main]\ngpgcheck=0\n", true, nil, ""},
		{"password", "[prod]\nbaseurl=https://user:s3cret@packages.microsoft.com/rhel/9/prod/\n", true, []Entry{plain}, ""},
		{"empty", "", true, nil, ""},
		{"web page", "<html>\n", true, nil, "before the first section"},
		{"no address", "[prod]\nname=x\n", true, nil, "[prod] has no address"},
		{"no address, disabled", "[prod]\nenabled=0\n", true, nil, ""},
		{"open section", "[prod\nbaseurl=x\n", true, nil, "not closed"},
		{"junk in a section", head + "junk\n", true, nil, "neither a section nor a setting"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got, problems := ParseRepo(distro.Dnf, "x.repo", []byte(test.text), test.gpgcheck)
			if !reflect.DeepEqual(got, test.want) {
				t.Errorf("got  %+v\nwant %+v", got, test.want)
			}
			checkProblems(t, problems, test.problem)
		})
	}
}

func TestParseYumSeveral(t *testing.T) {
	got, problems := ParseRepo(distro.Dnf, "x.repo", []byte("[a]\nbaseurl=http://one/,\n  http://two/\n\thttp://three/\ngpgcheck=1\n\n[b]\nmirrorlist=http://list/?token=s3cret\nmetalink=http://link/\n"), true)
	var uris []string
	for _, e := range got {
		uris = append(uris, e.ID+" "+e.URI)
	}
	want := []string{"a http://one/", "a http://two/", "a http://three/", "b http://list/", "b http://link/"}
	if !reflect.DeepEqual(uris, want) || len(problems) > 0 {
		t.Errorf("got %q, problems %+v, want %q", uris, problems, want)
	}
}

func TestParseZypp(t *testing.T) {
	tests := []struct {
		name, settings string
		gpgcheck       bool
		why            string
	}{
		{"nothing said", "", true, ""},
		{"nothing said, off for all", "", false, "signature checks are off for all repositories"},
		{"gpgcheck=1, off for all", "gpgcheck=1", false, ""},
		{"gpgcheck=0", "gpgcheck=0", true, "gpgcheck=0"},
		{"metadata only", "gpgcheck=0\nrepo_gpgcheck=1", true, ""},
		{"packages only", "gpgcheck=0\npkg_gpgcheck=1", true, ""},
		{"packages, not metadata", "gpgcheck=1\nrepo_gpgcheck=0", true, ""},
		{"neither", "repo_gpgcheck=off\npkg_gpgcheck=no", true, "repo_gpgcheck=off"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got, problems := ParseRepo(distro.Zypper, "x.repo", []byte("[prod]\nbaseurl=https://h/p/\n"+test.settings+"\n"), test.gpgcheck)
			if len(got) != 1 || got[0].Why != test.why || got[0].Verifies != (test.why == "") {
				t.Errorf("got %+v, want why %q", got, test.why)
			}
			checkProblems(t, problems, "")
		})
	}
}

func FuzzIni(f *testing.F) {
	for _, seed := range []string{rhel9, "[", "[a]\n x\n", "[a]\n=\n", "[a]\nbaseurl=https://u:p@h/\n gpgcheck\n", "\xff\x00", "[]\n[\x1b]\n"} {
		f.Add([]byte(seed), true)
	}
	f.Fuzz(func(t *testing.T, text []byte, gpgcheck bool) {
		for _, m := range []distro.Manager{distro.Dnf, distro.Yum, distro.Tdnf, distro.Zypper} {
			entries, problems := ParseRepo(m, "x.repo", text, gpgcheck)
			checkParsed(t, text, entries, problems)
		}
	})
}
