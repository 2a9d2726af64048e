package distro

// pinnedSUSE is the last version that runs on SUSE releases before 15.6, which have another
// libsemanage.
const pinnedSUSE = "1.0.027980001"

const (
	susePin   = "entra-docs howto-vm-sign-in-azure-ad-linux, note on SUSE 15.6; microsoft/linux-package-repositories#180"
	suseTrees = "microsoft/linux-package-repositories#180 and #302"
)

// suse are the releases from 15.1 on, of SLES and of openSUSE Leap.
func suse(name, path string, ids ...string) []*Row {
	family := func(row *Row, sources ...Source) *Row {
		row.Family, row.IDs, row.Manager, row.Path = name, ids, Zypper, path
		return complete(row, append(sources, Source{Fact: "path", Where: suseTrees})...)
	}
	return []*Row{
		family(&Row{Releases: "15.1-15.5", From: "15.1", Below: "15.6", Tested: true, Pin: pinnedSUSE, Arches: onlyAMD64(), Unseen: []string{"arm64"}, Keys: oldKey()},
			Source{Fact: "release", Where: documented}, Source{Fact: "keys", Where: keyDates}, Source{Fact: "pin", Where: susePin}, Source{Fact: "architectures", Where: arm64Open}),
		family(&Row{Releases: "15.6+", From: "15.6", Below: "16", Tested: true, Arches: onlyAMD64(), Unseen: []string{"arm64"}, Keys: oldKey()},
			Source{Fact: "release", Where: documented}, Source{Fact: "keys", Where: keyDates}, Source{Fact: "architectures", Where: arm64Open}),
		family(&Row{Releases: "16 and later", From: "16", Unseen: bothArches(), Keys: anyKey(),
			Note: "the repository for SLES 16 is signed with the key of 2025 and had no aadsshlogin in January 2026; it is tried all the same"},
			Source{Fact: "release", Where: "microsoft/linux-package-repositories#302"}, Source{Fact: "keys", Where: "microsoft/mdatp-xplat#239, #245 and #246 (SLES 16); " + keyUnknown}),
	}
}

// sle12 has no arm64 machines in Azure.
func sle12() []*Row {
	return []*Row{complete(&Row{
		Family: "SLES", IDs: []string{"sles", "sles_sap", "sle_hpc", "sle-hpc"}, Releases: "12", From: "12", Below: "13", Tested: true,
		Manager: Zypper, Path: "/sles/{major}/prod/", Pin: pinnedSUSE, Arches: onlyAMD64(), Keys: oldKey(),
	}, Source{Fact: "release", Where: documented}, Source{Fact: "path", Where: "learn.microsoft.com, download links below packages.microsoft.com/sles/12/prod"}, Source{Fact: "keys", Where: keyDates}, Source{Fact: "pin", Where: susePin})}
}

// leap42 calls itself "opensuse"; "opensuse-leap" came with 15.0.
func leap42() []*Row {
	return []*Row{complete(&Row{
		Family: "openSUSE Leap", IDs: []string{"opensuse"}, Releases: "42.3", From: "42.3", Below: "43", Tested: true,
		Manager: Zypper, Path: "/opensuse/{major}/prod/", Other: []string{"/opensuse/42.3/prod/"}, Pin: pinnedSUSE, Arches: onlyAMD64(), Keys: oldKey(),
	}, Source{Fact: "release", Where: documented}, Source{Fact: "path", Where: byVendor + ": by major version"}, Source{Fact: "keys", Where: keyDates}, Source{Fact: "pin", Where: susePin})}
}
