package decide

import (
	"strings"
	"testing"

	"aadsshlogin-handler/internal/agent"
	"aadsshlogin-handler/internal/identity"
)

// TestClosedClouds: their package hosts have the repositories of apt by
// codename only; a mirror is what its owner made it.
func TestClosedClouds(t *testing.T) {
	for _, c := range []struct {
		cloud, release string
		mode           agent.Mode
		want           string
	}{
		{"USNat", "ubuntu-22.04", agent.ModeDefault, "https://repodepot.azure.eaglex.ic.gov/microsoft/repos/microsoft-ubuntu-jammy-prod jammy main"},
		{"USSec", "debian-12", agent.ModeDefault, "https://repodepot.azure.microsoft.scloud/microsoft/repos/microsoft-debian-bookworm-prod bookworm main"},
		{"USSec", "rhel-9.4", agent.ModeDefault, "https://repodepot.azure.microsoft.scloud/microsoft/rhel/9/prod"},
		{"AzureUSGovernment", "ubuntu-22.04", agent.ModeDefault, "https://packages.microsoft.com/ubuntu/22.04/prod jammy main"},
		{"USNat", "ubuntu-22.04", agent.ModeMirror, "https://mirror.example.com/ubuntu/22.04/prod jammy main"},
	} {
		f, ok := fresh(t, "../../distro/testdata/os-release/"+c.release)
		if !ok {
			t.Fatal(c.release)
		}
		f.Identity.Cloud, _ = identity.CloudByName(c.cloud)
		f.Settings.Repository.Mode, f.Settings.Repository.BaseURL = c.mode, "https://mirror.example.com"
		p, err := NewPlan(f, Goal{Newest: true})
		if err != nil || !strings.Contains(PlanText(p), c.want) {
			t.Errorf("%s, %s: %v\n%s", c.cloud, c.release, err, PlanText(p))
		}
		if base, _, _ := strings.Cut(c.want, " "); !strings.HasPrefix(IndexAddress(p, f), base+"/") {
			t.Errorf("the index is looked for at %s", IndexAddress(p, f))
		}
	}
}
