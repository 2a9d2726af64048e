package repo

import (
	"reflect"
	"strings"
	"testing"
)

func TestParseSourcesList(t *testing.T) {
	const uri = "https://packages.microsoft.com/ubuntu/22.04/prod"
	plain := Entry{File: "x.list", Line: 1, URI: uri, Suite: "jammy", Components: []string{"main"}, Enabled: true, Verifies: true}
	with := func(change func(*Entry)) []Entry { e := plain; change(&e); return []Entry{e} }
	weak := func(why string) []Entry { return with(func(e *Entry) { e.Verifies, e.Why = false, why }) }
	tests := []struct {
		name, text string
		want       []Entry
		problem    string
	}{
		{"plain", "deb " + uri + " jammy main\n", []Entry{plain}, ""},
		{"no newline, CRLF, tabs", "deb\t" + uri + "\tjammy  main\r", []Entry{plain}, ""},
		{"comment behind", "deb " + uri + " jammy main # the vendor's\n", []Entry{plain}, ""},
		{"comments and blanks", "\n# deb " + uri + " jammy main\n  \n", nil, ""},
		{"signed-by and arch", "deb [arch=amd64,arm64 signed-by=/usr/share/keyrings/microsoft-prod.gpg] " + uri + " jammy main\n", with(func(e *Entry) {
			e.Arches, e.SignedBy = []string{"amd64", "arm64"}, "/usr/share/keyrings/microsoft-prod.gpg"
		}), ""},
		{"blanks in brackets", "deb [ arch=amd64 ] " + uri + " jammy main\n", with(func(e *Entry) { e.Arches = []string{"amd64"} }), ""},
		{"added architecture", "deb [arch+=i386] " + uri + " jammy main\n", []Entry{plain}, ""},
		{"no blank behind brackets", "deb [arch=amd64]" + uri + " jammy main\n", nil, "no closing bracket"}, // "[option] not assignment"
		{"sources", "deb-src " + uri + " jammy main\n", with(func(e *Entry) { e.Sources = true }), ""},
		{"password", "deb https://user:s3cret@packages.microsoft.com/ubuntu/22.04/prod jammy main\n", []Entry{plain}, ""},
		{"trusted", "deb [trusted=yes] " + uri + " jammy main\n", weak("trusted=yes"), ""},
		{"trusted, other word", "deb [trusted=1] " + uri + " jammy main\n", weak("trusted=1"), ""},
		{"trusted, in another case, is no option", "deb [Trusted=1] " + uri + " jammy main\n", []Entry{plain}, ""},
		{"not trusted", "deb [trusted=no] " + uri + " jammy main\n", []Entry{plain}, ""},
		{"insecure", "deb [allow-insecure=yes] " + uri + " jammy main\n", weak("allow-insecure=yes"), ""},
		{"weak", "deb [allow-weak=yes] " + uri + " jammy main\n", weak("allow-weak=yes"), ""},
		{"downgrade", "deb [allow-downgrade-to-insecure=yes] " + uri + " jammy main\n", weak("allow-downgrade-to-insecure=yes"), ""},
		{"dates", "deb [check-date=no check-valid-until=no] " + uri + " jammy main\n", []Entry{plain}, ""},
		{"flat", "deb file:/srv/repo ./\n", []Entry{{File: "x.list", Line: 1, URI: "file:/srv/repo", Suite: "./", Components: []string{}, Enabled: true, Verifies: true}}, ""},
		{"junk", "<html>\n", nil, `begins with "<html>"`},
		{"junk with a terminal escape", "\x1b[31m x y\n", nil, `begins with "?[31m"`},
		{"open bracket", "deb [arch=amd64 " + uri + " jammy main\n", nil, "no closing bracket"},
		{"no suite", "deb " + uri + "\n", nil, "no address and suite"},
		{"option without a value", "deb [trusted] " + uri + " jammy main\n", nil, `option "trusted" is not name=value`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got, problems := ParseSourcesList("x.list", []byte(test.text))
			if !reflect.DeepEqual(got, test.want) {
				t.Errorf("got  %+v\nwant %+v", got, test.want)
			}
			checkProblems(t, problems, test.problem)
		})
	}
}

