package doctor

import (
	"fmt"

	"aadsshlogin-handler/internal/identity"
)

// Unseen is something that decides about sign-in and cannot be seen from the
// machine, with the command that shows it, to be typed where az is signed in.
type Unseen struct {
	Name    string `json:"name"`
	Text    string `json:"text"`
	Command string `json:"command"`
}

// unseen are those things, for this machine.
func unseen(m machine) []Unseen {
	return []Unseen{
		{"role-assignment", "Who has a role for this machine: Virtual Machine Administrator Login or Virtual Machine User Login. Owner and Contributor are not enough.",
			fmt.Sprintf(`az role assignment list --scope %s --include-inherited --include-groups --query "[?starts_with(roleDefinitionName, 'Virtual Machine')].{who:principalName, role:roleDefinitionName, scope:scope}" -o table`, resourceID(m.Identity.Machine))},
		{"conditional-access", "Whether Conditional Access refuses somebody: its application is Azure Linux VM Sign-In. A policy that asks for a managed device works with the Azure CLI on Windows and macOS only.",
			`az rest --method get --url "https://graph.microsoft.com/v1.0/auditLogs/signIns?\$filter=appDisplayName eq 'Azure Linux VM Sign-In'&\$top=10" --query "value[].{at:createdDateTime, who:userPrincipalName, error:status.errorCode, why:status.failureReason, access:conditionalAccessStatus}" -o table`},
		{"client", "The client: Azure CLI 2.22.1 or later with the extension ssh 0.1.4 or later. KeyError access_token means a CLI that is too old; \"token from local cache\" means az login again.",
			`az version --query "{cli: \"azure-cli\", ssh: extensions.ssh}" -o table; az login; az extension add --upgrade --name ssh`},
		{"way-in", "What stands in front of the machine: network security groups, just-in-time access, load balancers, routes.",
			wayIn(m)},
	}
}

// resourceID is what Azure calls the machine.
func resourceID(m identity.Machine) string {
	kind, name := "Microsoft.Compute/virtualMachines", m.Name
	switch {
	case m.Arc:
		kind = "Microsoft.HybridCompute/machines"
	case m.ScaleSet != "":
		kind, name = "Microsoft.Compute/virtualMachineScaleSets", m.ScaleSet
	}
	id := fmt.Sprintf("/subscriptions/%s/resourceGroups/%s/providers/%s/%s",
		orWord(m.Subscription, "SUBSCRIPTION"), orWord(m.Group, "GROUP"), kind, orWord(name, "NAME"))
	return "\"" + id + "\""
}

func wayIn(m machine) string {
	mine := m.Identity.Machine
	if mine.Arc {
		return "az connectedmachine show -g " + orWord(mine.Group, "GROUP") + " -n " + orWord(mine.Name, "NAME") + " --query status; az ssh arc -g " + orWord(mine.Group, "GROUP") + " -n " + orWord(mine.Name, "NAME")
	}
	return fmt.Sprintf("nc -vz ADDRESS %d; az network nic list-effective-nsg -g %s -n NIC -o table; az network watcher test-ip-flow --direction Inbound --protocol TCP --local PRIVATE_IP:%d --remote CLIENT_IP:60000 --vm %s -g %s",
		m.sshPort(), orWord(mine.Group, "GROUP"), m.sshPort(), orWord(mine.Name, "NAME"), orWord(mine.Group, "GROUP"))
}

// roleAdvice is the command that gives somebody the smaller of the two roles.
func (m machine) roleAdvice(user string) string {
	return fmt.Sprintf(`Where az is signed in: az role assignment create --role "Virtual Machine User Login" --assignee %s --scope %s`, orWord(user, "PERSON"), resourceID(m.Identity.Machine))
}
