package sshd

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"aadssh/internal/az"
	"aadssh/internal/check"
	"aadssh/internal/text"
)

func askPublicKey(f *Facts, e *Effective) check.Result {
	got := e.Value("pubkeyauthentication")
	if got == "yes" {
		return pass("Public keys, and so certificates, are accepted.")
	}
	w := locate(f, e, "pubkeyauthentication", got)
	return shut(w, "PubkeyAuthentication is "+strconv.Quote(got)+" for "+f.whom()+w.at()+", so their certificates are refused.", w.undo(f))
}

// askMethods: one of the lists must be satisfied by the certificate alone.
func askMethods(f *Facts, e *Effective) check.Result {
	got := e.Value("authenticationmethods")
	for _, list := range strings.Fields(got) {
		if list == "any" || list == "publickey" {
			return pass("A certificate is enough to sign in (AuthenticationMethods %s).", got)
		}
	}
	if got == "" { // sshd before OpenSSH 6.8 prints nothing for "any"
		return pass("A certificate is enough to sign in.")
	}
	w := locate(f, e, "authenticationmethods", got)
	return shut(w, "AuthenticationMethods "+strconv.Quote(got)+" asks "+f.whom()+" for more than their certificate"+w.at()+".", w.undo(f))
}

func askPAM(f *Facts, e *Effective) check.Result {
	got := e.Value("usepam")
	if got == "yes" || got == "1" {
		return askPAMService(f, e)
	}
	w := locate(f, e, "usepam", got)
	const consequence = ", so nobody's role is checked and no account is made at the first sign-in."
	switch {
	case w.option:
		return shut(w, "sshd does not use PAM (UsePAM"+w.at()+")"+consequence, w.undo(f))
	case w.found:
		return shut(w, "sshd does not use PAM (UsePAM"+w.at()+")"+consequence, "Run: "+sed(f, w.File, strconv.Itoa(w.Line)+`c\UsePAM yes`))
	}
	return shut(w, "sshd does not use PAM (UsePAM is not set in "+f.Config.Main+", and sshd's default is no)"+consequence,
		"Run: "+sed(f, f.Config.Main, `1i\UsePAM yes`))
}

// PAMService is the service name that sshd uses in PAM; "" if sshd does not print it, as
// before OpenSSH 9.8.
func (f *Facts) PAMService() string {
	if len(f.Users) == 0 {
		return ""
	}
	return f.Users[0].Value("pamservicename")
}

// OwnPAMService is how to make sshd use its own PAM service again.
func (f *Facts) OwnPAMService() string {
	return "sshd asks the PAM service " + strconv.Quote(f.PAMService()) + ". " + locate(f, &f.Users[0], "pamservicename", "").undo(f)
}

// askPAMService: only one service is evaluated, the one that applies to most people.
func askPAMService(f *Facts, e *Effective) check.Result {
	got, judged := e.Value("pamservicename"), f.PAMService()
	if got == judged {
		return pass("sshd uses PAM.")
	}
	w := locate(f, e, "pamservicename", got)
	return unsure(w, "the PAM service "+strconv.Quote(got)+w.at(),
		"For "+text.Or(e.Conn.whom(), "some people")+" sshd asks the PAM service "+strconv.Quote(got)+w.at()+", not "+strconv.Quote(judged)+", which is looked at.", w.undo(f))
}

