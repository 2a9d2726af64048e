package facts

import (
	"testing"

	"aadssh/internal/check"
	"aadssh/internal/signin/login"
	"aadssh/test/lib/checktest"
)

func TestProgramRow(t *testing.T) {
	changed := Facts{Programs: login.Programs{Known: true, Differ: []string{"/usr/sbin/aad_certhandler"}}}
	checktest.Rows(t, []*check.Row[*Facts]{programRow()}, &Facts{Programs: login.Programs{Known: true}},
		map[string]checktest.Machine[*Facts]{"package-files": {Seen: &changed}})
}
