package login

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"aadssh/internal/host"
	"aadssh/internal/signin/gate"
)

// asking is how long the name service may take to answer.
const asking = 10 * time.Second

// notFound is getent's exit code if the name service does not know a name (getent(1)).
const notFound = 2

// GatherAccount asks the machine's name service for a person, as sshd does.
func GatherAccount(ctx context.Context, h *host.Host, name string) gate.Account {
	ctx, cancel := context.WithTimeout(ctx, asking)
	defer cancel()
	r, err := h.Runner.Run(ctx, host.Command{Name: "getent", Args: []string{"passwd", name}})
	switch {
	case err != nil:
		return gate.Account{Err: err}
	case r.ExitCode == notFound:
		return gate.Account{}
	case r.ExitCode != 0:
		return gate.Account{Err: fmt.Errorf("getent passwd %s", r.Ending())}
	}
	a, err := parseAccount(string(r.Stdout))
	if err != nil {
		return gate.Account{Err: err}
	}
	switch {
	case listed(h, AccountsFile, name):
	case listed(h, "/etc/passwd", name):
		a.Where = "/etc/passwd"
	default:
		a.Where = "another name service"
	}
	// The output is separated by zeros, because names of groups may contain blanks;
	// coreutils of 2012 and later support that.
	r, err = h.Runner.Run(ctx, host.Command{Name: "id", Args: []string{"-Gnz", name}})
	switch {
	case err != nil:
		return gate.Account{Err: err}
	case r.ExitCode != 0 && len(r.Stdout) == 0:
		return gate.Account{Err: fmt.Errorf("id -Gnz %s", r.Ending())}
	}
	a.Groups = strings.FieldsFunc(string(r.Stdout), func(c rune) bool { return c == 0 || c == '\n' })
	if r.ExitCode != 0 { // a group has no name: its number is printed, and sshd ignores it
		a.Groups = slices.DeleteFunc(a.Groups, func(g string) bool { return strings.Trim(g, "0123456789") == "" })
	}
	return a
}

// listed reports whether a file in the form of passwd(5) has a line for a name.
func listed(h *host.Host, file, name string) bool {
	content, _ := h.ReadFile(file, 16<<20) // what cannot be read is not known to have it
	return strings.Contains("\n"+string(content), "\n"+name+":")
}

// parseAccount parses one line of passwd(5). It accepts any input.
func parseAccount(line string) (a gate.Account, err error) {
	f := strings.Split(strings.TrimSpace(line), ":")
	if len(f) != 7 {
		return a, errors.New("the name service's entry is no line of passwd")
	}
	a = gate.Account{Known: true, Home: f[5], Shell: f[6]}
	if a.Shell == "" {
		a.Shell = "/bin/sh"
	}
	if a.UID, err = strconv.ParseInt(f[2], 10, 64); err == nil {
		a.GID, err = strconv.ParseInt(f[3], 10, 64)
	}
	return a, err
}
