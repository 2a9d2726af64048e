package gate

import (
	"strings"
	"testing"
)

func TestNamed(t *testing.T) {
	for name, want := range map[string]string{
		"ada@contoso.com": "people ada@contoso.com",
		"Ada@Contoso.com": "people ada@contoso.com",
		"ada_fabrikam.com#EXT#@contoso.onmicrosoft.com": "people ada_fabrikam.com#ext#@contoso.onmicrosoft.com",
		"o'neil@contoso.com":                            "people o'neil@contoso.com",
		"11111111-2222-3333-4444-555555555555":          "service principals 11111111-2222-3333-4444-555555555555",
		"A1111111-2222-3333-4444-555555555555":          "service principals a1111111-2222-3333-4444-555555555555",
		"":                                              "",
		"ada":                                           "",
		"root":                                          "",
		"@contoso.com":                                  "",
		"ada@":                                          "",
		"ada@contoso":                                   "",
		"ada@@contoso.com":                              "",
		"ada@contoso..com":                              "",
		"-o@contoso.com":                                "",
		"*@contoso.com":                                 "",
		"ada,addr=1.2.3.4@contoso.com":                  "",
		"ada contoso@contoso.com":                       "",
		"ada@contoso.com\n":                             "",
		"a\x1b[2Jda@contoso.com":                        "",
		"$(reboot)@contoso.com":                         "",
		"ada;reboot@contoso.com":                        "",
		"ä@contoso.com":                                 "",
		strings.Repeat("a", 300) + "@contoso.com": "",
		"11111111-2222-3333-4444-55555555555":     "",
	} {
		got := ""
		if who, ok := Named(name); ok {
			got = who.Kind.String() + " " + who.Name
		}
		if got != want {
			t.Errorf("%q: %q, want %q", name, got, want)
		}
	}
}
