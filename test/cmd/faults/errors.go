package main

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"aadssh/internal/fault"
	"aadssh/test/lib/agentrun"
)

// order tells a machine's tracer what to do at which point.
func (s *stage) order(p point) error {
	text, err := json.Marshal(p)
	if err != nil {
		return err
	}
	return s.WriteFile(faultsDir+"/order", text, 0o644)
}

// claims reports whether a disturbed run reports success.
func claims(r agentrun.Report, p point) bool {
	return decides(p.Operation) && r.Extension != nil && r.Extension.Status == "success"
}

// cause is what a run has to report that fails because of a fault.
type cause struct {
	codes []fault.Code
	words []string // at least one of them
}

// causes are the faults that may make a run fail; no other fault may.
func causes() map[string]cause {
	disk := []fault.Code{fault.Disk}
	short := []fault.Code{fault.Resources}
	return map[string]cause{
		"ENOSPC": {disk, []string{"space"}},
		"EDQUOT": {disk, []string{"quota"}},
		"EROFS":  {disk, []string{"read-only"}},
		"EIO":    {disk, []string{"input/output"}},
		"EACCES": {disk, []string{"permission denied"}},
		"EMFILE": {short, []string{"open files", "open no more files"}},
		"ENFILE": {short, []string{"open files", "open no more files"}},
		"EAGAIN": {short, []string{"processes", "resource temporarily unavailable"}},
		"ENOMEM": {short, []string{"memory"}},

		"exec EACCES": {[]fault.Code{fault.PackageManagerFailed}, []string{"permission denied"}},
		"exec ENOMEM": {short, []string{"memory"}},
		"exec EIO":    {disk, []string{"input/output"}},
	}
}

// told is what is wrong with the report of a run that had a fault: its code and text must
// name the cause, and the status must agree with the exit code. The success of an earlier run
// may only stay on a disk that accepts no change at all, not even the file's removal.
func (p point) told(r agentrun.Report, sc scenario) (wrong []string) {
	for _, run := range r.Runs {
		if run.ExitCode == 0 {
			continue
		}
		said := strings.ToLower(run.Stdout + run.Stderr)
		mute := said == "" && !p.writable(r.Extension) // its output goes to a file on that disk
		if e := r.Extension; said == "" && e != nil {
			said = strings.ToLower(e.Message)
		}
		c, may := causes()[p.Fault]
		about := func(w string) bool { return strings.Contains(said, w) }
		if !may || !slices.Contains(c.codes, fault.Code(run.ExitCode)) || !mute && !slices.ContainsFunc(c.words, about) {
			wrong = append(wrong, fmt.Sprintf("%s ended with %d: %s", run.Operation, run.ExitCode, oneLine(run.Stdout+run.Stderr)))
		}
	}
	e := r.Extension
	last := r.Runs[len(r.Runs)-1]
	switch {
	case last.Operation == "watch" && e != nil && e.Status == "error" && !slices.Contains(causes()[p.Fault].codes, fault.Code(e.Code)):
		wrong = append(wrong, fmt.Sprintf("a check of the watch makes the status %+v", e))
	case !decides(last.Operation):
	case last.ExitCode == 0 && (e == nil || e.FromAgent || e.Status != "success" || e.Code != 0):
		wrong = append(wrong, fmt.Sprintf("exit code 0, and the status is %+v", e))
	case last.ExitCode != 0 && e != nil && e.Status == "success" && sc.repeats && !p.writable(e):
	case last.ExitCode != 0 && e != nil && e.Status == "success":
		wrong = append(wrong, fmt.Sprintf("exit code %d, and the status says success: %s", last.ExitCode, oneLine(e.Message)))
	case last.ExitCode != 0 && e != nil && !e.FromAgent && (e.Status != "error" || e.Invalid != "" || e.StopsOther):
		wrong = append(wrong, fmt.Sprintf("exit code %d, and the agent cannot use the status: %+v", last.ExitCode, e))
	case last.ExitCode != 0 && p.writable(e) && (e == nil || e.FromAgent || e.Code != last.ExitCode):
		wrong = append(wrong, fmt.Sprintf("exit code %d, and the status is %+v", last.ExitCode, e))
	}
	return wrong
}

// writable reports whether a status can still be written. It cannot on a disk that accepts
// no change from some point on, or no new file where there is none yet to overwrite.
func (p point) writable(e *agentrun.Extension) bool {
	if !p.On {
		return true
	}
	nothing, noFile := []string{"EROFS", "EACCES", "EIO"}, []string{"ENOSPC", "EDQUOT", "EMFILE", "ENFILE"}
	there := e != nil && !e.FromAgent
	return !slices.Contains(nothing, p.Fault) && (there || !slices.Contains(noFile, p.Fault))
}