func TestParseDeb822(t *testing.T) {
	const key = "Signed-By:\n -----BEGIN PGP PUBLIC KEY BLOCK-----\n .\n mQENBFYxWIwBCADAKoZhZlJxGNGWzqV\n -----END PGP PUBLIC KEY BLOCK-----\n"
	const stanza = "Types: deb\nURIs: https://packages.microsoft.com/debian/12/prod\nSuites: bookworm\nComponents: main\n"
	plain := Entry{File: "x.sources", Line: 2, URI: "https://packages.microsoft.com/debian/12/prod", Suite: "bookworm", Components: []string{"main"}, Arches: []string{}, Enabled: true, Verifies: true}
	with := func(change func(*Entry)) []Entry { e := plain; change(&e); return []Entry{e} }
	weak := func(why string) []Entry { return with(func(e *Entry) { e.Verifies, e.Why = false, why }) }
	tests := []struct {
		name, text string
		want       []Entry
		problem    string
	}{
		{"plain", stanza, []Entry{plain}, ""},
		{"second stanza", "# first\nEnabled: no\nTypes: deb\n\n\n" + stanza, with(func(e *Entry) { e.Line = 7 }), ""},
		{"inline key", stanza + key, with(func(e *Entry) { e.SignedBy = InlineKey }), ""},
		{"inline key with a line of blanks", stanza + strings.Replace(key, " .\n", " \n", 1) + "Trusted: yes\n", with(func(e *Entry) {
			e.SignedBy, e.Verifies, e.Why = InlineKey, false, "trusted=yes"
		}), ""},
		{"a line of blanks does not end a stanza", "Types: deb-src\nURIs: http://other.example\n\t\n" + stanza, with(func(e *Entry) { e.Line = 5 }), ""},
		{"a line of blanks before a stanza", " \n" + stanza, with(func(e *Entry) { e.Line = 3 }), ""},
		{"lines that end with CR LF", strings.ReplaceAll("Enabled: no\nTypes: deb\n\n"+stanza, "\n", "\r\n"), with(func(e *Entry) { e.Line = 5 }), ""},
		{"key file", stanza + "Signed-By: /usr/share/keyrings/x.gpg\n", with(func(e *Entry) { e.SignedBy = "/usr/share/keyrings/x.gpg" }), ""},
		{"lower-case names, comment inside", "types: deb\nuris: https://packages.microsoft.com/debian/12/prod\n# note\nsuites: bookworm\ncomponents:\n main\n", []Entry{plain}, ""},
		{"disabled", stanza + "Enabled: no\n", with(func(e *Entry) { e.Enabled = false }), ""},
		{"trusted", stanza + "Trusted: yes\n", weak("trusted=yes"), ""},
		{"insecure", stanza + "Allow-Insecure: yes\n", weak("allow-insecure=yes"), ""},
		{"architectures", stanza + "Architectures: amd64 arm64\n", with(func(e *Entry) { e.Arches = []string{"amd64", "arm64"} }), ""},
		{"no suites", "Types: deb\nURIs: https://example.invalid\n", nil, "no Suites"},
		{"no types", "URIs: https://example.invalid\nSuites: x\n", nil, "no Types"},
		{"disabled and incomplete", "Types: deb\nEnabled: no\n", nil, ""},
		{"other types", "Types: rpm\nURIs: https://example.invalid\nSuites: x\n", nil, "neither deb nor deb-src"},
		{"junk", "<html>\n", nil, "not a field"},
		{"continues nothing", " x\n", nil, "continues a field"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got, problems := ParseDeb822("x.sources", []byte(test.text))
			if !reflect.DeepEqual(got, test.want) {
				t.Errorf("got  %+v\nwant %+v", got, test.want)
			}
			checkProblems(t, problems, test.problem)
		})
	}
	many, _ := ParseDeb822("x.sources", []byte("Types: deb deb-src\nURIs: http://a/ http://b/\nSuites: s s-updates\nComponents: main\n"))
	if len(many) != 8 {
		t.Errorf("two types, addresses and suites give %d entries, want 8", len(many))
	}
}

