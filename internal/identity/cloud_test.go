package identity

import (
	"strings"
	"testing"
)

// Some answers do not name the cloud. The region does then.
func TestCloudWithoutItsName(t *testing.T) {
	for region, want := range map[string]string{
		"westeurope": "AzurePublicCloud", "chinanorth3": "AzureChinaCloud", "usgovvirginia": "AzureUSGovernmentCloud",
		"USDoDEast": "AzureUSGovernmentCloud", "usnateast": "USNat", "ussecwest": "USSec",
	} {
		if c, why := cloudOf(compute{Location: region}, reply{outcome: answered}); c.Name != want || why != "" {
			t.Errorf("%s: %s, %q", region, c.Name, why)
		}
	}
	if c, why := cloudOf(compute{}, reply{outcome: answered}); c.Name != "AzurePublicCloud" || !strings.HasPrefix(why, "The machine does not say") {
		t.Errorf("nothing: %s, %q", c.Name, why)
	}
}
