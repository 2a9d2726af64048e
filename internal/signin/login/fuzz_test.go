package login

import (
	"strings"
	"testing"

	"aadssh/internal/check"
)

// FuzzAccounts: for any content of the two account databases, a conflict names a line that
// exists.
func FuzzAccounts(f *testing.F) {
	f.Add([]byte("Ada@contoso.com:x:1000:1000::/:/bin/sh\nada@contoso.com:x:1001:1001::/:/bin/sh\n"), []byte("ada@contoso.com:x:1000:1000::/:/bin/sh\n"))
	f.Add([]byte(":::\n#a:b:c:d\r\n"), []byte("\xff:\x00:1:1"))
	f.Fuzz(func(t *testing.T, entra, local []byte) {
		found := clashes(parsePasswd(entra), parsePasswd(local))
		lines := strings.Count(string(entra), "\n") + 1
		for _, c := range found.Clashes {
			if c.Name == "" || c.Why == "" || c.Line < 1 || c.Line > lines {
				t.Errorf("%+v of %d lines", c, lines)
			}
		}
		if got := found.assess(); len(found.Clashes) > 0 != (got.Answer == check.Warn) {
			t.Errorf("%+v of %+v", got, found)
		}
	})
}
