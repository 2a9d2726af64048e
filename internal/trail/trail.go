// Package trail reads what the programs that sign people in wrote about it, and
// knows what their lines mean. Strangers write into the same lines: the name
// that somebody types before anybody knows them. So each row of the table names
// the one program that can know, a name takes no part in the matching, and
// whether a name was proved is part of what is said of it.
package trail

import (
	"context"
	"encoding/json"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"aadssh/internal/host"
)

// Day is how far back failures count.
const Day = 24 * time.Hour

// tailSize is how much of the end of a log file is read, in bytes.
const tailSize = 512 << 10

// most is how many lines of the journal are read, the newest.
const most = 4000

// bound is how long the journal may take.
const bound = 5 * time.Second

// Line is one line that one of the programs wrote.
type Line struct {
	_ [0]func() // never compared: no code for == is linked

	At      time.Time // zero where the log's own time cannot be read
	Program string    // what it calls itself: sshd, aad_certhandler
	PID     int       // 0: not known
	Text    string    // without the log's own head
}

// Log is what could be read, the oldest line first.
type Log struct {
	Source string // for people; "" where nothing could be read
	Lines  []Line
}

// journal is the source whose lines are the kernel's word about who wrote them.
const journal = "the journal"

// programs are those that sign people in; sshd has three names since OpenSSH 9.8.
func programs() []string { return []string{"sshd", "sshd-session", "sshd-auth", "aad_certhandler"} }

// Read reads the journal, else the log files of the two families. Of the
// journal only lines count that a process of root wrote: the user id is the
// kernel's word (systemd.journal-fields(7), trusted fields), while anybody may
// call themselves sshd. A log file has no such word. Lines older than age are
// left out.
func Read(ctx context.Context, h *host.Host, now time.Time, age time.Duration) Log {
	ctx, cancel := context.WithTimeout(ctx, bound)
	defer cancel()
	args := []string{"-q", "--no-pager", "--all", "-o", "json", "--since", "-" + strconv.Itoa(int(age.Hours())) + "h", "-n", strconv.Itoa(most), "-r", "_UID=0"}
	for _, p := range programs() {
		args = append(args, "-t", p)
	}
	r, err := h.Runner.Run(ctx, host.Command{Name: "journalctl", Args: args})
	if err == nil && r.ExitCode == 0 && len(r.Stdout) > 0 {
		return Log{journal, recent(fromJournal(r.Stdout), now, age)}
	}
	for _, path := range []string{"/var/log/auth.log", "/var/log/secure", "/var/log/messages"} {
		if text, err := h.ReadTail(path, tailSize); err == nil {
			return Log{path, recent(fromFile(string(text), now), now, age)}
		}
	}
	return Log{}
}

// recent drops what is too old; what has no time is kept.
func recent(lines []Line, now time.Time, age time.Duration) []Line {
	return slices.DeleteFunc(lines, func(l Line) bool { return !l.At.IsZero() && now.Sub(l.At) > age })
}

// entry is a line of the journal as JSON; fields may be text, a list of bytes,
// or a list of both where a field came twice (systemd's JOURNAL_EXPORT_FORMATS).
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

// uint8Number is a byte that JSON has as a number: []byte would be base64.
type uint8Number uint8

// UnmarshalJSON takes what the journal has for a text; anything else is none.
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

// fromJournal takes any input. What is newest stands first in it.
func fromJournal(text []byte) []Line {
	var lines []Line
	for record := range strings.Lines(string(text)) {
		var e entry
		if json.Unmarshal([]byte(record), &e) != nil || e.UID != "0" || !slices.Contains(programs(), string(e.Identifier)) {
			continue // also a last line that was cut
		}
		// A process that ended before the journal looked has no name there.
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

// The heads of lines in log files: syslog's time, host, program with its number;
// auditd's kind and seconds since 1970; and rsyslog's word for the same line again.
const (
	syslogHead = `^(\d{4}-\d\d-\d\dT\S+|[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d) \S+ ([A-Za-z0-9_.-]+)(?:\[(\d+)\])?: (.*)$`
	auditHead  = `^type=AVC msg=audit\((\d+)\.\d+:\d+\): (.*)$`
	again      = `^message repeated \d+ times: \[ (.*)\]$`
)

// kernel is the name under which the kernel's own lines stand in a log file.
const kernel = "kernel"

// fromFile takes any input.
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

// stamp reads the time of a line: ISO 8601, or that of syslog, which leaves the
// year out.
func stamp(s string, now time.Time) time.Time {
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02T15:04:05-0700"} {
		if at, err := time.Parse(layout, s); err == nil {
			return at
		}
	}
	at, err := time.ParseInLocation("2006 Jan _2 15:04:05", strconv.Itoa(now.Year())+" "+s, now.Location())
	if err != nil {
		return time.Time{}
	}
	if at.After(now.Add(Day)) {
		at = at.AddDate(-1, 0, 0)
	}
	return at
}
