package identity

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"unicode"

	"aadssh/internal/az"
)

// compute is the part of the instance metadata that is used. The rest of that document,
// such as userData and customData, may contain secrets and is never kept.
type compute struct {
	_ [0]func() // never compared: no code for == is linked

	Environment  string `json:"azEnvironment"`
	Location     string `json:"location"`
	Subscription string `json:"subscriptionId"`
	Group        string `json:"resourceGroupName"`
	Name         string `json:"name"`
	ScaleSet     string `json:"vmScaleSetName"`
	ResourceID   string `json:"resourceId"`
}

// computeTries is small: name and place of the machine only improve the messages, and the
// same service is asked for the token next.
const computeTries = 2

// compute asks for the instance metadata. A 404 is final here, unlike for tokens: the
// documentation of instance metadata uses it for what does not exist, and a sidecar that
// only provides tokens (Azure Operator Nexus) may answer so.
func (c *client) compute(ctx context.Context, s service) (compute, reply) {
	r := c.persist(ctx, computeTries, func(ctx context.Context) reply {
		r := c.get(ctx, s.computeURL, computeLimit, "")
		if r.status == 404 && r.outcome == updating {
			r.outcome = refused
		}
		return r
	})
	if r.outcome != answered {
		return compute{}, r
	}
	d, err := parseCompute(r.body)
	if err != nil {
		r.outcome = garbled
	}
	return d, r
}

// errNoCompute means that a document says nothing about a machine.
var errNoCompute = errors.New("no instance metadata")

// parseCompute reads a response of /metadata/instance/compute, also if it is wrapped like
// that of /metadata/instance.
func parseCompute(body []byte) (compute, error) {
	var doc struct {
		compute
		Compute *compute `json:"compute"`
	}
	if err := json.Unmarshal(body, &doc); err != nil {
		return compute{}, errNoCompute // not err: it may quote the document
	}
	d := doc.compute
	if doc.Compute != nil {
		d = *doc.Compute
	}
	if d.Environment == "" && d.Name == "" && d.ResourceID == "" {
		return compute{}, errNoCompute
	}
	return d, nil
}

// machine is what command lines need about the machine. Values that no name in Azure can
// have are left out, because the values end up in commands that people paste into a root
// shell.
func (d compute) machine(arc bool) az.Machine {
	m := az.Machine{Arc: arc}
	if only(d.Subscription, 36, "-") {
		m.Subscription = d.Subscription
	}
	if only(d.Group, 90, "-_.()") {
		m.Group = d.Group
	}
	if only(d.Name, 80, "-_.") {
		m.Name = d.Name
	}
	// An instance of a flexible scale set is a VM with its own identity: such sets can only
	// have user-assigned ones (Microsoft Learn, orchestration modes). Its resource ID shows
	// which kind it is.
	uniform := d.ResourceID == "" || strings.Contains(strings.ToLower(d.ResourceID), "/virtualmachinescalesets/")
	if !arc && uniform && only(d.ScaleSet, 80, "-_.") {
		m.ScaleSet = d.ScaleSet
	}
	return m
}

// only reports whether s has 1 to limit characters, all of them letters, digits or in
// others, and does not begin like an option.
func only(s string, limit int, others string) bool {
	if s == "" || s[0] == '-' || len([]rune(s)) > limit {
		return false
	}
	for _, r := range s {
		if !unicode.IsLetter(r) && !unicode.IsDigit(r) && !strings.ContainsRune(others, r) {
			return false
		}
	}
	return true
}
