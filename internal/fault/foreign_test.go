package fault

import (
	"strings"
	"testing"
)

func TestForeign(t *testing.T) {
	for _, code := range []string{"1007", "1008", " 1009\n", "1010", "1011", "126", "127", "137"} {
		text := Foreign(code)
		if !strings.HasPrefix(text, strings.TrimSpace(code)+" is ") || strings.Contains(text, "\n") {
			t.Errorf("%q: %q", code, text)
		}
	}
	for _, e := range Catalogue() {
		if Foreign(e.Name) != "" || Foreign(strings.Fields(e.Text())[0]) != "" {
			t.Errorf("%d %s is ours", e.Code, e.Name)
		}
		if !strings.Contains(Codes(), e.Name) {
			t.Errorf("%s is not listed", e.Name)
		}
	}
}
