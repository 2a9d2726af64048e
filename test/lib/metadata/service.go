// Package metadata is a fake of Azure's metadata services that follows their documented
// protocol: the instance metadata service (IMDS) of an Azure VM, the sidecar of Azure
// Operator Nexus, and the Arc agent's service (HIMDS).
//
// A Service answers according to a script and is strict: a request that violates the
// protocol, is for a path without a script or comes after the script's end is recorded as
// unexpected, and a test must check that Unexpected and Unplayed are empty.
//
// Sources: Microsoft Learn, instance-metadata-service and how-to-use-vm-token;
// AzureAD/microsoft-authentication-library-for-go apps/managedidentity.
package metadata

import (
	"fmt"
	"maps"
	"net"
	"net/http"
	"net/url"
	"sync"
)

// Where the services are.
const (
	Address     = "169.254.169.254:80" // IMDS, and the sidecar of Azure Operator Nexus
	ArcAddress  = "127.0.0.1:40342"    // HIMDS
	TokenPath   = "/metadata/identity/oauth2/token"
	ComputePath = "/metadata/instance/compute"
)

// ArcTokens is the directory that HIMDS keeps its keys in.
const ArcTokens = "/var/opt/azcmagent/tokens"

// Answer answers one request.
type Answer func(w http.ResponseWriter, r *http.Request)

// Request is a request as it arrived.
type Request struct {
	Method string
	Host   string
	Path   string
	Query  url.Values
	Header http.Header
}

// flavour is the difference between the services.
type flavour struct {
	versions map[string]string // path -> the api-version that it supports
	hosts    []string          // accepted Host headers
	arc      bool
}

// Service is one metadata service. It may be used by several connections.
type Service struct {
	flavour flavour
	keep    func(path string, content []byte) error // writes a key file

	mu         sync.Mutex
	scripts    map[string][]Answer // remaining answers, in order
	always     map[string]Answer   // answers after the end of a script
	challenges []Answer
	keys       int
	key        string // that the next authorized request must have
	requests   []Request
	unexpected []string
}

// Azure is the instance metadata service. It has no answers until it gets a script.
func Azure() *Service {
	return &Service{
		flavour: flavour{
			versions: map[string]string{TokenPath: "2018-02-01", ComputePath: "2021-02-01"},
			hosts:    []string{"169.254.169.254"},
		},
		scripts: map[string][]Answer{},
		always:  map[string]Answer{},
	}
}

// Healthy is Azure's service for a VM with a system-assigned identity, for any number of
// requests.
func Healthy(group, vm string) *Service {
	return Azure().Always(ComputePath, JSON(VM())).Always(TokenPath, TokenOf(VMID(group, vm)))
}

// Serve makes the service answer at its address on a machine, until the machine ends.
func (s *Service) Serve(on interface {
	Listen(network, address string) (net.Listener, error)
}) error {
	l, err := on.Listen("tcp", Address)
	if err != nil {
		return err
	}
	go func() { _ = http.Serve(l, s) }() // ends with the machine, whose network it is in
	return nil
}

// Nexus is the sidecar of an Azure Operator Nexus VM: it has the address of the instance
// metadata service, passes requests for tokens on to the platform, and has no instance
// metadata.
func Nexus() *Service {
	return Azure().Always(ComputePath, Status(http.StatusNotFound, "", ""))
}

// Arc is the Connected Machine agent's service. It answers a request for a token
// with a challenge first; keep writes the key file that the challenge names.
func Arc(keep func(path string, content []byte) error) *Service {
	return &Service{
		flavour: flavour{
			versions: map[string]string{TokenPath: "2020-06-01", ComputePath: "2020-06-01"},
			hosts:    []string{"127.0.0.1:40342"},
			arc:      true,
		},
		keep:    keep,
		scripts: map[string][]Answer{},
		always:  map[string]Answer{},
	}
}

// Script adds answers for a path. Each is used once, in order.
func (s *Service) Script(path string, answers ...Answer) *Service {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.scripts[path] = append(s.scripts[path], answers...)
	return s
}

// Always sets the answer of a path after the end of its script.
func (s *Service) Always(path string, a Answer) *Service {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.always[path] = a
	return s
}

// Requests are all requests so far.
func (s *Service) Requests() []Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]Request(nil), s.requests...)
}

// Aside runs something that sends requests without a trace: the requests are not recorded,
// and the scripts are reset to their state before.
func (s *Service) Aside(do func()) {
	s.mu.Lock()
	requests, unexpected, challenges, scripts := s.requests, s.unexpected, s.challenges, maps.Clone(s.scripts)
	s.mu.Unlock()
	do()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.requests, s.unexpected, s.challenges, s.scripts = requests, unexpected, challenges, scripts
}

// Unexpected are the requests that should not have been sent, with the reason.
func (s *Service) Unexpected() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]string(nil), s.unexpected...)
}

// Unplayed are the paths whose scripts still have answers.
func (s *Service) Unplayed() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var left []string
	for path, answers := range s.scripts {
		if len(answers) > 0 {
			left = append(left, fmt.Sprintf("%s: %d answers", path, len(answers)))
		}
	}
	if n := len(s.challenges); n > 0 {
		left = append(left, fmt.Sprintf("%d challenges", n))
	}
	return left
}

// ServeHTTP answers one request.
func (s *Service) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if fromAgent(r) {
		s.answerAgent(w, r)
		return
	}
	s.record(r)
	if refusal, why := s.check(r); refusal != nil {
		s.unexpect(r, why)
		refusal(w, r)
		return
	}
	if s.flavour.arc && r.URL.Path == TokenPath {
		if r.Header.Get("Authorization") == "" {
			s.nextChallenge()(w, r)
			return
		}
		if !s.spend(r.Header.Get("Authorization")) {
			s.unexpect(r, "wrong key")
			Status(http.StatusUnauthorized, "unauthorized", "The key does not match")(w, r)
			return
		}
	}
	a, ok := s.next(r.URL.Path)
	if !ok {
		s.unexpect(r, "the script has no answer left")
		Status(http.StatusInternalServerError, "unknown", "no script")(w, r)
		return
	}
	a(w, r)
}

func (s *Service) record(r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.requests = append(s.requests, Request{r.Method, r.Host, r.URL.Path, r.URL.Query(), r.Header.Clone()})
}

func (s *Service) unexpect(r *http.Request, why string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.unexpected = append(s.unexpected, fmt.Sprintf("%s %s%s: %s", r.Method, r.Host, r.URL.RequestURI(), why))
}

func (s *Service) next(path string) (Answer, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if left := s.scripts[path]; len(left) > 0 {
		s.scripts[path] = left[1:]
		return left[0], true
	}
	a, ok := s.always[path]
	return a, ok
}
