package doctor

import (
	"regexp"
	"strings"
)

// Redact removes from a text what could grant access: passwords in URLs, tokens, keys and
// signatures. Names of people and machines stay, because without them the text explains
// nothing.
func Redact(text string, secrets ...string) string {
	for _, s := range secrets {
		if len(s) >= 3 { // shorter ones would match everywhere
			text = strings.ReplaceAll(text, s, "***")
		}
	}
	for _, r := range redactions() {
		text = regexp.MustCompile(r[0]).ReplaceAllString(text, r[1])
	}
	return values(text)
}

// values removes the values of settings, but not the services of nsswitch.conf(5), whose
// database of accounts is called passwd. A quote at the end of a line stays: it may end a
// string in a JSON document.
func values(text string) string {
	setting := regexp.MustCompile(`(?im)([A-Za-z0-9_.-]*(?:` + secretNames + `)[ \t]*[:=][ \t]*)(?:(` + quoted + `)|[^\n]+?(",?)?$)`)
	services := regexp.MustCompile(`^passwd:(?:[ \t]+(?:files|compat|systemd|sss|aad|ldap|nis|nisplus|winbind|db|cache|extrausers|altfiles|mymachines|cache_oslogin|oslogin|\[[A-Za-z!= ]*\]))+[ \t]*$`)
	return setting.ReplaceAllStringFunc(text, func(found string) string {
		part := setting.FindStringSubmatch(found)
		switch {
		case services.MatchString(found):
			return found
		case part[2] != "":
			return part[1] + `"***"`
		}
		return part[1] + "***" + part[3]
	})
}

// Names of settings whose value is a secret, in any case.
const secretNames = `password|passwd|passphrase|secret|access_token|refresh_token|id_token|api[_-]?key|account[_-]?key|sas[_-]?token|protectedSettings|customData|userData`

// quoted matches a text in quotes.
const quoted = `"(?:\\.|[^"\\\n])*"|'[^'\n]*'`

// redactions are applied in this order. A password may contain any character, so without
// quotes the rest of the word or line is removed: rather too much than too little.
func redactions() [][2]string { // a pattern, and what is put in the place of a match
	return [][2]string{
		// A key whose first line precedes the part that was read; and a value after the end
		// of the line that names it.
		{`(?m)^(?:[A-Za-z0-9+/=]{16,}\s*\n)+-----END [A-Z ]*PRIVATE KEY[^\n]*`, "*** (a private key)"},
		{`(?i)((?:password|passwd|passphrase|secret|token)["']?\s*[=:]?\s*\\\r?\n\s*)[^\s]+`, "$1***"},
		{`(?s)-----BEGIN [A-Z ]*PRIVATE KEY( BLOCK)?-----.*?(-----END [A-Z ]*PRIVATE KEY( BLOCK)?-----|\z)`, "*** (a private key)"},
		// User and password in a URL end at the last @ of the word.
		{`://[^\s"]*@`, "://***@"},
		{`(?i)((?:\b(?:https?|all|ftp)_|\b)proxy["']?\s*[=:]\s*["']?)[^\s":]+:[^\s"/][^\s"]*@`, "$1***@"}, // a proxy without http://
		{`\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]*)?`, "*** (a token)"},
		{`(?i)(\bbearer\s+password\s+)\S+`, "$1***"},
		{`(?i)\b(bearer|basic|negotiate)\s+[A-Za-z0-9+/=._~-]{8,}`, "$1 ***"},
		{`(?i)([?&;](sig|signature|code|token|key|password)=)[^&\s"']+`, "$1***"},
		{`(?i)((?:\\u0026|&amp;)(?:sig|signature|code|token|key|password)=)[^&\s"'\\]+`, "$1***"},
		{`(?i)(<[a-z:]*(?:password|passwd|secret|token|apikey|accountkey)>)[^<]*`, "$1***"},
		{`(?i)(\s--?(?:token|password|passwd|secret|api-?key|access-?key|sas(?:-token)?|account-key|client-secret)[ \t=]+)(?:` + quoted + `|\S+)`, "$1***"},
		{`(?i)(\bsshpass\s+-p[ \t]*)\S+`, "$1***"},
		{`(?i)(\b(?:pwd|psk|(?:shared|primary|secondary)?access-?key)[ \t]*=[ \t]*)[^;\s"']+`, "$1***"},
		{`(\$(?:1|2[aby]|5|6|7|y|gy)\$)[./A-Za-z0-9$=,-]{8,}`, "$1***"},
		// JSON, and everything else with the name in quotes.
		{`(?i)("[A-Za-z0-9_.-]*(?:` + secretNames + `)"\s*[:=]\s*)(?:` + quoted + `|[^\s,;}\]]+)`, `$1"***"`},
		// netrc(5) and apt_auth.conf(5), on one line or several.
		{`(?i)(\b(?:machine|login)\s+\S+\s+(?:account\s+\S+\s+)?password\s+)(?:` + quoted + `|\S+)`, "$1***"},
		{`(?im)^([ \t]*password[ \t]+)\S+[ \t]*$`, "$1***"},
		// curl(1): options of a command, and of its configuration.
		{`(?i)(\b(?:proxy-)?user["']?[ \t]*[=: \t][ \t]*"[^"\n:]*:)[^"\n]*`, "$1***"},
		{`(?i)((?:\bproxy-user|--user)["']?[ \t]*[=: \t][ \t]*'?[^\s"':]+:)[^\s"']+`, "$1***"},
		{`(?i)((?:^|\s)-u[ \t]*["']?[^\s"':]+:)[^\s"']+`, "$1***"},
	}
}
