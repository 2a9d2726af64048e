package agent

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode/utf8"
)

// collected is what the agent would send: it follows WALinuxAgent's
// collect_telemetry_events.py, and fails the test if that would drop something.
func collected(t *testing.T, folder string) []map[string]string {
	t.Helper()
	entries, err := os.ReadDir(folder)
	must(t, err)
	var events []map[string]string
	for _, e := range entries {
		if !regexp.MustCompile(`^\d+\.json$`).MatchString(e.Name()) {
			t.Errorf("the agent would remove %s unread", e.Name())
			continue
		}
		b, err := os.ReadFile(filepath.Join(folder, e.Name()))
		must(t, err)
		if !utf8.Valid(b) || len(b) > 4<<20 {
			t.Errorf("%s: %d bytes, UTF-8: %v", e.Name(), len(b), utf8.Valid(b))
		}
		var event map[string]string // a number or a null in it is an error
		if err := json.Unmarshal(b, &event); err != nil {
			t.Errorf("%s: %v", e.Name(), err)
			continue
		}
		sum := 0
		for _, name := range []string{"Version", "Timestamp", "TaskName", "EventLevel", "Message", "EventPid", "EventTid", "OperationId"} {
			value, ok := event[name]
			if !ok {
				t.Errorf("%s lacks %s", e.Name(), name)
			}
			sum += utf8.RuneCountInString(value)
		}
		if len(event) != 8 || sum > 6144 || utf8.RuneCountInString(event["Message"]) > 3072 || event["Message"] == "" {
			t.Errorf("%s: %d fields, %d characters", e.Name(), len(event), sum)
		}
		if _, err := time.Parse(time.RFC3339, event["Timestamp"]); err != nil || !strings.HasSuffix(event["Timestamp"], "Z") {
			t.Errorf("%s: %s", e.Name(), event["Timestamp"])
		}
		events = append(events, event)
	}
	return events
}

func newEvents(t *testing.T) (*Events, Environment) {
	t.Helper()
	l := newLayout(t)
	env, err := LoadFrom(l.base)
	must(t, err)
	return NewEvents(env), env
}

func TestEvents(t *testing.T) {
	events, env := newEvents(t)
	for _, level := range []EventLevel{EventError, "Warning", EventInformational, "Verbose"} {
		must(t, events.Send(level, "enable", "message <"+string(level)+">"))
	}
	got := collected(t, env.EventsFolder)
	if len(got) != 4 {
		t.Fatalf("%d events", len(got))
	}
	for i, level := range []string{"Error", "Warning", "Informational", "Verbose"} {
		e := got[i] // names sort by time
		if e["EventLevel"] != level || e["Message"] != "message <"+level+">" || e["TaskName"] != "enable" || e["Version"] != "1.2.3.4" {
			t.Errorf("event %d is %v", i, e)
		}
		if e["OperationId"] != got[0]["OperationId"] || !regexp.MustCompile(`^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$`).MatchString(e["OperationId"]) {
			t.Errorf("operation is %s", e["OperationId"])
		}
	}
	if other := NewEvents(env); other.operation == events.operation {
		t.Error("two runs are one operation")
	}
}

func TestEventsAreBounded(t *testing.T) {
	events, env := newEvents(t)
	events.version = strings.Repeat("9", 10_000)
	must(t, events.Send(EventError, strings.Repeat("t", 10_000), strings.Repeat("ä\xff\x00\"", 100_000)))
	if got := collected(t, env.EventsFolder); len(got) != 1 || !strings.HasPrefix(got[0]["Message"], "ä?") || !strings.HasSuffix(got[0]["Message"], " ...") {
		t.Errorf("got %.100v", got)
	}
}

// TestNoEvents: an agent that collects none is supported as well.
func TestNoEvents(t *testing.T) {
	var none *Events
	if err := none.Send(EventError, "enable", "m"); err != nil {
		t.Error(err)
	}
	if NewEvents(Environment{LogFolder: t.TempDir()}) != nil {
		t.Error("events without a folder")
	}
	events, env := newEvents(t)
	if err := events.Send(EventError, "enable", " \n"); err != nil {
		t.Error(err)
	}
	if got := collected(t, env.EventsFolder); len(got) != 0 {
		t.Errorf("an empty message became %v", got)
	}
	must(t, os.Remove(env.EventsFolder))
	if err := events.Send(EventError, "enable", "m"); err != nil {
		t.Error(err)
	}
	must(t, os.Symlink("/nowhere", env.EventsFolder))
	if err := events.Send(EventError, "enable", "m"); err != nil {
		t.Error(err)
	}
	entries, err := os.ReadDir(env.LogFolder)
	must(t, err)
	if len(entries) != 1 {
		t.Errorf("the log folder holds %v", entries)
	}
}

// TestEventsUnwritable: an error for the log, and nothing left behind.
func TestEventsUnwritable(t *testing.T) {
	events, env := newEvents(t)
	events.outside = "/proc/self"
	if err := events.Send(EventError, "enable", "m"); err == nil || !strings.Contains(err.Error(), "telemetry") {
		t.Errorf("got %v", err)
	}
	events.outside, events.folder = env.LogFolder, "/proc/self/fd" // another file system
	if err := events.Send(EventError, "enable", "m"); err == nil {
		t.Error("an event was moved into /proc")
	}
	if entries, _ := os.ReadDir(env.LogFolder); len(entries) != 1 {
		t.Errorf("the log folder holds %v", entries)
	}
}

// TestUnfinishedEvents: what a killed run had begun is removed by the next one, even if
// that sends nothing.
func TestUnfinishedEvents(t *testing.T) {
	_, env := newEvents(t)
	for name, stays := range map[string]bool{
		".17.json.4194304-1~": false, ".17.json.1-1~": true, "handler.log": true, // process 1 lives; no process has a number so high
	} {
		path := filepath.Join(env.LogFolder, name)
		must(t, os.WriteFile(path, nil, 0o600))
		NewEvents(env)
		if _, err := os.Stat(path); (err == nil) != stays {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestStamp: a clock that stands still, or runs backwards, never gives the same name twice.
func TestStamp(t *testing.T) {
	var e Events
	now := time.Now()
	const runs, each = 8, 1000
	stamps := make(chan int64, runs*each)
	var all sync.WaitGroup
	for range runs {
		all.Go(func() {
			for i := range each {
				stamps <- e.stamp(now.Add(-time.Duration(i)))
			}
		})
	}
	all.Wait()
	close(stamps)
	seen := map[int64]bool{}
	for s := range stamps {
		if seen[s] {
			t.Fatalf("%d twice", s)
		}
		seen[s] = true
	}
}

// TestEventsAtOnce: none overwrites another.
func TestEventsAtOnce(t *testing.T) {
	events, env := newEvents(t)
	var all sync.WaitGroup
	for range 10 {
		all.Go(func() {
			for range 20 {
				if err := events.Send(EventInformational, "enable", "m"); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	if got := len(collected(t, env.EventsFolder)); got != 200 {
		t.Errorf("%d events of 200", got)
	}
}
