package text

import (
	"os/exec"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestClip(t *testing.T) {
	for _, c := range []struct {
		in    string
		limit int
		want  string
	}{
		{"", 5, ""},
		{"abcde", 5, "abcde"},
		{"abcdef", 5, "a ..."},
		{"ääää", 8, "ääää"},
		{"ääääx", 8, "ää ..."},
		{"a\xffb", 5, "a?b"},
		{"aaaa\xff\xffb", 6, "aa ..."},
		{"abcdef", 2, " ..."},
	} {
		if got := Clip(c.in, c.limit); got != c.want {
			t.Errorf("Clip(%q, %d) = %q, want %q", c.in, c.limit, got, c.want)
		}
	}
}

func TestShown(t *testing.T) {
	const in = "  a\tb\r\n\x1b[31mc\u202ed\xff "
	for what, c := range map[string][2]string{
		"OneLine":   {OneLine(in), "a b [31mc\u202ed?"},
		"Printable": {Printable(in), "  a?b???[31mc?d? "},
		"ASCII":     {ASCII(in), "  ab[31mcd "},
		"Capital":   {Capital("abc") + Capital(""), "Abc"},
		"Or":        {Or("", "b") + Or("a", "b"), "ba"},
	} {
		if c[0] != c[1] {
			t.Errorf("%s: %q, want %q", what, c[0], c[1])
		}
	}
}

// A shell gives back each word as it was.
func TestQuote(t *testing.T) {
	words := []string{"plain", "", "a b", "rg(prod)", "it's", `it's "so"`, "$(id)", "`id`", "it's $HOME", `a\b`, `it's a\b`, "*", "new\nline", "!x", "it's!", "VAR=value", "-g", ";", "&&", "#x", "~root", "1.2~rc1"}
	for _, w := range words {
		out, err := exec.Command("sh", "-c", "printf '%s.' "+Quote(w)).Output()
		if err != nil || string(out) != w+"." {
			t.Errorf("%q as %s is %q to a shell (%v)", w, Quote(w), out, err)
		}
	}
	if Quote("plain") != "plain" || Quote("it's") != `"it's"` {
		t.Error("words are quoted that need not be, or are harder to read")
	}
}

func FuzzClip(f *testing.F) {
	f.Add("ääääx", 5)
	f.Fuzz(func(t *testing.T, s string, limit int) {
		if limit < len(dots) || limit > 1<<16 {
			return
		}
		if got := Clip(s, limit); len(got) > limit || !utf8.ValidString(got) || len(s) <= limit && utf8.ValidString(s) && got != s {
			t.Errorf("Clip(%q, %d) = %q", s, limit, got)
		}
		if got := OneLine(s); strings.ContainsAny(got, "\n\r\t\x1b") {
			t.Errorf("OneLine(%q) = %q", s, got)
		}
	})
}

func TestNear(t *testing.T) {
	words := []string{"sshd", "sshd-command", "sshd-config", "sudo", "clock"}
	for typed, want := range map[string]string{
		"sshd-comand": "sshd sshd-command", "sudoku": "sudo", "clok": "clock", "sshd-co": "sshd sshd-command sshd-config", "frobnicate": "", "": "", "99": "",
	} {
		if got := strings.Join(Near(typed, words), " "); got != want {
			t.Errorf("%s: %q, want %q", typed, got, want)
		}
	}
}

func TestMayBeSecret(t *testing.T) {
	for s, want := range map[string]bool{
		"": false, `"Mirror"`: false, `"1.0; reboot"`: false, `"https://mirror.example.com/ubuntu/dists/jammy-security x"`: false, "packageVersionToInstall": false,
		"user:pw@host": true, "https://a.example/?sig=x": true, "https://a.example/#x": true, "AccountKey=x": true, "p%40ss": true,
		"ghp_aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa": true, "0123456789abcdef0123456789abcdef": true, "a.b.0123456789abcdef0123456789": true,
	} {
		if got := MayBeSecret(s); got != want {
			t.Errorf("%s: %v", s, got)
		}
	}
}

func TestWithoutTokens(t *testing.T) {
	token := "eyJ0eXAiOiJKV1QiLCJhbGciOiJSUzI1NiJ9.eyJhdWQiOiJodHRwczovL2V4YW1wbGUifQ.c2lnbmF0dXJl"
	for in, want := range map[string]string{
		"Identity not found":                    "Identity not found",
		"two\nlines\x1b[31m":                    "two lines [31m",
		"a " + token + " b":                     "a ... b",
		"":                                      "",
		strings.Repeat("words ", 40):            strings.Repeat("words ", 9) + "wo ...",
		"8d10da13-8125-4ba9-a717-bf7490507b3d.": "8d10da13-8125-4ba9-a717-bf7490507b3d.",
	} {
		if got := WithoutTokens(in, 60); got != want {
			t.Errorf("WithoutTokens(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestMessage(t *testing.T) {
	for in, want := range map[string]string{
		"a\n  b\tc":                              "a b c",
		"no https://me:secret@host/x and a@b.c":  "no https://***@host/x and a@b.c",
		"bell\a, DEL\x7f, \uFFFD":                "bell, DEL,",
		strings.Repeat("long ", 20):              "long long long long long long long long long long long l ...",
		"http://[::1]/ without a user, 5 @ 6":    "http://[::1]/ without a user, 5 @ 6",
		"proxy http://u:p@ss@proxy.example:3128": "proxy http://***@proxy.example:3128",
	} {
		if got := Message(in, 60); strings.TrimSpace(got) != want {
			t.Errorf("Message(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestOneOf(t *testing.T) {
	const list = "a bc --limit-iface"
	for word, want := range map[string]bool{"a": true, "bc": true, "--limit-iface": true, "": false, "b": false, "c": false, "a bc": false, " ": false, "--limit": false, "iface": false} {
		if got := OneOf(word, list); got != want {
			t.Errorf("%q: %v", word, got)
		}
	}
}

func TestCounted(t *testing.T) {
	for n, want := range map[int]string{0: "0 checks", 1: "1 check", 2: "2 checks", 21: "21 checks"} {
		if got := Counted(n, "check"); got != want {
			t.Errorf("%d: %q, want %q", n, got, want)
		}
	}
}
