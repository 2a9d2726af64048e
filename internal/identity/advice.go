package identity

// Resize is the command that gives the machine another size, as a person types
// it; an Arc-enabled server is resized where it runs.
func (m Machine) Resize() string {
	switch {
	case m.Arc:
		return "give it more memory where it runs"
	case m.ScaleSet != "":
		return "\"az vmss update " + m.at(m.ScaleSet) + " --set sku.name=SIZE\", then " + m.updateInstances()
	}
	return "\"az vm resize " + m.at(m.Name) + " --size SIZE\""
}

// DeleteExtension is the command that removes an extension from the machine.
func (m Machine) DeleteExtension(extension string) string {
	what := " -n " + extension + m.subscription() + "\""
	switch {
	case m.Arc:
		return "\"az connectedmachine extension delete " + m.group() + " --machine-name " + word(m.Name, "NAME") + what
	case m.ScaleSet != "":
		return "\"az vmss extension delete " + m.group() + " --vmss-name " + m.ScaleSet + what +
			", then " + m.updateInstances()
	}
	return "\"az vm extension delete " + m.group() + " --vm-name " + word(m.Name, "NAME") + what
}
