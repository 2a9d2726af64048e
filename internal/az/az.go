// Package az has the commands of the Azure CLI that people are told to run. Only this
// package knows their options, and it quotes what is inserted. Options: Microsoft Learn,
// the reference of each command.
package az

import (
	"strings"

	"aadssh/internal/names"
	"aadssh/internal/text"
)

// Machine identifies a machine in Azure. A field is "" if it is not known; commands then
// have a word in capitals in its place.
type Machine struct {
	_ [0]func() // never compared: no code for == is linked

	Subscription string
	Group        string
	Name         string
	ScaleSet     string // of an instance that uses the identity of its scale set (uniform orchestration)
	Arc          bool   // an Arc-enabled server
}

// Commands are to be run one after the other where az is signed in.
type Commands []string

// String is one line for a shell.
func (c Commands) String() string { return strings.Join(c, " && ") }

// command is one command about the machine: its name unchanged, then its options, quoted
// where a shell would change them.
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

// at are the options that name the machine or the set: the option for the name differs
// between az commands.
func (m Machine) at(nameOption string, more ...string) []string {
	return append([]string{"-g", text.Or(m.Group, "GROUP"), nameOption, m.resource()}, more...)
}

// resource is the name of the resource that commands concern: for an instance of a scale
// set, the set.
func (m Machine) resource() string {
	if m.ScaleSet != "" && !m.Arc {
		return m.ScaleSet
	}
	return text.Or(m.Name, "NAME")
}

// kind selects a word by the kind of the machine.
func (m Machine) kind(vm, set, arc string) string {
	switch {
	case m.Arc:
		return arc
	case m.ScaleSet != "":
		return set
	}
	return vm
}

// withModel adds, for a scale set, the command that applies a change of the set to its
// instances. It is not needed if the upgrade policy is automatic.
func (m Machine) withModel(c string) Commands {
	if m.ScaleSet == "" || m.Arc {
		return Commands{c}
	}
	return Commands{c, m.UpdateInstances()}
}

// UpdateInstances applies the current model of a scale set to its instances.
func (m Machine) UpdateInstances() string {
	return m.command("vmss update-instances", m.at("-n", "--instance-ids", "*")...)
}

// AssignIdentity gives the machine its system-assigned identity. An Arc-enabled server gets
// its identity when it is connected.
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

// Resize changes the size of the machine. An Arc-enabled server is resized where it runs.
func (m Machine) Resize() Commands {
	if m.ScaleSet != "" {
		return m.withModel(m.command("vmss update", m.at("-n", "--set", "sku.name=SIZE")...))
	}
	return Commands{m.command("vm resize", m.at("-n", "--size", "SIZE")...)}
}

// Redeploy moves the machine to another Azure host.
func (m Machine) Redeploy() string {
	if m.ScaleSet == "" {
		return m.command("vm redeploy", m.at("-n")...)
	}
	id, is := strings.CutPrefix(m.Name, m.ScaleSet+"_") // uniform orchestration names instances like this
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

// Settings for SetExtension: a file of the person's with all current settings, or no
// settings. Without them the current settings would be dropped.
const (
	SettingsFile = "settings.json"
	NoSettings   = "{}"
)

// SetExtension sets an extension with settings and further options.
func (m Machine) SetExtension(name names.Handler, settings string, more ...string) Commands {
	options := append([]string{"--publisher", name.Publisher, "-n", name.Type}, m.at(m.machineOption())...)
	options = append(options, "--settings", settings)
	if m.Arc { // a new tag each time, or equal settings would not be a change
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

// RunScript runs a shell script on the machine.
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

// ID is the machine's resource ID.
func (m Machine) ID() string {
	return "/subscriptions/" + text.Or(m.Subscription, "SUBSCRIPTION") + "/resourceGroups/" + text.Or(m.Group, "GROUP") + "/providers/" +
		m.kind("Microsoft.Compute/virtualMachines", "Microsoft.Compute/virtualMachineScaleSets", "Microsoft.HybridCompute/machines") +
		"/" + m.resource()
}

// ListRoles lists who has a role that allows people to sign in to the machine.
func (m Machine) ListRoles() string {
	return m.command("role assignment list", "--scope", m.ID(), "--include-inherited", "--include-groups", "--query",
		"[?starts_with(roleDefinitionName, 'Virtual Machine')].{who:principalName, role:roleDefinitionName, scope:scope}", "-o", "table")
}

// ListRolesOf lists the roles that somebody has for the machine.
func (m Machine) ListRolesOf(person string) string {
	return m.command("role assignment list", "--assignee", text.Or(person, "PERSON"), "--scope", m.ID(), "--include-inherited", "--include-groups", "--query", "[].{role:roleDefinitionName, scope:scope}", "-o", "table")
}

// AssignRole gives somebody the role with fewer rights of the two.
func (m Machine) AssignRole(person string) string {
	return m.command("role assignment create", "--role", "Virtual Machine User Login", "--assignee", text.Or(person, "PERSON"), "--scope", m.ID())
}

// SignIns lists the most recent sign-ins to Linux machines, with the result of Conditional
// Access.
func SignIns() string {
	const url = "https://graph.microsoft.com/v1.0/auditLogs/signIns?$filter=appDisplayName%20eq%20%27Azure%20Linux%20VM%20Sign-In%27&$top=10"
	return command("rest", "--method", "get", "--url", url, "--query",
		"value[].{at:createdDateTime, who:userPrincipalName, error:status.errorCode, why:status.failureReason, access:conditionalAccessStatus}", "-o", "table")
}

// Client shows the versions of the CLI and of its extension ssh, and renews both the
// sign-in and the extension.
func Client() Commands {
	return Commands{
		command("version", "--query", `{cli: "azure-cli", ssh: extensions.ssh}`, "-o", "table"),
		command("login"),
		command("extension add", "--upgrade", "--name", "ssh"),
	}
}

// WayIn shows which rules of Azure's network apply to a port of the machine.
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

// EntraSSH turns on the sign-in of AKS for a node pool.
func EntraSSH() string {
	return command("aks nodepool update", "--resource-group", "GROUP", "--cluster-name", "CLUSTER", "--name", "POOL", "--ssh-access", "entraid")
}

// Images lists the images of a publisher.
func Images() string {
	return command("vm image list", "--all", "--publisher", "PUBLISHER", "--output", "table")
}
