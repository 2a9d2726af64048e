package doctor

import (
	"strconv"

	"aadssh/internal/az"
)

// Unseen is something that decides about sign-in and cannot be seen from the
// machine, with the command that shows it, to be typed where az is signed in.
type Unseen struct {
	_ [0]func() // never compared: no code for == is linked

	Name    string `json:"name"`
	Text    string `json:"text"`
	Command string `json:"command"`
}

// unseen are those things, for this machine.
func unseen(m *machine) []Unseen {
	return []Unseen{
		{Name: "role-assignment", Text: "Who has a role for this machine: Virtual Machine Administrator Login or Virtual Machine User Login. Owner and Contributor are not enough.",
			Command: m.Identity.Machine.ListRoles()},
		{Name: "conditional-access", Text: "Whether Conditional Access refuses somebody: its application is Azure Linux VM Sign-In. A policy that asks for a managed device works with the Azure CLI on Windows and macOS only.",
			Command: az.SignIns()},
		{Name: "client", Text: "The client: Azure CLI 2.22.1 or later with the extension ssh 0.1.4 or later. KeyError access_token means a CLI that is too old; \"token from local cache\" means az login again.",
			Command: az.Client().String()},
		{Name: "way-in", Text: "What stands in front of the machine: network security groups, just-in-time access, load balancers, routes.",
			Command: wayIn(m)},
	}
}

func wayIn(m *machine) string {
	port := strconv.Itoa(m.sshPort())
	commands := m.Identity.Machine.WayIn(port).String()
	if m.Identity.Machine.Arc {
		return commands
	}
	return "nc -vz ADDRESS " + port + " && " + commands
}
