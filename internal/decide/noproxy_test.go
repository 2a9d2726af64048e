package decide

import (
	"slices"
	"strings"
	"testing"

	"aadssh/internal/proxy"
)

// Whenever the package manager is told a proxy, it is also told its exceptions: the
// machine's other repositories may be among them.
func TestExceptionsGoWithTheProxy(t *testing.T) {
	f, ok := fresh(t, "../../distro/testdata/os-release/ubuntu-16.04") // its apt needs a package from the owner's repositories first
	if !ok {
		t.Fatal("no facts")
	}
	var err error
	if f.Proxy.Proxy, err = proxy.Parse("http://proxy.example:3128"); err != nil {
		t.Fatal(err)
	}
	f.Proxy.Except = ".corp"
	p, err := NewPlan(&f, Goal{Newest: true})
	if err != nil {
		t.Fatal(err)
	}
	proxied := 0
	for _, s := range p.Steps {
		for _, c := range s.Commands {
			if !slices.Contains(c.Env, "https_proxy=http://proxy.example:3128") {
				continue
			}
			proxied++
			if !slices.ContainsFunc(c.Env, func(e string) bool { return strings.HasPrefix(e, "no_proxy=") && strings.HasSuffix(e, ",.corp") }) {
				t.Errorf("%s: %q", s.Text, c.Env)
			}
		}
	}
	if proxied < 3 {
		t.Errorf("%d commands with a proxy", proxied)
	}
}
