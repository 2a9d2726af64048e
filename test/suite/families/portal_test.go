//go:build rig

package families

import (
	"net/http"
	"strings"
	"testing"

	"aadssh/internal/fault"
	"aadssh/test/lib/pkghost"
	"aadssh/test/lib/scene"
)

// TestPageInsteadOfAFile: a portal's page instead of a repository's file is reported as a
// network problem, not as one of trust.
func TestPageInsteadOfAFile(t *testing.T) {
	elsewhere := pkghost.Redirect("https://login.portal.invalid/x")
	for name, c := range map[string]struct {
		release, file string // how the path of the file ends
		trouble       pkghost.Trouble
		text          string
	}{
		"apt, nothing for the lists":         {"ubuntu-22.04", "InRelease", pkghost.Page(""), "no signed file"},
		"apt, nothing for the package":       {"ubuntu-24.04", ".deb", pkghost.Page(""), "does not match its index"},
		"dnf, a refusal for the signature":   {"rhel-9.4", "repomd.xml.asc", pkghost.Status(416, 0), "cannot be fetched (Status code: 416)"},
		"dnf, elsewhere for the signature":   {"rhel-9.4", "repomd.xml.asc", elsewhere, "login.portal.invalid"},
		"dnf 5, elsewhere for the signature": {"azurelinux-4.0", "repomd.xml.asc", elsewhere, "login.portal.invalid"},
		"dnf, nothing for the package":       {"rhel-9.4", ".rpm", pkghost.Page(""), "does not match its index"},
		"zypper, nothing for the package":    {"sles-15.6", ".rpm", pkghost.Page(""), "no package that can be read"},
		"zypper, nothing for the signature":  {"sles-15.6", "repomd.xml.asc", pkghost.Page(""), "no signature"},
	} {
		t.Run(name, func(t *testing.T) {
			each(t, []string{c.release}, scene.Options{}, func(m machine) {
				m.Packages.Trouble("/...", func(w http.ResponseWriter, r *http.Request, next http.Handler) {
					if strings.HasSuffix(r.URL.Path, c.file) && !strings.HasPrefix(r.URL.Path, "/keys/") {
						c.trouble(w, r, next)
						return
					}
					next.ServeHTTP(w, r)
				})
				m.Want(fault.RepositoryUnreachable, c.text)
				m.Has("aadsshlogin", "")
			})
		})
	}
}
