package nss

import (
	"strings"
	"testing"
)

func TestSearch(t *testing.T) {
	installed := func(name string) bool { return !strings.Contains("ldap # add local first", name) }
	for _, c := range []struct {
		text          string
		modern, older Lookup
		by            string // of the modern one
	}{
		{"passwd: files aad\n", Found, Found, ""},
		{"passwd: aad files\n", Found, Found, ""},
		{"passwd:files aad\n", Found, Found, ""},
		{" passwd :\tfiles  aad\n", Found, Found, ""},
		{"passwd files aad\n", Found, Found, ""},
		{"PASSWD: files aad\n", Absent, Absent, ""},
		{"passwd: files AAD\n", Absent, Absent, ""},
		{"passwd: files add\n", Absent, Absent, ""},
		{"passwd: files aad\npasswd: files\n", Absent, Absent, ""},
		{"passwd: files aad", Absent, Found, ""}, // no line end
		{"", Absent, Absent, ""},
		{"group: files aad\n", Absent, Absent, ""},
		{"passwd: files # aad\n", Found, Absent, ""},
		{"passwd: files aad # local first\n", Found, Found, ""},
		{"#passwd: files aad\n", Absent, Absent, ""},
		{"passwd: files [NOTFOUND=return] aad\n", Lost, Lost, "files"},
		{"passwd: files [notfound = Return] aad\n", Lost, Lost, "files"},
		{"passwd: files[NOTFOUND=return]aad\n", Lost, Lost, "files"},
		{"passwd: files [!SUCCESS=return] aad\n", Lost, Lost, "files"},
		{"passwd: files [!NOTFOUND=return] aad\n", Found, Found, ""},
		{"passwd: files [UNAVAIL=return] aad\n", Found, Found, ""},
		{"passwd: files ldap [UNAVAIL=return] aad\n", Lost, Lost, "ldap"},
		{"passwd: files ldap [NOTFOUND=return] aad\n", Found, Found, ""}, // ldap is not installed
		{"passwd: files sss [NOTFOUND=return] aad\n", NotKnown, NotKnown, "sss"},
		{"passwd: files sss [!SUCCESS=return] aad\n", Lost, Lost, "sss"},
		{"passwd: files [SUCCESS=return] sss [NOTFOUND=continue] aad [NOTFOUND=return]\n", Found, Found, ""},
		{"passwd: files [SUCCESS=merge] aad\n", Found, Found, ""},
		{"passwd: files aad [SUCCESS=continue] sss\n", Lost, Lost, "sss"},
		{"passwd: files aad [SUCCESS=continue]\n", Found, Found, ""},
		{"passwd: compat aad\n", Found, Found, ""},
		{"passwd: [NOTFOUND=return] files aad\n", Absent, Absent, ""},
	} {
		for _, modern := range []bool{true, false} {
			want := c.older
			if modern {
				want = c.modern
			}
			got, by := Parse([]byte(c.text), modern).Of("passwd").Search("aad", installed)
			if got != want || modern && by != c.by {
				t.Errorf("%q, modern %v: %v by %q, want %v by %q", c.text, modern, got, by, want, c.by)
			}
		}
	}
}

func TestBroken(t *testing.T) {
	for text, line := range map[string]int{
		"passwd: files aad\nhosts: files [FOO=return] dns\n": 2,
		"passwd: files [NOTFOUND=stop] aad\n":                1,
		"passwd: files [NOTFOUND return] aad\n":              1,
		"passwd: files [NOTFOUND=return\n":                   1,
		"passwd: files []\n":                                 1,
		"sudoers: files [FOO=return]\npasswd: files\n":       0,
		"passwd: files # [local\n":                           1,
		"passwd: files aad\n":                                0,
	} {
		if c := Parse([]byte(text), true); c.Broken != line {
			t.Errorf("%q: line %d, want %d", text, c.Broken, line)
		}
	}
	if c := Parse([]byte("passwd: files aad [FOO=return] sss\n"), false); c.Broken != 1 || len(c.Of("passwd").Services) != 1 {
		t.Errorf("%+v", c)
	}
}

func FuzzParse(f *testing.F) {
	f.Add("passwd: files [!NOTFOUND=return SUCCESS=merge] aad # x\n")
	f.Fuzz(func(t *testing.T, text string) {
		for _, modern := range []bool{true, false} {
			Parse([]byte(text), modern).Of("passwd").Search("aad", func(string) bool { return true })
		}
	})
}