func FuzzApt(f *testing.F) {
	for _, seed := range []string{
		"deb [arch=amd64 signed-by=/k] https://u:p@host/a jammy main # x\n",
		"deb cdrom:[Debian GNU/Linux 12]/ bookworm main\n",
		"Types: deb\nURIs: https://u:p@h/x\nSuites: s\nSigned-By:\n -----BEGIN PGP\n .\n",
		"deb [", "[#]#", "\xff\x00", ": :\n a",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		one, oneProblems := ParseSourcesList("x.list", text)
		two, twoProblems := ParseDeb822("x.sources", text)
		checkParsed(t, text, append(one, two...), append(oneProblems, twoProblems...))
	})
}

// checkParsed is what holds for every file, whatever is in it.
func checkParsed(t *testing.T, text []byte, entries []Entry, problems []Problem) {
	t.Helper()
	lines := strings.Count(string(text), "\n") + 1
	for _, e := range entries {
		if e.Line < 1 || e.Line > lines {
			t.Fatalf("entry in line %d of %d", e.Line, lines)
		}
		if e.Verifies != (e.Why == "") {
			t.Fatalf("verifies %v, why not %q", e.Verifies, e.Why)
		}
		if e.URI != withoutUser(e.URI) {
			t.Fatalf("credentials left in %q", e.URI)
		}
	}
	for _, p := range problems {
		if p.Line < 0 || p.Line > lines || p.What == "" || strings.ContainsAny(p.What, "\x00\x1b\n\r") {
			t.Fatalf("problem %+v of %d lines", p, lines)
		}
	}
}

func checkProblems(t *testing.T, problems []Problem, want string) {
	t.Helper()
	switch {
	case want == "" && len(problems) > 0:
		t.Errorf("problems %+v", problems)
	case want != "" && (len(problems) != 1 || !strings.Contains(problems[0].What, want)):
		t.Errorf("problems %+v, want one that says %q", problems, want)
	}
}

// What apt 2.6 takes and refuses, as "apt-get indextargets" said of each.
func TestAptReadsWhatAptReads(t *testing.T) {
	for line, uri := range map[string]string{
		`deb "https://e.invalid/x" jammy main`:               "https://e.invalid/x",
		`deb https://e.invalid/"x" jammy main`:               "https://e.invalid/x",
		`deb https://e.invalid/x ./`:                         "https://e.invalid/x",
		`deb https://e.invalid/x jammy`:                      "",
		`deb https://e.invalid/x ./ main`:                    "",
		`deb "https://e.invalid/x jammy main`:                "",
		"deb\t[arch=amd64]  https://e.invalid/x\tjammy main": "https://e.invalid/x",
	} {
		entries, problems := ParseSourcesList("f", []byte(line+"\n"))
		if uri == "" && (len(entries) != 0 || len(problems) != 1) || uri != "" && (len(entries) != 1 || entries[0].URI != uri) {
			t.Errorf("%s: %+v, %+v", line, entries, problems)
		}
	}
	for stanza, good := range map[string]bool{
		"Types : deb\nURIs : https://e.invalid/x\nSuites: jammy\nComponents: main\n": true,
		"Types: deb\nURIs: https://e.invalid/x\nSuites: ./\n":                        true,
		"Types: deb\nURIs: https://e.invalid/x\nSuites: jammy\n":                     false,
		"Types: deb\nURIs: https://e.invalid/x\nSuites: ./\nComponents: main\n":      false,
	} {
		if entries, problems := ParseDeb822("f", []byte(stanza)); good != (len(entries) == 1 && len(problems) == 0) {
			t.Errorf("%q: %+v, %+v", stanza, entries, problems)
		}
	}
}
