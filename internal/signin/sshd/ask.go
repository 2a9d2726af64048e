package sshd

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"time"

	"aadssh/internal/host"
	"aadssh/internal/text"
)

// askTimeout is how long sshd may take for one answer. It needs milliseconds; but a
// directory service that does not answer for a Match Group can make it hang.
const askTimeout = 20 * time.Second

// asker runs sshd in its test modes, which read the configuration and open no connection.
type asker struct {
	h       *host.Host
	binary  string
	options []string // the daemon's options
	rdomain bool     // the configuration uses the routing domain
	hidden  string   // privilege separation directory to create for sshd; empty: none
}

// test is "sshd -t". A problem is sshd's verdict; an error means that there is none.
func (a *asker) test(ctx context.Context) (*Problem, error) {
	p, err := a.tryTest(ctx)
	if err != nil || p == nil || p.Kind != NoSeparation || !volatile(p.Dir) || a.h.Exists(p.Dir) {
		return p, err
	}
	a.hidden = p.Dir
	again, err := a.tryTest(ctx)
	if err != nil || (again != nil && again.Kind != Broken && again.Kind != NoHostKeys) {
		return nil, fmt.Errorf("%s is not there before sshd's first start, and sshd could not be asked without it: %w", p.Dir, orProblem(err, again))
	}
	return again, nil
}

func orProblem(err error, p *Problem) error {
	if err == nil {
		return fmt.Errorf("%s", p.Message)
	}
	return err
}

func (a *asker) tryTest(ctx context.Context) (*Problem, error) {
	r, err := a.run(ctx, "-t")
	switch {
	case err != nil:
		return nil, err
	case r.ExitCode == 0:
		return nil, nil
	}
	if p := ParseProblem(r.Output()); p != nil {
		return p, a.unlessIsolated(p)
	}
	return nil, fmt.Errorf("sshd -t %s and said nothing", r.Ending())
}

// unlessIsolated distinguishes an unshare that was not permitted from an error of sshd.
func (a *asker) unlessIsolated(p *Problem) error {
	if a.hidden != "" && text.Begins(p.Message, "unshare: mount:") {
		return fmt.Errorf("%s", p.Message)
	}
	return nil
}

// killedError means that sshd crashed when it was asked, as it will for a real connection
// of that kind.
type killedError struct{ signal string }

func (e *killedError) Error() string { return "sshd was killed by " + e.signal }

// effective is "sshd -T -C".
func (a *asker) effective(ctx context.Context, c Connection) (Effective, error) {
	r, err := a.run(ctx, "-T", "-C", c.Spec(a.rdomain))
	if err != nil {
		return Effective{}, err
	}
	e := ParseEffective(c, r.Stdout)
	if r.Signal != "" {
		return e, &killedError{r.Signal}
	}
	if r.ExitCode != 0 || !e.Has("port") {
		return Effective{}, fmt.Errorf("sshd -T %s: %s", r.Ending(), text.FirstLine(string(r.Stderr)))
	}
	return e, nil
}

// version runs sshd -V, which prints the version; sshd before OpenSSH 9.2 rejects the
// option and prints the version in the usage text. Without an answer, what depends on the
// version is unknown.
func (a *asker) version(ctx context.Context) string {
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	r, err := a.h.Runner.Run(ctx, host.Command{Name: a.binary, Args: []string{"-V"}})
	if err != nil {
		return ""
	}
	return regexp.MustCompile(`OpenSSH_[0-9][0-9A-Za-z.]*`).FindString(r.Output())
}

func (a *asker) run(ctx context.Context, args ...string) (host.Result, error) {
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	c := host.Command{Name: a.binary, Args: append(append([]string{}, a.options...), args...)}
	if a.hidden != "" {
		c = isolated(a.hidden, c)
	}
	r, err := a.h.Runner.Run(ctx, c)
	var hangs *host.HangsError
	if errors.As(err, &hangs) {
		hangs.Program = a.binary // the program that isolates it does not hang
	}
	return r, err
}

// isolated runs sshd with an empty /run in place of the machine's own, and with the
// directory that RuntimeDirectory in ssh.service creates when sshd starts. If a socket unit
// starts sshd and nobody has connected since boot, the directory is missing and sshd
// refuses even "-t". To create it on the machine and remove it again could take it away
// from an sshd that starts at that moment. make-rprivate: unshare of util-linux before 2.27
// leaves mounts shared, and the empty /run would appear on the machine.
func isolated(dir string, c host.Command) host.Command {
	const script = `mount --make-rprivate / && mount -t tmpfs -o mode=0755 tmpfs /run && mkdir -p "$0" && exec "$@"`
	return host.Command{Name: "unshare", Args: append([]string{"--mount", "--", "sh", "-c", script, dir, c.Name}, c.Args...)}
}

// volatile reports whether a directory is created at each boot. One elsewhere belongs to
// sshd's package, and if it is missing that is a defect.
func volatile(dir string) bool {
	return text.Begins(dir, "/run/ /var/run/")
}

func (a *asker) note() string {
	if a.hidden == "" {
		return ""
	}
	return a.hidden + " is made when sshd first starts; sshd was asked in a mount namespace of its own that has it"
}
