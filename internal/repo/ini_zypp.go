package repo

import (
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"aadssh/internal/text"
)

// readZypp reads as libzypp does (iniparser.cc, RepoFileReader.cc). A line that it cannot
// parse, or an invalid address, ends it.
func readZypp(content string) ([]section, *mistake) {
	var r reading
	list := "" // the list that a line may continue; a heading does not end it
	add := func(words string) (wrong string) {
		for _, word := range zyppList(words) {
			if wrong = wrongAddress(word); wrong != "" {
				return wrong
			}
			r.values()[list] += "\n" + word
		}
		return ""
	}
	for i, line := range lines(content) {
		number := i + 1
		trimmed := strings.Trim(line, " \t\n")
		key, value, setting := strings.Cut(trimmed, "=")
		switch {
		case comment(trimmed):
			continue
		case trimmed[0] == '[' && strings.Contains(trimmed, "]"):
			id := trimmed[1:strings.LastIndexByte(trimmed, ']')]
			if id == "" || id[0] == '.' {
				return r.all, &mistake{number, "its section name is empty or begins with a dot"}
			}
			r.heading(id, number)
			continue
		case trimmed[0] != '[' && setting && !strings.ContainsAny(key, `:/?|,\`):
			if len(r.all) == 0 {
				return nil, &mistake{number, "it stands before the first section"}
			}
			key, value = strings.TrimRight(key, " \t"), strings.TrimLeft(value, " \t")
			// The settings with continuation lines: a line after one of them that is not itself a
			// setting belongs to it.
			if list = ""; !text.OneOf(key, "baseurl gpgkey mirrorlist metalink") {
				r.values()[key] = value
				continue
			}
			list = key
		case list == "":
			return r.all, &mistake{number, "it is neither a section nor a setting"}
		default:
			value = trimmed
		}
		if wrong := add(value); wrong != "" {
			return r.all, &mistake{number, wrong}
		}
	}
	return r.all, nil
}

var (
	zyppBetween = text.Pattern(`[,\s]*[ \t\n][,\s]*`)
	scheme      = text.Pattern(`^[A-Za-z][A-Za-z0-9+.-]*:`)
	afterHost   = text.Pattern(`^[^:/?#]+://(?:[^/?#]*@)?(?:\[[^\]/?#]*\]|[^:/?#]*)([^/?#]*)`)
	halfEscape  = text.Pattern(`%(?:[^0-9A-Fa-f]|.[^0-9A-Fa-f]|.?$)`)
)

// zyppList splits at blanks, with or without commas next to them: a comma alone is part of
// an address.
func zyppList(s string) []string {
	var all []string
	for _, word := range zyppBetween().Split(s, -1) {
		if word != "" {
			all = append(all, word)
		}
	}
	return all
}

// wrongAddress says why libzypp does not accept an address.
func wrongAddress(word string) string {
	if strings.ContainsRune(word, '\r') {
		return "its line ends as on Windows"
	}
	if word[0] == '/' {
		return ""
	}
	if !scheme().MatchString(word) {
		return "its address " + shown(withoutUser(word)) + " has no scheme (https://)"
	}
	if halfEscape().MatchString(word) {
		return "its address " + shown(withoutUser(word)) + " has a % that is none"
	}
	if wrongPort(word) {
		return "its address " + shown(withoutUser(word)) + " has a port that is none"
	}
	if u, err := url.Parse(word); err == nil && u.Host == "" && slices.Contains([]string{"http", "https", "ftp", "nfs", "smb"}, u.Scheme) {
		return "its address " + shown(withoutUser(word)) + " has no host"
	}
	return ""
}

// wrongPort reports whether what follows the host of an address is no port to libzypp, which
// reads 080 as octal (UrlBase.cc, isValidPort).
func wrongPort(address string) bool {
	found := afterHost().FindStringSubmatch(address)
	if found == nil || found[1] == "" || found[1] == ":" {
		return false
	}
	port, colon := strings.CutPrefix(found[1], ":")
	n, err := strconv.ParseUint(port, 0, 16)
	return !colon || err != nil || n == 0 || strings.Trim(port, "0123456789") != ""
}

// zyppVerifies: libzypp checks the metadata and, through its checksums, the packages; or
// the packages themselves if the metadata is not signed. A specific setting wins over
// gpgcheck (zypper.conf, libzypp RepoInfo).
func zyppVerifies(_ dialect, s section, defaults checks) (bool, string) {
	general := defaults.packages
	if is, known := zyppTruth(s.values["gpgcheck"]); known {
		general = is
	}
	specific := func(name string, otherwise bool) bool {
		value, set := s.values[name]
		if !set {
			return otherwise
		}
		is, _ := zyppTrue(value)
		return is
	}
	if specific("repo_gpgcheck", general || defaults.metadata) || specific("pkg_gpgcheck", general) {
		return true, ""
	}
	for _, name := range []string{"gpgcheck", "repo_gpgcheck", "pkg_gpgcheck"} {
		if value, set := s.values[name]; set {
			if is, _ := zyppTrue(value); !is {
				return false, name + "=" + shown(value)
			}
		}
	}
	return false, "signature checks are off for all repositories"
}

// zyppTrue is libzypp's strToTrue: everything that is not true is off.
func zyppTrue(s string) (is, known bool) {
	is, _ = zyppTruth(s)
	return is, true
}

// zyppTruth is libzypp's strToTriBool: a number is parsed from its beginning.
func zyppTruth(s string) (is, known bool) {
	switch s := strings.ToLower(s); s {
	case "yes", "true", "always", "on", "+":
		return true, true
	case "no", "false", "never", "off", "-", "0":
		return false, true
	}
	number := regexp.MustCompile(`^\s*[+-]?0*[1-9]`).MatchString(s)
	return number, number
}
