package identity_test

import (
	"net/http"
	"slices"
	"strings"
	"syscall"
	"time"

	"aadssh/internal/fault"
	"aadssh/internal/identity"
	"aadssh/test/lib/metadata"
)

const (
	ok      = fault.OK
	missing = fault.IdentityMissing
	unknown = fault.IdentityUnknown
)

func situations() []situation {
	return slices.Concat(identitySituations(), momentSituations(), hostileSituations(), networkSituations(),
		cloudSituations(), environmentSituations(), arcSituations())
}

// vm is Azure's service on the VM web1, with answers to requests for a token.
func vm(tokens ...metadata.Answer) func(*machine) *metadata.Service {
	return on(metadata.VM(), tokens...)
}

func on(c metadata.Compute, tokens ...metadata.Answer) func(*machine) *metadata.Service {
	return azure([]metadata.Answer{metadata.JSON(c)}, tokens)
}

func azure(computes, tokens []metadata.Answer) func(*machine) *metadata.Service {
	return func(*machine) *metadata.Service {
		return metadata.Azure().Script(metadata.ComputePath, computes...).Script(metadata.TokenPath, tokens...)
	}
}

func times(n int, a metadata.Answer) []metadata.Answer { return slices.Repeat([]metadata.Answer{a}, n) }

// after is n times the one answer, then the other.
func after(n int, a, then metadata.Answer) []metadata.Answer { return append(times(n, a), then) }

func ofVM() metadata.Answer { return metadata.TokenOf(metadata.VMID("rg-web", "web1")) }

// identitySituations are what people meet: the identity is there or is not.
func identitySituations() []situation {
	set := metadata.ScaleSetID("rg-web", "pool")
	user := metadata.UserAssignedID("rg-ids", "web-id")
	noName := metadata.Status(http.StatusNotFound, "not_found", "no such thing")
	return []situation{
		{name: "system-assigned", service: vm(ofVM()), kind: identity.SystemAssigned, code: ok, requests: 2, resource: metadata.VMID("rg-web", "web1")},
		{name: "system-assigned, id in capitals", service: vm(metadata.TokenOf(strings.ToUpper(metadata.VMID("rg-web", "web1")))), kind: identity.SystemAssigned, code: ok, requests: 2},
		{name: "system-assigned, id of a VM that was moved", service: vm(metadata.TokenOf(metadata.VMID("old-group", "web1"))), kind: identity.SystemAssigned, code: ok, requests: 2},
		{name: "scale set instance with the set's id", service: on(metadata.ScaleSetInstance(), metadata.TokenOf(set)), kind: identity.SystemAssigned, code: ok, requests: 2, resource: set},
		{name: "scale set instance with its own id", service: on(metadata.ScaleSetInstance(), metadata.TokenOf(set+"/virtualMachines/0")), kind: identity.SystemAssigned, code: ok, requests: 2},
		{name: "none on a VM", service: vm(metadata.NoIdentity()), kind: identity.None, code: missing, requests: 2},
		{name: "none on a VM, in other words", service: vm(metadata.Status(400, "invalid_request", "There is nothing here")), kind: identity.None, code: missing, requests: 2},
		{name: "this version of the question is not served any more", service: vm(metadata.Status(400, "invalid_request", "Bad api-version. The newest versions are 2099-01-01")), code: unknown, requests: 2},
		{name: "a parameter is refused", service: vm(metadata.Status(400, "invalid_request", "Unsupported parameter")), code: unknown, requests: 2},
		{name: "none on a scale set instance", service: on(metadata.ScaleSetInstance(), metadata.NoIdentity()), kind: identity.None, code: missing, requests: 2},
		{name: "none on an instance of a flexible scale set", service: on(metadata.FlexibleInstance(), metadata.NoIdentity()), kind: identity.None, code: missing, requests: 2},
		{name: "none, and the machine's name is not to be had", service: azure([]metadata.Answer{noName}, []metadata.Answer{metadata.NoIdentity()}), kind: identity.None, code: missing, requests: 2},
		{name: "only user-assigned", service: vm(metadata.TokenOf(user)), kind: identity.UserAssigned, code: missing, requests: 2, resource: user},
		{name: "only user-assigned on a scale set", service: on(metadata.ScaleSetInstance(), metadata.TokenOf(user)), kind: identity.UserAssigned, code: missing, requests: 2},
		{name: "only user-assigned, called virtualMachines", service: vm(metadata.TokenOf(metadata.UserAssignedID("virtualMachines", "virtualMachines"))), kind: identity.UserAssigned, code: missing, requests: 2},
		{name: "several user-assigned", service: vm(metadata.SeveralIdentities()), kind: identity.UserAssigned, code: missing, requests: 2},
		{name: "Nexus: system-assigned", service: nexus(metadata.TokenOf("/subscriptions/s/resourceGroups/g/providers/Microsoft.NetworkCloud/virtualMachines/vm")), kind: identity.SystemAssigned, code: ok, requests: 2},
		{name: "Nexus: none", service: nexus(metadata.NoIdentity()), kind: identity.None, code: missing, requests: 2},
	}
}

func nexus(tokens ...metadata.Answer) func(*machine) *metadata.Service {
	return func(*machine) *metadata.Service { return metadata.Nexus().Script(metadata.TokenPath, tokens...) }
}

