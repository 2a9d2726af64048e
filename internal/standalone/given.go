package standalone

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"syscall"

	"golang.org/x/sys/unix"

	"aadssh/internal/agent"
	"aadssh/internal/fault"
	"aadssh/internal/host"
	"aadssh/internal/text"
)

// sizeLimit is the largest accepted size of a settings file, in bytes.
const sizeLimit = 1 << 20

// Files are the files with the settings for setup: "" for none, "-" for standard input.
type Files struct{ Settings, Protected string }

// Read reads the files, and standard input until ctx ends. A file with secrets must be
// readable by root alone. The error is a *fault.Fault.
func (f Files) Read(ctx context.Context, stdin io.Reader) (g agent.Given, err error) {
	if f.Settings == "-" && f.Protected == "-" {
		return g, fault.New(fault.Usage, "Standard input cannot be both the settings and the protected settings.", "Name a file for one of the two: sudo "+host.Program()+" setup --settings FILE --protected-settings -")
	}
	if g.Public, err = read(ctx, f.Settings, "--settings", stdin, false); err != nil {
		return g, err
	}
	g.Protected, err = read(ctx, f.Protected, "--protected-settings", stdin, true)
	return g, err
}

// read is the content of one file; nil if none is named.
func read(ctx context.Context, path, option string, stdin io.Reader, secret bool) ([]byte, error) {
	unusable := func(err error, next string) error {
		return fault.Wrap(err, fault.SettingsInvalid, fmt.Sprintf("What %s names cannot be used: %v.", option, err), next)
	}
	from := stdin
	switch path {
	case "":
		return nil, nil
	case "-":
	default:
		// O_NONBLOCK: a FIFO in its place must not hang us.
		file, err := os.OpenFile(path, os.O_RDONLY|unix.O_NONBLOCK|unix.O_CLOEXEC, 0)
		if err != nil {
			return nil, unusable(err, "Name a file that is there, or - for standard input.")
		}
		defer file.Close()
		info, err := file.Stat()
		if err != nil {
			return nil, unusable(err, "")
		}
		if !info.Mode().IsRegular() {
			return nil, unusable(errors.New(path+" is not a regular file"), "Name a regular file, or - for standard input.")
		}
		owner, known := info.Sys().(*syscall.Stat_t)
		if secret && (!known || owner.Uid != 0 || info.Mode().Perm()&0o077 != 0) {
			return nil, unusable(errors.New("others than root may read "+path), fmt.Sprintf("Run: sudo chown root %[1]s && sudo chmod 600 %[1]s; then setup again.", text.Quote(path)))
		}
		from = file
	}
	content, err := all(ctx, from)
	if err != nil {
		return nil, unusable(err, "Name a file, or end what is typed with Ctrl-D.")
	}
	if len(content) > sizeLimit {
		return nil, unusable(fmt.Errorf("it has more than %d bytes", sizeLimit), "Settings are small. Run: "+host.Program()+" explain settings")
	}
	if content == nil {
		content = []byte{}
	}
	return content, nil
}

// all is the content of a file, up to the limit. Input from a person or an open pipe may
// never end: then the reading goroutine continues after all has returned.
func all(ctx context.Context, from io.Reader) ([]byte, error) {
	var content []byte
	done := make(chan error, 1)
	go func() {
		var err error
		content, err = io.ReadAll(io.LimitReader(from, sizeLimit+1))
		done <- err
	}()
	select {
	case err := <-done:
		return content, err
	case <-ctx.Done():
		return nil, errors.New("it did not end")
	}
}
