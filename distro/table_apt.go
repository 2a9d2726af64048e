package distro

// The repositories are also served under a name with the codename; that is the form that
// closed clouds replicate.
const (
	ubuntuPath  = "/ubuntu/{version}/prod"
	ubuntuOther = "/repos/microsoft-ubuntu-{codename}-prod"
	debianPath  = "/debian/{major}/prod"
	debianOther = "/repos/microsoft-debian-{codename}-prod"
	aptPaths    = "packages.microsoft.com/config; the second path: " + byVendor
)

// oldApt marks a release whose apt is older than 1.5, the first version that fetches over
// https without another package.
func oldApt(row *Row) *Row {
	row.Transport = "apt-transport-https"
	row.Sources = append(row.Sources, Source{Fact: "transport", Where: "apt 1.5 release notes: the https method came into the package apt"})
	return row
}

func debian() []*Row {
	family := func(row *Row, sources ...Source) *Row {
		row.Family, row.IDs, row.Manager, row.Path, row.Other = "Debian", []string{"debian"}, Apt, debianPath, []string{debianOther}
		return complete(row, append(sources, Source{Fact: "path", Where: aptPaths})...)
	}
	listed := func(version, below, codename string, arches, unseen []string, where string) *Row {
		return family(&Row{Releases: version, From: version, Below: below, Suite: codename, Tested: true, Arches: arches, Unseen: unseen, Keys: oldKey()},
			Source{Fact: "release", Where: documented}, Source{Fact: "keys", Where: keyDates}, Source{Fact: "architectures", Where: where})
	}
	return []*Row{
		oldApt(listed("9", "10", "stretch", onlyAMD64(), nil, inCatalog)),
		listed("10", "11", "buster", onlyAMD64(), []string{"arm64"}, notInCatalog),
		listed("11", "12", "bullseye", onlyAMD64(), []string{"arm64"}, notInCatalog),
		listed("12", "13", "bookworm", bothArches(), nil, inCatalog),
		family(&Row{Releases: "13", From: "13", Below: "14", Suite: "trixie", Unseen: bothArches(), Keys: newKey(),
			Note: "its repository had no aadsshlogin in January 2026; it is tried all the same"},
			Source{Fact: "release", Where: inCatalog}, Source{Fact: "keys", Where: "microsoft/linux-package-repositories#305"}),
		family(&Row{Releases: "14 and later", From: "14", Unseen: bothArches(), Keys: anyKey(),
			Note: "its repository is found by the rule for Debian"},
			Source{Fact: "keys", Where: keyUnknown}),
	}
}

func ubuntu() []*Row {
	const rule = "its repository is found by the rule for Ubuntu"
	family := func(row *Row, sources ...Source) *Row {
		row.Family, row.IDs, row.Manager, row.Path, row.Other = "Ubuntu", []string{"ubuntu"}, Apt, ubuntuPath, []string{ubuntuOther}
		return complete(row, append(sources, Source{Fact: "path", Where: aptPaths})...)
	}
	listed := func(version, below, codename string, arches []string) *Row {
		return family(&Row{Releases: version, From: version, Below: below, Suite: codename, Tested: true, Arches: arches, Keys: oldKey()},
			Source{Fact: "release", Where: documented}, Source{Fact: "keys", Where: keyDates}, Source{Fact: "architectures", Where: inCatalog})
	}
	return []*Row{
		oldApt(listed("16.04", "16.10", "xenial", onlyAMD64())),
		listed("18.04", "18.10", "bionic", onlyAMD64()),
		listed("20.04", "20.10", "focal", bothArches()),
		listed("22.04", "22.10", "jammy", bothArches()),
		listed("24.04", "24.10", "noble", bothArches()),
		family(&Row{Releases: "16.10-25.04, the ones between", From: "16.10", Below: "25.10", Unseen: bothArches(), Keys: oldKey(),
			Note: rule},
			Source{Fact: "release", Where: inCatalog}, Source{Fact: "keys", Where: keyDates}),
		family(&Row{Releases: "25.10, 26.04", From: "25.10", Below: "26.10", Unseen: bothArches(), Keys: newKey(), Note: rule},
			Source{Fact: "keys", Where: keyDates}),
		family(&Row{Releases: "26.10 and later", From: "26.10", Unseen: bothArches(), Keys: anyKey(), Note: rule},
			Source{Fact: "keys", Where: keyUnknown}),
	}
}
