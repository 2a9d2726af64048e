package fabric

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
)

// The ways in which a status is uploaded.
const (
	ViaPlugin = "plugin"
	ViaBlob   = "blob"
)

// Status is one status of the machine, as the agent uploaded it.
type Status struct {
	Raw        json.RawMessage
	Via        string    // ViaPlugin or ViaBlob
	Generation int       // of the goal state that the agent had fetched by then
	Agent      string    // the agent's version
	Handlers   []Handler // in the agent's order
}

// Handler is the part of a status about one extension.
type Handler struct {
	Name      string    `json:"handlerName"`
	Version   string    `json:"handlerVersion"`
	Status    string    `json:"status"` // "Ready", "NotReady"
	Code      int       `json:"code"`
	Formatted Formatted `json:"formattedMessage"`
	Runtime   *Runtime  `json:"runtimeSettingsStatus"` // nil: the extension itself reported nothing
}

// Formatted is a text with its language.
type Formatted struct {
	Message string `json:"message"`
}

// Runtime is the part of a status about the settings that were sent.
type Runtime struct {
	Sequence int `json:"sequenceNumber"`
	Settings struct {
		Status Report `json:"status"`
	} `json:"settingsStatus"`
}

// Report is the extension's own report.
type Report struct {
	Name      string      `json:"name"`
	Operation string      `json:"operation"`
	Status    string      `json:"status"`
	Code      int         `json:"code"`
	Formatted Formatted   `json:"formattedMessage"`
	Substatus []Substatus `json:"substatus"`
}

// Substatus is one part of a report.
type Substatus struct {
	Name      string    `json:"name"`
	Status    string    `json:"status"`
	Code      int       `json:"code"`
	Formatted Formatted `json:"formattedMessage"`
}

// Handler is the part of the status about an extension, or nil.
func (s Status) Handler(name string) *Handler {
	i := slices.IndexFunc(s.Handlers, func(h Handler) bool { return h.Name == name })
	if i < 0 {
		return nil
	}
	return &s.Handlers[i]
}

// take records a status.
func (f *Fabric) take(content []byte, via string) answer {
	content = bytes.TrimRight(content, " \x00\n") // page blobs are padded
	var doc struct {
		OS struct {
			Agent string `json:"guestAgentVersion"`
		} `json:"guestOSInfo"`
		Aggregate struct {
			Agent struct {
				Version string `json:"version"`
			} `json:"guestAgentStatus"`
			Handlers []Handler `json:"handlerAggregateStatus"`
		} `json:"aggregateStatus"`
	}
	if err := json.Unmarshal(content, &doc); err != nil {
		return wrong(http.StatusBadRequest, "the status: %v", err)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.statuses = append(f.statuses, Status{Raw: content, Via: via, Generation: f.served, Agent: doc.Aggregate.Agent.Version, Handlers: doc.Aggregate.Handlers})
	close(f.changed)
	f.changed = make(chan struct{})
	return answer{status: http.StatusOK}
}

// Statuses are all statuses so far.
func (f *Fabric) Statuses() []Status {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.statuses)
}

// WaitStatus waits for a status that is about the newest goal state and is accepted by ok,
// which returns the reason why it is not, or "". The agent processes a goal state and
// reports on one thread, so what it uploads after it has fetched a goal state is the result
// of processing it.
func (f *Fabric) WaitStatus(ctx context.Context, ok func(Status) string) (Status, error) {
	for {
		f.mu.Lock()
		changed, why := f.changed, "the agent has uploaded nothing yet"
		var last Status
		if n := len(f.statuses); n > 0 {
			last = f.statuses[n-1]
			why = fmt.Sprintf("the agent has not fetched goal state %d yet", f.generation)
			if last.Generation == f.generation {
				why = ""
			}
		}
		f.mu.Unlock()
		if why == "" {
			if why = ok(last); why == "" {
				return last, nil
			}
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return last, fmt.Errorf("%w: %s", ctx.Err(), why)
		}
	}
}
