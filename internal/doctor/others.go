package doctor

import (
	"fmt"
	"path"
	"strings"

	"aadssh/internal/check"
	"aadssh/internal/preflight"
	"aadssh/internal/signin/sshd"
	"aadssh/internal/text"
)

// policyFile has opkssh's rules: an account, whom it lets in there, and who vouches for
// them (opkssh, docs/config.md).
const policyFile = "/etc/opk/auth_id"

// otherPrograms says which other programs let people of a directory in. They need no
// aadsshlogin, and whom they let in is theirs to say.
func otherPrograms(m *machine) (all []check.Result) {
	seen := map[string]bool{"none": true, sshd.CertHandler: true}
	for i := range m.SSHD.Config.Directives {
		d := &m.SSHD.Config.Directives[i]
		if d.Keyword != "authorizedkeyscommand" || len(d.Args) == 0 || seen[d.Args[0]] {
			continue
		}
		program := d.Args[0]
		seen[program] = true
		what := fmt.Sprintf("sshd asks %s for keys (AuthorizedKeysCommand at %s:%d)", program, d.File, d.Line)
		next := "Ask whoever set it up whom it lets in: ls -l " + program
		if path.Base(program) == "opkssh" {
			what += m.opksshRules()
			next = "See its rules and what it did: sudo opkssh audit; sudo tail /var/log/opkssh.log"
		}
		all = append(all, m.beside(what, next))
	}
	line := m.Login.NSS.Config.Of("passwd")
	for i := range line.Services {
		if line.Services[i].Name == "himmelblau" {
			all = append(all, m.beside(fmt.Sprintf("the name service asks Himmelblau (%s:%d)", m.Login.NSS.File, line.Number), "See whether it runs and whom it knows: sudo aad-tool status; getent -s himmelblau passwd "+text.Quote(m.whom("NAME@DOMAIN"))))
		}
	}
	return all
}

// beside is about a program that is there beside aadsshlogin, or in its place.
func (m *machine) beside(what, next string) check.Result {
	if preflight.InPlace(&m.Facts) {
		return check.Result{Text: "Beside aadsshlogin " + what + "."}
	}
	return check.Result{Answer: check.Warn, Text: "Without aadsshlogin, " + what + ". Who signs in that way is not looked at here.", Next: next}
}

// opksshRules says for which accounts a person is named in opkssh's rules; "" if nobody is
// asked about.
func (m *machine) opksshRules() string {
	if m.one == nil {
		return ""
	}
	var as []string
	for i, line := range strings.Split(m.opkssh, "\n") {
		f := strings.Fields(line)
		if len(f) < 3 || f[0][0] == '#' {
			continue
		}
		id := strings.ToLower(f[1])
		end, wild := strings.CutPrefix(id, "oidc-match-end:email:")
		if id == m.one.Name || wild && strings.HasSuffix(m.one.Name, end) {
			as = append(as, fmt.Sprintf("%s (%s:%d)", f[0], policyFile, i+1))
		}
	}
	if as == nil {
		return "; " + policyFile + " does not name " + m.one.Name + " (rules for groups or subjects, and those in homes, are not looked at)"
	}
	return "; it may let " + m.one.Name + " in as " + strings.Join(as, ", ")
}
