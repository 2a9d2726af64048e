// Package identity finds out whether this machine has the system-assigned managed identity
// that sign-in needs.
//
// An Azure VM asks the instance metadata service (IMDS) at 169.254.169.254 through the
// platform's own library, go-autorest's azure/auth. That library's support ended in March
// 2023 (its README points to azidentity), so it stays behind the prober seam, gets a sender
// of ours and makes a single attempt: this package decides what is requested, where, how
// often, and what is logged.
//
// An Arc-enabled server asks the Connected Machine agent (HIMDS) on loopback with plain
// net/http, because go-autorest does not know its key-file challenge.
//
// Tokens never leave the package. They are not logged, not part of an error and not kept:
// only the resource id in one claim is read. The platform caches tokens for up to a day
// (Microsoft's managed identities FAQ), so a removed identity shows late.
//
// # The environment
//
// Neither proxies nor MSI_ENDPOINT, MSI_SECRET or IDENTITY_ENDPOINT move a request to IMDS:
// see imds.probe. go-autorest's logger reads AZURE_GO_SDK_LOG_LEVEL and
// AZURE_GO_SDK_LOG_FILE before main begins, and creates the file that the latter names.
// main runs too late to undo that, and a user who set both wants the log; but no token is
// written to it: see reply.forLibrary.
package identity

import (
	"context"
	"net"
	"os"
	"strings"
	"time"

	"aadssh/internal/az"
	"aadssh/internal/fault"
	"aadssh/internal/host"
	"aadssh/internal/logging"
	"aadssh/internal/text"
)

// Kind is the kind of managed identity that a machine uses.
type Kind int

// The kinds of identity.
const (
	Unknown        Kind = iota // no usable answer: fault 29
	SystemAssigned             // what sign-in needs
	UserAssigned               // only user-assigned ones: fault 22
	None                       // no identity at all: fault 22
)

// String names the kind for people.
func (k Kind) String() string {
	switch k {
	case SystemAssigned:
		return "system-assigned"
	case UserAssigned:
		return "user-assigned"
	case None:
		return "none"
	default:
		return "unknown"
	}
}

// Answer is what is known about the machine's identity.
type Answer struct {
	Kind     Kind
	Machine  az.Machine
	Cloud    Cloud        // the public cloud if the machine named none: see Why
	Fault    *fault.Fault // nil for SystemAssigned; else code 22 or 29 with the next step for this machine
	Requests int          // HTTP requests that were needed
	Why      string       // how the answer was found, for the log and for doctor
	// ClockAhead is how far this machine's clock is ahead of the service's, whose responses
	// have a Date to the second. Dated: a response had one.
	ClockAhead time.Duration
	Dated      bool
}

// DefaultBudget is how long Probe takes at most if Options set nothing: enough for both
// requests with all the tries of the documented schedule.
const DefaultBudget = 100 * time.Second

// Options are the inputs of Probe. The zero value asks the real services about this machine.
type Options struct {
	Host   *host.Host                                                           // whose files identify an Arc-enabled server and contain its keys; nil: this machine
	Log    *logging.Logger                                                      // nil: nowhere
	Budget time.Duration                                                        // for everything; 0: DefaultBudget. The end of the context counts too
	Getenv func(string) string                                                  // nil: the process environment
	Dial   func(ctx context.Context, network, address string) (net.Conn, error) // nil: the real network
}

func (o Options) withDefaults() Options {
	if o.Log == nil {
		o.Log = logging.Discard()
	}
	if o.Host == nil {
		o.Host = &host.Host{Log: o.Log}
	}
	if o.Budget <= 0 {
		o.Budget = DefaultBudget
	}
	if o.Getenv == nil {
		o.Getenv = os.Getenv
	}
	if o.Dial == nil {
		o.Dial = (&net.Dialer{}).DialContext
	}
	return o
}

// prober gets a token for one audience, in one attempt. Behind it the deprecated library
// can be replaced. The token is "" unless the reply is an answer.
type prober interface {
	probe(ctx context.Context, audience string) (token string, r reply)
}

// Probe asks the machine's metadata service first for the instance metadata, because the
// cloud decides about the token's audience, and then for a token, and reads from its claim
// which identity the machine uses. It always returns within the budget, and never uses a
// proxy.
func Probe(ctx context.Context, o Options) Answer {
	o = o.withDefaults()
	ctx, cancel := context.WithTimeout(ctx, o.Budget)
	defer cancel()

	service, notes := locate(o.Host, o.Getenv)
	c := newClient(o)
	defer c.close()
	action := o.Log.Started("ask %s for the machine's identity", service.name)
	a := identify(ctx, service, c, o.Host)
	a.Requests, a.ClockAhead, a.Dated = c.requests, c.ahead, c.dated
	a.Why = strings.Join(append(notes, a.Why), " ")
	for _, n := range notes {
		o.Log.Warnf("%s", n)
	}
	if a.Fault != nil {
		_ = action.Ended(a.Fault)
	} else {
		_ = action.Ended(nil)
	}
	o.Log.Infof("identity: %s (%s). %s", a.Kind, text.Counted(a.Requests, "request"), a.Why)
	return a
}

func identify(ctx context.Context, s service, c *client, h *host.Host) Answer {
	d, r := c.compute(ctx, s)
	a := Answer{Machine: d.machine(s.arc)}
	var why string
	a.Cloud, why = cloudOf(d, r)
	if r.outcome == unreachable || r.outcome == closed || r.outcome != answered && ctx.Err() != nil {
		// The token would come from the same address, or no time is left.
		return a.unknown(s, r, why)
	}

	var p prober = imds{c}
	if s.arc {
		p = himds{c, h, s}
	}
	var token string
	t := c.persist(ctx, allTries, func(ctx context.Context) reply {
		var r reply
		token, r = p.probe(ctx, a.Cloud.ResourceManager)
		return r
	})
	if t.outcome == stopped && r.outcome != answered {
		t = r // how the first request failed says more than that no time was left for the second
	}
	if t.outcome != answered {
		if kind, known := t.missing(r.outcome == answered); known {
			return a.missing(kind, "", sentence(t.said(), why))
		}
		return a.unknown(s, t, why)
	}
	id := readClaim(token)
	switch id.kind {
	case SystemAssigned:
		a.Kind = SystemAssigned
		a.Why = sentence("Its token for "+a.Cloud.ResourceManager+" is of "+id.resource, why, cached)
		return a
	case UserAssigned:
		return a.missing(UserAssigned, id.resource, sentence("Its token is of "+id.resource, why))
	default:
		t.outcome, t.detail = unclassified, id.problem
		return a.unknown(s, t, why)
	}
}

// cached is added to every answer that is based on a token.
const cached = "Tokens are cached for up to a day, so a removed identity shows late"

func (a Answer) missing(k Kind, id, why string) Answer {
	a.Kind, a.Why = k, sentence(why, cached)
	a.Fault = missingFault(k, id, a.Machine)
	return a
}

func (a Answer) unknown(s service, r reply, why string) Answer {
	a.Kind, a.Why = Unknown, sentence(r.said(), why)
	cause, next := explain(s, r, a.Machine, a.Cloud)
	a.Fault = fault.New(fault.IdentityUnknown, "The managed identity of "+label(a.Machine)+" could not be checked: "+cause+".", next)
	return a
}

// sentence makes one line of several sentences, leaving out empty ones.
func sentence(parts ...string) string {
	var kept []string
	for _, p := range parts {
		if p = strings.TrimSuffix(strings.TrimSpace(p), "."); p != "" {
			kept = append(kept, p+".")
		}
	}
	return strings.Join(kept, " ")
}
