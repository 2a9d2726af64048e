package identity_test

import (
	"strings"
	"time"

	"aadssh/internal/identity"
	"aadssh/test/lib/metadata"
)

// hostileSituations are answers that no metadata service gives.
func hostileSituations() []situation {
	named := func(name, group string) metadata.Compute {
		c := metadata.VM()
		c.Name, c.Group = name, group
		return c
	}
	secret := `{"access_token":"` + metadata.Token(nil) + `","expires_on":` // cut off in the middle
	odd := func(id any) metadata.Answer { return metadata.TokenWith(map[string]any{"xms_mirid": id}) }
	return []situation{
		{name: "redirect to another host", service: azure(
			times(1, metadata.Redirect("http://198.51.100.7/steal")), times(1, metadata.Redirect("http://198.51.100.7/steal"))), code: unknown, requests: 2},
		{name: "10 MB", service: vm(metadata.Flood(10 << 20)), code: unknown, requests: 2},
		{name: "10 MB about the machine", service: azure(times(1, metadata.Flood(10<<20)), times(1, ofVM())), kind: identity.SystemAssigned, code: ok, requests: 2},
		{name: "slow drip", service: vm(times(5, metadata.Drip(strings.Repeat(" ", 4096), time.Second))...), code: unknown, requests: 6},
		{name: "slow drip about the machine", service: azure(times(3, metadata.Drip(strings.Repeat(" ", 4096), time.Second)), times(1, ofVM())), kind: identity.SystemAssigned, code: ok, requests: 4},
		{name: "garbage", service: vm(metadata.Text(200, "application/json", "\x00\xff\xfe garbage")), code: unknown, requests: 2},
		{name: "not HTTP", service: vm(metadata.Raw("SSH-2.0-" + metadata.Secret + "\r\n")), code: unknown, requests: 2},
		{name: "half a token", service: vm(metadata.Text(200, "application/json", secret)), code: unknown, requests: 2},
		{name: "expiry that is no time, after a token", service: vm(metadata.Text(200, "application/json", secret+`{}}`)), code: unknown, requests: 2},
		{name: "empty 200", service: vm(metadata.Text(200, "application/json", "")), code: unknown, requests: 2},
		{name: "blank 200", service: vm(metadata.Text(200, "application/json", " \n ")), code: unknown, requests: 2},
		{name: "no access_token", service: vm(metadata.JSON(map[string]string{"token_type": "Bearer"})), code: unknown, requests: 2},
		{name: "a token that is no JWT", service: vm(metadata.TokenText(metadata.Secret)), code: unknown, requests: 2},
		{name: "a token of three dots", service: vm(metadata.TokenText("...")), code: unknown, requests: 2},
		{name: "no xms_mirid", service: vm(metadata.TokenWith(nil)), code: unknown, requests: 2},
		{name: "xms_mirid empty", service: vm(odd("")), code: unknown, requests: 2},
		{name: "xms_mirid a number", service: vm(odd(42)), code: unknown, requests: 2},
		{name: "xms_mirid a list with a VM", service: vm(odd([]string{metadata.VMID("rg-web", "web1")})), code: unknown, requests: 2},
		{name: "xms_mirid of another type", service: vm(odd("/subscriptions/s/resourceGroups/g/providers/Microsoft.Web/sites/virtualMachines")), code: unknown, requests: 2},
		{name: "xms_mirid of a type that ends alike", service: vm(odd("/subscriptions/s/resourceGroups/g/providers/Evil.Microsoft.Compute/virtualMachines/x")), code: unknown, requests: 2},
		{name: "xms_mirid with the words but no resource id", service: vm(odd("virtualMachines")), code: unknown, requests: 2},
		{name: "xms_mirid with lines and a command", service: vm(odd(metadata.VMID("g", "x\n$(reboot)"))), code: unknown, requests: 2},
		{name: "xms_mirid of 100 kB", service: vm(odd(metadata.VMID("g", strings.Repeat("x", 40_000)))), code: unknown, requests: 2},
		{name: "secrets in an error", service: vm(metadata.Status(400, metadata.Token(nil), metadata.Token(nil))), code: unknown, requests: 2},
		{name: "garbage about the machine", service: azure(times(1, metadata.Text(200, "application/json", "[[[")), times(1, ofVM())), kind: identity.SystemAssigned, code: ok, requests: 2},
		{name: "names that are commands", service: on(named("web1; reboot", "rg$(id)"), metadata.NoIdentity()), kind: identity.None, code: missing, requests: 2},
		{name: "names that are options", service: on(named("--help", "-x"), metadata.NoIdentity()), kind: identity.None, code: missing, requests: 2},
		{name: "a group with brackets", service: on(named("web1", "rg-(test)"), metadata.NoIdentity()), kind: identity.None, code: missing, requests: 2},
	}
}

