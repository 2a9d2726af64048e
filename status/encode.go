package status

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode"

	"aadssh/internal/names"
	"aadssh/internal/text"
)

// sizeLimit is the largest size of the file, in bytes. The agent's own limit is 131072
// characters (WALinuxAgent exthandlers.py, _MAX_STATUS_FILE_SIZE_IN_BYTES); above that it
// cuts every text to 1 KiB or less.
const sizeLimit = 120 << 10

// Limits of single texts, in bytes, and of their number. They are far above what is ever
// written and prevent one runaway text from displacing the rest.
const (
	nameLimit    = 256
	messageLimit = 16 << 10
	shortest     = 256 // a message is not cut below this; substatuses are dropped first
	most         = 256 // substatuses
)

// The file's layout is fixed by the agent (exthandlers.py, validate_status_data and
// parse_ext_status): an array, a lang with each message, no null where text is expected.
// Null or a number instead of a text stops the agent's reports for all extensions of the
// VM.
type (
	item struct {
		Version   any    `json:"version"` // some handlers write a number
		Timestamp string `json:"timestampUTC"`
		Status    body   `json:"status"`
	}
	body struct {
		Name        string  `json:"name"`
		Operation   string  `json:"operation"`
		Applied     string  `json:"configurationAppliedTime"`
		Status      Level   `json:"status"`
		Code        int     `json:"code"`
		Message     message `json:"formattedMessage"`
		Substatuses []sub   `json:"substatus"`
	}
	sub struct {
		Name    string  `json:"name"`
		Status  Level   `json:"status"`
		Code    int     `json:"code"`
		Message message `json:"formattedMessage"`
	}
	message struct {
		Lang    string `json:"lang"`
		Message string `json:"message"`
	}
)

// encode is r in the agent's format. Whatever r holds, the result is valid UTF-8, complete
// JSON and, as far as possible, at most limit bytes long: messages are cut first, then the
// last substatuses are dropped, and one more substatus says how many.
func encode(r Report, at time.Time, limit int) []byte {
	keep := min(len(r.Substatuses), most)
	for room := messageLimit; ; {
		b := layout(r, keep, room, at)
		switch {
		case len(b) <= limit:
			return b
		case room > shortest:
			room /= 2
		case keep > 0:
			keep /= 2
		default:
			return b
		}
	}
}

func layout(r Report, keep, room int, at time.Time) []byte {
	stamp := at.UTC().Format(time.RFC3339)
	subs := make([]sub, 0, keep+1) // not nil, which would become null
	for _, s := range r.Substatuses[:keep] {
		subs = append(subs, sub{
			Name: clean(s.Name, nameLimit), Status: s.Level.known(), Code: s.Code,
			Message: message{"en-US", clean(s.Message, room)},
		})
	}
	if left := len(r.Substatuses) - keep; left > 0 {
		subs = append(subs, sub{
			Name: "more", Status: Warning,
			Message: message{"en-US", fmt.Sprintf("%d further checks did not fit here; handler.log has them.", left)},
		})
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false) // people read it
	e.SetIndent("", "  ")
	// There are only numbers and strings: encoding them cannot fail.
	_ = e.Encode([]item{{
		Version: "1.0", Timestamp: stamp,
		Status: body{
			// Older portals show the name; the agent itself reports the name that it knows.
			Name: names.Ours().Type, Operation: clean(r.Operation, nameLimit), Applied: stamp,
			Status: r.Level.known(), Code: r.Code,
			Message: message{"en-US", clean(r.Message, room)}, Substatuses: subs,
		},
	}})
	return b.Bytes()
}

// clean is s as valid UTF-8 of at most limit bytes, cut between characters, without control
// characters other than newline and tab, and without characters that change how others are
// displayed.
func clean(s string, limit int) string {
	return strings.Map(func(r rune) rune {
		if (unicode.IsControl(r) || unicode.Is(unicode.Cf, r)) && r != '\n' && r != '\t' {
			return ' '
		}
		return r
	}, text.Clip(s, limit))
}

// decode reads what encode wrote, and what other handlers of this name write:
// only the parts that the agent reads are needed.
func decode(b []byte) (Report, error) {
	var items []item
	if err := json.Unmarshal(b, &items); err != nil {
		return Report{}, fmt.Errorf("not a status: %w", err)
	}
	if len(items) == 0 {
		return Report{}, errors.New("not a status: the array is empty")
	}
	got := items[0].Status
	r := Report{Operation: got.Operation, Level: got.Status.known(), Code: got.Code, Message: got.Message.Message}
	for _, s := range got.Substatuses {
		r.Substatuses = append(r.Substatuses, Substatus{Name: s.Name, Level: s.Status.known(), Code: s.Code, Message: s.Message.Message})
	}
	return r, nil
}
