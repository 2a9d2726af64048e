package identity

import (
	"context"
	"errors"
	"net/http"
	"net/url"

	"github.com/Azure/go-autorest/autorest/adal"
	"github.com/Azure/go-autorest/autorest/azure/auth"
)

// service is one metadata service.
type service struct {
	_ [0]func() // never compared: no code for == is linked

	arc        bool
	name       string // for people, with the address
	port       string // on loopback, of the Arc agent
	computeURL string
	tokenURL   string // the audience is appended to it
}

// azure is the instance metadata service of an Azure VM. Address, paths and versions:
// Microsoft Learn, instance-metadata-service and how-to-use-vm-token. The sidecar of Azure
// Operator Nexus has the same address.
func azure() service {
	const base = "http://169.254.169.254/metadata"
	return service{
		name:       "the metadata service at 169.254.169.254",
		computeURL: base + "/instance/compute?api-version=2021-02-01",
		tokenURL:   base + "/identity/oauth2/token?api-version=2018-02-01&resource=",
	}
}

// imds gets tokens of an Azure VM through go-autorest.
type imds struct{ c *client }

// errNoToken stops the library. It has no details, because the library wraps it in its own
// text, which is never shown: that may contain the token.
var errNoToken = errors.New("no token")

// probe lets the library try once. The request that is sent is ours and not the library's,
// because MSI_ENDPOINT and MSI_SECRET in the environment would send that one elsewhere,
// with a secret in its header. Failures are also hidden from the library, because it would
// sleep for two seconds after its last try: they end the context that it waits for.
func (p imds) probe(ctx context.Context, audience string) (string, reply) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	t, err := auth.MSIConfig{Resource: audience}.ServicePrincipalToken()
	if err != nil { // only if MSI_ENDPOINT is not a URL, and it is not needed here
		t, err = adal.NewServicePrincipalTokenFromMSI("http://169.254.169.254/", audience)
	}
	if err != nil {
		return "", reply{outcome: garbled, detail: "the request could not be made"}
	}
	r := reply{outcome: garbled, detail: "the request could not be made"}
	t.MaxMSIRefreshAttempts = 1
	t.SetSender(adal.SenderFunc(func(theirs *http.Request) (*http.Response, error) {
		r = p.c.get(theirs.Context(), azure().tokenURL+url.QueryEscape(audience), tokenLimit, "")
		if r.outcome != answered {
			cancel()
			return nil, errNoToken
		}
		return r.forLibrary(theirs), nil
	}))
	if err := t.EnsureFreshWithContext(ctx); err != nil {
		if r.outcome == answered {
			r.outcome = garbled
		}
		return "", r
	}
	token := t.OAuthToken()
	if token == "" {
		r.outcome = garbled
	}
	return token, r
}
