package attacks

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"aadssh/internal/logging"
	"aadssh/status"
)

// shadow is another program's file, which must stay unchanged.
const shadow = "root:$6$secret:19000::::::\n"

// within runs something that may hang, and reports whether it returned.
func within(d time.Duration, do func()) bool {
	done := make(chan struct{})
	go func() { defer close(done); do() }()
	select {
	case <-done:
		return true
	case <-time.After(d):
		return false
	}
}

func links() []attack {
	naiveWrite := func(name string) func(*world) bool { // os.WriteFile follows
		return func(w *world) bool {
			target := w.put("etc/shadow", shadow)
			w.must(os.WriteFile(w.link(target, name), []byte("x"), 0o600))
			return w.read(target) == "x"
		}
	}
	naiveAppend := func(w *world) bool {
		target := w.put("etc/shadow", shadow)
		f, err := os.OpenFile(w.link(target, "log/handler.log"), os.O_APPEND|os.O_WRONLY|os.O_CREATE, 0o600)
		w.must(err)
		defer f.Close()
		_, err = f.WriteString("x\n")
		w.must(err)
		return w.read(target) != shadow
	}
	logs := func(w *world, text string) {
		l, closed, _ := logging.Open(filepath.Join(w.dir, "log"))
		l.Infof("%s", text)
		_ = closed()
	}
	const failure = "people cannot sign in"
	report := status.Report{Operation: "enable", Level: status.Failure, Code: 21, Message: failure}
	return []attack{
		{by: "links", what: "handler.log is a link to another file", holds: "the log is opened without following links, and must be our file", works: naiveAppend,
			held: func(w *world) error {
				target := w.put("etc/shadow", shadow)
				w.link(target, "log/handler.log")
				logs(w, "x")
				return w.unchanged(target, shadow)
			}},
		{by: "links", what: "handler.log is a second name of another file", holds: "a log with two names is not written",
			works: func(w *world) bool {
				target := w.put("etc/shadow", shadow)
				w.must(os.Link(target, w.path("log/handler.log")))
				f, err := os.OpenFile(filepath.Join(w.dir, "log/handler.log"), os.O_APPEND|os.O_WRONLY, 0)
				w.must(err)
				defer f.Close()
				_, _ = f.WriteString("x")
				return w.read(target) != shadow
			},
			held: func(w *world) error {
				target := w.put("etc/shadow", shadow)
				w.must(os.Link(target, w.path("log/handler.log")))
				logs(w, "x")
				return w.unchanged(target, shadow)
			}},
		{by: "links", what: "handler.log is a pipe that nobody reads", holds: "opened without waiting",
			works: func(w *world) bool {
				w.must(syscall.Mkfifo(w.path("log/handler.log"), 0o600))
				return !within(200*time.Millisecond, func() {
					f, err := os.OpenFile(filepath.Join(w.dir, "log/handler.log"), os.O_WRONLY, 0)
					if err == nil {
						f.Close()
					}
				})
			},
			held: func(w *world) error {
				w.must(syscall.Mkfifo(w.path("log/handler.log"), 0o600))
				return holds(within(time.Minute, func() { logs(w, "x") }), "it hangs")
			}},
		{by: "links", what: "the status file is a link to another file", holds: "a new file takes its place; a link is not followed", works: naiveWrite("status/0.status"),
			held: func(w *world) error {
				target := w.put("etc/shadow", shadow)
				name := w.link(target, "status/0.status")
				err := status.Write(filepath.Join(w.dir, "status"), 0, report)
				if err := w.unchanged(target, shadow); err != nil {
					return err
				}
				info, statErr := os.Lstat(name)
				return holds(err == nil && statErr == nil && info.Mode().IsRegular() && strings.Contains(w.read(name), failure), "%v, %v", err, statErr)
			}},
		{by: "links", what: "the status file is a pipe", holds: "a new file takes its place",
			works: func(w *world) bool {
				w.must(syscall.Mkfifo(w.path("status/0.status"), 0o600))
				return !within(200*time.Millisecond, func() { _ = os.WriteFile(filepath.Join(w.dir, "status/0.status"), nil, 0o600) })
			},
			held: func(w *world) error {
				w.must(syscall.Mkfifo(w.path("status/0.status"), 0o600))
				var err error
				ok := within(time.Minute, func() { err = status.Write(filepath.Join(w.dir, "status"), 0, report) })
				return holds(ok && err == nil && strings.Contains(w.read(filepath.Join(w.dir, "status/0.status")), failure), "came back %v, %v", ok, err)
			}},
		{by: "links", what: "a link has the name of the next temporary file", holds: "temporary files are created under names that cannot be predicted", works: naiveWrite("status/0.status.tmp"),
			held: func(w *world) error {
				target := w.put("etc/shadow", shadow)
				for i := range 200 {
					w.link(target, fmt.Sprintf("etc/x/.y.%d-%d~", os.Getpid(), i))
				}
				w.link(target, "etc/x/y.tmp")
				_, err := w.host.EnsureFile("/etc/x/y", []byte("new"), 0o600)
				w.must(err)
				return w.unchanged(target, shadow)
			}},
		{by: "links", what: "a file that we write is a link", holds: "replaced by rename, not written through", works: naiveWrite("etc/apt/sources.list.d/aadsshlogin.list"),
			held: func(w *world) error {
				target := w.put("etc/shadow", shadow)
				w.link(target, "etc/apt/sources.list.d/aadsshlogin.list")
				_, err := w.host.EnsureFile("/etc/apt/sources.list.d/aadsshlogin.list", []byte("new"), 0o644)
				w.must(err)
				return w.unchanged(target, shadow)
			}},
		{by: "links", what: "the mode of a file is changed through a link", holds: "the mode is set on the new file, before it has its name",
			works: func(w *world) bool {
				target := w.put("etc/shadow", shadow)
				w.must(os.Chmod(target, 0o600))
				w.must(os.Chmod(w.link(target, "etc/x"), 0o644))
				info, err := os.Stat(target)
				return err == nil && info.Mode().Perm() == 0o644
			},
			held: func(w *world) error {
				target := w.put("etc/shadow", shadow)
				w.must(os.Chmod(target, 0o600))
				w.link(target, "etc/x")
				_, err := w.host.EnsureFile("/etc/x", []byte("new"), 0o644)
				w.must(err)
				info, err := os.Stat(target)
				return holds(err == nil && info.Mode().Perm() == 0o600, "%v, %v", info.Mode(), err)
			}},
		{by: "links", what: "the lock in /run is a link", holds: "opened without following", works: naiveWrite("run/aadsshlogin-handler.lock"),
			held: func(w *world) error {
				target := w.put("etc/shadow", shadow)
				w.link(target, "run/aadsshlogin-handler.lock")
				release, err := w.host.SingleRun(w.t.Context(), "test")
				if err == nil {
					release()
				}
				return errors.Join(w.unchanged(target, shadow), holds(err != nil, "the lock was taken through the link"))
			}},
		{by: "links", what: "the lock's text has control characters", holds: "it is shown without control characters",
			works: func(w *world) bool { return strings.Contains(w.read(w.put("run/x", "\x1b[2J")), "\x1b") },
			held: func(w *world) error {
				w.path("run/x")
				release, err := w.host.SingleRun(w.t.Context(), "first")
				w.must(err)
				defer release()
				w.must(os.WriteFile(filepath.Join(w.dir, "run/aadsshlogin-handler.lock"), []byte("\x1b[2J"+strings.Repeat("x", 4000)), 0o600))
				short, cancel := contextFor(w, 50*time.Millisecond)
				defer cancel()
				_, err = w.host.SingleRun(short, "second")
				return holds(err != nil && !strings.Contains(err.Error(), "\x1b") && len(err.Error()) < 400, "%q", err)
			}},
		{by: "links", what: "the support bundle reads a log that is a link to shadow", holds: "no link is followed",
			works: func(w *world) bool {
				return w.read(w.link(w.put("etc/shadow", shadow), "var/log/waagent.log")) == shadow
			},
			held: func(w *world) error {
				w.link(w.put("etc/shadow", shadow), "var/log/waagent.log")
				b, err := w.host.ReadTailNoLinks("/var/log/waagent.log", 1<<20)
				return holds(err != nil && len(b) == 0, "%q", b)
			}},
		{by: "links", what: "a folder on the way to a log is a link", holds: "no link is followed, nor in a folder on the way",
			works: func(w *world) bool {
				w.put("root/own/waagent.log", shadow)
				w.link("../root/own", "var/log")
				return w.read(filepath.Join(w.dir, "var/log/waagent.log")) == shadow
			},
			held: func(w *world) error {
				w.put("root/own/waagent.log", shadow)
				w.link("../root/own", "var/log")
				b, err := w.host.ReadTailNoLinks("/var/log/waagent.log", 1<<20)
				return holds(err != nil && len(b) == 0, "%q", b)
			}},
		{by: "links", what: "a log is a second name of shadow", holds: "a file with two names is not read",
			works: func(w *world) bool {
				w.must(os.Link(w.put("etc/shadow", shadow), w.path("var/log/waagent.log")))
				return w.read(filepath.Join(w.dir, "var/log/waagent.log")) == shadow
			},
			held: func(w *world) error {
				w.must(os.Link(w.put("etc/shadow", shadow), w.path("var/log/waagent.log")))
				b, err := w.host.ReadTailNoLinks("/var/log/waagent.log", 1<<20)
				return holds(err != nil && len(b) == 0, "%q", b)
			}},
		{by: "links", what: "a configuration file is a pipe", holds: "only regular files are read, without waiting",
			works: func(w *world) bool {
				w.must(syscall.Mkfifo(w.path("etc/os-release"), 0o600))
				return !within(200*time.Millisecond, func() { _, _ = os.ReadFile(filepath.Join(w.dir, "etc/os-release")) })
			},
			held: func(w *world) error {
				w.must(syscall.Mkfifo(w.path("etc/os-release"), 0o600))
				var err error
				return holds(within(time.Minute, func() { _, err = w.host.ReadFile("/etc/os-release", 0) }) && err != nil, "%v", err)
			}},
		{by: "links", what: "a configuration file is /dev/zero", holds: "only regular files are read",
			works: func(w *world) bool {
				f, err := os.Open(w.link("/dev/zero", "etc/os-release"))
				w.must(err)
				defer f.Close()
				n, _ := io.CopyN(io.Discard, f, 64<<20)
				return n == 64<<20
			},
			held: func(w *world) error {
				w.link("/dev/zero", "etc/os-release")
				_, err := w.host.ReadFile("/etc/os-release", 0)
				return holds(err != nil, "it was read")
			}},
		{by: "links", what: "a configuration file of 1 GB", holds: "a limit on what is read",
			works: func(w *world) bool {
				w.must(os.Truncate(w.put("etc/nsswitch.conf", ""), 1<<30))
				info, err := os.Stat(filepath.Join(w.dir, "etc/nsswitch.conf"))
				return err == nil && info.Size() == 1<<30
			},
			held: func(w *world) error {
				w.must(os.Truncate(w.put("etc/nsswitch.conf", ""), 1<<30))
				_, err := w.host.ReadFile("/etc/nsswitch.conf", 0)
				return holds(err != nil, "it was read")
			}},
	}
}
