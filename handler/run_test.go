package handler

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"aadssh/internal/agent"
	"aadssh/internal/check"
	"aadssh/internal/facts"
	"aadssh/internal/fault"
	"aadssh/internal/host"
	"aadssh/internal/host/hosttest"
	"aadssh/internal/logging"
	"aadssh/status"
)

// request is one of the agent's, on a machine made of files, on which no command may be
// run.
func request(t *testing.T, operation string) (Request, *bytes.Buffer) {
	t.Helper()
	root := t.TempDir()
	base := filepath.Join(root, "var/lib/waagent/Handler-1.0.0.0")
	for _, dir := range []string{"run", "proc/sys/kernel/random", "var/lib"} {
		if err := os.MkdirAll(filepath.Join(root, dir), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.MkdirAll(filepath.Join(base, "status"), 0o700); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	return Request{
		Operation: operation, Version: "1.0.0.0", Sequence: 3,
		Environment: agent.Environment{Name: "Handler", Version: "1.0.0.0", BaseDir: base, StatusFolder: filepath.Join(base, "status")},
		Getenv:      func(string) string { return "" },
		Host:        &host.Host{Root: root, Runner: hosttest.New(t), Log: logging.Discard()},
		Out:         &out,
	}, &out
}

func reported(t *testing.T, q Request) status.Report {
	t.Helper()
	r, err := status.Read(q.Environment.StatusFolder, q.Sequence)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestUnknownOperationIsUsage(t *testing.T) {
	q, _ := request(t, "reinstall")
	if code := Run(context.Background(), q); code != fault.Usage {
		t.Errorf("code %d", code)
	}
}

func TestEnableReportsWhatTheSettingsAreRefusedFor(t *testing.T) {
	q, out := request(t, "enable")
	q.Refused = fault.New(fault.SettingsInvalid, "The setting x is y.", "Set it to z.")
	if code := Run(context.Background(), q); code != fault.SettingsInvalid {
		t.Errorf("code %d", code)
	}
	if got := out.String(); got != "The setting x is y.\nSet it to z.\n" {
		t.Errorf("printed %q", got)
	}
	if r := reported(t, q); r.Level != status.Failure || r.Code != 53 || r.Message != "The setting x is y. Set it to z." {
		t.Errorf("reported %+v", r)
	}
}

func TestPanicIsReported(t *testing.T) {
	q, out := request(t, "enable")
	op, _ := findOperation("enable")
	op.run = func(*run, context.Context) outcome { panic("it went\nwrong") }
	r := &run{Request: q, host: q.Host, log: q.Host.Log, deadline: time.Now().Add(time.Hour), op: op}
	if code := r.finish(r.guard(func() outcome { return r.begin(context.Background()) })); code != fault.Internal {
		t.Errorf("code %d", code)
	}
	if got := reported(t, q); got.Level != status.Failure || got.Code != 1 {
		t.Errorf("reported %+v", got)
	}
	if first, _, _ := strings.Cut(out.String(), "\n"); !strings.Contains(first, "bug") {
		t.Errorf("printed %q", out)
	}
}

func TestKilledBeforeItsFirstLookIsNotAStaleSuccess(t *testing.T) {
	q, _ := request(t, "enable")
	r := &run{Request: q, host: q.Host, log: q.Host.Log, deadline: time.Now().Add(time.Hour), op: operation{name: "enable", decides: true}}
	if err := r.placeholder(); err != nil {
		t.Fatal(err)
	}
	if got := reported(t, q); got.Level != status.Failure || got.Code != 31 {
		t.Errorf("reported %+v", got)
	}
	if err := status.Write(q.Environment.StatusFolder, q.Sequence, status.Report{Operation: "Enable", Level: status.Success, Message: "ok"}); err != nil {
		t.Fatal(err)
	}
	if err := r.placeholder(); err != nil {
		t.Fatal(err)
	}
	if got := reported(t, q); got.Level != status.Success {
		t.Errorf("a verdict was replaced before there was another one: %+v", got)
	}
}

// Only a fault that nothing could fix later makes install and update fail.
func TestInstallAndUpdateFailOnlyWhereNothingCanRun(t *testing.T) {
	for _, c := range []struct {
		err  error
		want bool
	}{
		{fault.New(fault.IdentityMissing, "", ""), false},
		{fault.New(fault.RepositoryUnreachable, "", ""), false},
		{fault.New(fault.SettingsInvalid, "", ""), false},
		{fault.New(fault.Usage, "", ""), true},
		{fault.Wrap(agent.ErrNoEnvironment, fault.Internal, "", ""), true},
		{errors.New("something"), false},
	} {
		if got := prevents(fault.Of(c.err)); got != c.want {
			t.Errorf("%v: %v", c.err, got)
		}
	}
	if prevents(nil) {
		t.Error("success prevents")
	}
}

func TestReportIsSuccessOrErrorAndNothingElse(t *testing.T) {
	results := []check.Result{
		{Name: "memory", Text: "4096 MiB."},
		{Name: "identity", Answer: check.Unknown, Text: "No answer.", Next: "Look."},
		{Name: "sshd-command", Row: &check.About{Group: "sshd"}, Text: "fine"},
		{Name: "sshd-pam", Row: &check.About{Group: "sshd"}, Answer: check.Warn, Text: "odd"},
		{Name: "sshd-users", Row: &check.About{Group: "sshd"}, Answer: check.Fail, Text: "shut out", Next: "Open.", Code: 21},
	}
	good := outcome{message: "ok", results: results[:4]}.report("Enable")
	if good.Level != status.Success || good.Code != 0 || good.Message != "ok" {
		t.Errorf("%+v", good)
	}
	bad := failed(fault.New(fault.VerificationFailed, "shut out", "Open."), results).report("Enable")
	if bad.Level != status.Failure || bad.Code != 21 || bad.Message != "shut out Open." {
		t.Errorf("%+v", bad)
	}
	want := []status.Substatus{
		{Name: "memory", Level: status.Success, Message: "4096 MiB."},
		{Name: "identity", Level: status.Warning, Message: "No answer. Look."},
		{Name: "sshd", Level: status.Failure, Code: 21, Message: "shut out odd Open."},
	}
	if len(bad.Substatuses) != len(want) {
		t.Fatalf("%+v", bad.Substatuses)
	}
	for i, w := range want {
		if bad.Substatuses[i] != w {
			t.Errorf("%+v, want %+v", bad.Substatuses[i], w)
		}
	}
}

// TestNothingIsPromisedOfAnUnknownMachine: what was known before the changes is no longer
// known, and a step failed, or none did.
func TestNothingIsPromisedOfAnUnknownMachine(t *testing.T) {
	q, _ := request(t, "enable")
	r := &run{Request: q, host: q.Host, log: q.Host.Log}
	before := []check.Result{{Name: "distro", Answer: check.Pass, Text: "Ubuntu 22.04 is supported."}}
	unread := &fs.PathError{Op: "open", Path: "/etc/os-release", Err: syscall.EACCES}
	for cause, want := range map[error]string{
		nil: "which distribution this is cannot be read",
		fault.New(fault.Disk, "A key cannot be written.", ""): "A key cannot be written.",
	} {
		got := r.conclude(&facts.Facts{TargetErr: unread}, before, cause)
		if what, _ := got.lines(); got.code() != fault.Disk || !strings.Contains(what, want) {
			t.Errorf("after %v: %d, %s", cause, got.code(), what)
		}
	}
}

// TestCauseBeforeConsequence: the verdict is the fault of the step that failed, not of the
// check that fails because of it.
func TestCauseBeforeConsequence(t *testing.T) {
	q, _ := request(t, "enable")
	r := &run{Request: q, host: q.Host, log: q.Host.Log}
	checks := []check.Result{{Name: "packages", Answer: check.Fail, Code: fault.PackageManagerFailed, Text: "The package is not installed."}}
	for cause, want := range map[error]fault.Code{
		fault.New(fault.RepositoryUntrusted, "The key is another one.", ""): fault.RepositoryUntrusted,
		nil: fault.PackageManagerFailed,
	} {
		if got := r.conclude(&facts.Facts{TargetErr: errors.New("not looked at")}, checks, cause); got.code() != want {
			t.Errorf("after %v: %+v", cause, got.fault)
		}
	}
}
