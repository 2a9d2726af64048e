package sshd

import (
	"aadssh/internal/check"
	"aadssh/internal/text"
)

// Rows are the checks of what sshd does with people, in the order of cause and effect. The
// first reports whether sshd can be asked at all.
func Rows() []*check.Row[*Facts] {
	return []*check.Row[*Facts]{
		row("sshd-config", check.GateConnection, "Does sshd accept its configuration?", "sshd itself is asked (sshd -T). Where it is not installed, refuses its files or dies over them, that is the one answer, with file and line.", check.One(accepts)),
		row("sshd-command", check.GateCommand, "Does sshd ask the cert handler for the keys of Entra ID users?", "AuthorizedKeysCommand as it is in force for them. Where the package's block is gone, the package is installed anew, which registers it again.", each(askCommand)),
		row("sshd-command-user", check.GateCommand, "Is the cert handler run as root?", "AuthorizedKeysCommandUser: under another name the cert handler can check nobody.", each(askCommandUser)),
		row("sshd-public-key", check.GateKey, "Does sshd take keys from Entra ID users?", "PubkeyAuthentication: people sign in with a certificate, which is a key.", each(byBlock("pubkeyauthentication", askPublicKey))),
		row("sshd-methods", check.GateConnection, "Is a certificate enough?", "AuthenticationMethods: one of its lists must be the key alone.", each(byBlock("authenticationmethods", askMethods))),
		row("sshd-pam", check.GateAccount, "Does sshd use PAM?", "UsePAM: without it no role is checked and no account is made.", each(askPAM)),
		row("sshd-users", check.GateConnection, "Do the lists of users let Entra ID users in?", "AllowUsers and DenyUsers, by sshd's own rules for patterns.", each(askUsers)),
		row("sshd-groups", check.GateConnection, "Do the lists of groups let Entra ID users in?", "AllowGroups and DenyGroups: before the first sign-in a person is in no group, and then both refuse, whatever they list.", each(askGroups)),
		row("sshd-algorithms", check.GateKey, "Does sshd take RSA certificates?", "PubkeyAcceptedAlgorithms, by its older name too. A warning where only the SHA-1 name is known, which newer clients do not use.", each(askAlgorithms)),
		row("sshd-ca-algorithms", check.GateKey, "Does sshd take certificates that are signed as Entra ID signs them?", "CASignatureAlgorithms. Which kind of key signs is not published, so a list with only some of the usual kinds is not known.", each(askCAAlgorithms)),
		row("sshd-rsa-size", check.GateKey, "Are the keys that az makes long enough?", "RequiredRSASize: az makes keys of 2048 or 3072 bits, by its client's age.", each(askSize)),
		row("sshd-revoked-keys", check.GateKey, "Can sshd read its list of revoked keys?", "RevokedKeys: while the file cannot be read, sshd refuses every key; a key of the authority in it refuses every certificate.", each(askRevoked)),
		row("sshd-tries", check.GateConnection, "Does MaxAuthTries leave room for a certificate?", "A client with an agent may offer other keys first, and each counts.", each(askTries)),
		row("sshd-refuse", check.GateConnection, "Does no RefuseConnection end the connection?", "RefuseConnection of OpenSSH 10.", each(askRefuse)),
		row("sshd-force-command", check.GateSession, "Does a person get a shell?", "ForceCommand: a program that is not there, or that ends at once, ends every session. A wrapper is not known.", each(askForced)),
		row("sshd-chroot", check.GateSession, "Is there what a session needs below ChrootDirectory?", "The folder must be root's alone and have the shell in it.", each(askChroot)),
		row("sshd-sessions", check.GateSession, "May a connection have a session?", "MaxSessions 0 allows forwarding and nothing else. A script sshrc that may not come to its end is not known.", each(askSessions)),
		row("sshd-transport", check.GateKey, "Have sshd and the clients an algorithm in common?", "Key exchange, ciphers, MACs and host keys, against what clients of OpenSSH offer.", each(askTransport)),
		row("sshd-startups", check.GateConnection, "May connections begin?", "MaxStartups: strangers who do not sign in take its places too. With PerSourceNetBlockSize 0 all strangers are one source.", each(askStartups)),
		row("sshd-grace-time", check.GateConnection, "Is there time enough to sign in?", "LoginGraceTime: the cert handler and the role check ask endpoints over the network.", each(askGrace)),
		row("sshd-order", check.GateConnection, "Does nothing stand in the package's block by accident?", "A Match block reaches to the next Match line: what was appended to the file applies to Entra ID users only.", check.One(askSwallowed)),
		row("sshd-address", check.GateConnection, "Is no address shut out?", "Match blocks for the package's own group: whether an administrator is in it by then is not published.", check.One(askGroupBlocks)),
		row("sshd-kinds", check.GateConnection, "Is every kind of connection that the configuration tells apart let in?", "sshd is asked about sixteen kinds at most; what lies beyond is not known.", check.One(askMore)),
		row("sshd-listening", check.GateListen, "Does sshd listen?", "Ports that are open on this machine, those of a socket unit too, against the configuration.", check.One(askListening)),
		row("sshd-reachable", check.GateListen, "Does sshd listen where people come from?", "ListenAddress and the machine's own addresses. On an Arc-enabled server people come by loopback, elsewhere loopback alone is out.", check.One(askReachable)),
		row("sshd-reload", check.GateListen, "Has the running sshd read its configuration?", "The time of the last change against sshd's pid file, which it writes whenever it has read its files, or where it writes none the reload of its unit: nothing is promised over a configuration that it has not read.", askLoaded),
	}
}

func row(name string, gate check.Gate, asks, doc string, run func(*Facts) []check.Result) *check.Row[*Facts] {
	return &check.Row[*Facts]{About: check.About{Name: name, Section: check.SignIn, Group: "sshd", Gate: gate, Asks: asks, Doc: doc}, Run: run}
}

// each runs a check for every kind of connection and combines the results.
func each(ask func(*Facts, *Effective) check.Result) func(*Facts) []check.Result {
	return check.One(func(f *Facts) check.Result {
		answers := make([]check.Result, len(f.Users))
		for i := range f.Users {
			answers[i] = ask(f, &f.Users[i])
		}
		return f.merge(answers)
	})
}

// Assess reports whether sshd accepts a person with an Entra ID account who has never
// signed in before. If sshd is missing, rejects its configuration or could not be asked,
// that is the only finding.
func Assess(f *Facts) []check.Result {
	rows := Rows()
	out := check.Run(rows[:1], f)
	if out[0].Answer == check.Pass {
		out = append(out, check.Run(rows[1:], f)...)
	}
	for i := range out {
		out[i].Text, out[i].Next = text.Flat(out[i].Text), text.Flat(out[i].Next)
	}
	return out
}
