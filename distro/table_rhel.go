package distro

const elPath = "/rhel/{major}/prod/"

// el9 is the other path under which packages.microsoft.com serves the repository of RHEL 9.
func el9() []string { return []string{"/rhel/9.0/prod/"} }

const (
	elPaths    = "microsoft/linux-package-repositories#29 and #33: by major version; 9 and 9.0 are the same"
	elRebuilds = "Azure/azure-linux-extensions#1875 and #1902: RHEL's, the own trees lack the package or answer 403"
	elKey10    = "PowerShell/PowerShell#27730"
	elNext     = "its repository is found by the rule for RHEL"
)

// rhel are the releases that the repositories below /rhel are made for.
func rhel() []*Row {
	family := func(row *Row, sources ...Source) *Row {
		row.Family, row.IDs, row.Path = "RHEL", []string{"rhel"}, elPath
		return complete(row, append(sources, Source{Fact: "path", Where: elPaths})...)
	}
	return []*Row{
		// Azure has no arm64 machines with EL7.
		family(&Row{Releases: "7.4-7.9", From: "7.4", Below: "8", Tested: true, Manager: Yum, Arches: onlyAMD64(), Keys: oldKey()},
			Source{Fact: "release", Where: documented}, Source{Fact: "keys", Where: keyDates}),
		family(&Row{Releases: "8.3+", From: "8.3", Below: "9", Tested: true, Manager: Dnf, Arches: onlyAMD64(), Unseen: []string{"arm64"}, Keys: oldKey()},
			Source{Fact: "release", Where: documented}, Source{Fact: "keys", Where: keyDates}, Source{Fact: "architectures", Where: arm64Open}),
		family(&Row{Releases: "9.0+", From: "9", Below: "10", Tested: true, Manager: Dnf, Arches: onlyAMD64(), Unseen: []string{"arm64"}, Keys: oldKey(), Other: el9()},
			Source{Fact: "release", Where: documented}, Source{Fact: "keys", Where: keyDates}, Source{Fact: "architectures", Where: arm64Open}),
		family(&Row{Releases: "10", From: "10", Below: "11", Tested: true, Manager: Dnf, Arches: onlyAMD64(), Unseen: []string{"arm64"}, Keys: newKey()},
			Source{Fact: "release", Where: "MicrosoftDocs/entra-docs#1969"}, Source{Fact: "keys", Where: elKey10}, Source{Fact: "architectures", Where: arm64Open}),
		family(&Row{Releases: "11 and later", From: "11", Note: elNext, Manager: Dnf, Unseen: bothArches(), Keys: anyKey()},
			Source{Fact: "keys", Where: keyUnknown}),
	}
}

// rebuild are the releases of a distribution that is built from RHEL and uses RHEL's
// packages.
func rebuild(name, id string) []*Row {
	family := func(row *Row, sources ...Source) *Row {
		row.Family, row.IDs, row.Path, row.Manager = name, []string{id}, elPath, Dnf
		return complete(row, append(sources, Source{Fact: "path", Where: elRebuilds})...)
	}
	return []*Row{
		family(&Row{Releases: "8", From: "8", Below: "9", Tested: true, Arches: onlyAMD64(), Unseen: []string{"arm64"}, Keys: oldKey()},
			Source{Fact: "release", Where: documented}, Source{Fact: "keys", Where: keyDates}, Source{Fact: "architectures", Where: arm64Open}),
		family(&Row{Releases: "9", From: "9", Below: "10", Tested: true, Arches: onlyAMD64(), Unseen: []string{"arm64"}, Keys: oldKey(), Other: el9()},
			Source{Fact: "release", Where: documented}, Source{Fact: "keys", Where: keyDates}, Source{Fact: "architectures", Where: arm64Open}),
		family(&Row{Releases: "10", From: "10", Below: "11", Unseen: bothArches(), Keys: newKey(),
			Note: "the packages for RHEL 10 are tried; the package host has repositories named after the rebuilds of 10 too, of which nobody has seen whether they have aadsshlogin"},
			Source{Fact: "keys", Where: elKey10}, Source{Fact: "release", Where: "microsoft/mdatp-xplat#239, #245 and #246"}),
		family(&Row{Releases: "11 and later", From: "11", Note: elNext, Unseen: bothArches(), Keys: anyKey()},
			Source{Fact: "keys", Where: keyUnknown}),
	}
}

// centOS had repositories of its own up to 8.
func centOS() []*Row {
	const (
		stream = "the packages for RHEL of the same major version are tried"
		own    = "download links of public documentation below packages.microsoft.com/centos; " + byVendor
		listed = "entra-docs howto-vm-sign-in-azure-ad-linux until CentOS ended"
		after8 = byVendor + ": RHEL's after 8"
	)
	family := func(row *Row, sources ...Source) *Row {
		row.Family, row.IDs = "CentOS", []string{"centos"}
		return complete(row, sources...)
	}
	return []*Row{
		family(&Row{Releases: "7", From: "7", Below: "8", Tested: true, Manager: Yum, Path: "/centos/{major}/prod/", Arches: onlyAMD64(), Keys: oldKey()},
			Source{Fact: "release", Where: listed}, Source{Fact: "path", Where: own}, Source{Fact: "keys", Where: keyDates}),
		family(&Row{Releases: "8", From: "8", Below: "9", Tested: true, Manager: Dnf, Path: "/centos/{major}/prod/", Arches: onlyAMD64(), Unseen: []string{"arm64"}, Keys: oldKey()},
			Source{Fact: "release", Where: listed}, Source{Fact: "path", Where: own}, Source{Fact: "keys", Where: keyDates}, Source{Fact: "architectures", Where: arm64Open}),
		family(&Row{Releases: "Stream 9", From: "9", Below: "10", Note: stream, Manager: Dnf, Path: elPath, Other: el9(), Unseen: bothArches(), Keys: oldKey()},
			Source{Fact: "path", Where: after8}, Source{Fact: "keys", Where: keyDates}),
		family(&Row{Releases: "Stream 10", From: "10", Below: "11", Note: stream, Manager: Dnf, Path: elPath, Unseen: bothArches(), Keys: newKey()},
			Source{Fact: "path", Where: after8}, Source{Fact: "keys", Where: elKey10}),
	}
}
