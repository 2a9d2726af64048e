package fabric

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"
)

// loopback makes the services listen on free ports of this machine.
type loopback map[string]string

func (l loopback) Listen(network, address string) (net.Listener, error) {
	listener, err := net.Listen(network, "127.0.0.1:0")
	if err == nil {
		l[address] = "http://" + listener.Addr().String()
	}
	return listener, err
}

// guest is a fake of the agent.
type guest struct {
	t     *testing.T
	at    loopback
	agent string
}

func start(t *testing.T, fastTrack bool) (*Fabric, guest) {
	t.Helper()
	at := loopback{}
	f, err := Start(at, fastTrack)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := f.Close(); err != nil {
			t.Error(err)
		}
	})
	return f, guest{t, at, "WALinuxAgent/2.12.0.2"}
}

func (g guest) ask(method, service, url, body string, headers ...string) (int, string) {
	g.t.Helper()
	r, err := http.NewRequest(method, g.at[service]+url, strings.NewReader(body))
	if err != nil {
		g.t.Fatal(err)
	}
	r.Header.Set("User-Agent", g.agent)
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		g.t.Fatal(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		g.t.Fatal(err)
	}
	return answer.StatusCode, string(text)
}

const configURL = "/machine/" + containerID + "/" + roleName + "?comp=config&type=extensionsConfig"

func (g guest) upload(document string) int {
	g.t.Helper()
	body, err := json.Marshal(map[string]any{"content": base64.StdEncoding.EncodeToString([]byte(document)), "requestUri": statusBlob})
	if err != nil {
		g.t.Fatal(err)
	}
	code, _ := g.ask("PUT", PluginAddress, "/status", string(body), "x-ms-version", pluginVersion)
	return code
}

// TestUnexpectedRequestsAreRecorded: requests that the agent does not send are recorded.
func TestUnexpectedRequestsAreRecorded(t *testing.T) {
	stranger := func(g guest) guest { g.agent = "curl/8"; return g }
	for name, c := range map[string]struct {
		ask   func(guest)
		wrong string
	}{
		"fine":         {func(g guest) { g.ask("GET", WireAddress, "/machine/?comp=goalstate", "", "x-ms-version", wireVersion) }, ""},
		"no version":   {func(g guest) { g.ask("GET", WireAddress, "/machine/?comp=goalstate", "") }, "x-ms-version"},
		"another path": {func(g guest) { g.ask("GET", WireAddress, "/metadata/instance", "") }, "nothing there"},
		"another method": {func(g guest) {
			g.ask("DELETE", WireAddress, "/machine/?comp=goalstate", "", "x-ms-version", wireVersion)
		}, "nothing there"},
		"no zip":        {func(g guest) { g.ask("GET", WireAddress, "/extensions/X__1.0.0.zip", "") }, "nothing there"},
		"not the agent": {func(g guest) { stranger(g).ask("GET", WireAddress, "/?comp=versions", "") }, "not the agent"},
		"bad status":    {func(g guest) { g.upload("{") }, "the status"},
		"unsigned blob": {func(g guest) { g.ask("PUT", WireAddress, blobPath, "{}", "x-ms-blob-type", "BlockBlob") }, "signature"},
		"other machine": {func(g guest) { g.ask("GET", PluginAddress, "/vmSettings", "", "x-ms-version", pluginVersion) }, "another container"},
		"bad telemetry": {func(g guest) { g.ask("POST", WireAddress, "/machine?comp=telemetrydata", "<a") }, "EOF"},
	} {
		t.Run(name, func(t *testing.T) {
			f, g := start(t, false)
			c.ask(g)
			got := strings.Join(f.Unexpected(), "; ")
			if (c.wrong == "") != (got == "") || !strings.Contains(got, c.wrong) {
				t.Errorf("unexpected: %q, want %q", got, c.wrong)
			}
		})
	}
}

// TestStatusOfAnOldGoal: a status that was uploaded before the agent has read the goal
// state says nothing about it.
func TestStatusOfAnOldGoal(t *testing.T) {
	f, g := start(t, false)
	f.Publish("A.B", "1.0.0", []byte("zip"))
	f.SetGoal(Extension{Name: "A.B", Version: "1.0.0", State: Enabled})
	const document = `{"aggregateStatus":{"handlerAggregateStatus":[{"handlerName":"A.B","handlerVersion":"1.0.0","status":"Ready","code":0}]}}`
	ready := func(s Status) string {
		if h := s.Handler("A.B"); h == nil || h.Status != "Ready" {
			return fmt.Sprint(h)
		}
		return ""
	}
	g.upload(document)
	short, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, err := f.WaitStatus(short, ready); err == nil || !strings.Contains(err.Error(), "not fetched") {
		t.Errorf("an old status was taken: %v", err)
	}
	if code, text := g.ask("GET", WireAddress, configURL, "", "x-ms-version", wireVersion); code != 200 || !strings.Contains(text, `name="A.B"`) {
		t.Fatalf("%d %s", code, text)
	}
	g.upload(document)
	if _, err := f.WaitStatus(t.Context(), ready); err != nil {
		t.Error(err)
	}
	if code, text := g.ask("GET", WireAddress, "/extensions/A.B__1.0.0.zip", ""); code != 200 || text != "zip" {
		t.Errorf("the package: %d %q", code, text)
	}
	if wrong := f.Unexpected(); len(wrong) > 0 {
		t.Error(wrong)
	}
}

// TestFastTrack: a goal state from the plugin is newer than the WireServer's, and is
// delivered once.
func TestFastTrack(t *testing.T) {
	f, g := start(t, true)
	if err := f.SetFastGoal(Extension{Name: "A.B", Version: "1.0.0", State: Enabled, Settings: &Settings{Public: json.RawMessage(`{"a":1}`)}}); err != nil {
		t.Fatal(err)
	}
	headers := []string{"x-ms-version", pluginVersion, "x-ms-containerid", containerID, "x-ms-host-config-name", configName}
	code, text := g.ask("GET", PluginAddress, "/vmSettings", "", headers...)
	var doc struct {
		ExtensionGoalStatesSource       string
		ExtensionsLastModifiedTickCount int64
		ExtensionGoalStates             []struct {
			Settings []struct{ PublicSettings string }
		}
	}
	if err := json.Unmarshal([]byte(text), &doc); code != 200 || err != nil {
		t.Fatalf("%d, %v: %s", code, err, text)
	}
	if doc.ExtensionGoalStatesSource != "FastTrack" || doc.ExtensionsLastModifiedTickCount <= ticks(f.wire.created) || doc.ExtensionGoalStates[0].Settings[0].PublicSettings != `{"a":1}` {
		t.Errorf("%+v", doc)
	}
	if code, _ := g.ask("GET", PluginAddress, "/vmSettings", "", append(headers, "if-none-match", f.etag())...); code != http.StatusNotModified {
		t.Errorf("asked again: %d", code)
	}
}
