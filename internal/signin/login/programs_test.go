package login

import (
	"os"
	"slices"
	"strings"
	"testing"

	"aadssh/internal/check"
)

func TestPrograms(t *testing.T) {
	const handler, list = "/usr/sbin/aad_certhandler", "/var/lib/dpkg/info/aadsshlogin.md5sums"
	const empty = "d41d8cd98f00b204e9800998ecf8427e"
	for _, c := range []struct {
		title  string
		change func(put func(name, text string))
		rpm    map[string]string
		kept   bool
		answer check.Answer
		says   string
	}{
		{title: "as installed", kept: true, says: "are those of the package"},
		{title: "changed", change: func(put func(name, text string)) { put(handler, "#!/bin/sh\n") }, kept: true, answer: check.Fail, says: handler + " is not as aadsshlogin 1.0 installed it"},
		{title: "changed, and nothing was kept", change: func(put func(name, text string)) { put(handler, "#!/bin/sh\n") }, answer: check.Unknown, says: "was not kept"},
		{title: "diverted", change: func(put func(name, text string)) {
			put(handler, "#!/bin/sh\n")
			put("/var/lib/dpkg/diversions", "/bin/sh\n/bin/sh.distrib\ndash\n"+handler+"\n"+handler+".real\n:\n")
		}, kept: true, answer: check.Warn, says: "dpkg-divert"},
		{title: "an architecture in the list's name", change: func(put func(name, text string)) {
			put(strings.Replace(list, ".md5", ":amd64.md5", 1), empty+"  usr/sbin/aad_certhandler\n")
			put(list, "")
			put(handler, "x")
		}, kept: true, answer: check.Fail, says: "is not as"},
		{title: "no digests", change: func(put func(name, text string)) { put(list, "") }, kept: true, says: "keeps no digests"},
		{title: "rpm's SHA-256", rpm: map[string]string{handler: "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"}, kept: true, says: "are those of the package"},
		{title: "another one", rpm: map[string]string{handler: strings.Repeat("0", 64)}, kept: true, answer: check.Fail, says: "is not as"},
		{title: "a digest of an unknown kind", rpm: map[string]string{handler: strings.Repeat("0", 40)}, kept: true, says: "are those of the package"},
	} {
		t.Run(c.title, func(t *testing.T) {
			h := debian(t)
			write := func(name, text string) { put(t, h, name, text, 0o755) }
			write(list, empty+"  usr/sbin/aad_certhandler\n"+empty+"  usr/share/doc/x\n")
			if c.change != nil {
				c.change(write)
			}
			got := ComparePrograms(h, "aadsshlogin", c.rpm).Assess("aadsshlogin", "1.0", c.kept)
			if got.Answer != c.answer || !strings.Contains(got.Text+got.Next, c.says) || (got.Part == check.Files) != (c.answer == check.Fail) {
				t.Errorf("%+v", got)
			}
		})
	}
	h := debian(t)
	put(t, h, list, empty+"  usr/sbin/aad_certhandler\n", 0o644)
	if err := os.Remove(h.Path(handler)); err != nil {
		t.Fatal(err)
	}
	if p := ComparePrograms(h, "aadsshlogin", nil); !p.Known || slices.Contains(p.Differ, handler) {
		t.Errorf("%+v", p)
	}
}
