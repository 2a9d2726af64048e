package identity

import (
	"strings"

	"github.com/golang-jwt/jwt/v4"
)

// holder is a type of resource that a managed identity can belong to.
type holder struct {
	_ [0]func() // never compared: no code for == is linked

	Type string // as in a resource id, lower case
	Kind Kind
}

// holders are the types that the xms_mirid claim of a token can name. Microsoft does not
// document the claim as a contract, so a type that is not listed is unknown and does not
// count as system-assigned.
func holders() []*holder {
	return []*holder{
		{Type: "microsoft.managedidentity/userassignedidentities", Kind: UserAssigned},            // cyberark/conjur authn-azure xms_mirid parser
		{Type: "microsoft.compute/virtualmachines", Kind: SystemAssigned},                         // cyberark/conjur authn-azure xms_mirid parser
		{Type: "microsoft.compute/virtualmachinescalesets", Kind: SystemAssigned},                 // the identity belongs to the set: Microsoft Learn, managed identities on scale sets
		{Type: "microsoft.compute/virtualmachinescalesets/virtualmachines", Kind: SystemAssigned}, // resource id of an instance: Microsoft Learn, instance-metadata-service
		{Type: "microsoft.hybridcompute/machines", Kind: SystemAssigned},                          // resource type of Arc-enabled servers: Microsoft Learn, azure-arc/servers
		{Type: "microsoft.networkcloud/virtualmachines", Kind: SystemAssigned},                    // resource type of Azure Operator Nexus VMs: Microsoft Learn, operator-nexus
	}
}

// identityClaim is what a token says about its identity.
type identityClaim struct {
	kind     Kind
	resource string // safe to show
	problem  string // why kind is Unknown: continues "a token "
}

// readClaim classifies a token by the resource type in its xms_mirid claim. The signature
// is not checked: the token came from the metadata service over a link that nobody else can
// use, and no access depends on it.
func readClaim(token string) identityClaim {
	claims := jwt.MapClaims{}
	if _, _, err := jwt.NewParser().ParseUnverified(token, claims); err != nil {
		return identityClaim{problem: "that cannot be read"}
	}
	id, ok := claims["xms_mirid"].(string)
	if !ok || id == "" {
		return identityClaim{problem: "that does not say which resource it belongs to (no xms_mirid claim)"}
	}
	kind, ok := resourceType(id)
	if !ok {
		return identityClaim{problem: "of something that is not a resource id"}
	}
	for _, h := range holders() {
		if h.Type == kind {
			return identityClaim{kind: h.Kind, resource: id}
		}
	}
	return identityClaim{problem: "of a resource of the type " + kind + ", which is neither a machine nor a managed identity"}
}

// resourceType is the type in a resource ID, in lower case. Only the last provider counts,
// and only words in the positions of types: a user-assigned identity may be called
// virtualMachines.
func resourceType(id string) (string, bool) {
	if len(id) > 2048 {
		return "", false
	}
	parts := strings.Split(strings.Trim(strings.ToLower(id), "/"), "/")
	for _, p := range parts {
		if !only(p, 260, "-_.()") {
			return "", false
		}
	}
	if len(parts) < 2 || parts[0] != "subscriptions" {
		return "", false
	}
	at := -1
	for i := 2; i < len(parts); i += 2 { // types are at even positions, names at odd ones
		if parts[i] == "providers" {
			at = i
		}
	}
	if at < 0 || len(parts) < at+4 || (len(parts)-at)%2 != 0 {
		return "", false
	}
	words := []string{parts[at+1]}
	for i := at + 2; i < len(parts); i += 2 {
		words = append(words, parts[i])
	}
	return strings.Join(words, "/"), true
}
