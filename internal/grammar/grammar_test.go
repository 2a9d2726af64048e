package grammar

import "testing"

func TestWords(t *testing.T) {
	for name, c := range map[string]struct {
		is        func(string) bool
		good, bad []string
	}{
		"version": {Version, []string{"1.0.033070001", "1:1.0.033070001-1.el9", "2.4~rc1+b2", "0"},
			[]string{"", "1.0-", "1.0+", "-1", "*", "1.0*", "[0-9]", ">=1", "1 2", "1\n", "1$(x)", "1/2", "%{x}", "x1", "1..2"}},
		"package": {PackageName, []string{"aadsshlogin", "aadsshlogin-selinux", "libstdc++6", "g++"}, []string{"", "-x", "aadsshlogin-", "@group", "a*", "A", "a b", "a=1", "/tmp/x.rpm", "a\n"}},
		"repository": {RepositoryID, []string{"packages-microsoft-com-prod", "rhel-9-for-x86_64-baseos-rpms", "azurelinux-ms-non-oss"},
			[]string{"", "-x", "*", "a,b", "a b", "a=b", "a\n", "a/b", "x[0]", "--nogpgcheck"}},
		"alias": {Alias, []string{"Main Update Repository", "packages-microsoft-com-prod", "SLE-Module:15 (SP5)"}, []string{"", "--no-gpg-checks", "1", "42", "a\nb", "a;b", "a,b"}},
		"path":  {Path, []string{"/etc/apt/sources.list", "/etc/apt/sources.list.d/x@y.list"}, []string{"", "x", "/", "/a/../b", "/a b", "/a;b", "/a\nb", "/a\x1b", "/a//b", "/a$b"}},
	} {
		for _, s := range c.good {
			if !c.is(s) {
				t.Errorf("%s: %q is refused", name, s)
			}
		}
		for _, s := range c.bad {
			if c.is(s) {
				t.Errorf("%s: %q is taken", name, s)
			}
		}
	}
}