// cloudSituations are the clouds: the token must be for the cloud's own audience.
func cloudSituations() []situation {
	in := func(cloud string) func(*machine) *metadata.Service {
		c := metadata.VM()
		c.Environment = cloud
		return on(c, ofVM())
	}
	sys := identity.SystemAssigned
	return []situation{
		{name: "cloud AZUREPUBLICCLOUD", service: in("AZUREPUBLICCLOUD"), kind: sys, code: ok, requests: 2},
		{name: "cloud AzureUSGovernmentCloud", service: in("AzureUSGovernmentCloud"), kind: sys, code: ok, requests: 2, audience: "https://management.usgovcloudapi.net/"},
		{name: "cloud azurechinacloud", service: in("azurechinacloud"), kind: sys, code: ok, requests: 2, audience: "https://management.chinacloudapi.cn/"},
		{name: "cloud USNat", service: in("USNat"), kind: sys, code: ok, requests: 2, audience: "https://management.azure.eaglex.ic.gov/"},
		{name: "cloud USSec", service: in("ussec"), kind: sys, code: ok, requests: 2, audience: "https://management.azure.microsoft.scloud/"},
		{name: "cloud that is not known", service: in("AzureMoonCloud"), kind: sys, code: ok, requests: 2},
		{name: "audience that the cloud does not know", service: azure(times(1, metadata.Status(404, "", "")),
			times(1, metadata.Status(400, "invalid_resource", "AADSTS50001: The application was not found"))), code: unknown, requests: 2},
	}
}

// environmentSituations try to move the requests elsewhere.
func environmentSituations() []situation {
	const elsewhere = "http://198.51.100.7:80/metadata/identity/oauth2/token"
	env := func(pairs ...string) map[string]string {
		m := map[string]string{}
		for i := 0; i < len(pairs); i += 2 {
			m[pairs[i]] = pairs[i+1]
		}
		return m
	}
	sys := identity.SystemAssigned
	return []situation{
		{name: "MSI_ENDPOINT", environ: env("MSI_ENDPOINT", elsewhere), service: vm(ofVM()), kind: sys, code: ok, requests: 2},
		{name: "MSI_ENDPOINT and MSI_SECRET", environ: env("MSI_ENDPOINT", elsewhere, "MSI_SECRET", metadata.Secret), service: vm(ofVM()), kind: sys, code: ok, requests: 2},
		{name: "MSI_ENDPOINT that is no URL", environ: env("MSI_ENDPOINT", "http://[::1"), service: vm(ofVM()), kind: sys, code: ok, requests: 2},
		{name: "MSI_ENDPOINT, and none", environ: env("MSI_ENDPOINT", elsewhere, "MSI_SECRET", metadata.Secret), service: vm(metadata.NoIdentity()), kind: identity.None, code: missing, requests: 2},
		{name: "client secret in the environment", environ: env("AZURE_CLIENT_ID", "c", "AZURE_TENANT_ID", "t", "AZURE_CLIENT_SECRET", metadata.Secret), service: vm(ofVM()), kind: sys, code: ok, requests: 2},
		{name: "IDENTITY_ENDPOINT elsewhere", environ: env("IDENTITY_ENDPOINT", elsewhere, "IMDS_ENDPOINT", "http://198.51.100.7"), service: vm(ofVM()), kind: sys, code: ok, requests: 2},
		{name: "IDENTITY_ENDPOINT alone", environ: env("IDENTITY_ENDPOINT", "http://localhost:40342/metadata/identity/oauth2/token"), service: vm(ofVM()), kind: sys, code: ok, requests: 2},
		{name: "IDENTITY_ENDPOINT at a name that looks local", environ: env("IDENTITY_ENDPOINT", "http://localhost.example.com:40342/metadata/identity/oauth2/token", "IMDS_ENDPOINT", "http://localhost:40342"),
			service: vm(ofVM()), kind: sys, code: ok, requests: 2},
		{name: "IDENTITY_ENDPOINT local before the at sign", environ: env("IDENTITY_ENDPOINT", "http://127.0.0.1:40342@198.51.100.7/metadata/identity/oauth2/token", "IMDS_ENDPOINT", "http://127.0.0.1:40342"),
			service: vm(ofVM()), kind: sys, code: ok, requests: 2},
	}
}
