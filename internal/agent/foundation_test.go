package agent

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strconv"
	"testing"

	foundation "github.com/Azure/azure-extension-foundation/status"

	"aadssh/status"
)

// TestStatusIsASuperset: programs that read the status files of azure-extension-foundation
// can read ours. Its writer is not used: it supports neither a code nor substatuses nor a
// warning, and syncs nothing to the disk.
func TestStatusIsASuperset(t *testing.T) {
	l := newLayout(t)
	start(t, l.program)
	folder := filepath.Join(l.base, "status")
	for seq, report := range []struct {
		theirs func(int, string, string) error
		ours   status.Level
	}{
		{foundation.ReportTransitioning, status.Transitioning},
		{foundation.ReportError, status.Failure},
		{foundation.ReportSuccess, status.Success},
	} {
		must(t, report.theirs(seq, "Enable", "message <1>"))
		must(t, status.Write(folder, seq+100, status.Report{Operation: "Enable", Level: report.ours, Message: "message <1>"}))
		superset(t, "", parsed(t, folder, seq), parsed(t, folder, seq+100))
		// And ours reads theirs.
		r, err := status.Read(folder, seq)
		if err != nil || r.Level != report.ours || r.Message != "message <1>" || r.Operation != "Enable" {
			t.Errorf("read %+v, %v", r, err)
		}
	}
}

func parsed(t *testing.T, folder string, seq int) any {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(folder, strconv.Itoa(seq)+".status"))
	must(t, err)
	var v any
	must(t, json.Unmarshal(content, &v))
	return v
}

// superset requires that ours has all fields of theirs, with the same type and, except for
// three that differ on purpose, the same value.
func superset(t *testing.T, at string, theirs, ours any) {
	t.Helper()
	switch theirs := theirs.(type) {
	case map[string]any:
		ours, ok := ours.(map[string]any)
		if !ok {
			t.Errorf("%s is no object", at)
			return
		}
		for name, value := range theirs {
			if _, ok := ours[name]; !ok {
				t.Errorf("%s/%s is missing", at, name)
				continue
			}
			superset(t, at+"/"+name, value, ours[name])
		}
	case []any:
		ours, ok := ours.([]any)
		if !ok || len(ours) != len(theirs) {
			t.Errorf("%s is no array of %d", at, len(theirs))
			return
		}
		for i := range theirs {
			superset(t, at, theirs[i], ours[i])
		}
	default:
		switch at {
		case "/timestampUTC": // a second may lie between the two
		case "/version": // the agent's own documentation has it as text
			if ours != "1.0" {
				t.Errorf("version is %v", ours)
			}
		case "/status/formattedMessage/lang": // the agent forces en-US itself
			if ours != "en-US" || theirs != "en" {
				t.Errorf("lang is %v, theirs %v", ours, theirs)
			}
		default:
			if ours != theirs {
				t.Errorf("%s is %v, theirs %v", at, ours, theirs)
			}
		}
	}
}
