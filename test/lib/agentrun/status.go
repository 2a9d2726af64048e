package agentrun

import (
	"encoding/json"
	"fmt"
	"unicode/utf8"
)

// Extension is the extension's status as the agent would upload it.
type Extension struct {
	Name       string
	Operation  string
	Status     string // "success", "error", "warning", "transitioning"
	Code       int
	Message    string
	Substatus  []Substatus
	FromAgent  bool   // there was no file, and the text is the agent's own
	Invalid    string // the error that the agent finds in the file; "": none
	StopsOther bool   // the agent would upload nothing at all, for any extension
}

// Substatus is one part of a status.
type Substatus struct {
	Name, Status string
	Code         int
	Message      string
}

// message is a formattedMessage.
type message struct {
	Lang    *string          `json:"lang"`
	Message *json.RawMessage `json:"message"`
}

// statusFile is the first element of a status file.
type statusFile struct {
	Status *struct {
		Name      string   `json:"name"`
		Operation string   `json:"operation"`
		Status    string   `json:"status"`
		Code      int      `json:"code"`
		Message   *message `json:"formattedMessage"`
		Substatus []struct {
			Name    string   `json:"name"`
			Status  string   `json:"status"`
			Code    int      `json:"code"`
			Message *message `json:"formattedMessage"`
		} `json:"substatus"`
	} `json:"status"`
}

// limitOfStatus is the size at which the agent cuts a status, in characters.
const limitOfStatus = 128 << 10

// read checks a status file against the agent's rules (exthandlers.py, "parse_ext_status"
// and its callers), strictly: what the agent only tolerates is Invalid too.
func read(content []byte, missing error) *Extension {
	if missing != nil {
		return &Extension{Status: "transitioning", FromAgent: true,
			Message: "This status is being reported by the Guest Agent since no status file was reported by extension"}
	}
	if !utf8.Valid(content) {
		return &Extension{Status: "error", Invalid: "not UTF-8", StopsOther: true}
	}
	invalid := func(format string, args ...any) *Extension {
		return &Extension{Status: "error", Code: 1012, Invalid: fmt.Sprintf(format, args...)}
	}
	var list []*statusFile
	if err := json.Unmarshal(content, &list); err != nil {
		return invalid("%v", err)
	}
	if len(list) != 1 {
		return invalid("%d elements, not one", len(list))
	}
	if list[0] == nil || list[0].Status == nil {
		return &Extension{Status: "error", Invalid: "no status", StopsOther: true}
	}
	s := list[0].Status
	e := &Extension{Name: s.Name, Operation: s.Operation, Status: s.Status, Code: s.Code}
	if !valid(s.Status) {
		return invalid("status %q", s.Status)
	}
	var ok bool
	if e.Message, ok = s.Message.text(); !ok {
		return invalid("formattedMessage needs lang and message")
	}
	for _, sub := range s.Substatus {
		text, ok := sub.Message.text()
		if sub.Name == "" || !valid(sub.Status) || !ok {
			return invalid("substatus %q: status %q", sub.Name, sub.Status)
		}
		e.Substatus = append(e.Substatus, Substatus{sub.Name, sub.Status, sub.Code, text})
	}
	if n := utf8.RuneCount(content); n > limitOfStatus {
		return invalid("%d characters: the agent would cut it", n)
	}
	return e
}

func valid(status string) bool {
	switch status {
	case "success", "error", "warning", "transitioning":
		return true
	}
	return false
}

func (m *message) text() (text string, ok bool) {
	if m == nil || m.Lang == nil || m.Message == nil {
		return "", false
	}
	return text, json.Unmarshal(*m.Message, &text) == nil
}
