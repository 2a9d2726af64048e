package identity

import (
	"strconv"
	"strings"

	"aadssh/internal/text"
)

// Cloud is where an Azure cloud has what this product needs.
type Cloud struct {
	Name            string   // azEnvironment as the metadata service says it
	Aliases         []string // other names of the same cloud
	ResourceManager string   // audience of the token that is classified
	PackageHost     string   // host of the vendor's package repository
	PackagePath     string   // below which the repository begins on that host; "" or begins with "/"
	Replica         bool     // that host has the repositories of apt by codename only
	Login           string   // host of the sign-in service
	RoleCheck       string   // host that says who may sign in; "": not publicly known
	Regions         []string // what the names of its regions begin with; none: the public cloud's
	Source          string   // where the row comes from
}

// PackageBase is the URL below which the repositories' paths begin.
func (c Cloud) PackageBase() string { return "https://" + c.PackageHost + c.PackagePath }

// Clouds is the table of clouds. The first is the public one.
func Clouds() []Cloud {
	const (
		endpoints = "go-autorest azure/environments.go (audience); Microsoft Learn, howto-vm-sign-in-azure-ad-linux, network requirements (hosts)"
		airGapped = "Azure/AgentBaker aks-hosts-setup (audience, login); a published copy of the installer of extension 1.0.2385.1 (package host, path and codename)"
	)
	return []Cloud{
		{
			Name: "AzurePublicCloud", Aliases: []string{"AzureCloud"},
			ResourceManager: "https://management.azure.com/",
			PackageHost:     "packages.microsoft.com",
			Login:           "login.microsoftonline.com",
			RoleCheck:       "pas.windows.net",
			Source:          endpoints,
		},
		{
			Name: "AzureUSGovernmentCloud", Aliases: []string{"AzureUSGovernment"},
			ResourceManager: "https://management.usgovcloudapi.net/",
			PackageHost:     "packages.microsoft.com",
			Login:           "login.microsoftonline.us",
			RoleCheck:       "pasff.usgovcloudapi.net",
			Regions:         []string{"usgov", "usdod"},
			Source:          endpoints,
		},
		{
			Name:            "AzureChinaCloud",
			ResourceManager: "https://management.chinacloudapi.cn/",
			PackageHost:     "packages.microsoft.com",
			Login:           "login.chinacloudapi.cn",
			RoleCheck:       "pas.chinacloudapi.cn",
			Regions:         []string{"china"},
			Source:          endpoints,
		},
		{
			Name: "USNat", Aliases: []string{"USNatCloud"}, Regions: []string{"usnat"},
			ResourceManager: "https://management.azure.eaglex.ic.gov/",
			PackageHost:     "repodepot.azure.eaglex.ic.gov",
			PackagePath:     "/microsoft",
			Replica:         true,
			Login:           "login.microsoftonline.eaglex.ic.gov",
			Source:          airGapped,
		},
		{
			Name: "USSec", Aliases: []string{"USSecCloud"}, Regions: []string{"ussec"},
			ResourceManager: "https://management.azure.microsoft.scloud/",
			PackageHost:     "repodepot.azure.microsoft.scloud",
			PackagePath:     "/microsoft",
			Replica:         true,
			Login:           "login.microsoftonline.microsoft.scloud",
			Source:          airGapped,
		},
	}
}

// CloudByName finds a cloud by its azEnvironment, without regard to case: the
// documentation's own sample says AZUREPUBLICCLOUD.
func CloudByName(name string) (Cloud, bool) {
	for _, c := range Clouds() {
		for _, n := range append([]string{c.Name}, c.Aliases...) {
			if strings.EqualFold(n, name) {
				return c, true
			}
		}
	}
	return Cloud{}, false
}

// cloudByRegion finds the cloud that a region belongs to: no public one begins
// like one of another cloud.
func cloudByRegion(region string) (Cloud, bool) {
	region = strings.ToLower(region)
	for _, c := range Clouds() {
		for _, begin := range c.Regions {
			if strings.HasPrefix(region, begin) {
				return c, true
			}
		}
	}
	return Clouds()[0], region != ""
}

// cloudOf is the cloud that the machine says it is in, or the public one with
// the reason why that is assumed.
func cloudOf(d compute, r reply) (c Cloud, why string) {
	if r.outcome != answered {
		return Clouds()[0], "What the machine is could not be read (" + r.brief() + "), so the public cloud is assumed"
	}
	if c, ok := CloudByName(d.Environment); ok {
		return c, ""
	}
	if d.Environment == "" {
		if c, ok := cloudByRegion(d.Location); ok {
			return c, ""
		}
		return Clouds()[0], "The machine does not say in which cloud it is, so the public cloud is assumed"
	}
	return Clouds()[0], "The machine says that it is in the cloud " + strconv.Quote(text.WithoutTokens(d.Environment, 40)) + ", which is not known, so the public cloud is assumed"
}