// momentSituations may pass: the documented schedule applies.
func momentSituations() []situation {
	status := func(n int) metadata.Answer { return metadata.Status(n, "unknown", "Try later") }
	return []situation{
		{name: "404, then well", service: vm(after(1, status(404), ofVM())...), kind: identity.SystemAssigned, code: ok, requests: 3},
		{name: "404 for ever", service: vm(times(6, status(404))...), code: unknown, requests: 7},
		{name: "410 to the end of 70 seconds, then well", service: vm(after(5, status(410), ofVM())...), kind: identity.SystemAssigned, code: ok, requests: 7},
		{name: "410 for ever", service: vm(times(6, status(410))...), code: unknown, requests: 7},
		{name: "429 with Retry-After, then well", service: vm(metadata.Throttled("7"), ofVM()), kind: identity.SystemAssigned, code: ok, requests: 3},
		{name: "429 with a Retry-After beyond the budget", service: vm(metadata.Throttled("3600")), code: unknown, requests: 2},
		{name: "429 with a Retry-After that is nonsense", service: vm(metadata.Throttled("-9 soon"), ofVM()), kind: identity.SystemAssigned, code: ok, requests: 3},
		{name: "429 for ever", service: vm(times(5, metadata.Throttled(""))...), code: unknown, requests: 6},
		{name: "429 on both", service: azure(times(3, metadata.Throttled("1")), times(5, metadata.Throttled("1"))), code: unknown, requests: 8},
		{name: "500, then well", service: vm(after(2, status(500), ofVM())...), kind: identity.SystemAssigned, code: ok, requests: 4},
		{name: "500 for ever", service: vm(times(5, status(500))...), code: unknown, requests: 6},
		{name: "503 for ever", service: vm(times(5, status(503))...), code: unknown, requests: 6},
		{name: "none, after a 500", service: vm(after(1, status(500), metadata.NoIdentity())...), kind: identity.None, code: missing, requests: 3},
		{name: "never answers", service: azure(times(3, metadata.Silence()), times(5, metadata.Silence())), code: unknown, requests: 8},
		{name: "never answers, within ten seconds", service: azure(times(2, metadata.Silence()), nil), code: unknown, requests: 2, budget: 8 * time.Second},
		{name: "never answers about the machine", service: azure(times(3, metadata.Silence()), times(1, ofVM())), kind: identity.SystemAssigned, code: ok, requests: 4},
		{name: "the budget ends in a throttled service", service: vm(times(3, metadata.Throttled(""))...), code: unknown, requests: 4, budget: 20 * time.Second},
		{name: "the caller gives up", service: vm(times(2, metadata.Silence())...), code: unknown, requests: 3, cancel: 9 * time.Second},
		{name: "the caller gives up at once", service: azure(times(1, metadata.Silence()), nil), code: unknown, requests: 1, cancel: time.Second},
	}
}

// networkSituations are between the machine and the service.
func networkSituations() []situation {
	always := func(err error) func(int) error { return func(int) error { return err } }
	until := func(n int, err error) func(int) error {
		return func(i int) error {
			if i <= n {
				return err
			}
			return nil
		}
	}
	nothing := func(*machine) *metadata.Service { return metadata.Azure() }
	return []situation{
		{name: "no route", service: nothing, dial: always(syscall.ENETUNREACH), code: unknown, requests: 3},
		{name: "no route to the host", service: nothing, dial: always(syscall.EHOSTUNREACH), code: unknown, requests: 3},
		{name: "a filter forbids it", service: nothing, dial: always(syscall.EPERM), code: unknown, requests: 3},
		{name: "connection refused", service: nothing, dial: always(syscall.ECONNREFUSED), code: unknown, requests: 3},
		{name: "no route, until the network is up", service: vm(ofVM()), dial: until(2, syscall.ENETUNREACH), kind: identity.SystemAssigned, code: ok, requests: 4},
		{name: "hangs up", service: vm(times(6, metadata.Hangup())...), code: unknown, requests: 7},
		{name: "a proxy answers 502", service: azure(times(3, metadata.Page(502)), times(5, metadata.Page(502))), code: unknown, requests: 8},
		{name: "a proxy answers 504 without a body", service: vm(times(5, metadata.Status(504, "", ""))...), code: unknown, requests: 6},
		{name: "a proxy wants a password", service: azure(times(1, metadata.Page(407)), times(1, metadata.Page(407))), code: unknown, requests: 2},
		{name: "a proxy forbids", service: azure(times(1, metadata.Page(403)), times(1, metadata.Page(403))), code: unknown, requests: 2},
		{name: "a portal greets", service: azure(times(1, metadata.Page(200)), times(1, metadata.Page(200))), code: unknown, requests: 2},
		{name: "a proxy adds a header, so all is refused", service: azure(
			times(1, metadata.Status(400, "invalid_request", "Bad request")), times(1, metadata.Status(400, "invalid_request", "Bad request"))), code: unknown, requests: 2},
		{name: "a proxy drops the Metadata header", service: azure(
			times(1, metadata.Status(400, "bad_request_102", "Required metadata header not specified")),
			times(1, metadata.Status(400, "bad_request_102", "Required metadata header not specified"))), code: unknown, requests: 2},
		{name: "401, never again", service: vm(metadata.Status(401, "unknown_source", "Unknown Source")), code: unknown, requests: 2},
		{name: "403, never again", service: vm(metadata.Status(403, "forbidden", "")), code: unknown, requests: 2},
		{name: "408, never again", service: vm(metadata.Status(408, "timeout", "")), code: unknown, requests: 2},
		{name: "the tenant is not known", service: vm(metadata.Status(400, "unauthorized_client", "AADSTS700016")), code: unknown, requests: 2},
	}
}
