package host

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"aadssh/internal/text"
)

// Command is one program with its arguments: a value, so that a plan can show it, a golden
// file can contain it and a test can compare it.
type Command struct {
	Name    string   // program, found in the fixed search path
	Args    []string // no shell is involved
	Env     []string // KEY=value, added to the clean environment
	Dir     string   // the working folder of Run; "" is /
	Stdin   string
	Changes bool     // it changes the machine: logged as an action, not as a query
	Secrets []string // values that must not be shown: masked in logs and in String
}

// Result is the result of a command that ran. A non-zero exit code is a result, not an
// error.
type Result struct {
	ExitCode int
	Signal   string // the signal that ended it, "segmentation fault"; ExitCode is then -1
	Stdout   []byte
	Stderr   []byte // empty for a transaction, which writes both streams to Stdout
	Elapsed  time.Duration
}

// Ending describes how the command ended, for people.
func (r Result) Ending() string {
	if r.Signal != "" {
		return "was ended by a signal (" + r.Signal + ")"
	}
	return "ended with exit code " + strconv.Itoa(r.ExitCode)
}

// Output is both streams as text.
func (r Result) Output() string { return string(r.Stdout) + string(r.Stderr) }

// Runner runs commands. The error means that the command could not be run, or that ctx
// ended first; how the command itself ended is in the Result.
type Runner interface {
	// Run runs a query or another short command. It is killed when ctx ends.
	Run(ctx context.Context, c Command) (Result, error)
	// Transact runs a package transaction. It is never killed: if ctx ends first, the error
	// is ErrStillRunning and the command continues.
	Transact(ctx context.Context, c Command) (Result, error)
}

// ErrNotFound means that the program is not installed.
var ErrNotFound = errors.New("program not found")

// ErrUnsafeProgram means that the program exists, but root must not run it.
var ErrUnsafeProgram = errors.New("a program is not run as root")

// UnsafeProgramError is an ErrUnsafeProgram with the reason.
type UnsafeProgramError struct {
	_ [0]func() // never compared: no code for == is linked

	Program string
	Part    string // the part of its path that others than root can change
}

func (e *UnsafeProgramError) Error() string {
	return fmt.Sprintf("%v: %s, because others than root can change %s", ErrUnsafeProgram, e.Program, e.Part)
}

func (e *UnsafeProgramError) Unwrap() error { return ErrUnsafeProgram }

// ErrStillRunning means that a transaction outlived the time it was given.
var ErrStillRunning = errors.New("still running")

// String is the command as a person could type it in a shell, with secrets masked.
func (c Command) String() string {
	words := make([]string, 0, len(c.Env)+len(c.Args)+1)
	words = append(words, c.Env...)
	words = append(words, c.Name)
	words = append(words, c.Args...)
	for i, w := range words {
		for _, s := range c.Secrets {
			if s != "" {
				w = strings.ReplaceAll(w, s, "***")
			}
		}
		words[i] = text.Quote(w)
	}
	line := strings.Join(words, " ")
	if c.Dir != "" {
		line = "cd " + text.Quote(c.Dir) + " && " + line
	}
	return line
}
