// Package az has the commands of the Azure CLI that people are told to type:
// the one place that knows their options, and quotes what is put into them.
// Options: Microsoft Learn, the reference of each command.
package az

import (
	"strings"

	"aadssh/internal/names"
	"aadssh/internal/text"
)

// Machine is what Azure calls a machine. A field is "" where it is not known; a
// word in capitals then stands in its place in a command.
type Machine struct {
	_ [0]func() // never compared: no code for == is linked

	Subscription string
	Group        string
	Name         string
	ScaleSet     string // of an instance whose identity belongs to its scale set (uniform orchestration)
	Arc          bool   // an Arc-enabled server
}

// Commands are to be typed one after the other where az is signed in.
type Commands []string

// String is one line for a shell.
func (c Commands) String() string { return strings.Join(c, " && ") }

// command is one command about the machine: its name as it is, and then its
// options, each quoted where a shell would make something of it.
func (m Machine) command(name string, options ...string) string {
	if m.Subscription != "" {
		options = append(options, "--subscription", m.Subscription)
	}
	return command(name, options...)
}

func command(name string, options ...string) string {
	words := []string{"az", name}
	for _, o := range options {
		words = append(words, text.Quote(o))
	}
	return strings.Join(words, " ")
}

// at are the options that say which machine, or which set, is meant: the option
// for its name has no one name in az.
func (m Machine) at(nameOption string, more ...string) []string {
	return append([]string{"-g", text.Or(m.Group, "GROUP"), nameOption, m.resource()}, more...)
}

// resource is the name of what commands are about: of an instance of a scale
// set, its set.
func (m Machine) resource() string {
	if m.ScaleSet != "" && !m.Arc {
		return m.ScaleSet
	}
	return text.Or(m.Name, "NAME")
}

// kind chooses by what the machine is.
func (m Machine) kind(vm, set, arc string) string {
	switch {
	case m.Arc:
		return arc
	case m.ScaleSet != "":
		return set
	}
	return vm
}

// withModel adds, for a scale set, the command that gives the instances what was
// changed about the set. It is not needed where the upgrade policy is automatic.
func (m Machine) withModel(c string) Commands {
	if m.ScaleSet == "" || m.Arc {
		return Commands{c}
	}
	return Commands{c, m.UpdateInstances()}
}

// UpdateInstances gives the instances of a scale set the present model of the set.
func (m Machine) UpdateInstances() string {
	return m.command("vmss update-instances", m.at("-n", "--instance-ids", "*")...)
}

// AssignIdentity gives the machine its system-assigned identity. An Arc-enabled
// server gets its own when it is connected.
func (m Machine) AssignIdentity() Commands {
	return m.withModel(m.command(m.kind("vm", "vmss", "vm")+" identity assign", m.at("-n")...))
}

// ShowIdentity shows the machine's identities.
func (m Machine) ShowIdentity() string {
	if m.Arc {
		return m.command("connectedmachine show", m.at("-n", "--query", "identity")...)
	}
	return m.command(m.kind("vm", "vmss", "")+" identity show", m.at("-n")...)
}

// Resize gives the machine another size. An Arc-enabled server is resized where
// it runs.
func (m Machine) Resize() Commands {
	if m.ScaleSet != "" {
		return m.withModel(m.command("vmss update", m.at("-n", "--set", "sku.name=SIZE")...))
	}
	return Commands{m.command("vm resize", m.at("-n", "--size", "SIZE")...)}
}

// Redeploy moves the machine to another host of Azure.
func (m Machine) Redeploy() string {
	if m.ScaleSet == "" {
		return m.command("vm redeploy", m.at("-n")...)
	}
	id, is := strings.CutPrefix(m.Name, m.ScaleSet+"_") // uniform orchestration names instances so
	if !is {
		id = "INSTANCE"
	}
	return m.command("vmss redeploy", m.at("-n", "--instance-ids", id)...)
}

// DeleteExtension removes an extension from the machine.
func (m Machine) DeleteExtension(name string) Commands {
	return m.withModel(m.command(m.extension("delete"), m.at(m.machineOption(), "-n", name)...))
}

// ListExtensions lists the extensions of the machine, or of its set.
func (m Machine) ListExtensions() string {
	return m.command(m.extension("list"), m.at(m.machineOption(), "-o", "table")...)
}

// Settings of SetExtension: a file of the person's with all that the machine has
// now, or none. Setting the extension without them drops them.
const (
	SettingsFile = "settings.json"
	NoSettings   = "{}"
)

