//go:build rig

package signin_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
)

// kept is how one machine ended, kept so that a run of all of them can be
// taken up again where it ended.
type kept struct {
	Before, After                                     []string
	Code                                              int
	Said, Next, Warned, Repair, Carried, Helps, Wrong string
}

// keptIn is the file of a machine's result; "" where none are to be kept.
// RESULTS=folder says where.
func keptIn(r *result) string {
	if dir := os.Getenv("RESULTS"); dir != "" {
		return filepath.Join(dir, r.name+"@"+r.persona+".json")
	}
	return ""
}

// load takes a result from an earlier part of the run. One that was wrong is
// looked at again.
func (r *result) load(t *testing.T) (found bool) {
	t.Helper()
	file := keptIn(r)
	if file == "" {
		return false
	}
	text, err := os.ReadFile(file)
	if os.IsNotExist(err) {
		return false
	}
	var s kept
	if err == nil {
		err = json.Unmarshal(text, &s)
	}
	if err != nil {
		t.Fatal(err)
	}
	if s.Wrong != "" {
		return false
	}
	r.before, r.after, r.code, r.said, r.next, r.warned = s.Before, s.After, s.Code, s.Said, s.Next, s.Warned
	r.repair, r.carried, r.helps, r.wrong, r.done = s.Repair, s.Carried, s.Helps, s.Wrong, true
	return true
}

func (r *result) save(t *testing.T) {
	t.Helper()
	file := keptIn(r)
	if file == "" || t.Failed() {
		return // it is looked at again
	}
	text, err := json.Marshal(kept{r.before, r.after, r.code, r.said, r.next, r.warned, r.repair, r.carried, r.helps, r.wrong})
	if err == nil {
		err = os.WriteFile(file, text, 0o644)
	}
	if err != nil {
		t.Fatal(err)
	}
}
