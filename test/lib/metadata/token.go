package metadata

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"strings"
)

// Secret is part of every token and key of this package, both readable and encoded. It must
// not be found anywhere else.
const Secret = "PlantedSecretThatNobodyMaySee"

// Leaks are the parts of this package's tokens and keys in a text.
func Leaks(text string) []string {
	var found []string
	for _, secret := range []string{Secret, base64.RawURLEncoding.EncodeToString([]byte(`{"` + claimOfSecret))} {
		if strings.Contains(text, secret) {
			found = append(found, secret)
		}
	}
	if part := regexp.MustCompile(tokenPart).FindString(text); part != "" {
		found = append(found, part)
	}
	return found
}

const (
	// The beginning of every JSON part of a JWT, long enough to make a match by chance
	// unlikely: names of temporary folders contain any three letters.
	tokenPart     = `eyJ[A-Za-z0-9_-]{12,}`
	claimOfSecret = "a_secre" // sorts before all other claims, so that it begins the payload
)

// Token is the text of a JWT with these claims. Its signature is not valid.
func Token(claims map[string]any) string {
	all := map[string]any{claimOfSecret + "t": Secret, "aud": "https://management.azure.com/", "tid": Subscription}
	maps.Copy(all, claims)
	return part(map[string]any{"alg": "RS256", "typ": "JWT", "kid": Secret}) + "." + part(all) + "." + Secret
}

func part(doc map[string]any) string {
	b, err := json.Marshal(doc)
	if err != nil {
		panic(err) // a test's claims that are no JSON
	}
	return base64.RawURLEncoding.EncodeToString(b)
}

// TokenOf answers with the token of an identity: its resource id goes into the
// claim xms_mirid.
func TokenOf(id string) Answer { return TokenWith(map[string]any{"xms_mirid": id}) }

// TokenWith answers with a token that has these claims.
func TokenWith(claims map[string]any) Answer { return TokenText(Token(claims)) }

// TokenText answers with any text instead of a token. All values are strings, as from the
// real service.
func TokenText(token string) Answer {
	return JSON(map[string]string{
		"access_token": token,
		"client_id":    "00000000-0000-0000-0000-00000000cafe",
		"expires_in":   "86399",
		"expires_on":   "4102444800",
		"not_before":   "1700000000",
		"resource":     "https://management.azure.com/",
		"token_type":   "Bearer",
	})
}

// VMID is the resource id of a VM.
func VMID(group, name string) string {
	return id(group, "Microsoft.Compute/virtualMachines/"+name)
}

// ScaleSetID is the resource id of a scale set.
func ScaleSetID(group, name string) string {
	return id(group, "Microsoft.Compute/virtualMachineScaleSets/"+name)
}

// UserAssignedID is the resource id of a user-assigned identity.
func UserAssignedID(group, name string) string {
	return id(group, "Microsoft.ManagedIdentity/userAssignedIdentities/"+name)
}

// ArcID is the resource id of an Arc-enabled server.
func ArcID(group, name string) string {
	return id(group, "Microsoft.HybridCompute/machines/"+name)
}

// id writes resourcegroups in lower case, as tokens do and instance metadata does not: IDs
// must not be compared byte by byte.
func id(group, rest string) string {
	return fmt.Sprintf("/subscriptions/%s/resourcegroups/%s/providers/%s", Subscription, group, rest)
}
