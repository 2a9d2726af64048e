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
	"aadssh/test/lib/golden"
)

// gallery is docs/portal.md: what was uploaded, by name. With UPDATE_GOLDEN=1 it is
// written, otherwise it is compared.
type gallery struct {
	mu   sync.Mutex
	path string
}

// portal compares what the agent uploaded for our extension with the page. Only one of the
// releases is shown; the others differ from it in the agent's own words.
func (g *gallery) portal(_ context.Context, s *scenario, _ *testscript.TestScript, args []string) error {
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
	short, err := inShort(whole)
	if err != nil {
		return err
	}
	now, err := shown(string(content), strings.Join(args, " "), "text", short)
	if err == nil && strings.Contains(now, place(strings.Join(args, " "), "json")) { // one is also shown whole
		now, err = shown(now, strings.Join(args, " "), "json", whole)
	}
	switch {
	case err != nil:
		return fmt.Errorf("%s: %w", g.path, err)
	case now == string(content):
		return nil
	case golden.Update():
		return os.WriteFile(g.path, []byte(now), 0o644)
	}
	return fmt.Errorf("%s shows something else (UPDATE_GOLDEN=1 writes it anew). Uploaded was:\n%s\n%s", g.path, short, whole)
}

// place is where the page shows an upload in a form, text or json.
func place(name, form string) string { return "<!-- uploaded: " + name + " -->\n```" + form + "\n" }

// shown is the page with an upload in its place.
func shown(page, name, form, upload string) (string, error) {
	const end = "\n```\n"
	before, rest, found := strings.Cut(page, place(name, form))
	_, after, ended := strings.Cut(rest, end)
	if !found || !ended {
		return "", fmt.Errorf("the page has no place for it: %q", place(name, form))
	}
	return before + place(name, form) + upload + end + after, nil
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
// that does not pass. A text that was shown is not repeated.
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
	shown := ""
	show := func(name string, s said) {
		lines = append(lines, fmt.Sprintf("%-12s %s %d", name, s.Status, s.Code))
		text := strings.Join(strings.Fields(s.Formatted.Message), " ")
		if strings.Contains(shown, text) {
			lines[len(lines)-1] += ": the same text"
			return
		}
		shown += text + "\n"
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
