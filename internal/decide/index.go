package decide

import (
	"net/url"
	"strings"

	"aadssh/distro"
	"aadssh/internal/facts"
)

// IndexAddress is the index of the repository that a plan uses: that of the administrator's
// own entry, or of ours.
func IndexAddress(p Plan, f *facts.Facts) string {
	if p.Existing != nil {
		return IndexBelow(p.Existing.URI, p.Existing.Suite, f.Target.Manager)
	}
	return IndexBelow(strings.TrimRight(f.PackageBase(), "/")+f.Repository().Path, f.Target.Repository.Suite, f.Target.Manager)
}

// IndexBelow is the file that a package manager fetches first from a repository; "" if the
// repository is not reached by HTTP.
func IndexBelow(base, suite string, m distro.Manager) string {
	u, err := url.Parse(strings.TrimRight(base, "/"))
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" {
		return ""
	}
	if m == distro.Apt {
		return u.String() + "/dists/" + suite + "/InRelease"
	}
	return u.String() + "/repodata/repomd.xml"
}
