//go:build rig

package enable

import (
	"strings"
	"testing"
	"time"

	"aadssh/internal/fault"
	"aadssh/test/lib/keys"
	"aadssh/test/lib/metadata"
	"aadssh/test/lib/rig"
	"aadssh/test/lib/roots"
	"aadssh/test/lib/scene"
)

// TestClouds: the metadata names the cloud, in any case; the token is requested for that
// cloud's audience, and key and packages come from its host.
func TestClouds(t *testing.T) {
	for _, c := range []struct{ name, says, audience, host, path string }{
		{"public", "AZUREPUBLICCLOUD", "https://management.azure.com/", "packages.microsoft.com", ""},
		{"US Government", "AzureUSGovernmentCloud", "https://management.usgovcloudapi.net/", "packages.microsoft.com", ""},
		{"China", "azurechinacloud", "https://management.chinacloudapi.cn/", "packages.microsoft.com", ""},
		{"USNat", "USNat", "https://management.azure.eaglex.ic.gov/", "repodepot.azure.eaglex.ic.gov", "/microsoft"},
		{"USSec", "ussec", "https://management.azure.microsoft.scloud/", "repodepot.azure.microsoft.scloud", "/microsoft"},
	} {
		for _, p := range machines() {
			t.Run(c.name+"/"+p.Name, func(t *testing.T) {
				s := newMachine(t, scene.Options{Persona: p, Timeout: time.Minute, Rig: func(o *rig.Options) {
					o.Names = []string{c.host}
					o.Path = c.host + c.path + strings.TrimSuffix(o.Path, "/")
					if c.path != "" && p.Family == roots.Apt { // closed clouds have these by codename
						o.Path = c.host + c.path + "/repos/microsoft-ubuntu-jammy-prod"
					}
				}}, func(s *machine) {
					machine := metadata.VM()
					machine.Environment = c.says
					s.Metadata.Always(metadata.ComputePath, metadata.JSON(machine))
					for _, name := range []string{"microsoft.asc", "microsoft-2025.asc"} {
						s.Packages.File(c.host+c.path+"/keys/"+name, keys.Rig().Public)
					}
				})
				s.Want(fault.OK)
				for _, r := range s.Metadata.Requests() {
					if r.Path == metadata.TokenPath && r.Query.Get("resource") != c.audience {
						t.Errorf("a token for %q, want %q", r.Query.Get("resource"), c.audience)
					}
				}
				for _, r := range s.Packages.Requests() {
					if r.Host != c.host || r.Scheme != "https" || !strings.HasPrefix(r.Path, c.path+"/") {
						t.Errorf("asked elsewhere: %s", r)
					}
				}
			})
		}
	}
}
