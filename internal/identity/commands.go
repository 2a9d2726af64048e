package identity

import "strings"

// at is how an az command is told which resource is meant. A word in capitals
// stands for what is not known.
func (m Machine) at(name string) string {
	return m.group() + " -n " + word(name, "NAME") + m.subscription()
}

func (m Machine) group() string { return "-g " + word(m.Group, "GROUP") }

// subscription ends the options of a command; az takes its default where it is
// not known.
func (m Machine) subscription() string {
	if m.Subscription == "" {
		return ""
	}
	return " --subscription " + m.Subscription
}

// word is a value as a word of a shell command. Values hold letters, digits and
// -_.() only.
func word(value, missing string) string {
	if value == "" {
		return missing
	}
	if strings.ContainsAny(value, "()") {
		return "'" + value + "'"
	}
	return value
}

// assign is the next step that gives the machine its system-assigned identity.
// Commands: Microsoft Learn, az vm identity, az vmss, az connectedmachine.
func (m Machine) assign() string {
	switch {
	case m.Arc:
		return "An Arc-enabled server gets that identity when it is connected. Look with \"az connectedmachine show " + m.at(m.Name) +
			" --query identity\"; without one run \"sudo azcmagent disconnect\" and \"sudo azcmagent connect\" again, then set the extension again."
	case m.ScaleSet != "":
		return "Run \"az vmss identity assign " + m.at(m.ScaleSet) + "\", then " + m.updateInstances() +
			" (not needed where the upgrade policy is automatic); a new identity can take minutes to show."
	case m.Name == "":
		// A sidecar of Azure Operator Nexus has no instance metadata. Source:
		// Microsoft Learn, operator-nexus, troubleshooting of managed identities.
		return "Run \"az vm identity assign " + m.at(m.Name) + "\", " + again +
			"; a VM of Azure Operator Nexus gets its identity only when it is created."
	default:
		return "Run \"az vm identity assign " + m.at(m.Name) + "\", " + again + "; a new identity can take minutes to show."
	}
}

// show is the command that shows the machine's identities.
func (m Machine) show() string {
	switch {
	case m.Arc:
		return "\"az connectedmachine show " + m.at(m.Name) + " --query identity\""
	case m.ScaleSet != "":
		return "\"az vmss identity show " + m.at(m.ScaleSet) + "\""
	default:
		return "\"az vm identity show " + m.at(m.Name) + "\""
	}
}

// updateInstances is the command that gives the instances of a scale set what
// was changed about the set.
func (m Machine) updateInstances() string {
	return "\"az vmss update-instances " + m.at(m.ScaleSet) + " --instance-ids '*'\""
}

// redeploy is the command that moves the machine to another host.
func (m Machine) redeploy() string {
	switch {
	case m.Arc: // it is no VM of Azure
		return "move it to another host where it runs"
	case m.ScaleSet != "":
		return "\"az vmss redeploy\" with this instance's id"
	}
	return "\"az vm redeploy " + m.at(m.Name) + "\""
}
