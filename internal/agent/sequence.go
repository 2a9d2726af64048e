package agent

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"aadssh/internal/fault"
	"aadssh/internal/text"
)

const settingsSuffix = ".settings"

// SequenceVariable is the environment variable in which the agent gives an operation its
// sequence number. It takes precedence over the settings files.
const SequenceVariable = "ConfigSequenceNumber"

// Sequence is the number of the goal state that the agent works on: the one in the
// environment variable ConfigSequenceNumber, or else that of the settings file that was
// modified last, as in the agent itself. (The highest number, which
// azure-extension-foundation takes, is wrong after a number was reset: WALinuxAgent
// exthandlers.py, get_seq_no.) The error is a fault; the number returned with it is the one
// to report it under, -1 if none is known.
func Sequence(env Environment, getenv func(string) string) (int, error) {
	if given := strings.TrimSpace(getenv(SequenceVariable)); given != "" {
		if n, ok := number(given); ok {
			return n, nil
		}
		last, err := lastSettings(env.ConfigFolder)
		if err != nil {
			last = -1
		}
		return last, fault.New(fault.Usage,
			fmt.Sprintf("The environment variable %s is %.40q, which is not a sequence number.", SequenceVariable, given),
			"Unset it, or set it to the number of a settings file: ls "+text.Quote(env.ConfigFolder))
	}
	last, err := lastSettings(env.ConfigFolder)
	if f := fault.Unread(err, "The folder of the settings files, without "+SequenceVariable+","); f != nil {
		return -1, f
	}
	if err != nil {
		return -1, fault.Wrap(err, fault.Usage,
			fmt.Sprintf("There is no %s, and the folder of the settings files cannot be read: %v.", SequenceVariable, err),
			fault.AgainFirst+fault.OrRestart+".")
	}
	if last < 0 {
		return -1, fault.New(fault.Usage,
			"There is no "+SequenceVariable+", and no settings file in "+env.ConfigFolder+".",
			fault.AgainFirst+fault.OrRestart+".")
	}
	return last, nil
}

// lastSettings is the number of the settings file that was modified last, -1 if there is
// none.
func lastSettings(folder string) (int, error) {
	entries, err := os.ReadDir(folder)
	if err != nil {
		return -1, err
	}
	last, newest := -1, time.Time{}
	for _, entry := range entries {
		name, found := strings.CutSuffix(entry.Name(), settingsSuffix)
		n, ok := number(name)
		if !found || !ok { // <extension>.<n>.settings belongs to handlers of several extensions
			continue
		}
		info, err := entry.Info()
		if fault.Unreadable(err) {
			return -1, err
		}
		if err != nil || !info.Mode().IsRegular() {
			continue
		}
		if at := info.ModTime(); last < 0 || at.After(newest) || (at.Equal(newest) && n > last) {
			last, newest = n, at
		}
	}
	return last, nil
}

// number reads a number of decimal digits only, as the agent writes it.
func number(s string) (int, bool) {
	if s == "" || strings.Trim(s, "0123456789") != "" {
		return 0, false
	}
	n, err := strconv.ParseInt(s, 10, 32)
	return int(n), err == nil
}
