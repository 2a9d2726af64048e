package identity

import (
	"strconv"
	"strings"

	"aadssh/internal/text"
)

// Cloud says where an Azure cloud has what this product needs.
type Cloud struct {
	Name            string   // azEnvironment in the metadata
	Aliases         []string // other names of the same cloud
	ResourceManager string   // audience of the token whose claim is read
	PackageHost     string   // host of the vendor's package repository
	PackagePath     string   // path of the repositories on that host; "" or begins with "/"
	Replica         bool     // that host has the apt repositories by codename only
	Login           string   // host of the sign-in service
	RoleCheck       string   // host that decides who may sign in; "": not publicly known
	Regions         []string // beginnings of its regions' names; none: the public cloud's
	Source          string   // where the row was found
}

// PackageBase is the URL that the repositories' paths are appended to.
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

// CloudByName finds a cloud by its azEnvironment, ignoring case: the sample in the
// documentation itself has AZUREPUBLICCLOUD.
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

// cloudByRegion finds the cloud of a region: no region of the public cloud has the
// beginning of another cloud's.
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

// cloudOf is the cloud that the metadata names, or the public one with the reason why it is
// assumed.
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
