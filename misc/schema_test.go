package misc_test

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// The schemas of the output of doctor, plan and status are valid, accept a good document
// and reject a bad one. The tests on machines compare what the program really prints.
func TestSchemas(t *testing.T) {
	const plan = `{"schema": "1", "version": "1.0", "time": "2026-11-21T10:00:00Z", "operation": "enable", "steps": [STEP]}`
	const doctor = `{"schema": "1", "version": "1.0", "time": "2026-11-21T10:00:00Z", "root": true, "machine": {"distribution": "Ubuntu 22.04", "arc": false},
		"verdict": {"code": 0, "name": "ok", "text": "x"}, "unseen": [], "plan": [], "checks": [STEP]}`
	const status = `{"schema": "1", "version": "1.0", "sequence": -1, "code": 0, "name": "ok", "text": "x", "reloadOwed": false, "parts": [STEP]}`
	for _, c := range []struct {
		schema, document, part string
		good                   bool
	}{
		{"plan.schema.json", plan, `{"kind": "install", "text": "x", "commands": ["apt-get install x"], "install": ["x=1"]}`, true},
		{"plan.schema.json", plan, `{"kind": "frobnicate", "text": "x"}`, false},
		{"plan.schema.json", plan, `{"kind": "install", "text": "x", "keys": ["short"]}`, false},
		{"doctor.schema.json", doctor, `{"name": "identity", "section": "identity", "answer": "fail", "text": "x", "next": "y", "code": 22}`, true},
		{"doctor.schema.json", doctor, `{"name": "identity", "section": "identity", "answer": "pass", "text": "x"}`, true},
		{"doctor.schema.json", doctor, `{"name": "identity", "section": "identity", "answer": "fail", "text": "x"}`, false},
		{"doctor.schema.json", doctor, `{"name": "identity", "section": "identity", "answer": "warn", "text": "x", "code": 22}`, false},
		{"doctor.schema.json", doctor, `{"name": "Identity", "section": "identity", "answer": "pass", "text": "x"}`, false},
		{"doctor.schema.json", doctor, `{"name": "identity", "section": "identity", "answer": "pass", "text": "two\nlines"}`, false},
		{"status.schema.json", status, `{"name": "identity", "level": "error", "text": "x"}`, true},
		{"status.schema.json", status, `{"name": "identity", "level": "fail", "text": "x"}`, false},
		{"status.schema.json", status, `{"name": "identity", "level": "error"}`, false},
	} {
		compiled, err := jsonschema.NewCompiler().Compile(filepath.Join(".", c.schema))
		if err != nil {
			t.Fatal(err)
		}
		document, err := jsonschema.UnmarshalJSON(strings.NewReader(strings.Replace(c.document, "STEP", c.part, 1)))
		if err != nil {
			t.Fatal(err)
		}
		if err := compiled.Validate(document); (err == nil) != c.good {
			t.Errorf("%s: %s: %v", c.schema, c.part, err)
		}
	}
}
