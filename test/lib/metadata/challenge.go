package metadata

import (
	"encoding/base64"
	"fmt"
	"net/http"
)

// Challenge adds answers to requests for a token that have no key. Without further answers
// the service asks for a new key file each time, as the real one does.
func (s *Service) Challenge(answers ...Answer) *Service {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.challenges = append(s.challenges, answers...)
	return s
}

// Ask answers 401 with any WWW-Authenticate header.
func Ask(header string) Answer {
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("WWW-Authenticate", header)
		Status(http.StatusUnauthorized, "unauthorized_client", "Missing Basic Authorization header")(w, r)
	}
}

// nextChallenge is the next scripted challenge, or a correct one.
func (s *Service) nextChallenge() Answer {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.challenges) > 0 {
		a := s.challenges[0]
		s.challenges = s.challenges[1:]
		return a
	}
	s.keys++
	path := fmt.Sprintf("%s/%08d.key", ArcTokens, s.keys)
	s.key = fmt.Sprintf("%s%d", base64.StdEncoding.EncodeToString([]byte(Secret)), s.keys) + Secret
	if err := s.keep(path, []byte(s.key)); err != nil {
		s.unexpected = append(s.unexpected, "the key file could not be written: "+err.Error())
	}
	return Ask("Basic realm=" + path)
}

// spend uses up a key, which is valid for one request.
func (s *Service) spend(authorization string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	good := s.key != "" && authorization == "Basic "+s.key
	s.key = ""
	return good
}
