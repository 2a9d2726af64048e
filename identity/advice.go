package identity

// Resize is the command that gives the machine another size, as a person types
// it; an Arc-enabled server is resized where it runs.
func (m Machine) Resize() string {
	switch {
	case m.Arc:
		return "give it more memory where it runs"
	case m.ScaleSet != "":
		return "\"az vmss update " + m.at(m.ScaleSet) + " --vm-sku SIZE\""
	}
	return "\"az vm resize " + m.at(m.Name) + " --size SIZE\""
}

// DeleteExtension is the command that removes an extension from the machine.
func (m Machine) DeleteExtension(extension string) string {
	group := "-g " + word(m.Group, "GROUP")
	switch {
	case m.Arc:
		return "\"az connectedmachine extension delete " + group + " --machine-name " + word(m.Name, "NAME") + " -n " + extension + "\""
	case m.ScaleSet != "":
		return "\"az vmss extension delete " + group + " --vmss-name " + m.ScaleSet + " -n " + extension + "\", then \"az vmss update-instances " + m.at(m.ScaleSet) + " --instance-ids '*'\""
	}
	return "\"az vm extension delete " + group + " --vm-name " + word(m.Name, "NAME") + " -n " + extension + "\""
}
