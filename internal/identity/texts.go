package identity

import (
	"net/http"
	"path"
	"strconv"
	"strings"

	"aadssh/internal/az"
	"aadssh/internal/fault"
	"aadssh/internal/host"
	"aadssh/internal/text"
)

// missingFault is code 22 in words for this machine.
func missingFault(k Kind, id string, m az.Machine) *fault.Fault {
	what := text.Capital(label(m)) + " has no managed identity; sign-in needs the system-assigned one."
	if k == UserAssigned {
		what = text.Capital(label(m)) + " has several user-assigned managed identities but not the system-assigned one, which sign-in needs."
	}
	if id != "" {
		what = text.Capital(label(m)) + " has only the user-assigned managed identity " + strconv.Quote(path.Base(id)) + "; sign-in needs the system-assigned one."
	}
	return fault.New(fault.IdentityMissing, what, assign(m))
}

// again ends every next step that has to be done on the machine itself.
const again = "then " + fault.Again + fault.OrRestartAgent

// explain says why there is no answer and what to do.
func explain(s service, r reply, m az.Machine, c Cloud) (cause, next string) {
	if s.arc {
		if cause, next, ok := explainArc(s, r); ok {
			return cause, next
		}
	}
	const host = "169.254.169.254"
	status := "HTTP " + strconv.Itoa(r.status)
	switch r.outcome {
	case unreachable:
		return "there is no route to " + s.name + " (" + r.detail + ")",
			"Look at \"ip route get " + host + "\": it must leave by the VM's primary network interface, with the address that Azure gave; undo custom routes for it, " + again + "."
	case closed:
		return "the connection to " + s.name + " was refused",
			"Something on this machine rejects or redirects " + host + ": look at \"iptables -S; iptables -t nat -S\" or \"nft list ruleset\", let root reach it, " + again + "."
	case silent:
		return s.name + " did not answer",
			"Let traffic to " + host + " port 80 out of this machine: look at its firewall (\"iptables -S OUTPUT\" or \"nft list ruleset\") and at \"ip route get " + host + "\", " + again + "."
	case slow, broken:
		cause = s.name + " began an answer and did not end it"
		if r.status == 0 {
			cause = s.name + " hung up without an answer"
		}
		return cause,
			"Look for what sits between this machine and " + host + ", a transparent proxy, a packet filter, a wrong MTU (ip route get " + host + "; sudo iptables-save; sudo nft list ruleset), take it out of the way, " + again + "."
	case intercepted:
		return "a proxy or portal answered in the place of " + s.name + " (" + foreign(r.status) + ")",
			"Take " + host + " out of transparent proxying: look at \"iptables -t nat -S\" or \"nft list ruleset\" here and at the network's gateway, " + again + "."
	case throttled:
		return s.name + " is throttled: it answered \"too many requests\" (" + status + ") each time",
			"Find what on this machine asks so often (sudo ss -tnp dst " + host + "; it allows 20 token requests a second), slow it down, " + again + "."
	case updating:
		return s.name + " is being updated (" + status + ")",
			"Wait five minutes, " + again + "; if it stays, redeploy the VM: " + redeploy(m) + "."
	case failing:
		return s.name + " fails (" + status + ")",
			"Wait five minutes, " + again + "; if it stays, whoever manages the VM in Azure looks at its Resource health in the portal and opens a support request."
	case refused:
		cause = s.name + " refused the question (" + r.brief() + ")"
		if f := r.refusal(); f.Error == "invalid_resource" || f.Error == "unauthorized_client" {
			return cause, "It does not know the audience " + c.ResourceManager + " of the cloud " + c.Name + ": check the cloud and the tenant of the subscription, " + again + "."
		}
		return cause, "Something on the way may change the request (a proxy that adds or drops headers): have whoever runs it take " + host + " out of transparent proxying, " + again + "."
	case unclassified:
		return s.name + " gave a token " + r.detail,
			"Make sure that the system-assigned identity is on: " + "\"" + m.ShowIdentity() + "\"" + "; " + again + "."
	case stopped:
		return "the time for the check was up before " + s.name + " answered",
			"Run \"" + doctor() + "\" on this machine to see how the service answers, " + again + "."
	case oversized:
		return s.name + " sent more than any answer of it can be",
			intruder
	default: // garbled, unproved
		cause = s.name + " gave an answer that cannot be read (" + r.brief() + ")"
		if r.detail != "" {
			cause = s.name + " cannot be used: " + r.detail
		}
		return cause, intruder
	}
}

