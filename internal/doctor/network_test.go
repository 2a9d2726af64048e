package doctor

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
)

// The command in the next step requests what the handler requested: a mirror and the closed
// clouds have their keys below a path.
func TestAdviceRepeatsTheRequest(t *testing.T) {
	for _, status := range []int{http.StatusForbidden, http.StatusBadGateway} {
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status) }))
		defer s.Close()
		to, err := url.Parse(s.URL + "/microsoft/keys/microsoft.asc")
		if err != nil {
			t.Fatal(err)
		}
		p := request(t.Context(), target{purpose: forPackages, url: to.String()}, to)
		if p.fault == nil || !strings.HasSuffix(p.fault.Next, ": curl -sI "+to.String()) {
			t.Errorf("%d: %+v", status, p.fault)
		}
	}
}

// A proxy that refuses is named with its answer, as enable names it, and is not mistaken for
// a network that lets nothing out.
func TestProxyThatRefuses(t *testing.T) {
	for status, next := range map[int]string{
		http.StatusProxyAuthRequired: "http://USER:PASSWORD@",
		http.StatusForbidden:         "allowed on the proxy",
		http.StatusBadGateway:        "curl -sI -x http://",
	} {
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status) }))
		defer s.Close()
		by, err := url.Parse(s.URL)
		if err != nil {
			t.Fatal(err)
		}
		to := &url.URL{Scheme: "https", Host: "packages.example.com", Path: "/key.asc"}
		p := request(t.Context(), target{purpose: forPackages, url: to.String(), proxy: by}, to)
		if p.fault == nil || !strings.Contains(p.fault.What, "The proxy "+s.URL) || !strings.Contains(p.fault.Next, next) {
			t.Errorf("%d: %+v", status, p.fault)
		}
	}
}
