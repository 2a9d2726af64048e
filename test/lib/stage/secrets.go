package stage

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"aadssh/test/lib/agentrun"
	"aadssh/test/lib/box"
	"aadssh/test/lib/metadata"
)

// Secrets are texts that must not be found anywhere.
type Secrets struct {
	Words   []string // in addition to those of the metadata service
	Planted []string // files of an administrator that contain one
}

// Search fails the test if a secret is in the handler's output, in its log, in one of the
// texts, given by name, or in a file that was written since before.
func (s *Stage) Search(secrets Secrets, before box.Snapshot, texts map[string]string) {
	s.T.Helper()
	all := map[string]string{"the outputs and the status": s.said.String(), "handler.log": s.HandlerLog()}
	maps.Copy(all, texts)
	NoSecret(s.T, all, secrets.Words...)
	for _, line := range before.Diff(s.Snapshot(), nil) {
		path := line[2:]
		if line[0] == '-' || slices.Contains(secrets.Planted, path) || strings.HasPrefix(path, metadata.ArcTokens+"/") {
			continue
		}
		content, err := s.ReadFile(path)
		if err != nil {
			continue // a folder, a socket, a removal
		}
		NoSecret(s.T, map[string]string{"the file " + path: string(content)}, secrets.Words...)
	}
}

// NoSecret fails a test if one of the texts, given by name, has a secret of the metadata
// service or one of the words.
func NoSecret(t testing.TB, texts map[string]string, words ...string) {
	t.Helper()
	for name, text := range texts {
		for _, leak := range append(metadata.Leaks(text), found(text, words)...) {
			t.Errorf("the secret %q is in %s:\n%q", leak, name, around(text, leak))
		}
	}
}

// remember keeps the output of a goal state's commands for Search.
func (s *Stage) remember(r agentrun.Report) {
	for _, run := range r.Runs {
		s.said.WriteString(strings.Join([]string{run.Stdout, run.Stderr, run.Captured, ""}, "\n"))
	}
	s.said.WriteString(r.Handler.Message + "\n")
	if e := r.Extension; e != nil {
		s.said.WriteString(e.Message + "\n")
		for _, sub := range e.Substatus {
			s.said.WriteString(sub.Message + "\n")
		}
	}
}

func found(text string, secrets []string) []string {
	return slices.DeleteFunc(slices.Clone(secrets), func(secret string) bool { return !strings.Contains(text, secret) })
}

func around(text, word string) string {
	at := strings.Index(text, word)
	return text[max(0, at-150):min(len(text), at+150)]
}
