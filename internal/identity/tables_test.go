package identity

import (
	"strings"
	"testing"
	"time"

	"aadssh/test/lib/metadata"
)

func TestClouds(t *testing.T) {
	seen := map[string]bool{}
	for _, c := range Clouds() {
		for _, n := range append([]string{c.Name}, c.Aliases...) {
			for _, spelt := range []string{n, strings.ToUpper(n), strings.ToLower(n)} {
				if got, ok := CloudByName(spelt); !ok || got.Name != c.Name {
					t.Errorf("CloudByName(%q) = %v, %v", spelt, got.Name, ok)
				}
			}
			if key := strings.ToLower(n); seen[key] {
				t.Errorf("%s is there twice", n)
			} else {
				seen[key] = true
			}
		}
		if !strings.HasPrefix(c.ResourceManager, "https://management.") || !strings.HasSuffix(c.ResourceManager, "/") {
			t.Errorf("%s: audience %q", c.Name, c.ResourceManager)
		}
		if c.PackageHost == "" || c.Login == "" || c.Source == "" || !strings.HasPrefix(c.PackageBase(), "https://"+c.PackageHost) {
			t.Errorf("%s: incomplete: %+v", c.Name, c)
		}
	}
	if Clouds()[0].Name != "AzurePublicCloud" {
		t.Error("the first cloud is not the public one")
	}
	for _, n := range []string{"", "AzurePublic", "AzureGermanCloud"} {
		if c, ok := CloudByName(n); ok {
			t.Errorf("CloudByName(%q) = %s", n, c.Name)
		}
	}
}

func TestResourceType(t *testing.T) {
	for id, want := range map[string]string{
		metadata.VMID("g", "n"): "microsoft.compute/virtualmachines",
		"subscriptions/s/resourcegroups/g/providers/Microsoft.Compute/virtualMachines/n/":         "microsoft.compute/virtualmachines",
		metadata.ScaleSetID("g", "n") + "/virtualMachines/3":                                      "microsoft.compute/virtualmachinescalesets/virtualmachines",
		metadata.UserAssignedID("providers", "providers"):                                         "microsoft.managedidentity/userassignedidentities",
		metadata.VMID("g", "n") + "/providers/Microsoft.ManagedIdentity/userAssignedIdentities/u": "microsoft.managedidentity/userassignedidentities",
		"":                                  "",
		"/":                                 "",
		"/subscriptions/s":                  "",
		"/subscriptions/s/resourceGroups/g": "",
		metadata.VMID("g", "n") + "/virtualMachines":   "",
		metadata.VMID("g", ""):                         "",
		metadata.VMID("g", "n m"):                      "",
		"/tenants/s/resourceGroups/g/providers/a/b/c":  "",
		"/subscriptions/s/resourceGroups/g/providers/": "",
	} {
		got, ok := resourceType(id)
		if got != want || ok != (want != "") {
			t.Errorf("resourceType(%q) = %q, %v, want %q", id, got, ok, want)
		}
	}
}

func TestLoopbackPort(t *testing.T) {
	for endpoint, want := range map[string]string{
		"http://localhost:40342/metadata/identity/oauth2/token":          "40342",
		"http://127.0.0.1:50342/metadata/identity/oauth2/token":          "50342",
		"http://[::1]:40342/metadata/identity/oauth2/token":              "40342",
		"https://localhost:40342/metadata/identity/oauth2/token":         "",
		"http://localhost/metadata/identity/oauth2/token":                "",
		"http://localhost:40342/":                                        "",
		"http://u:p@localhost:40342/metadata/identity/oauth2/token":      "",
		"http://0.0.0.0:40342/metadata/identity/oauth2/token":            "",
		"http://169.254.169.254:80/metadata/identity/oauth2/token":       "",
		"http://localhost.evil.example:1/metadata/identity/oauth2/token": "",
		"http://127.0.0.1.evil.example:1/metadata/identity/oauth2/token": "",
		"::": "",
	} {
		if got, ok := loopbackPort(endpoint); got != want || ok != (want != "") {
			t.Errorf("loopbackPort(%q) = %q, %v, want %q", endpoint, got, ok, want)
		}
	}
}

func TestRetryAfter(t *testing.T) {
	for header, want := range map[string]time.Duration{
		"": 0, "7": 7 * time.Second, " 7 ": 7 * time.Second, "-7": 0, "soon": 0,
		"99999999999999999999": 0, "999999999": 24 * time.Hour,
		"Wed, 21 Oct 2015 07:28:00 GMT": 0, // long past
	} {
		if got := retryAfter(header); got != want {
			t.Errorf("retryAfter(%q) = %s, want %s", header, got, want)
		}
	}
}
