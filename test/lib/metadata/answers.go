package metadata

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"time"
)

// JSON answers 200 with a document.
func JSON(doc any) Answer {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json; charset=utf-8")
		w.Header().Set("Server", "IMDS/150.870.65.1015")
		_ = json.NewEncoder(w).Encode(doc)
	}
}

// At is an answer of a service whose clock has this time.
func (a Answer) At(now time.Time) Answer {
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Date", now.UTC().Format(http.TimeFormat))
		a(w, r)
	}
}

// Status answers with an HTTP status and an error body; without a code the body is empty.
func Status(status int, code, description string) Answer {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Server", "IMDS/150.870.65.1015")
		if code == "" {
			w.WriteHeader(status)
			return
		}
		w.Header().Set("Content-Type", "application/json; charset=utf-8")
		w.WriteHeader(status)
		_ = json.NewEncoder(w).Encode(map[string]string{"error": code, "error_description": description})
	}
}

// NoIdentity is IMDS's answer for a VM without any identity.
func NoIdentity() Answer {
	return Status(http.StatusBadRequest, "invalid_request", "Identity not found")
}

// SeveralIdentities is IMDS's answer for a VM with several user-assigned identities and no
// system-assigned one.
func SeveralIdentities() Answer {
	return Status(http.StatusBadRequest, "invalid_request",
		"Multiple user assigned identities exist, please specify the clientId / resourceId of the identity in the token request")
}

// Throttled is 429, with Retry-After unless that is "".
func Throttled(retryAfter string) Answer {
	return func(w http.ResponseWriter, r *http.Request) {
		if retryAfter != "" {
			w.Header().Set("Retry-After", retryAfter)
		}
		Status(http.StatusTooManyRequests, "too_many_requests", "Too many requests")(w, r)
	}
}

// Text answers with any body.
func Text(status int, mediaType, body string) Answer {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", mediaType)
		w.WriteHeader(status)
		_, _ = w.Write([]byte(body))
	}
}

// Page is an HTML page, as from a proxy or a portal.
func Page(status int) Answer {
	return Text(status, "text/html; charset=utf-8", "<!DOCTYPE html><html><head><title>Squid: access denied</title></head></html>")
}

// Redirect redirects the client.
func Redirect(url string) Answer {
	return func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, url, http.StatusFound) }
}

// Silence never answers.
func Silence() Answer {
	return func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }
}

// Drip sends a body byte by byte, with a pause after each.
func Drip(body string, pause time.Duration) Answer {
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Content-Length", fmt.Sprint(len(body)))
		for i := range len(body) {
			if _, err := w.Write([]byte{body[i]}); err != nil {
				return
			}
			_ = http.NewResponseController(w).Flush()
			select {
			case <-time.After(pause):
			case <-r.Context().Done():
				return
			}
		}
	}
}

// Flood sends a JSON string of that many bytes.
func Flood(size int) Answer {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		chunk := []byte(strings.Repeat("A", 32<<10))
		_, _ = w.Write([]byte(`{"access_token":"`))
		for sent := 0; sent < size; sent += len(chunk) {
			if _, err := w.Write(chunk); err != nil {
				return
			}
		}
		_, _ = w.Write([]byte(`"}`))
	}
}

// Hangup closes the connection without an answer.
func Hangup() Answer {
	return func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }
}

// Raw writes bytes that need not be HTTP and closes the connection.
func Raw(bytes string) Answer {
	return func(w http.ResponseWriter, _ *http.Request) {
		conn, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			panic(err) // the test's server does not support what the test needs
		}
		defer conn.Close()
		_, _ = conn.Write([]byte(bytes))
	}
}

// Compute is the instance metadata of one machine.
type Compute struct {
	Environment  string `json:"azEnvironment"`
	Location     string `json:"location"`
	Name         string `json:"name"`
	Group        string `json:"resourceGroupName"`
	Subscription string `json:"subscriptionId"`
	ResourceID   string `json:"resourceId"`
	ScaleSet     string `json:"vmScaleSetName"`
	OSType       string `json:"osType"`
	UserData     string `json:"userData"` // base64; may hold secrets
}

// Subscription is the subscription of this package's machines.
const Subscription = "8d10da13-8125-4ba9-a717-bf7490507b3d"

// VM is the instance metadata of the VM web1 in the group rg-web.
func VM() Compute {
	return Compute{
		Environment: "AzurePublicCloud", Location: "westeurope", OSType: "Linux",
		Name: "web1", Group: "rg-web", Subscription: Subscription,
		ResourceID: VMID("rg-web", "web1"), UserData: Secret,
	}
}

// ScaleSetInstance is the instance metadata of an instance of the uniform scale
// set pool in the group rg-web.
func ScaleSetInstance() Compute {
	c := VM()
	c.Name, c.ScaleSet = "pool_0", "pool"
	c.ResourceID = ScaleSetID("rg-web", "pool") + "/virtualMachines/0"
	return c
}

// FlexibleInstance is the instance metadata of a VM in a flexible scale set.
func FlexibleInstance() Compute {
	c := VM()
	c.Name, c.ScaleSet = "flex_1a2b", "flex"
	c.ResourceID = VMID("rg-web", "flex_1a2b")
	return c
}

// ArcServer is what HIMDS reports about the server db1 in the group rg-edge.
func ArcServer() Compute {
	return Compute{
		Environment: "AzurePublicCloud", Location: "westeurope", OSType: "linux",
		Name: "db1", Group: "rg-edge", Subscription: Subscription, ResourceID: ArcID("rg-edge", "db1"),
	}
}
