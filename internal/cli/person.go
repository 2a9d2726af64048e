package cli

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"unicode/utf8"

	"golang.org/x/sys/unix"

	"aadssh/internal/doctor"
	"aadssh/internal/host"
	"aadssh/internal/logging"
)

// options are those of doctor for the person who runs the command.
func (p Process) options() doctor.Options {
	log := logging.Discard()
	return doctor.Options{
		Host:    &host.Host{Runner: &host.Local{Log: log}, Log: log},
		Version: p.Version,
		Root:    os.Geteuid() == 0,
		Getenv:  p.Getenv,
	}
}

// columns is the width of a terminal; 0 if w is none. A serial console does not report one:
// then COLUMNS counts, and without that it is taken for 80.
func (p Process) columns(w io.Writer) int {
	f, ok := w.(*os.File)
	if !ok {
		return 0
	}
	size, err := unix.IoctlGetWinsize(int(f.Fd()), unix.TIOCGWINSZ)
	if err != nil {
		return 0
	}
	width := int(size.Col)
	if width == 0 {
		width, _ = strconv.Atoi(p.Getenv("COLUMNS"))
	}
	if width <= 0 {
		width = 80
	}
	return min(max(width, 20), 1<<16)
}

// style is how a report is shown: in colour only on a terminal, unless NO_COLOR
// (no-color.org) or a dumb terminal forbids it.
func (p Process) style() doctor.Style {
	width := p.columns(p.Out)
	return doctor.Style{Width: width, Color: width > 0 && p.Getenv("NO_COLOR") == "" && p.Getenv("TERM") != "dumb"}
}

// progress shows on a terminal what is being waited for, in one line that is removed at the
// end.
func (p Process) progress() (show func([]string), done func()) {
	width := p.columns(p.Err)
	if width == 0 {
		return nil, func() {}
	}
	clear := func() { fmt.Fprint(p.Err, "\r\x1b[K") }
	return func(waiting []string) {
		clear()
		if len(waiting) == 0 {
			return
		}
		line := "waiting for " + strings.Join(waiting, ", ")
		if utf8.RuneCountInString(line) >= width {
			line = string([]rune(line)[:width-4]) + "..."
		}
		fmt.Fprint(p.Err, line)
	}, clear
}

func printJSON(w io.Writer, v any) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	return e.Encode(v)
}
