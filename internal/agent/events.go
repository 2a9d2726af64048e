package agent

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"aadssh/internal/atomicfile"
	"aadssh/internal/text"
)

// EventLevel is the severity of an event.
type EventLevel string

// The agent's levels that we use.
const (
	EventError         EventLevel = "Error"
	EventInformational EventLevel = "Informational"
)

// Limits of an event, in bytes. The agent cuts a message at 3072 and drops
// an event whose values have more than 6144 together (WALinuxAgent
// collect_telemetry_events.py).
const (
	eventMessageLimit = 3000
	eventFieldLimit   = 256
)

// Events writes telemetry for the agent to collect. It is safe for concurrent use. A nil
// Events, and one whose agent collects none, writes nothing.
type Events struct {
	_ [0]func() // never compared: no code for == is linked

	folder    string // the agent reads and then removes everything in it every five minutes
	outside   string // on the same file system, for events that are not finished
	version   string
	operation string // ties the events of one run together
	last      atomic.Int64
}

// NewEvents prepares the telemetry of one run. It removes an unfinished event of an earlier
// run at once, because a run on a healthy machine sends nothing and would not get to it.
func NewEvents(env Environment) *Events {
	if env.EventsFolder == "" {
		return nil
	}
	atomicfile.Sweep(env.LogFolder, func(name string) bool { return strings.HasSuffix(name, ".json") })
	id := make([]byte, 16)
	rand.Read(id) // never fails
	return &Events{
		folder: env.EventsFolder, outside: env.LogFolder, version: env.Version,
		operation: fmt.Sprintf("%x-%x-%x-%x-%x", id[:4], id[4:6], id[6:8], id[8:10], id[10:]),
	}
}

// event is an event as the agent accepts it: all eight fields, as text; it drops an event
// with a number or a null.
type event struct {
	_ [0]func() // never compared: no code for == is linked

	Version     string
	Timestamp   string
	TaskName    string
	EventLevel  EventLevel
	Message     string
	EventPid    string
	EventTid    string
	OperationId string
}

// Send hands an event to the agent. Its error is only worth a line in the log: telemetry is
// never a reason to fail. The message must hold no secret.
func (e *Events) Send(level EventLevel, task, message string) error {
	if e == nil || strings.TrimSpace(message) == "" { // the agent drops empty events
		return nil
	}
	if info, err := os.Lstat(e.folder); err != nil || !info.IsDir() {
		return nil // this agent collects none
	}
	now := time.Now().UTC()
	pid := strconv.Itoa(os.Getpid())
	var b bytes.Buffer
	out := json.NewEncoder(&b)
	out.SetEscapeHTML(false)
	_ = out.Encode(event{ // there are only texts: encoding them cannot fail
		Version: text.Clip(e.version, eventFieldLimit), Timestamp: now.Format("2006-01-02T15:04:05.000Z"),
		TaskName: text.Clip(task, eventFieldLimit), EventLevel: level,
		Message:  text.Clip(message, eventMessageLimit),
		EventPid: pid, EventTid: pid, OperationId: e.operation,
	})
	return e.place(b.Bytes(), now)
}

// place moves the finished event into the folder: the agent removes everything else that it
// finds there, and reads only files whose names are digits, newest first.
func (e *Events) place(content []byte, now time.Time) error {
	file := atomicfile.File{Path: filepath.Join(e.folder, fmt.Sprintf("%d.json", e.stamp(now))), Content: content, Mode: 0o600, Via: e.outside, Volatile: true}
	if err := file.Write(); err != nil {
		return fmt.Errorf("telemetry: %w", err)
	}
	return nil
}

// stamp is the current time in nanoseconds, never the same twice.
func (e *Events) stamp(now time.Time) int64 {
	for {
		last := e.last.Load()
		next := max(now.UnixNano(), last+1)
		if e.last.CompareAndSwap(last, next) {
			return next
		}
	}
}
