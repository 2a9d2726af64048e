package sshd

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"aadsshlogin-handler/internal/az"
)

func askPublicKey(f Facts, e Effective) Finding {
	got := e.Value("pubkeyauthentication")
	if got == "yes" {
		return pass("Public keys, and so certificates, are accepted.")
	}
	at, file, line := place(f, e, "pubkeyauthentication", got)
	return Finding{Answer: Fail, File: file, Line: line,
		Text: fmt.Sprintf("PubkeyAuthentication is %q for Entra ID users%s, so their certificates are refused.", got, at),
		Next: "Set it to yes there" + reload(f)}
}

// askMethods: one of the lists must be satisfied by the certificate alone.
func askMethods(f Facts, e Effective) Finding {
	got := e.Value("authenticationmethods")
	for _, list := range strings.Fields(got) {
		if list == "any" || list == "publickey" {
			return pass("A certificate is enough to sign in (AuthenticationMethods %s).", got)
		}
	}
	if got == "" { // sshd before OpenSSH 6.8 prints nothing for "any"
		return pass("A certificate is enough to sign in.")
	}
	at, file, line := place(f, e, "authenticationmethods", got)
	return Finding{Answer: Fail, File: file, Line: line,
		Text: fmt.Sprintf("AuthenticationMethods %q asks Entra ID users for more than their certificate%s.", got, at),
		Next: "Leave Entra ID users out of it, for example with " + elsewhere + reload(f)}
}

func askPAM(f Facts, e Effective) Finding {
	got := e.Value("usepam")
	if got == "yes" || got == "1" {
		return pass("sshd uses PAM.")
	}
	at, file, line := place(f, e, "usepam", got)
	where := at
	if file == "" {
		where = " (it is not set in " + f.Config.Main + ", and sshd's default is no)"
	}
	return Finding{Answer: Fail, File: file, Line: line,
		Text: "sshd does not use PAM" + where + ", so nobody's role is checked and no account is made at the first sign-in.",
		Next: "Set \"UsePAM yes\" in " + f.Config.Main + " above the first Match line" + reload(f)}
}

// askUsers follows allowed_user of OpenSSH's auth.c: DenyUsers first, then
// AllowUsers, each with match_user.
func askUsers(f Facts, e Effective) Finding {
	for _, pattern := range e.List("denyusers") {
		r := reachOf(f.Version, e.User, pattern)
		if r == nobody || r == some && !strings.HasPrefix(pattern, "*") {
			continue // a name or two: not ours to judge
		}
		at, file, line := place(f, e, "denyusers", pattern)
		found := Finding{Answer: Warn, File: file, Line: line,
			Text: fmt.Sprintf("DenyUsers %q shuts some Entra ID users out%s.", pattern, at),
			Next: "Take the pattern out if they should sign in" + reload(f)}
		if r == everyone {
			found.Answer = Fail
			found.Text = fmt.Sprintf("DenyUsers %q shuts all Entra ID users out%s.", pattern, at)
			found.Next = "Take the pattern out" + reload(f)
		}
		return found
	}
	allowed := e.List("allowusers")
	if len(allowed) == 0 {
		return pass("No list of users shuts Entra ID users out.")
	}
	best := nobody
	for _, pattern := range allowed {
		best = max(best, reachOf(f.Version, e.User, pattern))
	}
	at, file, line := place(f, e, "allowusers", allowed[0])
	list := shorten(strings.Join(allowed, " "))
	remedy := fmt.Sprintf("Add *?YOUR.DOMAIN (the ? stands for the @, which sshd would take for a host) and %s, or move AllowUsers below a line %s%s", servicePattern, elsewhere, reload(f))
	switch best {
	case everyone:
		return pass("AllowUsers lets Entra ID users in%s.", at)
	case some:
		return Finding{Answer: Warn, File: file, Line: line,
			Text: fmt.Sprintf("AllowUsers %q lets only some Entra ID users in, or only from some addresses%s.", list, at),
			Next: "If everybody with a role should sign in: " + lowerFirst(remedy)}
	}
	return Finding{Answer: Fail, File: file, Line: line,
		Text: fmt.Sprintf("AllowUsers %q lets no Entra ID user in%s.", list, at), Next: remedy}
}

// askGroups: before the first sign-in a person is in no group that the machine
// knows, and then both directives refuse, whatever they list (allowed_user of
// OpenSSH's auth.c; "AllowGroups or DenyGroups statements in sshd_config cause
// the first sign-in to fail" in the public documentation).
func askGroups(f Facts, e Effective) Finding {
	for _, keyword := range []string{"allowgroups", "denygroups"} {
		list := e.List(keyword)
		if len(list) == 0 {
			continue
		}
		shown := map[string]string{"allowgroups": "AllowGroups", "denygroups": "DenyGroups"}[keyword]
		at, file, line := place(f, e, keyword, list[0])
		return Finding{Answer: Fail, File: file, Line: line,
			Text: fmt.Sprintf("%s %q makes the first sign-in of every Entra ID user fail%s: before it they are in no group.", shown, shorten(strings.Join(list, " ")), at),
			Next: fmt.Sprintf("Remove %s, or move it below a line %s at the end of the file%s", shown, elsewhere, reload(f))}
	}
	return pass("No list of groups shuts Entra ID users out.")
}

