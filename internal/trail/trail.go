// Package trail reads what the sign-in programs logged, and knows what their lines mean.
// Strangers can write into the same lines: the name that somebody types before anybody
// knows them. So each row of the table names the one program that can know, a name is never
// part of the matching, and whether a name was proved is part of the result.
package trail

import (
	"bytes"
	"context"
	"encoding/json"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"aadssh/internal/host"
)

// Day is the age of the oldest failures that count.
const Day = 24 * time.Hour

// tailSize is how much is read from the end of a log file, in bytes.
const tailSize = 512 << 10

// most is how many lines of the journal are read, from the newest.
const most = 4000

// bound is how long the journal may take.
const bound = 5 * time.Second

// Line is one line from one of the programs.
type Line struct {
	_ [0]func() // never compared: no code for == is linked

	At      time.Time // zero if the log's time cannot be parsed
	Program string    // the name that it uses: sshd, aad_certhandler
	PID     int       // 0: not known
	Text    string    // without the log's own prefix
}

// Log is what could be read, oldest line first.
type Log struct {
	Source string // for people; "" if nothing could be read
	Lines  []Line
	Since  time.Time // where what was read begins, if that is later than was asked for
}

// journal is the source in which the kernel vouches for who wrote a line.
const journal = "the journal"

// programs are the sign-in programs; sshd has three names since OpenSSH 9.8.
func programs() []string { return []string{"sshd", "sshd-session", "sshd-auth", "aad_certhandler"} }

// Read reads the journal, or else the log files of the two families. In the journal only
// lines of processes of root count: the kernel sets the user id (systemd.journal-fields(7),
// trusted fields), while any process may call itself sshd. A log file has no such field.
// Lines older than age are left out.
func Read(ctx context.Context, h *host.Host, now time.Time, age time.Duration) Log {
	ctx, cancel := context.WithTimeout(ctx, bound)
	defer cancel()
	args := []string{"-q", "--no-pager", "--all", "-o", "json", "--since", "-" + strconv.Itoa(int(age.Hours())) + "h", "-n", strconv.Itoa(most), "-r", "_UID=0"}
	for _, p := range programs() {
		args = append(args, "-t", p)
	}
	r, err := h.Runner.Run(ctx, host.Command{Name: "journalctl", Args: args})
	if err == nil && r.ExitCode == 0 && len(r.Stdout) > 0 {
		lines := fromJournal(r.Stdout)
		log := Log{Source: journal, Lines: recent(lines, now, age)}
		if bytes.Count(r.Stdout, []byte("\n")) >= most && len(lines) > 0 {
			log.Since = lines[0].At
		}
		return log
	}
	for _, path := range []string{"/var/log/auth.log", "/var/log/secure", "/var/log/messages"} {
		if text, err := h.ReadTail(path, tailSize); err == nil {
			all := string(text)
			if len(text) < tailSize {
				all = rotated(h, path) + all
			}
			return Log{path, recent(fromFile(all, now), now, age), begins(all, now, age)}
		}
	}
	// journalctl succeeds without a word where there is no journal, too.
	if err == nil && r.ExitCode == 0 && h.Exists("/run/systemd/journal/socket") && len(h.Glob("/run/log/journal/*/system.journal"))+len(h.Glob("/var/log/journal/*/system.journal")) > 0 {
		return Log{Source: journal}
	}
	return Log{}
}

// begins is the time of the first line of a log file, of any program, if it is newer than age: the
// file was rotated, or only its end was read. An empty file begins now.
func begins(text string, now time.Time, age time.Duration) time.Time {
	first, head := now, regexp.MustCompile(syslogTime)
	for line := range strings.Lines(text) {
		if part := head.FindString(line); part != "" {
			first = stamp(part, now)
			break
		}
	}
	if now.Sub(first) >= age {
		return time.Time{}
	}
	return first
}

// rotated is the file that logrotate last made of a log: with the default settings of
// Debian (.1) or with dateext (RHEL), and not compressed.
func rotated(h *host.Host, path string) string {
	older := append(h.Glob(path+"-20[0-9][0-9][0-9][0-9][0-9][0-9]"), h.Glob(path+".1")...)
	if len(older) == 0 {
		return ""
	}
	text, err := h.ReadTail(older[len(older)-1], tailSize)
	if err != nil {
		return ""
	}
	return string(text)
}

// recent leaves out lines that are too old, and those from when the clock was far ahead;
// lines without a time stay.
func recent(lines []Line, now time.Time, age time.Duration) (out []Line) {
	for i := range lines {
		if at := lines[i].At; at.IsZero() || now.Sub(at) <= age && at.Sub(now) <= Day {
			out = append(out, lines[i])
		}
	}
	return out
}

