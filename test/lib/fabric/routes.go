package fabric

import (
	"fmt"
	"io"
	"net/http"
	"strings"
)

// answer is a service's response to a request: an HTTP status with a body, and what is
// wrong with the request, if anything.
type answer struct {
	status int
	kind   string // Content-Type
	header map[string]string
	body   string
	wrong  string
}

func ok(kind, body string) answer { return answer{status: http.StatusOK, kind: kind, body: body} }

func xmlDocument(body string) answer {
	return ok("text/xml; charset=utf-8", `<?xml version="1.0" encoding="utf-8"?>`+"\n"+body)
}

func wrong(status int, format string, args ...any) answer {
	return answer{status: status, wrong: fmt.Sprintf(format, args...)}
}

// serve records requests and answers them.
func (f *Fabric) serve(server string, service func(*http.Request, []byte) answer) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return // the machine was turned off meanwhile
		}
		a := service(r, body)
		if !strings.HasPrefix(r.UserAgent(), "WALinuxAgent/") && a.wrong == "" {
			a.wrong = "it is not the agent that asks"
		}
		f.mu.Lock()
		f.requests = append(f.requests, Request{server, r.Method, r.URL.String(), r.UserAgent(), a.status, a.wrong})
		f.mu.Unlock()
		if a.kind != "" {
			w.Header().Set("Content-Type", a.kind)
		}
		for name, value := range a.header {
			w.Header().Set(name, value)
		}
		w.WriteHeader(a.status)
		_, _ = io.WriteString(w, a.body)
	}
}

// versioned checks that a request has the protocol's version.
func versioned(r *http.Request, version string) string {
	if got := r.Header.Get("x-ms-version"); got != version {
		return fmt.Sprintf("x-ms-version is %q, not %s", got, version)
	}
	return ""
}