// The names under which sshd accepts an RSA certificate (PROTOCOL.certkeys of
// OpenSSH; the SHA-2 names came with 7.8). Entra ID signs RSA keys only.
const (
	certSHA256 = "rsa-sha2-256-cert-v01@openssh.com"
	certSHA512 = "rsa-sha2-512-cert-v01@openssh.com"
	certSHA1   = "ssh-rsa-cert-v01@openssh.com"
)

func askAlgorithms(f Facts, e Effective) Finding {
	accepted, keyword := e.Accepted()
	if keyword == "" {
		return Finding{Answer: Unknown, Text: "sshd does not say which key algorithms it accepts."}
	}
	if slices.Contains(accepted, certSHA512) {
		return pass("sshd accepts RSA certificates.")
	}
	at, file, line := place(f, e, keyword, "")
	if slices.Contains(accepted, certSHA256) {
		// sshd up to 9.2 offers clients both signatures all the same, and they
		// take the one that it then refuses (seen).
		return Finding{Answer: Warn, File: file, Line: line,
			Text: fmt.Sprintf("sshd accepts RSA certificates with SHA-256 only%s; OpenSSH clients prefer SHA-512 and may be refused.", at),
			Next: fmt.Sprintf("Add %s to %s%s", certSHA512, shownAlgorithms(keyword), reload(f))}
	}
	if slices.Contains(accepted, certSHA1) {
		return Finding{Answer: Warn, File: file, Line: line,
			Text: fmt.Sprintf("sshd (%s) knows RSA certificates by their SHA-1 name only%s, which OpenSSH clients since 8.8 do not offer.", orUnknown(f.Version), at),
			Next: "Tell people to add an option of ssh: " + az.Machine{}.SSH("-o", "PubkeyAcceptedKeyTypes=+"+certSHA1)}
	}
	return Finding{Answer: Fail, File: file, Line: line,
		Text: "sshd does not accept RSA certificates, the only kind that Entra ID issues" + at + ".",
		Next: fmt.Sprintf("Add %s and %s to %s%s", certSHA256, certSHA512, shownAlgorithms(keyword), reload(f))}
}

func shownAlgorithms(keyword string) string {
	if keyword == "pubkeyacceptedkeytypes" {
		return "PubkeyAcceptedKeyTypes"
	}
	return "PubkeyAcceptedAlgorithms"
}

// askCAAlgorithms: the authority's key is taken to be RSA like the people's,
// which is not documented, so this is only a warning. sshd before OpenSSH 7.9
// has no such list and takes everything.
func askCAAlgorithms(f Facts, e Effective) Finding {
	if !e.Has("casignaturealgorithms") {
		return pass("sshd accepts the authority's signature.")
	}
	list := split(e.Value("casignaturealgorithms"))
	if slices.Contains(list, "rsa-sha2-256") || slices.Contains(list, "rsa-sha2-512") {
		return pass("sshd accepts the authority's signature.")
	}
	at, file, line := place(f, e, "casignaturealgorithms", "")
	return Finding{Answer: Warn, File: file, Line: line,
		Text: "CASignatureAlgorithms accepts no certificate that is signed with an RSA key" + at + ": certificates of Entra ID may be refused.",
		Next: "Add rsa-sha2-256 and rsa-sha2-512 to CASignatureAlgorithms" + reload(f)}
}

// askTries: a client with an agent may offer other keys first, and each counts.
func askTries(f Facts, e Effective) Finding {
	got := e.Value("maxauthtries")
	n, err := strconv.Atoi(got)
	if err != nil || n >= 3 {
		return pass("MaxAuthTries is %s.", got)
	}
	at, file, line := place(f, e, "maxauthtries", got)
	return Finding{Answer: Warn, File: file, Line: line,
		Text: fmt.Sprintf("MaxAuthTries is %d%s: a client that offers other keys before the certificate is disconnected.", n, at),
		Next: "Raise MaxAuthTries to 3 or more, or have clients use -o IdentitiesOnly=yes"}
}

// askRefuse: RefuseConnection of OpenSSH 10.
func askRefuse(f Facts, e Effective) Finding {
	if e.Value("refuseconnection") != "yes" {
		return pass("Connections of Entra ID users are not refused outright.")
	}
	at, file, line := place(f, e, "refuseconnection", "yes")
	return Finding{Answer: Fail, File: file, Line: line,
		Text: "RefuseConnection ends every connection of an Entra ID user" + at + ".",
		Next: "Leave Entra ID users out of it, for example with " + elsewhere + reload(f)}
}

func orUnknown(s string) string {
	if s == "" {
		return "version unknown"
	}
	return s
}

func lowerFirst(s string) string { return strings.ToLower(s[:1]) + s[1:] }

// shorten keeps a list readable in one line.
func shorten(s string) string {
	const limit = 120
	if len(s) > limit {
		return s[:limit] + "..."
	}
	return s
}
