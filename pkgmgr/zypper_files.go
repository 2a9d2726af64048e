package pkgmgr

import (
	"fmt"
	"net/url"
	"path"
	"regexp"
	"slices"
	"strings"

	"aadsshlogin-handler/internal/fault"
	"aadsshlogin-handler/internal/host"
)

// zypperAsk has zypper read each definition alone: the ones that end it are
// printed. $$ is a $ in a next step.
const zypperAsk = `for f in /etc/zypp/repos.d/*.repo; do d=$$(mktemp -d); ln -s "$$f" "$$d"; zypper --reposd-dir "$$d" repos >/dev/null 2>&1; [ $$? = 1 ] && echo "$$f"; rm -r "$$d"; done`

// zypperFile finds the definition for which zypper ended with an exception:
// 1.14.42 and older say what is wrong and not in which file. nil where no file
// has what zypper complains of.
func zypperFile(h *host.Host, said []string) *fault.Fault {
	complaint := said[1]
	for _, folder := range []struct{ path, extension string }{{"/etc/zypp/services.d", ".service"}, {"/etc/zypp/repos.d", ".repo"}} {
		files, err := h.ReadDir(folder.path)
		if err != nil {
			continue
		}
		for _, f := range files {
			name := path.Join(folder.path, f.Name())
			if path.Ext(name) != folder.extension {
				continue
			}
			content, err := h.ReadFile(name, host.Limit)
			if err != nil {
				continue
			}
			if line := blamed(string(content), complaint); line > 0 {
				next := "Correct the file, or move it away: less " + name + thenAgain
				if strings.Contains(complaint, "\n'") { // it was \r\n, and cannot be seen
					next = "Give its lines the ends that they have on Linux: sudo sed -i 's/\\r$//' " + name + thenAgain
				}
				return fault.New(fault.PackageManagerFailed,
					fmt.Sprintf("The repository file %s cannot be read, so that zypper does nothing at all: line %d: %s.",
						name, line, oneLine(strings.TrimSuffix(complaint, "."))), next)
			}
		}
	}
	return nil
}

// blamed is the line of a definition that has what zypper complains of; 0: none.
func blamed(content, complaint string) int {
	sections := 0
	address := regexp.MustCompile(`^\s*(?:baseurl|mirrorlist|metalink|gpgkey|url)\s*[=:]`)
	inAddress, number := false, 0
	for line := range strings.Lines(content) {
		number++
		line = strings.TrimSuffix(line, "\n")
		trimmed := strings.TrimSpace(line)
		switch {
		case trimmed == "" || trimmed[0] == '#' || trimmed[0] == ';':
			continue
		case line[0] == '[':
			sections++
			inAddress = false
			id, _, _ := strings.Cut(trimmed[1:], "]")
			if id == "" && strings.Contains(complaint, "has no alias") || strings.HasPrefix(id, ".") && strings.Contains(complaint, "cannot start with dot") {
				return number
			}
			continue
		case sections == 0 && strings.Contains(complaint, "has no alias"):
			return number
		}
		value := line
		if start := address.FindString(line); start != "" {
			inAddress, value = true, line[len(start):]
		} else if line[0] != ' ' && line[0] != '\t' { // else it goes on with the one before
			inAddress = false
		}
		words := strings.FieldsFunc(value, func(r rune) bool { return r == ' ' || r == '\t' || r == ',' })
		if inAddress && slices.ContainsFunc(words, func(word string) bool { return wrongAddress(word, complaint) }) {
			return number
		}
	}
	return 0
}

// wrongAddress reports whether an address has what zypper complains of.
func wrongAddress(word, complaint string) bool {
	u, err := url.Parse(word)
	switch {
	case strings.Contains(complaint, "scheme is a required component"):
		return !strings.HasPrefix(word, "/") && (err == nil && u.Scheme == "" || err != nil && !strings.Contains(word, ":"))
	case strings.Contains(complaint, "requires a host component"):
		return err == nil && u.Host == "" && slices.Contains([]string{"http", "https", "ftp", "nfs", "smb"}, u.Scheme)
	}
	named := regexp.MustCompile(`^Invalid [a-z ]+ component '([^']*)'`).FindStringSubmatch(complaint)
	return named != nil && err != nil && strings.Contains(word, strings.ReplaceAll(named[1], "\n", "\r"))
}
