package status

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"aadssh/test/lib/golden"
)

// accept is validate_status_data and parse_ext_status of WALinuxAgent's exthandlers.py, and
// also rejects what they let through and then fail on (a null or a number instead of a
// text).
func accept(b []byte) error {
	if !utf8.Valid(b) {
		return fmt.Errorf("not UTF-8")
	}
	if n := utf8.RuneCount(b); n > 128*1024 {
		return fmt.Errorf("%d characters", n)
	}
	var items []map[string]any
	if err := json.Unmarshal(b, &items); err != nil {
		return err
	}
	if len(items) != 1 {
		return fmt.Errorf("%d items", len(items))
	}
	s, ok := items[0]["status"].(map[string]any)
	if !ok {
		return fmt.Errorf("no status object")
	}
	if _, ok := s["operation"].(string); !ok {
		return fmt.Errorf("operation is %v", s["operation"])
	}
	if err := acceptOne(s); err != nil {
		return err
	}
	subs, ok := s["substatus"].([]any)
	if !ok {
		return fmt.Errorf("substatus is %v", s["substatus"])
	}
	for i, x := range subs {
		m, ok := x.(map[string]any)
		if !ok {
			return fmt.Errorf("substatus %d is %v", i, x)
		}
		if _, ok := m["name"].(string); !ok {
			return fmt.Errorf("substatus %d has the name %v", i, m["name"])
		}
		if err := acceptOne(m); err != nil {
			return fmt.Errorf("substatus %d: %w", i, err)
		}
	}
	return nil
}

func acceptOne(m map[string]any) error {
	switch m["status"] {
	case "success", "error", "warning", "transitioning":
	default:
		return fmt.Errorf("status is %v", m["status"])
	}
	if _, ok := m["code"].(float64); !ok {
		return fmt.Errorf("code is %v", m["code"])
	}
	f, ok := m["formattedMessage"].(map[string]any)
	if !ok {
		return fmt.Errorf("formattedMessage is %v", m["formattedMessage"])
	}
	if f["lang"] != "en-US" {
		return fmt.Errorf("lang is %v", f["lang"])
	}
	if _, ok := f["message"].(string); !ok {
		return fmt.Errorf("message is %v", f["message"])
	}
	return nil
}

func many(n int, message string) []Substatus {
	subs := make([]Substatus, n)
	for i := range subs {
		subs[i] = Substatus{Name: fmt.Sprintf("check-%d", i), Level: Success, Message: message}
	}
	return subs
}

// TestAccepted gives all hostile reports to encode: the agent accepts the result, and the
// most important part, the message, is still there.
func TestAccepted(t *testing.T) {
	const kept = "sshd does not show the login packages"
	long := kept + strings.Repeat(" äöü🐧", 100_000)
	for name, r := range map[string]Report{
		"zero":              {},
		"plain":             {Operation: "Enable", Level: Success, Message: kept},
		"unknown levels":    {Level: "Success", Message: kept, Substatuses: []Substatus{{Name: "x", Level: "ok"}, {}}},
		"long message":      {Level: Failure, Message: long},
		"long operation":    {Operation: long, Level: Failure, Message: kept},
		"not UTF-8":         {Operation: "\xff", Level: Failure, Message: kept + "\xc3\x28\xa0\xa1 \xe2\x82", Substatuses: []Substatus{{Name: "\xfe", Level: Warning, Message: "\xff"}}},
		"control":           {Level: Failure, Message: kept + "\x00\x1b[31m\x07\u0085\r"},
		"worst escapes":     {Level: Failure, Message: kept + strings.Repeat("\"\\\u2028", 100_000), Substatuses: many(100, strings.Repeat("\u2028\"\\", 10_000))},
		"many substatuses":  {Level: Failure, Message: kept, Substatuses: many(50_000, "fine")},
		"large substatuses": {Level: Failure, Message: kept, Substatuses: many(300, long)},
		"large everything":  {Operation: long, Level: "?", Message: long, Substatuses: many(5000, strings.Repeat("\xff", 5000))},
	} {
		t.Run(name, func(t *testing.T) {
			b := encode(r, time.Now(), sizeLimit)
			if err := accept(b); err != nil {
				t.Fatalf("the agent would not accept it: %v\n%.2000s", err, b)
			}
			if len(b) > sizeLimit {
				t.Errorf("%d bytes", len(b))
			}
			back, err := decode(b)
			if err != nil {
				t.Fatal(err)
			}
			if r.Message != "" && !strings.HasPrefix(back.Message, kept) {
				t.Errorf("the message is lost: %.100q", back.Message)
			}
			if strings.ContainsAny(back.Message, "\x00\x1b\x07\r\u0085") {
				t.Errorf("control characters in %.200q", back.Message)
			}
		})
	}
}

