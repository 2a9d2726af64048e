// Package logging writes handler.log: one line per event, and for every action a line when
// it begins and one when it ends, with its duration. A begin without an end shows where a
// run crashed. Only this package imports logrus.
package logging

import (
	"fmt"
	"io"
	"time"

	"github.com/sirupsen/logrus"
)

// Logger is passed to code that does something that an operator may want to read about
// later. The zero value is not usable; see New and Discard.
type Logger struct{ entry *logrus.Entry }

// New logs to w.
func New(w io.Writer) *Logger {
	l := logrus.New()
	l.SetOutput(w)
	l.SetLevel(logrus.DebugLevel)
	l.SetFormatter(&logrus.TextFormatter{
		DisableColors:   true,
		FullTimestamp:   true,
		TimestampFormat: "2006-01-02T15:04:05.000Z07:00",
	})
	return &Logger{entry: logrus.NewEntry(l)}
}

// Discard discards everything.
func Discard() *Logger { return New(io.Discard) }

// With returns a logger that adds key=value to every line.
func (l *Logger) With(key string, value any) *Logger {
	return &Logger{entry: l.entry.WithField(key, value)}
}

// Debugf logs what only a developer needs.
func (l *Logger) Debugf(format string, args ...any) { l.entry.Debugf(format, args...) }

// Infof logs what happened.
func (l *Logger) Infof(format string, args ...any) { l.entry.Infof(format, args...) }

// Warnf logs what an operator should read.
func (l *Logger) Warnf(format string, args ...any) { l.entry.Warnf(format, args...) }

// Errorf logs what failed.
func (l *Logger) Errorf(format string, args ...any) { l.entry.Errorf(format, args...) }

// Action is something that was started and will end.
type Action struct {
	_ [0]func() // never compared: no code for == is linked

	log   *Logger
	what  string
	began time.Time
}

// Started logs the beginning of an action; call Ended on the result.
func (l *Logger) Started(format string, args ...any) *Action {
	a := &Action{log: l, what: fmt.Sprintf(format, args...), began: time.Now()}
	l.entry.Info("started: " + a.what)
	return a
}

// Ended logs how the action ended and returns err unchanged.
func (a *Action) Ended(err error) error {
	entry := a.log.entry.WithField("took", time.Since(a.began).Round(time.Millisecond).String())
	if err != nil {
		entry.WithField("error", err.Error()).Error("failed: " + a.what)
	} else {
		entry.Info("finished: " + a.what)
	}
	return err
}
