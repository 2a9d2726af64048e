// Package permit decides which parts of the machine's files may be put into an archive for
// support. It does not remove what looks like a secret, but only lets through what cannot
// be one. Each kind of file has a function that returns what is permitted of its text; the
// rest is left out or replaced by Masked.
package permit

import (
	"regexp"
	"strings"

	"aadssh/internal/text"
)

// Masked replaces what is not permitted.
const Masked = "***"

// Text is what is permitted of a file, and how many of its lines were left out.
type Text struct {
	Kept string
	Left int
}

// Filter returns what is permitted of one kind of file.
type Filter func(text string) Text

// How a secret continues on the next line: a private key, or a value after the end of the
// line that names it.
const (
	keyBegins = `-----BEGIN [A-Z ]*PRIVATE KEY`
	keyEnds   = `-----END [A-Z ]*PRIVATE KEY`
	goesOn    = secretName + `|(?i)(?:pass|pwd|secret|token|key|auth)[A-Za-z_"']*\s*[:=]?\s*[\\|>]?\s*$`
)

// lines keeps the lines for which permitted returns true, as it returns them.
func lines(text string, permitted func(line string) (string, bool)) Text {
	begins, ends, on := regexp.MustCompile(keyBegins), regexp.MustCompile(keyEnds), regexp.MustCompile(goesOn)
	var kept strings.Builder
	left, inKey, next := 0, false, false
	for line := range strings.Lines(text) {
		line = strings.TrimRight(line, "\r\n \t")
		if line == "" {
			continue
		}
		hidden := inKey || next || begins.MatchString(line)
		inKey, next = (inKey || begins.MatchString(line)) && !ends.MatchString(line), on.MatchString(line)
		if hidden {
			left++
		} else if out, ok := permitted(line); ok {
			kept.WriteString(out + "\n")
		} else {
			left++
		}
	}
	return Text{kept.String(), left}
}

// those keeps the lines that match the form, as permitted returns them.
func those(text string, form *regexp.Regexp, permitted func(line string) string) Text {
	return lines(text, func(line string) (string, bool) {
		if !form.MatchString(line) {
			return "", false
		}
		return permitted(line), true
	})
}

// secretName matches the end of names of secrets, whatever precedes it.
const secretName = `(?i)(?:pass(?:word|wd|phrase|code)?|pwd|pw|secret|token|bearer|basic|credentials?|cookie|pin|otp|psk|sas|sig|signature|authorization|connection-?string|(?:api|access|account|private|shared|storage|secret)[_-]?key|key)$`

// announces are those names after which a secret may follow without a sign in between:
// "password x". A word that is only "key" or "signature" is not one of them.
const announces = `(?i)(?:pass(?:word|wd|phrase|code)|pwd|secret|token|bearer|basic|credentials?|authorization)s?$`

// said are words that may come after such a name in a sentence about it.
const said = ` a an and are as be been by can could denied did do does error expired failed fetched find for forbidden found from get gets given has have identity in invalid is it its missing must no none not of on or read received refused required request response sent service the this timed to unauthorized unknown was were will with without wrong `

// forms are the forms of words that cannot be a secret, or only one that everybody could
// guess: words of a language, numbers, versions, addresses, names of hosts, of people, of
// architectures and of the packages that matter here.
const forms = `^(?:` +
	`[a-z]{1,20}|[A-Z][a-z]{1,20}|[A-Z]{1,14}|[a-z]{1,14}(?:[-_][a-z]{1,14}){1,5}|[A-Z]{1,12}(?:_[A-Z]{1,12}){1,6}` + // words
	`|(?:[a-z]{1,12}'[a-z]{1,2})|-{1,2}[A-Za-z][a-z]{0,15}(?:-[a-z]{1,12}){0,3}` + // couldn't; options
	`|[+-]?\d{1,10}%?|\d{1,6}(?:\.\d{1,3})?(?:ns|us|ms|s|m|h|B|kB|MB|KiB|MiB|GiB|[KMGT])|[kM]?B/s` + // numbers and sizes
	`|\d{4}-\d\d-\d\d(?:T[\d:.]+(?:Z|[+-][\d:]+)?)?|\d\d:\d\d(?::\d\d(?:[.,]\d+)?)?` + // times
	`|(?:\d+:)?\d{1,12}(?:[.]\d{1,12}){1,5}(?:[-~+]?[a-z0-9]{1,14}(?:[.~+-][a-z0-9]{1,10}){0,5})?` + // versions and addresses
	`|(?:[0-9A-Fa-f]{0,4}:){2,7}[0-9A-Fa-f]{0,4}(?:/\d{1,3})?|\d{1,3}(?:\.\d{1,3}){3}(?:/\d{1,2})?(?::\d{1,5})?` + // addresses
	`|(?:[A-Z][a-z]{1,14}){2,4}` + // AllowGroups
	`|[a-z][a-z0-9-]{0,20}(?:\.[a-z][a-z-]{0,20}){1,4}(?::\d{1,5})?` + // hosts, units, files
	`|[A-Za-z][A-Za-z._+-]{0,40}@[a-z][a-z-]{0,30}(?:\.[a-z]{2,20}){1,4}` + // people
	`|(?:aadsshlogin|aadlogin)(?:-selinux)?(?:[-_=:][A-Za-z0-9._~+:-]{1,60})?` +
	`|lib[a-z]{1,20}[0-9.+-]{0,6}(?:-[a-z0-9]{1,10})?|openssh(?:-server|-client|-clients)?(?:[-=][a-z0-9.:~+-]{1,40})?|OpenSSH_[0-9.]+(?:p\d)?|python3?|systemd` +
	`|(?:eth|ens|enp|eno|enP|lo|br|veth|bond|wlan|docker)[0-9a-z]{0,10}|x86_64|aarch64|amd64|arm64|noarch|i[36]86|el\d{1,2}|tcp|udp|ipv[46]|SHA(?:1|256|512)|RSA|` +
	`Microsoft(?:\.[A-Za-z]{1,20}){1,4}(?:-\d+(?:\.\d+){1,4})?|AAD(?:SSH)?Login(?:For[A-Z][a-z]+)?|ExtHandler|InRelease|HandlerState|NotInstalled|WALinuxAgent(?:-\d+(?:\.\d+){1,4})?|GoalState` +
	`)$`

