// Command drive runs one job of a pkgmgr.Session on the machine that it is started on, and
// prints the result: with it, the tests use the package inside a box.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"aadssh/distro"
	"aadssh/internal/fault"
	"aadssh/internal/host"
	"aadssh/internal/logging"
	"aadssh/pkgmgr"
)

// Job is the job to run.
type Job struct {
	Do      string // a method of Session, or "Hold": keep a lock
	Manager distro.Manager
	Source  pkgmgr.Source
	Specs   []pkgmgr.Spec
	Names   []string
	Files   []string
	Seconds int // the available time; 0: ten minutes
}

// Answer is its result.
type Answer struct {
	Code       fault.Code
	What, Next string
	Packages   pkgmgr.Packages
	Newest     map[string]string
	Why        string
	Versions   []string
	Kept       []string
	Commands   []string // as they were run
}

func main() {
	if len(os.Args) > 1 && os.Args[1] == host.HeldArgument {
		fmt.Fprintln(os.Stderr, host.Held(os.Args[2:]))
		os.Exit(1)
	}
	var job Job
	if err := json.Unmarshal([]byte(os.Args[1]), &job); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
	if job.Do == "Hold" {
		hold(job.Files[0])
	}
	if err := json.NewEncoder(os.Stdout).Encode(do(job)); err != nil {
		os.Exit(2)
	}
}

// hold holds a write lock as apt and rpm do, prints a line, and continues until it is
// killed.
func hold(path string) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o640)
	if err == nil {
		err = unix.FcntlFlock(f.Fd(), unix.F_SETLK, &unix.Flock_t{Type: unix.F_WRLCK, Whence: io.SeekStart})
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	if err := os.WriteFile("/run/held", nil, 0o600); err != nil {
		os.Exit(1)
	}
	for {
		time.Sleep(time.Hour)
	}
}

// recorder is a runner that records the commands.
type recorder struct {
	host.Runner
	mu       sync.Mutex
	commands []string
}

func (r *recorder) Run(ctx context.Context, c host.Command) (host.Result, error) {
	r.remember(c)
	return r.Runner.Run(ctx, c)
}

func (r *recorder) Transact(ctx context.Context, c host.Command) (host.Result, error) {
	r.remember(c)
	return r.Runner.Transact(ctx, c)
}

func (r *recorder) remember(c host.Command) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.commands = append(r.commands, c.String())
}

func do(job Job) (a Answer) {
	m, err := pkgmgr.For(job.Manager)
	if err != nil {
		return Answer{Code: fault.Internal, What: err.Error()}
	}
	log := logging.New(os.Stderr)
	r := &recorder{Runner: &host.Local{Log: log}}
	s := pkgmgr.Session{Host: &host.Host{Runner: r, Log: log}, Manager: m, Source: job.Source, Reserve: time.Second, Pause: 20 * time.Millisecond}
	seconds := job.Seconds
	if seconds == 0 {
		seconds = 600
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Duration(seconds)*time.Second)
	defer cancel()

	var out pkgmgr.Outcome
	switch job.Do {
	case "Query":
		out.Packages, err = s.Query(ctx, job.Names...)
	case "Refresh":
		err = s.Refresh(ctx)
	case "ImportKey":
		err = s.ImportKey(ctx, job.Files[0])
	case "Versions":
		a.Versions, err = s.Versions(ctx, job.Names[0])
	case "Install":
		out, err = s.Install(ctx, job.Specs)
	case "Download":
		out, err = s.Download(ctx, job.Specs, job.Names)
	case "Replace":
		out, err = s.Replace(ctx, job.Specs, job.Names)
	case "Reinstall":
		out, err = s.Reinstall(ctx, job.Names)
	case "InstallFiles":
		out, err = s.InstallFiles(ctx, job.Files, job.Specs)
	case "Remove":
		err = s.Remove(ctx, job.Names)
	case "RemoveLowLevel":
		err = s.RemoveLowLevel(ctx, job.Names)
	case "Repair":
		err = s.Repair(ctx)
	case "Kept":
		if out.Packages, err = s.Query(ctx, job.Names...); err == nil {
			for _, p := range out.Packages {
				a.Kept = append(a.Kept, s.KeptFiles(p)...)
			}
		}
	default:
		err = fmt.Errorf("no job is called %q", job.Do)
	}
	a.Packages, a.Newest, a.Commands = out.Packages, out.Newest, r.commands
	if out.Why != nil {
		a.Why = out.Why.What
	}
	if f := fault.Of(err); f != nil {
		a.Code, a.What, a.Next = f.Code, f.What, f.Remedy()
	}
	return a
}
