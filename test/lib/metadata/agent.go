package metadata

import (
	"net/http"
	"strings"
)

// fromAgent reports whether a request is one that the Azure Linux agent sends for itself.
func fromAgent(r *http.Request) bool { return strings.HasPrefix(r.UserAgent(), "WALinuxAgent/") }

// answerAgent answers the agent's own requests about the machine. They are not among
// Requests, which are the handler's.
func (s *Service) answerAgent(w http.ResponseWriter, r *http.Request) {
	const compute = `{"azEnvironment":"AzurePublicCloud","location":"westeurope","name":"web1","offer":"debian","osType":"Linux",` +
		`"placementGroupId":"","platformFaultDomain":"0","platformUpdateDomain":"0","publisher":"debian","resourceGroupName":"rg-web","sku":"12",` +
		`"subscriptionId":"` + Subscription + `","tags":"","version":"0","vmId":"00000000-0000-0000-0000-0000000000aa",` +
		`"vmSize":"Standard_B2s","vmScaleSetName":"","zone":""}`
	switch path := strings.TrimSuffix(r.URL.Path, "/"); {
	case r.Method != http.MethodGet || !strings.EqualFold(r.Header.Get("Metadata"), "true"):
	case path == ComputePath:
		Text(http.StatusOK, "application/json; charset=utf-8", compute)(w, r)
		return
	case path == "/metadata/instance":
		Text(http.StatusOK, "application/json; charset=utf-8", `{"compute":`+compute+`}`)(w, r)
		return
	}
	s.unexpect(r, "the agent has no reason to send it ("+r.UserAgent()+")")
	w.WriteHeader(http.StatusBadRequest)
}