// folders are those whose paths help to explain something.
const folders = `^/(?:bin|boot|dev|etc|lib|lib64|mnt|opt|proc|root|run|sbin|sys|tmp|usr|var)?(?:/[A-Za-z0-9._+@:*~-]{1,80}){0,10}/?$`

// random matches a part of a path that was not chosen by a person.
const random = `[A-Za-z0-9+_]{25,}|(?:[A-Za-z]+\d+){3,}|[0-9a-fA-F]{16,}|\d{9,}|[a-z]+[A-Z]+[a-z]*[0-9]|[A-Z][a-z]+\d+[a-z]`

const guid = `^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$`

// vendor is the host whose paths are public.
const vendor = "packages.microsoft.com"

// Words keeps the words of a line that cannot be a secret; the others are masked.
func Words(line string) string { return WordFilter()(line) }

// WordFilter is Words for many lines, with the patterns compiled once.
func WordFilter() func(line string) string {
	address := regexp.MustCompile(`[A-Za-z][A-Za-z0-9+.-]*://[^\s"'<>\])}]*[^\s"'<>\])}.,:;!?]`)
	tokens := regexp.MustCompile("[^\\s\"'`()\\[\\]{}<>,;=|\\\\]+|\\s+|.")
	forms := newForms()
	return func(line string) string {
		w := words{formsOf: forms}
		for _, token := range tokens.FindAllString(address.ReplaceAllStringFunc(line, forms.URL), -1) {
			w.token(token)
		}
		return strings.TrimRight(w.out.String(), " \t")
	}
}

// formsOf are the compiled patterns for many words.
type formsOf struct {
	word, folder, random, guid, secret, announces, address, host *regexp.Regexp
}

func newForms() *formsOf {
	return &formsOf{
		word: regexp.MustCompile(forms), folder: regexp.MustCompile(folders), random: regexp.MustCompile(random), guid: regexp.MustCompile(guid),
		secret: regexp.MustCompile(secretName), announces: regexp.MustCompile(announces),
		address: regexp.MustCompile(`^([A-Za-z][A-Za-z0-9+.-]*)://(?:[^/?#]*@)?([A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\])(:\d+)?(/[A-Za-z0-9._/-]*)?`),
		// A label that no person would choose: in mixed case, or long with digits within.
		host: regexp.MustCompile(`[a-z]\d*[A-Z]|[A-Z][a-z\d]*[A-Z]|[A-Za-z0-9]{25,}|(?:[A-Za-z]+\d+){3,}|\d[A-Za-z0-9]{14,}|[A-Za-z]+\d+[A-Za-z]+[A-Za-z0-9]{10,}`),
	}
}

// words walks along a line.
type words struct {
	*formsOf
	out     strings.Builder
	after   after
	named   bool // the last word ends like the name of a secret
	unknown bool // the last word was masked
}

// after is what may follow the name of a secret.
type after int

const (
	anything after = iota
	sentence       // words of a sentence about it; after the first other word they may belong to the secret
	oneValue       // the next word belongs to an unknown name
)

func (w *words) token(t string) {
	word := strings.TrimRight(t, ".:!?")
	if strings.TrimSpace(t) == "" || len(t) == 1 && !isWord(t[0]) {
		if t == "=" && w.after == anything && (w.named || w.unknown) {
			w.after = oneValue
			if w.named {
				w.after = sentence
			}
		}
		w.out.WriteString(t)
		return
	}
	switch {
	case w.after == oneValue:
		w.after = anything
		w.masked()
	case w.after == sentence && !strings.Contains(said, " "+strings.ToLower(word)+" "):
		w.masked()
	default:
		w.plain(t, word)
	}
}

