package agent

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"

	"aadssh/internal/text"
)

// handlerSettings is the content of a settings file (WALinuxAgent
// exthandlers.py, update_settings).
type handlerSettings struct {
	Public     map[string]json.RawMessage
	Protected  string // base64 of CMS in DER; "": none
	Thumbprint string // of the certificate that it was encrypted for
	set        bool   // there is a handlerSettings object
}

// parseFile parses a settings file. An empty file, an empty object and nulls are valid too:
// they set nothing.
func parseFile(content []byte) (handlerSettings, error) {
	if len(content) == 0 {
		return handlerSettings{}, nil
	}
	var file struct {
		RuntimeSettings []struct {
			HandlerSettings struct {
				Public     json.RawMessage `json:"publicSettings"`
				Protected  any             `json:"protectedSettings"`
				Thumbprint any             `json:"protectedSettingsCertThumbprint"`
			} `json:"handlerSettings"`
		} `json:"runtimeSettings"`
	}
	if err := json.Unmarshal(content, &file); err != nil {
		return handlerSettings{}, windows(content, plain(err))
	}
	switch n := len(file.RuntimeSettings); n {
	case 0:
		return handlerSettings{}, nil
	case 1:
	default:
		return handlerSettings{}, fmt.Errorf("it has %d runtimeSettings instead of one", n)
	}
	in := file.RuntimeSettings[0].HandlerSettings
	out := handlerSettings{set: true}
	var err error
	if out.Public, err = object(in.Public); err != nil {
		return handlerSettings{}, fmt.Errorf("the public settings are %w", err)
	}
	for _, f := range []struct {
		name string
		from any
		to   *string
	}{
		{"protectedSettings", in.Protected, &out.Protected},
		{"protectedSettingsCertThumbprint", in.Thumbprint, &out.Thumbprint},
	} {
		text, ok := f.from.(string)
		if !ok && f.from != nil {
			return handlerSettings{}, fmt.Errorf("%s is not text", f.name)
		}
		*f.to = text
	}
	return out, nil
}

// windows is err, or that a file is text as Windows saves it: with a byte order mark, or in
// UTF-16 without one.
func windows(content []byte, err error) error {
	for _, begin := range []string{"\ufeff", "\xff\xfe", "\xfe\xff", "{\x00", "\x00{"} {
		if bytes.HasPrefix(content, []byte(begin)) {
			return errors.New("not JSON, but as Windows saves text: save it as UTF-8 without a byte order mark")
		}
	}
	return err
}

// object parses a JSON object; null and nothing are an empty one. A name that is there
// twice is an error: which of the two values is meant, nobody can know.
func object(raw json.RawMessage) (map[string]json.RawMessage, error) {
	if raw = bytes.TrimSpace(raw); len(raw) == 0 || isNull(raw) {
		return nil, nil
	}
	var fields map[string]json.RawMessage
	if json.Unmarshal(raw, &fields) != nil {
		return nil, errors.New("not a JSON object")
	}
	seen := map[string]bool{}
	for _, name := range namesIn(raw) {
		if seen[name] {
			return nil, &twiceError{name}
		}
		seen[name] = true
	}
	return fields, nil
}

// namesIn are the names in a valid JSON object, those in its values left out.
func namesIn(raw []byte) (all []string) {
	depth := 0
	for i := 0; i < len(raw); i++ {
		switch raw[i] {
		case '{', '[':
			depth++
		case '}', ']':
			depth--
		case '"':
			start := i
			for i++; raw[i] != '"'; i++ {
				if raw[i] == '\\' {
					i++
				}
			}
			rest := bytes.TrimLeft(raw[i+1:], " \t\r\n")
			var name string
			if depth == 1 && rest[0] == ':' && json.Unmarshal(raw[start:i+1], &name) == nil {
				all = append(all, name)
			}
		}
	}
	return all
}

// twiceError means that an object has a name twice.
type twiceError struct{ name string }

func (e *twiceError) Error() string {
	return "ambiguous: " + strconv.Quote(text.Brief(shownName(e.name), 80)) + " is there twice"
}

func isNull(raw json.RawMessage) bool { return string(raw) == "null" }

// plain describes an error in JSON to somebody who does not know our types.
func plain(err error) error {
	var syntax *json.SyntaxError
	if errors.As(err, &syntax) {
		return fmt.Errorf("not JSON: %w, at byte %d", err, syntax.Offset)
	}
	return errors.New("not laid out as the agent writes it")
}
