package doctor

import (
	"context"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	"aadsshlogin-handler/internal/host"
	"aadsshlogin-handler/internal/preflight"
	"aadsshlogin-handler/internal/signin/sshd"
)

// trailAge is how far back errors of sign-ins are looked for.
const trailAge = 24 * time.Hour

// tailSize is how much of the end of a log file is read, in bytes.
const tailSize = 512 << 10

// trail is what sshd, the cert handler and the PAM module wrote about sign-ins.
type trail struct {
	source string // for people; "" where none could be read
	events []event
}

// event is one line that says that a sign-in failed.
type event struct {
	at   string // as the log has it
	user string // "" where the line names nobody
	line string // without secrets
	row  cause
}

// cause is one row of what a line can mean.
type cause struct {
	name    string
	pattern string
	means   string // %s is who
	next    string // %s is who
}

// causes are tried in this order. The texts of the vendor's programs are not
// published: the rows for them match words, and those for sshd its own texts
// (OpenSSH auth.c, auth2-pubkey.c, sshkey.c).
func causes() []cause {
	return []cause{
		{"other-account", `same name but different oid`,
			"%s has a local account from another account of the same name, made before a migration or a rename",
			"Look at the home folder, then: sudo aaduserdel --remove %s; the next sign-in makes a new account."},
		{"unsafe-program", `Unsafe AuthorizedKeysCommand`,
			"sshd refuses to run the cert handler, because others may write to it or a folder above it",
			"Run: sudo chown root:root /usr/sbin/aad_certhandler && sudo chmod 0755 /usr/sbin/aad_certhandler; ls -ld / /usr /usr/sbin"},
		{"groups", `not allowed because .*(AllowGroups|DenyGroups|AllowUsers|DenyUsers|groups)`,
			"sshd's own lists shut %s out",
			"See the lines sshd-groups and sshd-users above; sudo sshd -T -C " + sshd.Connection(sshd.PersonProbe) + " | grep -i -e allow -e deny"},
		{"selinux", `avc: +denied`,
			"SELinux denied something to the sign-in programs",
			"See all: sudo ausearch -m avc -ts recent. Reinstall aadsshlogin-selinux; on RHEL 10 update it, for sshd runs in another domain there. Do not switch SELinux off."},
		{"algorithm", `key type .* not in Pubkey|signature algorithm .* not in`,
			"sshd and the client of %s have no signature algorithm in common",
			"On sshd 7.4 (RHEL and Oracle Linux 7): az ssh vm -n VM -g GROUP -- -o \"PubkeyAcceptedKeyTypes=+ssh-rsa-cert-v01@openssh.com\"; else update OpenSSH on the older side."},
		{"certificate-time", `Certificate invalid: (expired|not yet valid)|certificate (has )?expired`,
			"the certificate of %s was out of its time: an old one, or a clock that is wrong",
			"On the client: az ssh vm again, which fetches a new one. On this machine: timedatectl"},
		{"identity", `(?i)identity not found|(managed identity|msi|imds|169\.254\.169\.254|access token).*(fail|error|not|unable|could)|(fail|error|unable|could).*(managed identity|msi|imds|169\.254\.169\.254|access token)`,
			"the machine's identity gave the sign-in program no token",
			"See the line identity above; after it was assigned, wait some minutes."},
		{"network", `(?i)could ?n.t resolve|could not resolve|failed to connect|connection (refused|timed out)|timed? ?out|ssl.*(error|fail)|curl.*(error|fail)`,
			"the sign-in program could not reach a service",
			"See the lines network-role-check and network-login above."},
		{"role", `(?i)role.*(not|no |missing|denied)|(denied|not authorized|unauthorized|forbidden|no permission)`,
			"%s has no role for this machine",
			""}, // the command needs the machine's id: see roleAdvice
		{"cert-handler", `AuthorizedKeysCommand /usr/sbin/aad_certhandler .*failed, status`,
			"the cert handler gave up on %s without saying why",
			"Look at the lines around it: sudo journalctl -u ssh -u sshd -t aad_certhandler --since -1h"},
	}
}

// harmless are lines that look like errors and are none: sshd does not know the
// extensions in Entra ID's certificates (azure-cli-extensions#9800).
const harmless = `Certificate extension .* is not supported|is not an? .*user; returning empty result|Login granted for`

// about says whether a line is about Entra ID users at all.
const aboutWords = `aad_certhandler|pam_aad|aaduseradd|aadpasswd|\baad\b|Invalid certificate|Certificate invalid`

// lookTrail reads the journal, else the log files of the two families. What
// auditd writes is looked at by the check selinux-denials.
func lookTrail(ctx context.Context, h *host.Host, now time.Time) trail {
	ctx, cancel := context.WithTimeout(ctx, Bound)
	defer cancel()
	r, err := h.Runner.Run(ctx, host.Command{Name: "journalctl", Args: []string{"-q", "--no-pager", "-o", "short-iso", "--since", "-24h", "-n", "4000",
		"-t", "sshd", "-t", "sshd-session", "-t", "sshd-auth", "-t", "aad_certhandler"}})
	if err == nil && r.ExitCode == 0 && len(r.Stdout) > 0 {
		return trail{"the journal", parseTrail(string(r.Stdout), now)}
	}
	for _, path := range []string{"/var/log/auth.log", "/var/log/secure", "/var/log/messages"} {
		if text, err := tail(h, path, tailSize); err == nil {
			return trail{path, parseTrail(text, now)}
		}
	}
	return trail{}
}

