package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"aadssh/test/lib/box"
	"aadssh/test/lib/keys"
	"aadssh/test/lib/roots"
	"aadssh/test/lib/scene"
)

// ada is the person who signs in from the shell.
const ada = "ada@contoso.com"

// trial is a machine on which somebody tries the program, after setup unless it is new.
type trial struct {
	name, title string
	script      string // what breaks it
	isNew       bool   // setup was not run on it
}

func trials() []trial {
	const first = "sed -i '1i AllowGroups admins' /etc/ssh/sshd_config && systemctl reload ssh"
	return []trial{
		{name: "groups", title: "somebody has restricted who may sign in", script: first},
		{name: "reset", title: "somebody has reset sshd_config", script: `sed -i '/^Match User \*@\*/,$d' /etc/ssh/sshd_config && systemctl reload ssh`},
		{name: "masked", title: "the SSH service does not start", script: "systemctl mask --now ssh"},
		{name: "two", title: "two faults at once", script: "touch /etc/nologin && " + first},
		{name: "new", title: "nothing is installed yet", isNew: true},
	}
}

// named lists the trials.
func named() string {
	var all strings.Builder
	for _, t := range trials() {
		fmt.Fprintf(&all, "  %-7s %s\n", t.name, t.title)
	}
	return all.String()
}

// try opens a shell on the machine of a trial until the person leaves it.
func try(ctx context.Context, name string) error {
	if name == "list" {
		fmt.Print(named())
		return nil
	}
	i := slices.IndexFunc(trials(), func(t trial) bool { return name == "" || t.name == name })
	if i < 0 {
		return fmt.Errorf("there is no machine %q. These are there:\n%s", name, named())
	}
	t := trials()[i]
	m, err := t.boot(ctx)
	if err != nil {
		return err
	}
	defer m.Close()
	fmt.Printf(`
A machine like Ubuntu 22.04: %s. In root's home folder are the program, and a certificate of %s. For example:
  sudo ./%s doctor
  ssh -i ada %s@localhost id
`, t.title, ada, program(), ada)
	if t.isNew {
		fmt.Println("After setup, aaduseradd " + ada + " creates the account: the packages here are stand-ins, which do not do that at sign-in.")
	}
	fmt.Println("Type exit to leave the machine; it is then deleted.")
	return open(ctx, m)
}

// program is the file name of the program, as in README.md.
func program() string { return "aadsshlogin-handler-" + runtime.GOARCH }

// boot makes the machine.
func (t trial) boot(ctx context.Context) (*scene.Booted, error) {
	m, err := scene.Boot(ctx, roots.Ubuntu("22.04"))
	if err != nil {
		return nil, err
	}
	script := "cd /root"
	if !t.isNew {
		// The watch would repair some of the faults before anybody sees them.
		script += ` && echo '{"monitor": "off"}' | ./` + program() + " setup --settings - && aaduseradd " + ada + " && " + t.script
	}
	if err = errors.Join(m.Packages.Also("login.microsoftonline.com", "pas.windows.net"), prepare(ctx, m)); err == nil {
		var r box.Result
		if r, err = m.Run(ctx, "sh", "-ec", script); err == nil && r.ExitCode != 0 {
			err = fmt.Errorf("the machine cannot be made: exit %d\n%s", r.ExitCode, r.Output())
		}
	}
	if err != nil {
		return nil, errors.Join(err, m.Close())
	}
	return m, nil
}

// prepare puts the program and a person's certificate into root's home.
func prepare(ctx context.Context, m *scene.Booted) error {
	binary, err := scene.BuildAs(scene.HandlerVersion)
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "ada.")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	if err := (keys.Certificate{Principal: ada}).Write(ctx, filepath.Join(dir, "ada")); err != nil {
		return err
	}
	errs := []error{m.WriteFile("/root/"+program(), binary, 0o755), m.WriteFile("/root/.ssh/config", []byte("BatchMode yes\nStrictHostKeyChecking no\nLogLevel ERROR\n"), 0o600)}
	for _, name := range []string{"ada", "ada-cert.pub"} {
		content, err := os.ReadFile(filepath.Join(dir, name))
		errs = append(errs, err, m.WriteFile("/root/"+name, content, 0o600))
	}
	return errors.Join(errs...)
}

// open gives the person a shell on the machine, until they leave it. The terminal is one of
// the machine's own, so that Ctrl-C ends what runs there and not the machine.
func open(ctx context.Context, m *scene.Booted) error {
	argv := m.Argv("env", "-i", "PATH="+box.Path, "TERM="+os.Getenv("TERM"), "HOME=/root", "LANG=C.UTF-8", "SHELL=/bin/bash",
		"sh", "-c", "cd && exec script -qc bash /dev/null")
	c := exec.CommandContext(ctx, argv[0], argv[1:]...)
	c.Stdin, c.Stdout, c.Stderr = os.Stdin, os.Stdout, os.Stderr
	err := c.Run()
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		return nil // the exit code of the last command that was typed
	}
	return err
}