// TestNothingIsCutWithoutNeed: a report of the usual size arrives as it is.
func TestNothingIsCutWithoutNeed(t *testing.T) {
	r := Report{Operation: "Enable", Level: Failure, Code: 22, Message: "No identity <&>\nNext: assign one",
		Substatuses: []Substatus{{"identity", Failure, 22, "none"}, {"memory", Success, 0, "2 GiB"}}}
	back, err := decode(encode(r, time.Now(), sizeLimit))
	if err != nil {
		t.Fatal(err)
	}
	if fmt.Sprint(back) != fmt.Sprint(r) {
		t.Errorf("got  %v\nwant %v", back, r)
	}
}

// TestWhatDidNotFitIsSaid: the reader learns that substatuses are missing, and as many of
// the first as possible stay. The second case only fits after the texts were cut as far as
// possible.
func TestWhatDidNotFitIsSaid(t *testing.T) {
	for _, c := range []struct {
		all     int
		message string
	}{{5000, "fine"}, {200, strings.Repeat("\u2028", 10_000)}} {
		back, err := decode(encode(Report{Level: Success, Substatuses: many(c.all, c.message)}, time.Now(), sizeLimit))
		if err != nil {
			t.Fatal(err)
		}
		n := len(back.Substatuses) - 1
		if n < 100 || back.Substatuses[0].Name != "check-0" || back.Substatuses[n-1].Name != fmt.Sprintf("check-%d", n-1) {
			t.Fatalf("kept %d substatuses of %d, the first is %q", n, c.all, back.Substatuses[0].Name)
		}
		if want := fmt.Sprintf("%d further checks", c.all-n); back.Substatuses[n].Name != "more" || !strings.HasPrefix(back.Substatuses[n].Message, want) {
			t.Errorf("got %v, want %q", back.Substatuses[n], want)
		}
	}
}

func TestClean(t *testing.T) {
	for _, c := range []struct {
		in    string
		limit int
		want  string
	}{
		{"", 10, ""},
		{"ten bytes!", 10, "ten bytes!"},
		{"eleven byte", 10, "eleven ..."},
		{"12345ää678", 10, "12345 ..."},  // the cut falls into ä
		{"12345€€678", 11, "12345 ..."},  // into the second byte of €
		{"12345€€678", 12, "12345€ ..."}, // just behind €
		{"a\x00b\tc\nd", 10, "a b\tc\nd"},
		{"\xff\xfe", 10, "?"},
		{strings.Repeat("\x80", 50), 10, "? ..."},
	} {
		if got := clean(c.in, c.limit); got != c.want || len(got) > c.limit {
			t.Errorf("clean(%q, %d) = %q, want %q", c.in, c.limit, got, c.want)
		}
	}
}

// TestGolden shows the file as it is; UPDATE_GOLDEN=1 rewrites it.
func TestGolden(t *testing.T) {
	const file = "testdata/22.status"
	at := time.Date(2030, 1, 2, 3, 4, 5, 6, time.FixedZone("", 3600))
	got := encode(Report{
		Operation: "Enable", Level: Failure, Code: 22,
		Message: "The VM vm1 has no managed identity.\nNext: az vm identity assign --resource-group rg1 --name vm1",
		Substatuses: []Substatus{
			{"distro", Success, 0, "Ubuntu 22.04 on amd64"},
			{"identity", Failure, 22, "The VM vm1 has no managed identity."},
			{"monitor", Warning, 0, "/usr/local is read-only: nothing watches this machine."},
		},
	}, at, sizeLimit)
	golden.Compare(t, file, string(got))
	if err := accept(got); err != nil {
		t.Error(err)
	}
}

// TestDecode: files of other handlers, and rubbish.
func TestDecode(t *testing.T) {
	// What the vendor's handler of the same name leaves: a number as the version, and no
	// substatus.
	r, err := decode([]byte(`[{"version":1.0,"timestampUTC":"x","status":{"operation":"Enable","status":"success","formattedMessage":{"lang":"en","message":"ok"}}}]`))
	if err != nil || r.Level != Success || r.Message != "ok" {
		t.Errorf("got %v, %v", r, err)
	}
	for _, bad := range []string{"", "null", "[]", "{}", "5", "[5]", `[{"status":5}]`, `[{"status":{"code":"x"}}]`, "[{"} {
		if r, err := decode([]byte(bad)); err == nil {
			t.Errorf("%q was read as %v", bad, r)
		}
	}
}

func FuzzEncode(f *testing.F) {
	f.Add("Enable", "success", 0, "message", "name", "sub", 3)
	f.Add("\xff", "Success", -1, strings.Repeat("\u2028", 40000), "\x00", strings.Repeat("\"", 9000), 400)
	f.Fuzz(func(t *testing.T, operation, level string, code int, message, name, text string, n int) {
		r := Report{operation, Level(level), code, message, nil}
		for range min(max(n, 0), 1000) {
			r.Substatuses = append(r.Substatuses, Substatus{name, Level(level), code, text})
		}
		if err := accept(encode(r, time.Now(), sizeLimit)); err != nil {
			t.Error(err)
		}
	})
}
