package status

import (
	"testing"
	"time"
)

// FuzzDecode: for any content of a status file, reading it ends, and what was read can be
// written so that the agent accepts it.
func FuzzDecode(f *testing.F) {
	f.Add(encode(Report{Operation: "Enable", Level: Success, Message: "m", Substatuses: []Substatus{{Name: "packages", Level: Failure, Code: 26, Message: "n"}}}, time.Unix(0, 0), sizeLimit))
	for _, seed := range []string{"", "[]", "[null]", "{}", `[{"status":{"code":1e99}}]`, `[{"status":{"substatus":[null],"status":5}}]`, "[{\"status\":{\"operation\":\"\x00\"}}]"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, content []byte) {
		r, err := decode(content)
		if err != nil {
			return
		}
		if err := accept(encode(r, time.Now(), sizeLimit)); err != nil {
			t.Error(err)
		}
	})
}
