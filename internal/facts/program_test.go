package facts

import (
	"testing"

	"aadsshlogin-handler/internal/check"
	"aadsshlogin-handler/internal/signin/login"
	"aadsshlogin-handler/test/lib/checktest"
)

func TestProgramRow(t *testing.T) {
	changed := Facts{Programs: login.Programs{Known: true, Differ: []string{"/usr/sbin/aad_certhandler"}}}
	checktest.Rows(t, []*check.Row[*Facts]{programRow()}, &Facts{Programs: login.Programs{Known: true}},
		map[string]checktest.Machine[*Facts]{"package-files": {Seen: &changed}})
}
