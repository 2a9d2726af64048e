package identity

import (
	"context"
	"net"
	"net/http"
	"net/url"
	"strings"

	"aadssh/internal/host"
)

// How an Arc-enabled server is recognized, and where its agent answers. Source:
// AzureAD/microsoft-authentication-library-for-go apps/managedidentity; Microsoft Learn,
// azure-arc/servers/managed-identity-authentication.
const (
	himdsBinary   = "/opt/azcmagent/bin/himds"
	himdsPort     = "40342"
	himdsTokens   = "/var/opt/azcmagent/tokens"
	identityPath  = "/metadata/identity/oauth2/token"
	himdsVersion  = "2020-06-01"
	envIdentity   = "IDENTITY_ENDPOINT" // both are set for the services of an Arc-enabled server
	envIMDS       = "IMDS_ENDPOINT"
	himdsLoopback = "127.0.0.1"
)

// arc is the metadata service of the Connected Machine agent on a port of the
// loopback address.
func arc(port string) service {
	base := "http://" + net.JoinHostPort(himdsLoopback, port) + "/metadata"
	return service{
		arc:        true,
		port:       port,
		name:       "the Arc metadata service at " + net.JoinHostPort(himdsLoopback, port),
		computeURL: base + "/instance/compute?api-version=" + himdsVersion,
		tokenURL:   base + "/identity/oauth2/token?api-version=" + himdsVersion + "&resource=",
	}
}

// locate selects the service to ask. The environment can only name a port on loopback;
// anything else in it is ignored with a note, on an Azure VM as on an Arc-enabled server.
func locate(h *host.Host, getenv func(string) string) (service, []string) {
	var notes []string
	port := ""
	if endpoint, imds := getenv(envIdentity), getenv(envIMDS); endpoint != "" && imds != "" {
		p, ok := loopbackPort(endpoint)
		_, alsoLoopback := loopbackPort(strings.TrimSuffix(imds, "/") + identityPath)
		if ok && alsoLoopback {
			port = p
		} else {
			notes = append(notes, envIdentity+" or "+envIMDS+" in the environment is not an address of this machine's own Arc agent and is left aside.")
		}
	}
	switch {
	case port != "":
		return arc(port), notes
	case h.Exists(himdsBinary):
		return arc(himdsPort), notes
	default:
		return azure(), notes
	}
}

// OnArc reports whether this is an Arc-enabled server: people connect to one through its
// agent, not over the network.
func OnArc(h *host.Host, getenv func(string) string) bool {
	s, _ := locate(h, getenv)
	return s.arc
}

// loopbackPort is the port of a token endpoint, if it is on loopback.
func loopbackPort(endpoint string) (string, bool) {
	u, err := url.Parse(endpoint)
	if err != nil || u.Scheme != "http" || u.User != nil || u.Port() == "" || u.Path != identityPath {
		return "", false
	}
	// Names are not resolved: localhost means 127.0.0.1, and that is what is asked.
	if ip := net.ParseIP(u.Hostname()); u.Hostname() != "localhost" && (ip == nil || !ip.IsLoopback()) {
		return "", false
	}
	return u.Port(), true
}

// himds gets tokens of an Arc-enabled server. The agent wants proof that the caller may
// read a file that only root and the group himds can read: it names the file in a
// challenge, and the second request contains the file's content.
type himds struct {
	c *client
	h *host.Host
	s service
}

func (p himds) probe(ctx context.Context, audience string) (string, reply) {
	address := p.s.tokenURL + url.QueryEscape(audience)
	r := p.c.get(ctx, address, tokenLimit, "")
	if r.outcome == answered {
		r.outcome, r.detail = unproved, "it gave a token without asking for proof, which the Arc agent never does"
		return "", r
	}
	if r.status != http.StatusUnauthorized {
		return "", r
	}
	key, err := answerChallenge(p.h, r.challenge)
	if err != nil {
		r.outcome, r.detail = unproved, err.Error()
		return "", r
	}
	r = p.c.get(ctx, address, tokenLimit, key)
	if r.outcome != answered {
		return "", r
	}
	token, err := accessToken(r.body)
	if err != nil {
		r.outcome = garbled
	}
	return token, r
}
