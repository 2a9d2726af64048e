//go:build rig

package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"regexp"
	"strings"
	"sync"

	"github.com/rogpeppe/go-internal/testscript"

	"aadssh/test/lib/agentrun"
)

// gallery is docs/portal.md: what was uploaded, by name. With UPDATE_GOLDEN=1 it is
// written, otherwise it is compared.
type gallery struct {
	mu   sync.Mutex
	path string
}

// portal compares what the agent uploaded for our extension with the page. Only one of the
// releases is shown; the others differ from it in the agent's own words.
func (g *gallery) portal(_ context.Context, s *stage, _ *testscript.TestScript, args []string) error {
	if !s.agent.recorded {
		return nil
	}
	whole, err := picture(s.last.Raw)
	if err != nil {
		return err
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	content, err := os.ReadFile(g.path)
	if err != nil {
		return err
	}
	begin, end := "<!-- uploaded: "+strings.Join(args, " ")+" -->\n```json\n", "\n```\n"
	got := whole
	if !strings.Contains(string(content), begin) { // most are shown in the short form
		begin = strings.Replace(begin, "json", "text", 1)
		if got, err = inShort(whole); err != nil {
			return err
		}
	}
	before, rest, found := strings.Cut(string(content), begin)
	shown, after, ended := strings.Cut(rest, end)
	if !found || !ended {
		return fmt.Errorf("%s has no place for it: %q", g.path, begin)
	}
	if shown == got {
		return nil
	}
	if os.Getenv("UPDATE_GOLDEN") == "1" {
		return os.WriteFile(g.path, []byte(before+begin+got+end+after), 0o644)
	}
	return fmt.Errorf("%s shows something else (UPDATE_GOLDEN=1 writes it anew). Uploaded was:\n%s", g.path, got)
}

// picture is our part of a status, with what differs in each run replaced.
func picture(raw []byte) (string, error) {
	var doc struct {
		Aggregate struct {
			Handlers []json.RawMessage `json:"handlerAggregateStatus"`
		} `json:"aggregateStatus"`
	}
	if err := json.Unmarshal(raw, &doc); err != nil {
		return "", err
	}
	for _, h := range doc.Aggregate.Handlers {
		if !bytes.Contains(h, []byte(`"`+agentrun.Handler+`"`)) {
			continue
		}
		var out bytes.Buffer
		if err := json.Indent(&out, h, "", "  "); err != nil {
			return "", err
		}
		text := out.String()
		for pattern, same := range map[string]string{
			`\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ`: "2026-01-01T00:00:00Z",
			`process \d+`:                     "process 4711",
			`ps -fp \d+`:                      "ps -fp 4711",
			`"\d+ MiB of memory \([^)]*\)\."`: `"4096 MiB of memory (memory blocks)."`,
			`"[a-z]+_[0-9a-f-]{36}\.scope"`:   "scope",
		} {
			text = regexp.MustCompile(pattern).ReplaceAllString(text, same)
		}
		return text, nil
	}
	return "", fmt.Errorf("the extension is not in the status")
}

// inShort is the part that a person reads: the agent's message, ours, and each substatus
// that does not pass.
func inShort(picture string) (string, error) {
	type message struct {
		Message string `json:"message"`
	}
	type said struct {
		Name      string  `json:"name"`
		Status    string  `json:"status"`
		Code      int     `json:"code"`
		Formatted message `json:"formattedMessage"`
		Substatus []said  `json:"substatus"`
	}
	var h struct {
		said
		Settings struct {
			Settings struct {
				Status said `json:"status"`
			} `json:"settingsStatus"`
		} `json:"runtimeSettingsStatus"`
	}
	if err := json.Unmarshal([]byte(picture), &h); err != nil {
		return "", err
	}
	var lines []string
	show := func(name string, s said) {
		lines = append(lines, fmt.Sprintf("%-12s %s %d", name, s.Status, s.Code))
		for line := range strings.SplitSeq(strings.TrimSpace(s.Formatted.Message), "\n") {
			if line != "" {
				lines = append(lines, "             "+line)
			}
		}
	}
	show("agent", h.said)
	ours := h.Settings.Settings.Status
	show("extension", ours)
	for _, sub := range ours.Substatus {
		if sub.Status != "success" {
			show(sub.Name, sub)
		}
	}
	return strings.Join(lines, "\n"), nil
}