// parseTrail finds the failures that no later success of the same person
// followed. It takes any input.
func parseTrail(text string, now time.Time) []event {
	about, skip := regexp.MustCompile(aboutWords), regexp.MustCompile(harmless)
	who := regexp.MustCompile(`[A-Za-z0-9._%+#-]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+`)
	granted := regexp.MustCompile(`Login granted for|Accepted publickey for`)
	rows := causes()
	patterns := make([]*regexp.Regexp, len(rows))
	for i, c := range rows {
		patterns[i] = regexp.MustCompile(c.pattern)
	}
	var events []event
	for line := range strings.Lines(text) {
		line = printable(strings.TrimSpace(line))
		user := ""
		for _, name := range who.FindAllString(line, -1) {
			// Names of algorithms and extensions look like people's.
			if user == "" && !strings.HasSuffix(name, "@openssh.com") && !strings.HasSuffix(name, "@sshservice.azure.net") {
				user = name
			}
		}
		if granted.MatchString(line) && user != "" {
			events = withoutUser(events, user)
			continue
		}
		if skip.MatchString(line) || !about.MatchString(line) && user == "" || old(line, now) {
			continue
		}
		for i, p := range patterns {
			if p.MatchString(line) {
				events = append(events, event{stamp(line), user, Redact(line), rows[i]})
				break
			}
		}
	}
	return events
}

func withoutUser(events []event, user string) []event {
	var kept []event
	for _, e := range events {
		if e.user != user {
			kept = append(kept, e)
		}
	}
	return kept
}

// printable keeps what others could write into a log from playing with the
// terminal.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(s, "?"))
}

// stamp is the time at the beginning of a line: ISO 8601 or that of syslog.
func stamp(line string) string {
	if _, rest, ok := strings.Cut(line, "msg=audit("); ok { // auditd: seconds since 1970
		seconds, _, _ := strings.Cut(rest, ".")
		if n, err := strconv.ParseInt(seconds, 10, 64); err == nil {
			return time.Unix(n, 0).UTC().Format(time.RFC3339)
		}
	}
	if first, _, _ := strings.Cut(line, " "); len(first) >= 19 && strings.Contains(first, "T") {
		return first
	}
	if len(line) >= 15 {
		return line[:15]
	}
	return ""
}

// old says whether a line is older than trailAge; one whose time cannot be
// read is not.
func old(line string, now time.Time) bool {
	s := stamp(line)
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02T15:04:05-0700"} {
		if at, err := time.Parse(layout, s); err == nil {
			return now.Sub(at) > trailAge
		}
	}
	at, err := time.ParseInLocation("2006 Jan _2 15:04:05", fmt.Sprint(now.Year())+" "+s, now.Location())
	if err != nil {
		return false
	}
	if at.After(now.Add(trailAge)) {
		at = at.AddDate(-1, 0, 0) // syslog leaves the year out
	}
	return now.Sub(at) > trailAge
}

// tail reads the end of a regular file.
func tail(h *host.Host, path string, size int64) (string, error) {
	b, err := h.ReadTail(path, size)
	return string(b), err
}

// signInErrors explains the last failed sign-ins, one line for each cause. They
// are warnings: that one person has no role is no fault of the machine.
func signInErrors(m machine) []preflight.Result {
	const name = "sign-in-errors"
	if m.trail.source == "" {
		return []preflight.Result{{Name: name, Answer: preflight.Unknown, Text: "Neither the journal nor a log of sign-ins could be read."}}
	}
	var results []preflight.Result
	for _, c := range causes() {
		var last event
		count := 0
		for _, e := range m.trail.events {
			if e.row.name == c.name {
				last = e
				count++
			}
		}
		if count == 0 {
			continue
		}
		r := preflight.Result{Name: name, Answer: preflight.Warn, Next: withWho(c.next, last.user)}
		if c.name == "role" {
			r.Next = m.roleAdvice(last.user)
		}
		times := "once"
		if count > 1 {
			times = fmt.Sprintf("%d times", count)
		}
		r.Text = fmt.Sprintf("Sign-in failed %s in the last 24 hours: %s. Last, from %s: %s", times, withWho(c.means, last.user), m.trail.source, clip(last.line, 240))
		results = append(results, r)
	}
	if results == nil {
		return []preflight.Result{{Name: name, Text: "No failed sign-in of an Entra ID user in the last 24 hours (" + m.trail.source + ")."}}
	}
	return results
}

func withWho(text, user string) string {
	if user == "" {
		user = "somebody"
	}
	return strings.ReplaceAll(text, "%s", user)
}

func clip(s string, n int) string {
	if len(s) <= n {
		return s
	}
	return strings.ToValidUTF8(s[:n], "") + "..."
}