// askUsers follows allowed_user in OpenSSH's auth.c: DenyUsers first, then AllowUsers, each
// with match_user.
func askUsers(f *Facts, e *Effective) check.Result {
	unknown := func(keyword, pattern string) check.Result {
		w := locate(f, e, keyword, pattern)
		return unsure(w, "how sshd ("+f.version()+") reads the several @ of "+shownKeyword(keyword)+" "+strconv.Quote(pattern)+w.at(),
			"How sshd ("+f.version()+") reads the several @ of "+shownKeyword(keyword)+" "+strconv.Quote(pattern)+w.at()+" is not known.", w.undo(f))
	}
	for _, pattern := range e.List("denyusers") {
		met, known := matchUser(f.Version, e.Conn, pattern)
		if !known {
			return unknown("denyusers", pattern)
		}
		if met {
			w := locate(f, e, "denyusers", pattern)
			return shut(w, "DenyUsers "+strconv.Quote(pattern)+" shuts "+f.whom()+" out"+w.at()+".", leaveOut(f, e, w))
		}
	}
	allowed := e.List("allowusers")
	if len(allowed) == 0 {
		return pass("No list of users shuts %s out.", f.whom())
	}
	w := locate(f, e, "allowusers", allowed[0])
	for _, pattern := range allowed {
		met, known := matchUser(f.Version, e.Conn, pattern)
		if !known {
			return unknown("allowusers", pattern)
		}
		if met {
			return pass("AllowUsers lets %s in%s.", f.whom(), w.at())
		}
	}
	return shut(w, "AllowUsers "+strconv.Quote(brief(strings.Join(allowed, " ")))+" does not name "+f.whom()+w.at()+".", leaveOut(f, e, w))
}

// leaveOut is the next step for one of the lists of users and groups. If several of them
// reject somebody, it covers all.
func leaveOut(f *Facts, e *Effective, w *where) string {
	var keywords []string
	for _, keyword := range []string{"allowgroups", "denygroups", "allowusers", "denyusers"} {
		list := e.List(keyword)
		met := slices.ContainsFunc(list, func(pattern string) bool {
			met, known := matchUser(f.Version, e.Conn, pattern)
			return met && known
		})
		switch {
		case len(list) == 0:
		case strings.HasSuffix(keyword, "groups") && !e.Conn.passes(keyword, list), keyword == "allowusers" && !met, keyword == "denyusers" && met:
			keywords = append(keywords, keyword)
		}
	}
	if all := f.Config.everywhere(e.Conn, keywords...); !w.option && len(all) > 1 {
		return spareAll(f, all)
	}
	return w.undo(f)
}

// askGroups: before the first sign-in a person is in no group that the machine knows, and
// then both directives reject, whatever they list (allowed_user in OpenSSH's auth.c;
// "AllowGroups or DenyGroups statements in sshd_config cause the first sign-in to fail" in
// the public documentation).
func askGroups(f *Facts, e *Effective) check.Result {
	for _, keyword := range []string{"allowgroups", "denygroups"} {
		list := e.List(keyword)
		if len(list) == 0 || e.Conn.passes(keyword, list) {
			continue
		}
		shown := map[string]string{"allowgroups": "AllowGroups", "denygroups": "DenyGroups"}[keyword]
		w := locate(f, e, keyword, list[0])
		next := leaveOut(f, e, w)
		words := brief(strings.Join(list, " "))
		switch {
		case f.One == nil && e.Conn.Account.Known:
			return shut(w, shown+" "+strconv.Quote(words)+" shuts out"+w.at()+" whom /etc/group has in: "+brief(strings.Join(e.Conn.Account.Groups, ", "))+".", next)
		case f.One == nil:
			return shut(w, shown+" "+strconv.Quote(words)+" makes the first sign-in of every Entra ID user fail"+w.at()+": before it they are in no group.", next)
		case e.Conn.Account.Err != nil:
			return unsure(w, "the groups of "+f.One.Name,
				"Whether "+shown+" "+strconv.Quote(words)+w.at()+" shuts "+f.One.Name+" out is not known, for the name service did not say in which groups they are.", next)
		case e.Conn.Account.Known && len(e.Conn.Account.Groups) == 0:
			return shut(w, shown+" "+strconv.Quote(words)+" shuts "+f.One.Name+" out"+w.at()+", who is in no group that has a name.", next)
		case e.Conn.Account.Known:
			return shut(w, shown+" "+strconv.Quote(words)+" shuts "+f.One.Name+" out"+w.at()+", who is in: "+brief(strings.Join(e.Conn.Account.Groups, ", "))+".", next)
		}
		return shut(w, shown+" "+strconv.Quote(words)+" makes the first sign-in of "+f.One.Name+" fail"+w.at()+": before it they are in no group.", next)
	}
	return pass("No list of groups shuts %s out.", f.whom())
}

