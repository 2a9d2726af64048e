package trail

import (
	"regexp"
	"slices"
	"strings"
	"time"

	"aadssh/internal/permit"
)

// quiet are lines of sshd that are no cause but help to explain one, in the same form as
// the rows: (?P<who>) is what somebody typed.
func quiet() []string {
	return []string{
		`(?:Connection closed|Connection reset|Disconnected from) (?:by )?(?:authenticating|invalid) user (?P<who>.*) \S+ port \d+`,
		`(?:Connection closed|Connection reset|Disconnected from|Connection from) (?:by )?[0-9A-Fa-f.:]+ port \d+`,
		`(?:Failed|Postponed|Accepted) [a-z/-]+ for (?:invalid user )?(?P<who>.*) from [0-9A-Fa-f.:]+ port \d+ ssh2`,
		`Accepted publickey for (?P<who>.*) from [0-9A-Fa-f.:]+ port \d+ ssh2(?P<rest>: .*)`,
		`(?:Invalid|Illegal) user (?P<who>.*) from [0-9A-Fa-f.:]+(?: port \d+)?`,
		`Server listening on [0-9A-Fa-f.:]+ port \d+\.`, `Received signal 15; terminating\.`, `Received SIGHUP; restarting\.`,
		`Received disconnect from [0-9A-Fa-f.:]+ port \d+:\d+:(?P<rest>.*)`,
		`Unable to negotiate with [0-9A-Fa-f.:]+ port \d+: no matching [a-z ]+ found\.(?P<rest>.*)`,
		`Certificate extension "[a-z]{1,20}@sshservice\.azure\.net" is not supported`,
		`Could not load host key: /[A-Za-z0-9_./-]+`, `Unable to load host key[^"]* "?/[A-Za-z0-9_./-]+"?.{0,60}`, `sshd: no hostkeys available -- exiting\.`,
		`Permissions 0\d{3} for '/[A-Za-z0-9_./-]+' are too open\.`, `Missing privilege separation directory: /[a-z/]+`,
		`Timeout before authentication for (?:connection from )?[0-9A-Fa-f.:]+.*`, `exited MaxStartups throttling after [0-9:]+, \d+ connections dropped`,
		`Bind to port \d+ on \S+ failed: [A-Za-z ]+\.`, `/etc/ssh/sshd_config[A-Za-z0-9_./-]*(?: line \d+|: line \d+): [A-Za-z ]{1,60}`,
		`pam_unix\(sshd:session\): session (?:opened|closed) for user (?P<who>[^ (]*).*`,
	}
}

// Permitted are the lines that may be passed on to support: those of the kinds that explain
// a sign-in. Of what people typed, only names of people stay, because passwords are often
// typed in place of the name. left is the number of the other lines.
func (l Log) Permitted() (text string, left int) {
	r := newReader()
	var forms []*regexp.Regexp
	for _, x := range r.rows {
		if x.says != nil {
			forms = append(forms, x.says)
		}
	}
	for _, q := range quiet() {
		forms = append(forms, regexp.MustCompile(`^(?:`+q+`)$`))
	}
	p := permission{r, forms, l.proved(r), permit.WordFilter()}
	var out strings.Builder
	for _, line := range l.Lines {
		kept, ok := p.line(line)
		if !ok {
			left++
			continue
		}
		at := "-"
		if !line.At.IsZero() {
			at = line.At.UTC().Format(time.RFC3339)
		}
		out.WriteString(at + " " + line.Program + ": " + kept + "\n")
	}
	return out.String(), left
}

// proved are the names whose keys were accepted at least once.
func (l Log) proved(r *reader) map[string]bool {
	names := map[string]bool{}
	for _, line := range l.Lines {
		if line.Program == "aad_certhandler" || line.Program == kernel {
			continue
		}
		if part := r.accepted.FindStringSubmatch(line.Text); part != nil {
			names[part[1]] = true
		}
	}
	return names
}

// permission decides about each line.
type permission struct {
	reader *reader
	forms  []*regexp.Regexp
	known  map[string]bool // names that were proved
	words  func(string) string
}

func (p permission) line(l Line) (string, bool) {
	text := strings.TrimSuffix(l.Text, " [preauth]")
	for _, level := range []string{"error: ", "fatal: "} {
		text = strings.TrimPrefix(text, level)
	}
	by, _ := p.reader.speaker(l, text)
	if by == byHandler || by == byAccount {
		return p.words(text), true
	}
	for _, s := range p.forms {
		m := s.FindStringSubmatchIndex(text)
		if m == nil {
			continue
		}
		kept, from := "", 0
		for i, name := range s.SubexpNames() {
			if m[2*i] < from || name != "who" && name != "rest" {
				continue
			}
			value := text[m[2*i]:m[2*i+1]]
			if name == "rest" || !p.known[value] && !(matchesAll(personName, value) && !strings.Contains(strings.ToLower(text[:m[2*i]]), "invalid user ")) {
				value = permit.Masked
			}
			kept += p.words(text[from:m[2*i]]) + " " + value
			from = m[2*i+1]
		}
		if rest := p.words(text[from:]); rest != "" {
			kept += rest
		}
		return strings.TrimSpace(kept), true
	}
	if part := p.reader.module.FindStringSubmatch(text); part != nil && slices.Contains([]string{"account", "session"}, part[2]) {
		return p.words(text), true
	}
	return "", false
}
