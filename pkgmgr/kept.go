package pkgmgr

import (
	"path"
	"regexp"
	"strings"

	"aadssh/internal/grammar"
	"aadssh/internal/host"
	"aadssh/internal/text"
)

// moved is a setting with which the owner of a machine has the cache of its
// package manager elsewhere.
type moved struct {
	file    string // pattern of the files that it stands in, in the ini format
	key     string
	instead string // the folder, in the patterns of Manager.Kept, whose place its value takes
}

// KeptFiles are the files of installed or downloaded packages as the manager
// still has them in its cache.
func (s *Session) KeptFiles(packages ...Package) []string {
	var files []string
	for _, p := range packages {
		for _, pattern := range s.Manager.Kept(s.Source, p) {
			for _, at := range append([]string{pattern}, s.elsewhere(pattern)...) {
				for _, f := range s.Host.Glob(at) {
					files = text.AddNew(files, f)
				}
			}
		}
	}
	return files
}

// elsewhere are the patterns in whose place the owner's settings have one of
// Manager.Kept.
func (s *Session) elsewhere(pattern string) []string {
	var patterns []string
	for _, m := range s.Manager.Moved {
		rest, ok := strings.CutPrefix(pattern, m.instead+"/")
		if !ok {
			continue
		}
		for _, file := range s.Host.Glob(m.file) {
			content, err := s.Host.ReadFile(file, host.Limit)
			if err != nil {
				continue // then the manager cannot read it either, and says so
			}
			setting := regexp.MustCompile(`(?m)^[ \t]*` + m.key + `[ \t]*[=:][ \t]*(/\S*)`).FindSubmatch(content)
			if setting == nil {
				continue
			}
			// Variables such as $basearch are the manager's to fill in.
			folder := path.Clean(regexp.MustCompile(`\$(?:\{\w+\}|\w+)`).ReplaceAllString(string(setting[1]), "*"))
			if grammar.Path(strings.ReplaceAll(folder, "*", "x")) {
				patterns = append(patterns, folder+"/"+rest)
			}
		}
	}
	return patterns
}
