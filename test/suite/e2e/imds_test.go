//go:build rig

package e2e

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
)

// imds answers the agent's own requests about the machine and passes the others, which are
// the handler's, to the scenario's metadata service.
type imds struct {
	handler http.Handler
	mu      sync.Mutex
	wrong   []string
}

func (i *imds) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if !strings.HasPrefix(r.UserAgent(), "WALinuxAgent/") {
		i.handler.ServeHTTP(w, r)
		return
	}
	const compute = `{"azEnvironment":"AzurePublicCloud","location":"westeurope","name":"web1","offer":"debian","osType":"Linux",` +
		`"placementGroupId":"","platformFaultDomain":"0","platformUpdateDomain":"0","publisher":"debian","resourceGroupName":"rg-web","sku":"12",` +
		`"subscriptionId":"8d10da13-8125-4ba9-a717-bf7490507b3d","tags":"","version":"0","vmId":"00000000-0000-0000-0000-0000000000aa",` +
		`"vmSize":"Standard_B2s","vmScaleSetName":"","zone":""}`
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	switch {
	case r.Method != http.MethodGet || !strings.EqualFold(r.Header.Get("Metadata"), "true"):
	case r.URL.Path == "/metadata/instance/compute":
		_, _ = io.WriteString(w, compute)
		return
	case r.URL.Path == "/metadata/instance" || r.URL.Path == "/metadata/instance/":
		_, _ = io.WriteString(w, `{"compute":`+compute+`}`)
		return
	}
	i.mu.Lock()
	i.wrong = append(i.wrong, fmt.Sprintf("%s %s (%s)", r.Method, r.URL, r.UserAgent()))
	i.mu.Unlock()
	w.WriteHeader(http.StatusBadRequest)
}

func (i *imds) unexpected() []string {
	i.mu.Lock()
	defer i.mu.Unlock()
	return append([]string(nil), i.wrong...)
}
