package sudo

import (
	"strings"

	"aadssh/internal/text"
)

// uncomment removes a comment: a "#" that is not quoted and does not begin a number, as in
// "#1000".
func uncomment(s string) string {
	quoted := false
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == '\\':
			i++
		case s[i] == '"':
			quoted = !quoted
		case s[i] == '#' && !quoted && (i+1 >= len(s) || s[i+1] < '0' || s[i+1] > '9'):
			return strings.TrimSpace(s[:i])
		}
	}
	return s
}

// words are the members of a comma-separated list.
func words(list string) (all []string) {
	for _, w := range strings.Split(list, ",") {
		if w = strings.TrimSpace(w); w != "" {
			all = append(all, w)
		}
	}
	return all
}

// list splits off the first list: words separated by commas, up to a blank without a comma
// next to it.
func list(s string) (head, rest string) {
	quoted := false
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == '\\':
			i++
		case s[i] == '"':
			quoted = !quoted
		case (s[i] == ' ' || s[i] == '\t') && !quoted:
			before, after := strings.TrimRight(s[:i], " \t"), strings.TrimLeft(s[i:], " \t")
			if !strings.HasSuffix(before, ",") && !strings.HasPrefix(after, ",") && !strings.HasSuffix(before, "!") {
				return before, after
			}
		}
	}
	return s, ""
}

// splitOutside splits at a sign that is not in brackets, quoted, escaped or after a tag.
func splitOutside(s string, sign byte) (parts []string) {
	depth, quoted, begin := 0, false, 0
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case c == '(' && !quoted:
			depth++
		case c == ')' && !quoted:
			depth--
		case c == sign && depth == 0 && !quoted:
			if sign == ':' && isTag(s[begin:i]) {
				continue
			}
			parts = append(parts, s[begin:i])
			begin = i + 1
		}
	}
	return append(parts, s[begin:])
}

// isTag reports whether the text before a colon is a tag, such as "NOPASSWD".
func isTag(before string) bool {
	word := before[strings.LastIndexAny(before, " \t=),:")+1:]
	return text.OneOf(strings.TrimSpace(word), "NOPASSWD PASSWD NOEXEC EXEC SETENV NOSETENV LOG_INPUT NOLOG_INPUT LOG_OUTPUT NOLOG_OUTPUT MAIL NOMAIL FOLLOW NOFOLLOW INTERCEPT NOINTERCEPT")
}
