package distro

import "slices"

// Rows is the table of distributions. To add a release, add a row and its os-release file
// in testdata.
//
// The first row that covers a release counts. Releases that are newer than a family's list
// are covered by the family's rule: a row that is not Tested, and whose Note the operator
// reads. A release that no row covers is refused.
func Rows() []*Row {
	return slices.Concat(
		rebuild("AlmaLinux", "almalinux"),
		azureLinux(),
		centOS(),
		debian(),
		leap42(),
		suse("openSUSE Leap", "/opensuse/{major}/prod/", "opensuse-leap"),
		rebuild("Oracle Linux", "ol"),
		rhel(),
		rebuild("Rocky Linux", "rocky"),
		sle12(),
		suse("SLES", "/sles/{major}/prod/", "sles", "sles_sap", "sle_hpc", "sle-hpc"),
		ubuntu(),
	)
}

// The places where facts of the table were found.
const (
	documented = "entra-docs howto-vm-sign-in-azure-ad-linux, list of supported distributions"
	keyDates   = "packages.microsoft.com README; microsoft/linux-package-repositories#47: the 2015 key for repositories made before May 2025, the 2025 key for later ones"
	keyUnknown = "not known before the repository is seen: either key"
	byVendor   = "what extension 1.0.2385.1 used"
	inCatalog  = "Packages files of packages.microsoft.com in January 2026 (bravellian/apt-repo-catalog)"
	// The catalogue has no page of these suites.
	notInCatalog = "amd64: the list of supported distributions; arm64: nobody looked, so it is tried"
	anyRelease   = "extension 1.0.2385.1 installed it wherever the distribution's SELinux policy was"
	arm64Open    = "amd64: packages named in public issues; arm64: nobody looked, so it is tried"
	sshUnit      = "Azure/AgentBaker and GoogleCloudPlatform/guest-agent: ssh on Debian's family, sshd elsewhere"
)

// The generations of the vendor's key, by the names of their files.
func oldKey() []string { return []string{"microsoft.asc"} }
func newKey() []string { return []string{"microsoft-2025.asc"} }
func anyKey() []string { return []string{"microsoft-2025.asc", "microsoft.asc"} }

func onlyAMD64() []string  { return []string{"amd64"} }
func bothArches() []string { return []string{"amd64", "arm64"} }

// complete adds what nearly all rows have in common.
func complete(row *Row, sources ...Source) *Row {
	row.SELinux = true
	row.Sources = append(sources, Source{Fact: "SELinux package", Where: anyRelease}, Source{Fact: "SSH unit", Where: sshUnit})
	if row.Manager == Apt {
		row.SSHUnits = []string{"ssh.service", "sshd.service"}
	} else {
		row.SSHUnits = []string{"sshd.service"}
	}
	return row
}

// azureLinux are the distributions whose image includes the repository's definition and
// key. Their packages are signed with another key than the rest.
func azureLinux() []*Row {
	const (
		azl     = "azurelinux-repos.spec of microsoft/azurelinux; Azure/azure-linux-extensions#2051"
		azl4    = "base/comps/azurelinux-repos/microsoft.repo of microsoft/azurelinux; Azure/azure-linux-extensions#2197 (4.0 on machines)"
		mariner = "mariner-repos.spec of microsoft/azurelinux; mde_installer.sh of microsoft/mdatp-xplat"
		keys    = "the image's own, imported into rpm's and GnuPG's keyrings by the package that brings it"
		rpmKey  = "/etc/pki/rpm-gpg/MICROSOFT-RPM-GPG-KEY"
		mdKey   = "/etc/pki/rpm-gpg/MICROSOFT-METADATA-GPG-KEY"
	)
	return []*Row{
		complete(&Row{
			Family: "Azure Linux", IDs: []string{"azurelinux"}, Releases: "3", From: "3", Below: "4", Tested: true,
			Manager: Tdnf, Path: "/azurelinux/{major}.0/prod/ms-non-oss/{basearch}", Arches: onlyAMD64(), Unseen: []string{"arm64"},
			OnImage: &ImageRepository{ID: "azurelinux-official-ms-non-oss", Package: "azurelinux-repos-ms-non-oss", Keys: []string{rpmKey}},
		}, Source{Fact: "release", Where: documented}, Source{Fact: "path", Where: azl}, Source{Fact: "keys", Where: keys}, Source{Fact: "architectures", Where: arm64Open}),
		complete(&Row{
			Family: "Azure Linux", IDs: []string{"azurelinux"}, Releases: "4", From: "4", Below: "5",
			Note:    "nobody has seen aadsshlogin in its repository yet; it is tried all the same",
			Manager: Dnf, Path: "/azurelinux/{major}/prod/microsoft/{basearch}", Unseen: bothArches(),
			OnImage: &ImageRepository{ID: "azurelinux-microsoft", Package: "azurelinux-repos", Keys: []string{"/etc/pki/rpm-gpg/RPM-GPG-KEY-azurelinux-{version}-{basearch}"}},
		}, Source{Fact: "release", Where: azl4}, Source{Fact: "path", Where: azl4}, Source{Fact: "keys", Where: "the image's own, of the package azurelinux-gpg-keys"}, Source{Fact: "architectures", Where: azl4}),
		{
			Family: "CBL-Mariner", IDs: []string{"mariner"}, Releases: "1", From: "1", Below: "2",
			Refused: "CBL-Mariner 1.0 was withdrawn by its vendor, its repositories were deleted on 2024-10-17; move to Azure Linux 3",
			Sources: []Source{{Fact: "release", Where: "packages.microsoft.com README"}},
		},
		complete(&Row{
			Family: "CBL-Mariner", IDs: []string{"mariner"}, Releases: "2", From: "2", Below: "3", Tested: true,
			Manager: Tdnf, Path: "/cbl-mariner/{major}.0/prod/extras/{basearch}", Arches: onlyAMD64(), Unseen: []string{"arm64"},
			OnImage: &ImageRepository{ID: "mariner-official-extras", Package: "mariner-repos-extras", Keys: []string{rpmKey, mdKey}},
		}, Source{Fact: "release", Where: documented}, Source{Fact: "path", Where: mariner}, Source{Fact: "keys", Where: keys}, Source{Fact: "architectures", Where: arm64Open}),
	}
}
