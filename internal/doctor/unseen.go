package doctor

import (
	"strconv"
	"strings"

	"aadssh/internal/az"
)

// Unseen is something that decides about sign-in and is not visible on the machine, with
// the commands that show it, to be run where az is signed in. None of them depends on the
// one before it.
type Unseen struct {
	_ [0]func() // never compared: no code for == is linked

	Name     string      `json:"name"`
	Text     string      `json:"text"`
	Command  string      `json:"command"` // all of them in one line
	Commands az.Commands `json:"commands"`
}

func newUnseen(name, text string, commands ...string) Unseen {
	return Unseen{Name: name, Text: text, Command: strings.Join(commands, "; "), Commands: commands}
}

// unseen are those for this machine.
func unseen(m *machine) []Unseen {
	return []Unseen{
		newUnseen("role-assignment", "Who has a role for this machine: Virtual Machine Administrator Login or Virtual Machine User Login. Owner and Contributor are not enough.",
			m.Identity.Machine.ListRoles()),
		newUnseen("conditional-access", "Whether Conditional Access refuses somebody: its application is Azure Linux VM Sign-In. A policy that asks for a managed device works with the Azure CLI on Windows and macOS only.",
			az.SignIns()),
		newUnseen("client", "The client, on your own computer: Azure CLI 2.22.1 or later with the extension ssh 0.1.4 or later. KeyError access_token means a CLI that is too old; \"token from local cache\" means az login again. The commands show the versions, sign in again, and renew the extension.",
			az.Client()...),
		wayIn(m),
	}
}

func wayIn(m *machine) Unseen {
	port := strconv.Itoa(m.sshPort())
	commands := m.Identity.Machine.WayIn(port)
	if m.Identity.Machine.Arc {
		return newUnseen("way-in", "Whether Azure has a connection to the machine, and whether you get in by it, from your own computer.", commands...)
	}
	return newUnseen("way-in", "What stands in front of the machine: network security groups, just-in-time access, load balancers, routes. Put in their place: ADDRESS, which you connect to; CLIENT_IP, the address you come from; NIC and PRIVATE_IP, the name and the address of the machine's network interface. The first command is for your own computer.",
		append(az.Commands{"nc -vz ADDRESS " + port}, commands...)...)
}
