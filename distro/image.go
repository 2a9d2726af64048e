package distro

// Image names the kind of system, according to os-release, whose packages come with an
// image and not from a repository, whatever its ID is; "" for all others. Package facts
// recognizes some more of them by their files.
func (r Release) Image() string {
	for _, row := range imageVariants() {
		if r.Variant == row.variant {
			return row.name
		}
	}
	return ""
}

// imageVariants are the values of VARIANT_ID that such systems with the ID of a
// supported release have: test data of Azure/AgentBaker and of
// openshift/machine-config-operator.
func imageVariants() []imageVariant {
	return []imageVariant{
		{variant: "azurecontainerlinux", name: "Azure Container Linux"},
		{variant: "osguard", name: "Azure Linux OS Guard"},
		{variant: "coreos", name: "CoreOS"},
		{variant: "transactional", name: "SL Micro"},
	}
}

type imageVariant struct {
	_ [0]func() // never compared: no code for == is linked

	variant, name string
}
