package stage

import (
	"slices"
	"strings"

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
	for name, text := range texts {
		all[name] = text
	}
	for name, text := range all {
		for _, leak := range append(metadata.Leaks(text), found(text, secrets.Words)...) {
			s.T.Errorf("the secret %q stands in %s:\n%s", leak, name, around(text, leak))
		}
	}
	for _, line := range before.Diff(s.Snapshot(), nil) {
		path := line[2:]
		if line[0] == '-' || slices.Contains(secrets.Planted, path) || strings.HasPrefix(path, metadata.ArcTokens+"/") {
			continue
		}
		content, err := s.ReadFile(path)
		if err != nil {
			continue // a folder, a socket, a removal
		}
		for _, leak := range append(metadata.Leaks(string(content)), found(string(content), secrets.Words)...) {
			s.T.Errorf("the secret %q stands in the file %s", leak, path)
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
