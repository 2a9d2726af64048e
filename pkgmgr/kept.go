package pkgmgr

import (
	"path"
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

// folderSetting is a setting whose value is a folder, and variable what a manager
// fills in there.
var (
	folderSetting = text.Pattern(`(?m)^[ \t]*(\w+)[ \t]*[=:][ \t]*(/\S*)`)
	variable      = text.Pattern(`\$(?:\{\w+\}|\w+)`)
)

// value is the folder that a file's text sets it to; "" where it does not.
func (m moved) value(content string) string {
	for _, s := range folderSetting().FindAllStringSubmatch(content, -1) {
		if s[1] == m.key {
			return s[2]
		}
	}
	return ""
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
			value := m.value(string(content))
			if value == "" {
				continue
			}
			// Variables such as $basearch are the manager's to fill in.
			folder := path.Clean(variable().ReplaceAllString(value, "*"))
			if grammar.Path(strings.ReplaceAll(folder, "*", "x")) {
				patterns = append(patterns, folder+"/"+rest)
			}
		}
	}
	return patterns
}