// SetExtension sets an extension with settings, and more options.
func (m Machine) SetExtension(name names.Handler, settings string, more ...string) Commands {
	options := append([]string{"--publisher", name.Publisher, "-n", name.Type}, m.at(m.machineOption())...)
	options = append(options, "--settings", settings)
	if m.Arc { // another tag each time: else the same settings are no change
		options = append(options, "--type", name.Type, "--location", "LOCATION")
		return Commands{m.command(m.extension("create"), append(options, more...)...) + ` --force-update-tag "$(date +%s)"`}
	}
	return m.withModel(m.command(m.extension("set"), append(append(options, "--force-update"), more...)...))
}

func (m Machine) extension(verb string) string {
	return m.kind("vm", "vmss", "connectedmachine") + " extension " + verb
}

func (m Machine) machineOption() string {
	return m.kind("--vm-name", "--vmss-name", "--machine-name")
}

// RunScript runs a script of a shell on the machine.
func (m Machine) RunScript(script string) string {
	return m.command("vm run-command invoke", m.at("-n", "--command-id", "RunShellScript", "--scripts", script)...)
}

// SSH signs a person in; options are those of ssh.
func (m Machine) SSH(options ...string) string {
	c := m.command("ssh "+m.kind("vm", "vm", "arc"), "-g", text.Or(m.Group, "GROUP"), "-n", text.Or(m.Name, "NAME"))
	if len(options) == 0 {
		return c
	}
	return c + strings.TrimPrefix(command("", append([]string{"--"}, options...)...), "az ")
}

// ID is what Azure's resource manager calls the machine.
func (m Machine) ID() string {
	return "/subscriptions/" + text.Or(m.Subscription, "SUBSCRIPTION") + "/resourceGroups/" + text.Or(m.Group, "GROUP") + "/providers/" +
		m.kind("Microsoft.Compute/virtualMachines", "Microsoft.Compute/virtualMachineScaleSets", "Microsoft.HybridCompute/machines") +
		"/" + m.resource()
}

// ListRoles lists who has a role that lets people sign in to the machine.
func (m Machine) ListRoles() string {
	return m.command("role assignment list", "--scope", m.ID(), "--include-inherited", "--include-groups", "--query",
		"[?starts_with(roleDefinitionName, 'Virtual Machine')].{who:principalName, role:roleDefinitionName, scope:scope}", "-o", "table")
}

// ListRolesOf lists the roles that somebody has for the machine.
func (m Machine) ListRolesOf(person string) string {
	return m.command("role assignment list", "--assignee", text.Or(person, "PERSON"), "--scope", m.ID(), "--include-inherited", "--include-groups", "--query", "[].{role:roleDefinitionName, scope:scope}", "-o", "table")
}

// AssignRole gives somebody the smaller of the two roles.
func (m Machine) AssignRole(person string) string {
	return m.command("role assignment create", "--role", "Virtual Machine User Login", "--assignee", text.Or(person, "PERSON"), "--scope", m.ID())
}

// SignIns lists the last sign-ins to Linux machines, with what Conditional
// Access said.
func SignIns() string {
	const url = "https://graph.microsoft.com/v1.0/auditLogs/signIns?$filter=appDisplayName%20eq%20%27Azure%20Linux%20VM%20Sign-In%27&$top=10"
	return command("rest", "--method", "get", "--url", url, "--query",
		"value[].{at:createdDateTime, who:userPrincipalName, error:status.errorCode, why:status.failureReason, access:conditionalAccessStatus}", "-o", "table")
}

// Client shows the versions of the CLI and of its extension ssh, and renews both
// the sign-in and the extension.
func Client() Commands {
	return Commands{
		command("version", "--query", `{cli: "azure-cli", ssh: extensions.ssh}`, "-o", "table"),
		command("login"),
		command("extension add", "--upgrade", "--name", "ssh"),
	}
}

// WayIn shows what of Azure's network stands in front of port port of the machine.
func (m Machine) WayIn(port string) Commands {
	if m.Arc {
		return Commands{m.command("connectedmachine show", m.at("-n", "--query", "status")...), m.SSH()}
	}
	group := text.Or(m.Group, "GROUP")
	return Commands{
		m.command("network nic list-effective-nsg", "-g", group, "-n", "NIC", "-o", "table"),
		m.command("network watcher test-ip-flow", "--direction", "Inbound", "--protocol", "TCP", "--local", "PRIVATE_IP:"+port,
			"--remote", "CLIENT_IP:60000", "--vm", text.Or(m.Name, "NAME"), "-g", group),
	}
}

// EntraSSH has AKS switch the sign-in of a pool of nodes on.
func EntraSSH() string {
	return command("aks nodepool update", "--resource-group", "GROUP", "--cluster-name", "CLUSTER", "--name", "POOL", "--ssh-access", "entraid")
}

// Images lists the images of a publisher.
func Images() string {
	return command("vm image list", "--all", "--publisher", "PUBLISHER", "--output", "table")
}