// passes reports whether a person with an account is accepted by a list of groups
// (allowed_user in OpenSSH's auth.c, with ga_match).
func (c *Connection) passes(keyword string, list []string) bool {
	if !c.Account.Known || len(c.Account.Groups) == 0 { // "not listed in any group" (allowed_user), whatever the list contains
		return false
	}
	met := slices.ContainsFunc(list, func(pattern string) bool {
		return slices.ContainsFunc(c.Account.Groups, func(g string) bool { return MatchPattern(g, pattern) })
	})
	return met == (keyword == "allowgroups")
}

// The names under which sshd accepts an RSA certificate (PROTOCOL.certkeys of OpenSSH; the
// SHA-2 names came with 7.8). Entra ID only signs RSA keys.
const (
	certSHA256 = "rsa-sha2-256-cert-v01@openssh.com"
	certSHA512 = "rsa-sha2-512-cert-v01@openssh.com"
	certSHA1   = "ssh-rsa-cert-v01@openssh.com"
)

func askAlgorithms(f *Facts, e *Effective) check.Result {
	accepted, keyword := e.Accepted()
	if keyword == "" {
		return check.Result{Answer: check.Unknown, Text: "sshd does not say which key algorithms it accepts.", Decides: "the key algorithms that sshd accepts, which it does not say"}
	}
	w := locate(f, e, keyword, "")
	shown := shownAlgorithms(w.Keyword, keyword)
	if len(remaining(f, e, keyword)) == 0 {
		return unsure(w, shown+w.at(), "Whether sshd accepts any key is not known: "+shown+w.at()+" takes all algorithms away. Its versions up to 9.2 then have their defaults, those since 9.6 have none.", w.undo(f))
	}
	if slices.Contains(accepted, certSHA512) {
		return pass("sshd accepts RSA certificates.")
	}
	if slices.Contains(accepted, certSHA256) {
		// sshd up to 9.2 still offers both signatures to clients, which then choose the one
		// that it rejects; 10.0 does not (both seen).
		major, minor, known := release(f.Version)
		if known && major >= 10 {
			return pass("sshd accepts RSA certificates with SHA-256.")
		}
		if !known || major == 9 && minor > 2 {
			return unsure(w, shown+w.at(),
				"sshd accepts RSA certificates with SHA-256 only ("+shown+w.at()+"); OpenSSH clients prefer SHA-512, and whether this sshd ("+f.version()+") tells them is not known.",
				addAlgorithms(f, w, certSHA512))
		}
		return check.Result{Answer: check.Fail, File: w.File,
			Text: "sshd accepts RSA certificates with SHA-256 only (" + shown + w.at() + "); OpenSSH clients prefer SHA-512 and are refused.",
			Next: addAlgorithms(f, w, certSHA512)}
	}
	if slices.Contains(accepted, certSHA1) {
		return check.Result{Answer: check.Warn, File: w.File, Except: "people whose OpenSSH client is 8.8 or later and not told to offer SHA-1",
			Text: "sshd (" + f.version() + ") knows RSA certificates by their SHA-1 name only" + w.at() + ", which OpenSSH clients since 8.8 do not offer.",
			Next: "Tell people to add an option of ssh: " + az.Machine{}.SSH("-o", "PubkeyAcceptedKeyTypes=+"+certSHA1)}
	}
	return shut(w, "sshd does not accept RSA certificates, the only kind that Entra ID issues ("+shown+w.at()+").",
		addAlgorithms(f, w, certSHA256+","+certSHA512))
}