// entry is a line of the journal as JSON; a field may be text, a list of bytes, or a list
// of both if it occurs twice (systemd's JOURNAL_EXPORT_FORMATS).
type entry struct {
	_ [0]func() // never compared: no code for == is linked

	Message    field `json:"MESSAGE"`
	Identifier field `json:"SYSLOG_IDENTIFIER"`
	At         field `json:"__REALTIME_TIMESTAMP"`
	PID        field `json:"_PID"`
	UID        field `json:"_UID"`
	Comm       field `json:"_COMM"`
}

type field string

// uint8Number is a byte that is a number in JSON: a []byte would be base64.
type uint8Number uint8

// UnmarshalJSON accepts the journal's forms of a text; anything else is empty.
func (f *field) UnmarshalJSON(b []byte) error {
	var text string
	if json.Unmarshal(b, &text) == nil {
		*f = field(text)
		return nil
	}
	var list []uint8Number
	if json.Unmarshal(b, &list) == nil {
		bytes := make([]byte, len(list))
		for i, n := range list {
			bytes[i] = byte(n)
		}
		*f = field(bytes)
	}
	return nil
}

// fromJournal accepts any input. The newest line comes first in it.
func fromJournal(text []byte) []Line {
	var lines []Line
	for record := range strings.Lines(string(text)) {
		var e entry
		if json.Unmarshal([]byte(record), &e) != nil || e.UID != "0" || !slices.Contains(programs(), string(e.Identifier)) {
			continue // this may also be a last line that was cut
		}
		// The name is missing if the process ended before the journal could read it.
		if e.Comm != "" && !slices.Contains(programs(), string(e.Comm)) {
			continue
		}
		l := Line{Program: string(e.Identifier), Text: string(e.Message)}
		l.PID, _ = strconv.Atoi(string(e.PID))
		if micro, err := strconv.ParseInt(string(e.At), 10, 64); err == nil {
			l.At = time.UnixMicro(micro).UTC()
		}
		lines = append(lines, l)
	}
	slices.Reverse(lines)
	return lines
}

// The beginnings of lines in log files: syslog's time, host and program with its process
// ID; auditd's type and seconds since 1970; and rsyslog's text for a repeated line.
const (
	syslogTime = `^(\d{4}-\d\d-\d\dT\S+|[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d)`
	syslogHead = syslogTime + ` \S+ ([A-Za-z0-9_.-]+)(?:\[(\d+)\])?: (.*)$`
	auditHead  = `^type=AVC msg=audit\((\d+)\.\d+:\d+\): (.*)$`
	again      = `^message repeated \d+ times: \[ (.*)\]$`
)

// kernel is the name of the kernel's own lines in a log file.
const kernel = "kernel"

// fromFile accepts any input.
func fromFile(text string, now time.Time) []Line {
	head, audit, repeated := regexp.MustCompile(syslogHead), regexp.MustCompile(auditHead), regexp.MustCompile(again)
	var lines []Line
	for line := range strings.Lines(text) {
		line = strings.TrimRight(line, "\r\n")
		if part := audit.FindStringSubmatch(line); part != nil {
			seconds, _ := strconv.ParseInt(part[1], 10, 64)
			lines = append(lines, Line{At: time.Unix(seconds, 0), Program: kernel, Text: part[2]})
			continue
		}
		part := head.FindStringSubmatch(line)
		if part == nil || part[2] != kernel && !slices.Contains(programs(), part[2]) {
			continue
		}
		l := Line{At: stamp(part[1], now), Program: part[2], Text: part[4]}
		l.PID, _ = strconv.Atoi(part[3])
		if same := repeated.FindStringSubmatch(l.Text); same != nil {
			l.Text = same[1]
		}
		lines = append(lines, l)
	}
	return lines
}

// stamp parses the time of a line: ISO 8601, or syslog's format, which has no year.
func stamp(s string, now time.Time) time.Time {
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02T15:04:05-0700"} {
		if at, err := time.Parse(layout, s); err == nil {
			return at
		}
	}
	for _, year := range []int{now.Year(), now.Year() - 1} { // 29 February is a day of only one of them
		at, err := time.ParseInLocation("2006 Jan _2 15:04:05", strconv.Itoa(year)+" "+s, now.Location())
		if err == nil && !at.After(now.Add(Day)) {
			return at
		}
	}
	return time.Time{}
}
