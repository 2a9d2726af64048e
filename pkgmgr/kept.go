package pkgmgr

import (
	"path"
	"strings"

	"aadssh/internal/grammar"
	"aadssh/internal/host"
	"aadssh/internal/text"
)

// moved is a setting that moves the cache of a package manager to another folder.
type moved struct {
	file    string // pattern of the files, in ini format, in which it can be set
	key     string
	instead string // the folder in the patterns of Manager.Kept that its value replaces
}

// folderSetting matches a setting whose value is a folder; variable matches what a manager
// fills in there.
var (
	folderSetting = text.Pattern(`(?m)^[ \t]*(\w+)[ \t]*[=:][ \t]*(/\S*)`)
	variable      = text.Pattern(`\$(?:\{\w+\}|\w+)`)
)

// value is the folder that a file's text sets; "" if it sets none.
func (m moved) value(content string) string {
	for _, s := range folderSetting().FindAllStringSubmatch(content, -1) {
		if s[1] == m.key {
			return s[2]
		}
	}
	return ""
}

// KeptFiles are the files of installed or downloaded packages that the manager still has in
// its cache.
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

// elsewhere are the patterns that replace one of Manager.Kept because of the machine's
// settings.
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
				continue // then the manager cannot read it either, and reports that
			}
			value := m.value(string(content))
			if value == "" {
				continue
			}
			// Variables such as $basearch are replaced by the manager.
			folder := path.Clean(variable().ReplaceAllString(value, "*"))
			if grammar.Path(strings.ReplaceAll(folder, "*", "x")) {
				patterns = append(patterns, folder+"/"+rest)
			}
		}
	}
	return patterns
}
