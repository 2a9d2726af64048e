package host

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"aadssh/internal/logging"
)

func TestRunGivesACleanEnvironment(t *testing.T) {
	t.Setenv("http_proxy", "http://user:secret@proxy")
	t.Setenv("LD_PRELOAD", "")
	l := &Local{Log: logging.Discard()}
	r, err := l.Run(context.Background(), Command{Name: "env", Env: []string{"DEBIAN_FRONTEND=noninteractive"}})
	if err != nil {
		t.Fatal(err)
	}
	got := strings.Fields(string(r.Stdout))
	slices.Sort(got)
	want := []string{"DEBIAN_FRONTEND=noninteractive", "HOME=/root", "LANG=C.UTF-8", "LANGUAGE=C", "LC_ALL=C.UTF-8",
		"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "TERM=dumb"}
	if !slices.Equal(got, want) {
		t.Errorf("environment %q, want %q", got, want)
	}
}

func TestRunTellsHowItEnded(t *testing.T) {
	l := &Local{Log: logging.Discard()}
	r, err := l.Run(context.Background(), Command{Name: "sh", Args: []string{"-c", "echo out; echo err >&2; exit 7"}})
	if err != nil || r.ExitCode != 7 || string(r.Stdout) != "out\n" || string(r.Stderr) != "err\n" {
		t.Errorf("%+v, %v", r, err)
	}
	for script, want := range map[string]string{"exit 7": "ended with exit code 7", "kill -SEGV $$": "was ended by a signal (segmentation fault)", "kill -9 $$": "was ended by a signal (killed)"} {
		if r, err := l.Run(context.Background(), Command{Name: "sh", Args: []string{"-c", script}}); err != nil || r.Ending() != want {
			t.Errorf("%s: %s, %v", script, r.Ending(), err)
		}
	}
	if _, err := l.Run(context.Background(), Command{Name: "no-such-program"}); !errors.Is(err, ErrNotFound) {
		t.Errorf("a missing program: %v", err)
	}
}

func TestRunKillsTheWholeGroup(t *testing.T) {
	l := &Local{Log: logging.Discard()}
	ctx, cancel := context.WithTimeout(context.Background(), 100*time.Millisecond)
	defer cancel()
	// The grandchild holds the pipe: without killing the group Run would wait for it.
	_, err := l.Run(ctx, Command{Name: "sh", Args: []string{"-c", "sleep 1000 & wait"}})
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("%v", err)
	}
}

func TestRunBoundsOutput(t *testing.T) {
	l := &Local{Log: logging.Discard()}
	r, err := l.Run(context.Background(), Command{Name: "head", Args: []string{"-c", "9000000", "/dev/zero"}})
	if err != nil || r.ExitCode != 0 || len(r.Stdout) != outputLimit {
		t.Errorf("kept %d bytes, exit %d, %v", len(r.Stdout), r.ExitCode, err)
	}
}

func TestCommandStringIsPasteableAndHidesSecrets(t *testing.T) {
	c := Command{Name: "apt-get", Args: []string{"-o", "A::B=it's", "install", "a b", "", "http://u:pw@p"}, Env: []string{"X=1"}, Secrets: []string{"pw", ""}}
	want := `X=1 apt-get -o "A::B=it's" install 'a b' '' 'http://u:***@p'`
	if got := c.String(); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

// A program that a user other than root could have written is not run by root, and the
// search path of programs has no such folder.
func TestProgramsAreRootsAlone(t *testing.T) {
	dir := t.TempDir() // below /tmp, where everybody may write
	program := filepath.Join(dir, "x")
	if err := os.WriteFile(program, []byte("#!/bin/sh\ntouch "+dir+"/ran\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	l := &Local{Log: logging.Discard()}
	_, err := l.Run(context.Background(), Command{Name: program})
	if !errors.Is(err, ErrUnsafeProgram) || !strings.Contains(err.Error(), "/tmp") {
		t.Errorf("%v", err)
	}
	if _, err := os.Stat(dir + "/ran"); err == nil {
		t.Error("it was run")
	}
	for _, d := range filepath.SplitList(safePath()) {
		if part := (&Host{}).WritableByOthers(d); part != "" {
			t.Errorf("%s is in the search path, and others can change %s", d, part)
		}
	}
}