// foreign describes a response that another program gave instead of the service.
func foreign(status int) string {
	switch {
	case status == http.StatusOK:
		return "HTTP 200, a web page"
	case status >= 300 && status < 400:
		return "HTTP " + strconv.Itoa(status) + ", a redirect"
	}
	return "HTTP " + strconv.Itoa(status)
}

// doctor is the command that examines more.
func doctor() string { return "sudo " + host.Program() + " doctor" }

// intruder is the next step if another program answers instead of the service.
const intruder = "Find out what answers at 169.254.169.254: look at \"iptables -t nat -S\" or \"nft list ruleset\" and \"ip route get 169.254.169.254\" here, take it away, " + again + "."

// explainArc has the next steps that differ on an Arc-enabled server, where the service is
// a program on the same machine.
func explainArc(s service, r reply) (cause, next string, ok bool) {
	const restart = "Run \"sudo systemctl restart himdsd\" and \"azcmagent show\" on this server; it must say Connected. Then " + fault.Again + "."
	occupied := "Find out what listens there with \"ss -ltnp 'sport = :" + s.port + "'\"; it must be himds of the Azure Connected Machine agent. Then " + fault.Again + "."
	switch r.outcome {
	case unreachable, closed:
		return s.name + " is not running", restart, true
	case silent, slow, broken:
		return s.name + " does not answer", restart, true
	case unproved:
		return s.name + " cannot be used: " + r.detail, occupied, true
	case intercepted, oversized, garbled:
		return s.name + " gave an answer that is not the Arc agent's (" + r.brief() + ")", occupied, true
	case failing, updating, throttled, refused:
		return s.name + " has no token to give (" + r.brief() + ")", restart, true
	}
	return "", "", false
}

// label names the machine in a sentence.
func label(m az.Machine) string {
	name, kind := m.Name, "VM "
	switch {
	case m.Arc:
		kind = "Arc-enabled server "
	case m.ScaleSet != "":
		name, kind = m.ScaleSet, "scale set "
	}
	if name == "" {
		return "this " + strings.TrimSpace(kind)
	}
	if m.Group == "" {
		return kind + name
	}
	return kind + name + " (resource group " + m.Group + ")"
}

// assign is the next step that gives the machine its system-assigned identity.
func assign(m az.Machine) string {
	how := "Run \"" + m.AssignIdentity().String() + "\""
	switch {
	case m.Arc:
		return "An Arc-enabled server gets that identity when it is connected. Look with \"" + m.ShowIdentity() +
			"\"; without one run \"sudo azcmagent disconnect\" and \"sudo azcmagent connect\" again, then " + fault.Again + "."
	case m.ScaleSet != "":
		return how + " (the second is not needed where the upgrade policy is automatic); a new identity can take minutes to show."
	case m.Name == "":
		// A sidecar of Azure Operator Nexus has no instance metadata. Source:
		// Microsoft Learn, operator-nexus, troubleshooting of managed identities.
		return how + ", " + again + "; a VM of Azure Operator Nexus gets its identity only when it is created."
	}
	return how + ", " + again + "; a new identity can take minutes to show."
}

// redeploy says how to move the machine to another host.
func redeploy(m az.Machine) string {
	if m.Arc { // it is not an Azure VM
		return "move it to another host where it runs"
	}
	return "\"" + m.Redeploy() + "\""
}
