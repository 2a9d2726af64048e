package repo

import (
	"slices"
	"strings"
)

// stanza is one paragraph of a deb822 file.
type stanza struct {
	line   int               // of its first field
	lines  map[string]int    // by field name
	fields map[string]string // by field name in lower case; continuation lines joined by \n
}

// ParseDeb822 reads a file of deb822 entries (sources.list(5), DEB822-STYLE FORMAT). A
// stanza becomes one entry for each combination of type, address and suite.
func ParseDeb822(file string, text []byte) ([]Entry, []Problem) {
	stanzas, problems := stanzas(file, string(text))
	var entries []Entry
	for _, s := range stanzas {
		some, problem := s.entries(file)
		entries = append(entries, some...)
		if problem != "" {
			problems = append(problems, Problem{File: file, Line: s.line, What: problem})
		}
	}
	return entries, problems
}

func stanzas(file, text string) ([]stanza, []Problem) {
	var all []stanza
	var problems []Problem
	var current *stanza
	field := ""
	junk := 0 // a line without a colon: apt takes it as the beginning of the next field's name, so that field is lost, and so is the end of a stanza
	for i, line := range lines(text) {
		number := i + 1
		line = strings.TrimRight(line, "\r")
		ends := line == "" // deb822(5) allows a parser to end it at a line of blanks too; apt continues
		line = strings.TrimRight(line, "\t ")
		switch {
		case strings.HasPrefix(line, "#"):
		case ends:
			if junk == 0 {
				current, field = nil, ""
			}
		case line == "":
		case line[0] == ' ' || line[0] == '\t':
			if current == nil || field == "" {
				problems = append(problems, Problem{File: file, Line: number, What: "it continues a field that is not there"})
				continue
			}
			current.fields[field] += "\n" + strings.TrimSpace(line)
		default:
			if current == nil {
				all = append(all, stanza{line: number, lines: map[string]int{}, fields: map[string]string{}})
				current = &all[len(all)-1]
			}
			name, value, ok := strings.Cut(line, ":")
			if !ok {
				junk, field = number, "\n"
				continue
			}
			field = strings.ToLower(strings.TrimRight(name, " \t")) // apt takes "Types : deb"
			if junk > 0 {
				junk, field = 0, "\n"
			}
			current.lines[field] = number
			current.fields[field] = strings.TrimSpace(value)
		}
	}
	if junk > 0 {
		all = all[:len(all)-1]
		problems = append(problems, Problem{File: file, Line: junk, What: "it is not a field with a colon"})
	}
	return all, problems
}

// entries are the repositories of a stanza; problem says what apt would reject.
func (s stanza) entries(file string) (entries []Entry, problem string) {
	types, uris, suites := strings.Fields(s.fields["types"]), strings.Fields(s.fields["uris"]), strings.Fields(s.fields["suites"])
	switch { // apt requires them of a disabled entry too
	case s.lines["types"] == 0:
		return nil, "it has no Types"
	case slices.ContainsFunc(types, func(t string) bool { return t != "deb" && t != "deb-src" }):
		return nil, "its Types are neither deb nor deb-src"
	}
	enabled := !no(s.fields["enabled"])
	if enabled {
		switch {
		case len(uris) == 0:
			return nil, "it has no URIs"
		case len(suites) == 0:
			return nil, "it has no Suites"
		}
		for _, uri := range uris {
			if wrong := wrongURI(uri); wrong != "" {
				return nil, wrong
			}
		}
		for _, suite := range suites {
			if wrong := wrongComponents(suite, strings.Fields(s.fields["components"])); wrong != "" {
				return nil, wrong
			}
		}
	}
	signedBy := s.fields["signed-by"]
	if strings.Contains(signedBy, "-----BEGIN PGP") {
		signedBy = InlineKey
	}
	why := weakness(s.fields)
	for _, kind := range types {
		for _, uri := range uris {
			for _, suite := range suites {
				entries = append(entries, Entry{
					File: file, Line: max(s.lines["uris"], s.line),
					URI: withoutUser(uri), Suite: suite,
					Components: strings.Fields(s.fields["components"]),
					Arches:     strings.Fields(s.fields["architectures"]),
					Sources:    kind == "deb-src",
					SignedBy:   signedBy,
					Enabled:    enabled,
					Verifies:   why == "", Why: why,
				})
			}
		}
	}
	return entries, ""
}
