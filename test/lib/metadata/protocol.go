package metadata

import (
	"net/http"
	"slices"
)

// check checks a request against the protocol. It returns the real service's response to a
// request that violates it, and what is wrong; nil for a correct one.
func (s *Service) check(r *http.Request) (Answer, string) {
	bad := func(code, description, why string) (Answer, string) {
		return Status(http.StatusBadRequest, code, description), why
	}
	version, known := s.flavour.versions[r.URL.Path]
	q := r.URL.Query()
	switch {
	case r.URL.IsAbs():
		return bad("invalid_request", "Bad request", "it was made to a proxy")
	case !slices.Contains(s.flavour.hosts, r.Host):
		return bad("invalid_request", "Bad request", "it is for another host")
	case r.Method != http.MethodGet:
		return Status(http.StatusMethodNotAllowed, "method_not_allowed", "Only GET"), "it is not a GET"
	case r.Header.Get("X-Forwarded-For") != "" || r.Header.Get("Via") != "":
		return bad("invalid_request", "Requests with X-Forwarded-For are rejected", "it came through a proxy")
	case r.Header.Get("Metadata") != "true":
		return bad("bad_request_102", "Required metadata header not specified", "it has no Metadata header")
	case !known:
		return Status(http.StatusNotFound, "not_found", "The requested resource was not found"), "the path is not known"
	case q.Get("api-version") == "":
		return bad("bad_request", "api-version was not specified", "it has no api-version")
	case q.Get("api-version") != version:
		return bad("bad_request", "api-version is not supported", "its api-version is not "+version)
	case r.URL.Path == TokenPath && q.Get("resource") == "":
		return bad("invalid_request", "resource parameter is missing", "it has no resource")
	case r.ContentLength > 0 || r.Header.Get("Secret") != "" || r.Header.Get("Cookie") != "":
		return bad("invalid_request", "Bad request", "it has a body, a secret or a cookie")
	case r.Header.Get("Authorization") != "" && !(s.flavour.arc && r.URL.Path == TokenPath):
		return bad("invalid_request", "Bad request", "it has credentials that nobody asked for")
	}
	for name, values := range q {
		if len(values) != 1 || (name != "api-version" && !(name == "resource" && r.URL.Path == TokenPath)) {
			return bad("invalid_request", "unknown parameter", "its parameter "+name+" is not expected")
		}
	}
	return nil, ""
}
