package identity

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"aadssh/internal/text"
)

// outcome is the result of one request.
type outcome int

const (
	answered     outcome = iota // 200 with a body of plausible size
	refused                     // 4xx: because of the request, not a temporary state
	updating                    // 404, 410
	throttled                   // 429
	failing                     // 5xx
	intercepted                 // answered by a proxy or a portal, not by a metadata service
	unreachable                 // no route
	closed                      // connection refused
	silent                      // no answer in time
	slow                        // an answer that did not end in time
	broken                      // the connection broke
	oversized                   // more than any answer can have
	garbled                     // an answer that cannot be read
	unproved                    // an Arc challenge that must not be followed
	unclassified                // a token that does not say whose it is
	stopped                     // our time was up
)

// reply is what is kept of one response, or why there was none. The body is never shown,
// except by refusal.
type reply struct {
	outcome   outcome
	status    int    // HTTP status; 0 without an answer
	media     string // media type of the body
	challenge string // WWW-Authenticate
	wait      time.Duration
	body      []byte
	detail    string // further text, safe to show
}

// transportReply classifies the errors of the connection. Their texts are not kept:
// net/http quotes what it could not parse.
func transportReply(err error) reply {
	var timeout net.Error
	var errno syscall.Errno
	switch {
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &timeout) && timeout.Timeout():
		return reply{outcome: silent}
	case errors.Is(err, context.Canceled):
		return reply{outcome: stopped}
	case errors.Is(err, syscall.ECONNREFUSED), errors.Is(err, syscall.EPERM), errors.Is(err, syscall.EACCES): // the latter by a local filter
		return reply{outcome: closed}
	case errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE), errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return reply{outcome: broken}
	case errors.As(err, &errno): // network or host unreachable, no such address
		return reply{outcome: unreachable, detail: errno.Error()}
	default:
		return reply{outcome: garbled}
	}
}

// classify classifies an HTTP response. 502 and 504 come from a proxy: no metadata service
// is behind another (azure-sdk-for-go, managed identity troubleshooting guide).
func (r *reply) classify(limit int64) outcome {
	switch s := r.status; {
	case int64(len(r.body)) > limit:
		return oversized
	case r.media == "text/html", bytes.HasPrefix(bytes.TrimSpace(r.body), []byte("<")),
		s >= 300 && s < 400, s == http.StatusProxyAuthRequired, s == http.StatusBadGateway, s == http.StatusGatewayTimeout:
		return intercepted
	case s == http.StatusOK && len(bytes.TrimSpace(r.body)) > 0:
		return answered
	case s == http.StatusNotFound, s == http.StatusGone:
		return updating
	case s == http.StatusTooManyRequests:
		return throttled
	case s >= 500:
		return failing
	case s >= 400:
		return refused
	default:
		return garbled
	}
}

// refusal is the body of a refused request: error and error_description.
type refusal struct {
	_ [0]func() // never compared: no code for == is linked

	Error       string `json:"error"`
	Description string `json:"error_description"`
}

func (r *reply) refusal() refusal {
	var f refusal
	if r.status < 400 || json.Unmarshal(r.body, &f) != nil {
		return refusal{}
	}
	return refusal{Error: text.WithoutTokens(f.Error, 40), Description: text.WithoutTokens(f.Description, 120)}
}

// missing reports whether the refusal means that there is no identity. The error code
// decides, as Microsoft's documentation demands (not to branch on the description); but a
// request that was damaged on the way gets the same code, so if the service did not answer
// the request before this one either, the description has to say it too.
func (r *reply) missing(answersOthers bool) (Kind, bool) {
	f := r.refusal()
	if r.outcome != refused || r.status != http.StatusBadRequest || f.Error != "invalid_request" {
		return Unknown, false
	}
	said := strings.ToLower(f.Description)
	switch {
	case strings.Contains(said, "multiple user assigned"):
		return UserAssigned, true
	case strings.Contains(said, "identity not found"), answersOthers && !aboutQuestion(said):
		return None, true
	}
	return Unknown, false
}

// aboutQuestion reports whether the request itself was refused. A version of the API that
// is no longer served does not mean that the identity is missing.
func aboutQuestion(said string) bool {
	return slices.ContainsFunc([]string{"header", "version", "parameter", "query", "audience", "unsupported", "forwarded"},
		func(word string) bool { return strings.Contains(said, word) })
}

// brief is the reply in a few words.
func (r *reply) brief() string {
	if r.status != 0 {
		text := "HTTP " + strconv.Itoa(r.status)
		if f := r.refusal(); f.Error != "" {
			text += " " + f.Error
		}
		switch r.outcome {
		case slow:
			text += ", cut off"
		case broken:
			text += ", broken off"
		case oversized:
			text += ", oversized"
		case garbled:
			text += ", not readable"
		}
		return text
	}
	switch r.outcome {
	case unreachable:
		return "no route"
	case closed:
		return "connection refused"
	case silent:
		return "no answer"
	case broken:
		return "connection broken off"
	case stopped:
		return "out of time"
	default:
		return "no HTTP answer"
	}
}

// said is the service's message as a sentence.
func (r *reply) said() string {
	text := "The service's last word: " + r.brief()
	if f := r.refusal(); f.Description != "" {
		text += " " + strconv.Quote(f.Description)
	}
	return text
}

// forLibrary is the reply in the form that go-autorest expects. The media type is not the
// original one but one whose bodies go-autorest's logger leaves out, so that a token does
// not get into that log at any AZURE_GO_SDK_LOG_LEVEL.
func (r *reply) forLibrary(req *http.Request) *http.Response {
	return &http.Response{
		StatusCode:    r.status,
		Proto:         "HTTP/1.1",
		ProtoMajor:    1,
		ProtoMinor:    1,
		Header:        http.Header{"Content-Type": {"application/octet-stream"}},
		Body:          io.NopCloser(bytes.NewReader(r.body)),
		ContentLength: int64(len(r.body)),
		Request:       req,
	}
}