// plain writes a word if it cannot be a secret.
func (w *words) plain(t, word string) {
	w.named, w.unknown = w.secret.MatchString(word), word != "" && !w.permitted(word)
	if w.named && (strings.HasSuffix(t, ":") || strings.HasPrefix(word, "-")) || w.announces.MatchString(word) || word == "-p" {
		w.after = sentence
	}
	if w.unknown {
		w.masked()
		w.out.WriteString(t[len(word):])
		return
	}
	w.out.WriteString(t)
}

func (w *words) permitted(word string) bool {
	if word == w.URL(word) && strings.Contains(word, "://") || word == Masked || strings.Trim(word, "-.:*#/+&!?%_~^@$") == "" {
		return true
	}
	if strings.HasPrefix(word, "/") {
		return w.folder.MatchString(word) && !w.random.MatchString(word)
	}
	if colon := strings.IndexByte(word, ':'); colon > 0 && !w.word.MatchString(word) { // pam_aad(sshd:account), Get:1
		return w.permitted(word[:colon]) && w.permitted(word[colon+1:]) && len(word) <= 24
	}
	return w.word.MatchString(word) && !babble(word) || w.guid.MatchString(word)
}

// babble reports whether no language has such a word.
func babble(word string) bool {
	word = strings.ReplaceAll(strings.ToLower(word), "aadssh", "")
	vowels, others, same := 0, 0, 0
	var last rune
	for _, r := range word {
		if same++; r != last {
			same = 1
		}
		switch last = r; {
		case r < 'a' || r > 'z':
			vowels, others, same = 0, 0, 0
		case strings.ContainsRune("aeiouy", r):
			vowels, others = vowels+1, 0
		default:
			vowels, others = 0, others+1
		}
		if same > 2 && len(word) > 4 || vowels > 4 || others > 5 || others > 4 && len(word) > 12 {
			return true
		}
	}
	return false
}

// Addresses shortens the addresses in a text of ours to what cannot be a token; those of
// Azure and Microsoft's own hosts stay whole.
func Addresses(text string) string {
	own := regexp.MustCompile(`^https://(?:[a-z0-9-]+\.)*(?:microsoft\.com|azure\.com|azure\.us|azure\.cn|windows\.net|microsoftonline\.com|microsoftonline\.us|chinacloudapi\.cn|usgovcloudapi\.net)(?:[/?"']|$)`)
	forms := newForms()
	return regexp.MustCompile(`[A-Za-z][A-Za-z0-9+.-]*://[^\s"'<>\])}]*[^\s"'<>\])}.,:;!?]`).ReplaceAllStringFunc(text, func(a string) string {
		if own.MatchString(a) && !strings.Contains(a, "sig=") {
			return a
		}
		return forms.URL(a)
	})
}

var (
	randomWord = text.Pattern(random)
	plainName  = text.Pattern(`^[A-Za-z0-9._@+-]+$`)
)

// byChance reports whether a person would hardly choose such a word.
func byChance(word string) bool {
	upper := strings.ContainsFunc(word, func(r rune) bool { return r >= 'A' && r <= 'Z' })
	lower := strings.ContainsFunc(word, func(r rune) bool { return r >= 'a' && r <= 'z' })
	digit := strings.ContainsFunc(word, func(r rune) bool { return r >= '0' && r <= '9' })
	return randomWord().MatchString(word) || babble(word) || len(word) >= 12 && upper && lower && digit && !strings.ContainsAny(word, "./")
}

// Name is the name of a file, unless it may contain more than a name.
func Name(base string) string {
	if len(base) > 64 || !plainName().MatchString(base) || byChance(base) {
		return Masked
	}
	return base
}

// Quoted masks what a text of ours quotes from elsewhere, except for what is permitted.
func Quoted(text string) string {
	return regexp.MustCompile(`"(?:\\.|[^"\\])*"`).ReplaceAllStringFunc(text, func(q string) string {
		return `"` + Words(q[1:len(q)-1]) + `"`
	})
}

// masked writes one mask for consecutive words.
func (w *words) masked() {
	if !strings.HasSuffix(strings.TrimRight(w.out.String(), " \t.,;&"), Masked) {
		w.out.WriteString(Masked)
	}
}

func isWord(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= 0x80
}

// URL is scheme, host and port of an address, and for the vendor's host also the path: any
// other path may be a token.
func URL(address string) string { return newForms().URL(address) }

// URL is URL for many addresses.
func (s *formsOf) URL(address string) string {
	m := s.address.FindStringSubmatch(address)
	switch {
	case m == nil:
		return Masked
	case m[2] == vendor && m[0] == address:
		return address
	case s.host.MatchString(m[2]) || babble(m[2]):
		return m[1] + "://" + Masked
	case m[4] == "" || m[4] == "/" || m[4] == "/...":
		return m[1] + "://" + m[2] + m[3] + m[4]
	}
	return m[1] + "://" + m[2] + m[3] + "/..."
}
