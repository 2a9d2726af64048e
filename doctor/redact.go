package doctor

import (
	"regexp"
	"strings"
)

// Redact takes out of a text what may let somebody in: passwords in URLs,
// tokens, keys and signatures. Names of people and machines stay, for without
// them the text explains nothing.
func Redact(text string, secrets ...string) string {
	for _, s := range secrets {
		if len(s) >= 3 { // shorter ones would take the text apart
			text = strings.ReplaceAll(text, s, "***")
		}
	}
	for _, r := range redactions() {
		text = r.pattern.ReplaceAllString(text, r.with)
	}
	return text
}

type redaction struct {
	pattern *regexp.Regexp
	with    string
}

func redactions() []redaction {
	of := func(pattern, with string) redaction { return redaction{regexp.MustCompile(pattern), with} }
	return []redaction{
		of(`(?s)-----BEGIN [A-Z ]*PRIVATE KEY( BLOCK)?-----.*?(-----END [A-Z ]*PRIVATE KEY( BLOCK)?-----|\z)`, "*** (a private key)"),
		of(`://[^/\s"'<>@]*@`, "://***@"), // user and password of a URL
		of(`\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]*)?`, "*** (a token)"),
		of(`(?i)\b(bearer|basic|negotiate)\s+[A-Za-z0-9+/=._~-]{8,}`, "$1 ***"),
		of(`(?i)([?&;](sig|signature|code|token|key|password)=)[^&\s"']+`, "$1***"),
		of(`(?i)("?[A-Za-z0-9_.-]*(password|passwd|passphrase|secret|access_token|refresh_token|id_token|api[_-]?key|account[_-]?key|sas[_-]?token|protectedSettings|customData|userData)"?\s*[:=]\s*)("[^"]*"|'[^']*'|[^\s,;}]+)`, `$1"***"`),
	}
}