// addAlgorithms is a command that adds to a list of algorithms. A list that removes some
// from the default is replaced by one that adds to it.
func addAlgorithms(f *Facts, w *where, names string) string {
	if !w.editable() || len(w.Args) == 0 {
		return w.undo(f)
	}
	list := w.Args[0]
	switch {
	case strings.HasPrefix(list, "-"):
		return disable(f, w.Directive)
	case list == "":
		list = names
	default:
		list += "," + names
	}
	return "Run: " + sed(f, w.File, strconv.Itoa(w.Line)+`c\`+shownAlgorithms(w.Keyword, "")+` `+list)
}

// shownAlgorithms is the keyword as in the file, or as sshd prints it.
func shownAlgorithms(keyword, instead string) string {
	if keyword == "" {
		keyword = instead
	}
	if keyword == "pubkeyacceptedkeytypes" {
		return "PubkeyAcceptedKeyTypes"
	}
	return "PubkeyAcceptedAlgorithms"
}

// askCAAlgorithms: the authority's signature algorithm is not published. Authorities use
// RSA, with either digest, and Ed25519; sshd before OpenSSH 7.9 has no such list and
// accepts everything.
func askCAAlgorithms(f *Facts, e *Effective) check.Result {
	list := split(e.Value("casignaturealgorithms"))
	var missing []string
	for _, a := range []string{"ssh-ed25519", "rsa-sha2-512", "rsa-sha2-256"} {
		if !slices.Contains(list, a) {
			missing = append(missing, a)
		}
	}
	if !e.Has("casignaturealgorithms") || len(missing) == 0 {
		return pass("sshd accepts the authority's signature.")
	}
	w := locate(f, e, "casignaturealgorithms", "")
	found := unsure(w, "CASignatureAlgorithms"+w.at(),
		"CASignatureAlgorithms accepts no certificate that is signed by "+strings.Join(missing, ", ")+w.at()+"; how the authority signs is not published.",
		w.undo(f))
	if w.editable() {
		found.Next = "Run: " + sed(f, w.File, strconv.Itoa(w.Line)+`c\CASignatureAlgorithms `+strings.Join(append(list, missing...), ","))
		if len(list) == 0 || len(w.Args) > 0 && strings.HasPrefix(w.Args[0], "-") {
			found.Next = disable(f, w.Directive)
		}
	}
	return found
}

// The sizes of the RSA keys that az creates, in bits: it runs ssh-keygen, whose default
// changed from the first to the second with OpenSSH 8.0 (release notes).
const (
	oldKeySize = 2048
	keySize    = 3072
)

// askSize: RequiredRSASize of OpenSSH 9.1.
func askSize(f *Facts, e *Effective) check.Result {
	n, err := strconv.Atoi(e.Value("requiredrsasize"))
	if err != nil || n <= oldKeySize {
		return pass("People's keys are large enough.")
	}
	w := locate(f, e, "requiredrsasize", "")
	next := w.undo(f)
	if w.editable() && w.Block == nil {
		next = "Run: " + sed(f, w.File, strconv.Itoa(w.Line)+`c\RequiredRSASize `+strconv.Itoa(oldKeySize))
	}
	if n > keySize {
		return shut(w, "RequiredRSASize is "+strconv.Itoa(n)+w.at()+"; az makes RSA keys of "+strconv.Itoa(keySize)+" bits, so nobody's is large enough.", next)
	}
	return check.Result{Answer: check.Warn, File: w.File, Except: "people whose OpenSSH client is older than 8.0 (RSA keys of " + strconv.Itoa(oldKeySize) + " bits)",
		Text: "RequiredRSASize is " + strconv.Itoa(n) + w.at() + ": az makes keys of " + strconv.Itoa(keySize) + " bits where the client's OpenSSH is 8.0 or later, and of " + strconv.Itoa(oldKeySize) + " bits, which are refused, where it is older.",
		Next: "Have people update OpenSSH on their own computers. Or, to let them in: " + text.Small(next)}
}

// askRevoked: while RevokedKeys cannot be read, sshd rejects every key.
func askRevoked(f *Facts, e *Effective) check.Result {
	name := e.Value("revokedkeys")
	p, seen := f.Places[name]
	w := locate(f, e, "revokedkeys", name)
	why := ""
	switch {
	case !seen:
		return pass("No list of revoked keys is in the way.")
	case p.Err != nil:
		return unsure(w, "the list "+name+" (RevokedKeys"+w.at()+")",
			"The list that RevokedKeys names"+w.at()+" could not be read: "+p.Err.Error(), "See why: ls -l "+quote(name))
	case p.Missing:
		return shut(w, "RevokedKeys names "+name+", which does not exist"+w.at()+", so sshd refuses every key.",
			"If no key is revoked, run: sudo install -m 0644 /dev/null "+quote(name))
	case p.Dir:
		why = "it is a folder"
	case p.Bad != "":
		why = p.Bad
	case p.CA == yes:
		return shut(w, "The list of revoked keys "+name+" (RevokedKeys"+w.at()+") holds the key of the authority that signs people's certificates, so sshd refuses them all.",
			unrevoke(name, p))
	case p.CA == maybe:
		return unsure(w, "whether "+name+" (RevokedKeys"+w.at()+") holds the authority's key",
			"Whether the list of revoked keys "+name+" (RevokedKeys"+w.at()+") holds the key of the authority that signs people's certificates is not known.", "See what is in it: sudo ssh-keygen -Q -l -f "+quote(name))
	default:
		return pass("The list of revoked keys can be read%s.", w.at())
	}
	return shut(w, "sshd cannot use the list of revoked keys "+name+" (RevokedKeys"+w.at()+"): "+why+". So it refuses every key.",
		fmt.Sprintf("Put the right list in its place; if there is none, run: sudo mv %s %s && sudo install -m 0644 /dev/null %[1]s", quote(name), quote(name+".damaged")))
}

// unrevoke removes the authority's key from a list.
func unrevoke(name string, p Place) string {
	if p.Key == "" {
		return "Have whoever keeps " + name + " make it anew without that key; aad_certhandler prints it after the word cert-authority."
	}
	return "Run: sudo " + text.Edit + " '\\#" + p.Key[max(0, len(p.Key)-40):] + "#d' " + quote(name)
}

// askTries: a client with an agent may try other keys first, and each counts.
func askTries(f *Facts, e *Effective) check.Result {
	got := e.Value("maxauthtries")
	n, err := strconv.Atoi(got)
	if err != nil || n >= 3 {
		return pass("MaxAuthTries is %s.", got)
	}
	w := locate(f, e, "maxauthtries", got)
	found := check.Result{Answer: check.Warn, File: w.File, Except: "people whose client offers other keys before the certificate",
		Text: "MaxAuthTries is " + strconv.Itoa(n) + w.at() + ": a client that offers other keys before the certificate is disconnected.",
		Next: "Have clients use -o IdentitiesOnly=yes."}
	if n < 1 {
		found.Answer, found.Except = check.Fail, ""
		found.Text = "MaxAuthTries is " + strconv.Itoa(n) + w.at() + ": everybody is disconnected at the first try."
	}
	if w.found && !w.option {
		raise := sed(f, w.File, strconv.Itoa(w.Line)+`c\MaxAuthTries 6`)
		if found.Next = "Raise it: " + raise; n >= 1 {
			found.Next = "Have clients use -o IdentitiesOnly=yes, or raise it: " + raise
		}
	}
	return found
}

// askRefuse: RefuseConnection of OpenSSH 10.
func askRefuse(f *Facts, e *Effective) check.Result {
	if e.Value("refuseconnection") != "yes" {
		return pass("Connections of %s are not refused outright.", f.whom())
	}
	w := locate(f, e, "refuseconnection", "yes")
	return shut(w, "RefuseConnection ends every connection of "+f.who("an Entra ID user")+w.at()+".", w.undo(f))
}
