package emulated

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"path/filepath"
	"strings"
	"time"

	"aadssh/test/lib/box"
	"aadssh/test/lib/wire"
)

// ssh is a command line of ssh to the machine, as root.
func (m *Machine) ssh(args ...string) []string {
	argv := []string{"ssh", "-F", "none", "-S", m.control(), "-i", filepath.Join(m.image, key), "-l", "root", "-o", "BatchMode=yes",
		"-o", "IdentitiesOnly=yes", "-o", "UserKnownHostsFile=/dev/null", "-o", "StrictHostKeyChecking=no", "-o", "LogLevel=ERROR"}
	return append(append(argv, args...), wire.Guest)
}

// unreachable is ssh's exit code if it could not connect, ssh(1).
const unreachable = 255

// Run runs a command in the machine, as root.
func (m *Machine) Run(ctx context.Context, argv ...string) (box.Result, error) {
	return m.run(ctx, nil, argv...)
}

func (m *Machine) run(ctx context.Context, in io.Reader, argv ...string) (box.Result, error) {
	if m.qemu == nil {
		return box.Result{}, errors.New("the machine is off")
	}
	r, err := m.OutsideWith(ctx, in, append(m.ssh(), quoted(argv))...)
	if err == nil && r.ExitCode == unreachable {
		if again, e := m.OutsideWith(ctx, nil, append(m.ssh(), "true")...); e != nil || again.ExitCode != 0 {
			err = fmt.Errorf("the machine cannot be reached: %s", r.Output())
		}
	}
	return r, err
}

// quoted is a command line for a shell.
func quoted(argv []string) string {
	var words []string
	for _, a := range argv {
		words = append(words, "'"+strings.ReplaceAll(a, "'", `'\''`)+"'")
	}
	return strings.Join(words, " ")
}

// answerLimit is how long a machine may take for a file. One that has crashed would take
// forever.
const answerLimit = 5 * time.Minute

// script runs a shell script with arguments, which must succeed. It exits with 66 if a file
// is missing.
func (m *Machine) script(in io.Reader, text string, args ...string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(context.Background(), answerLimit)
	defer cancel()
	r, err := m.run(ctx, in, append([]string{"sh", "-ec", text, "sh"}, args...)...)
	switch {
	case err != nil:
		return nil, err
	case r.ExitCode == 66:
		return nil, &fs.PathError{Op: "find in the machine", Path: args[0], Err: fs.ErrNotExist}
	case r.ExitCode != 0:
		return nil, fmt.Errorf("%s: exit %d: %s", args[0], r.ExitCode, r.Output())
	}
	return r.Stdout, nil
}

// ReadFile reads a file of the machine.
func (m *Machine) ReadFile(name string) ([]byte, error) {
	return m.script(nil, `[ -e "$1" ] || exit 66; cat "$1"`, name)
}

// WriteFile writes a file, and creates missing parent folders.
func (m *Machine) WriteFile(name string, content []byte, mode fs.FileMode) error {
	_, err := m.script(bytes.NewReader(content), `mkdir -p "$2"; cat > "$1"; chmod "$3" "$1"`, name, path.Dir(name), fmt.Sprintf("%o", mode.Perm()))
	return err
}

// AppendFile appends to a file.
func (m *Machine) AppendFile(name string, content []byte) error {
	_, err := m.script(bytes.NewReader(content), `cat >> "$1"`, name)
	return err
}

// Symlink creates a symbolic link.
func (m *Machine) Symlink(target, name string) error {
	_, err := m.script(nil, `ln -s "$2" "$1"`, name, target)
	return err
}
