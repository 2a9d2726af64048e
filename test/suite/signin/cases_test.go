//go:build rig

package signin_test

// change is something that happens to a machine that passed.
type change struct {
	title  string
	script string
	works  bool // the person gets in all the same
	// registers: an ordinary package puts this back when it is reinstalled.
	registers bool
	code      int
	// remedy is the next step that enable names, as a script that does what it
	// says and nothing else. Where it leaves a person a choice, choice says
	// which one the script takes.
	remedy, choice string
	// open: it remains a person's decision whether that was all, so a warning
	// stays.
	open bool
}

// Pieces of scripts. Directives that a person adds to sshd_config stand above
// the package's block: what is appended is another case.
const (
	config = "/etc/ssh/sshd_config"
	unbind = "sed -i '/# Added by aadsshlogin installer/,/AuthorizedKeysCommandUser root/d' " + config
)

func above(lines string) string {
	return "printf '%b' '" + lines + "\\n' | cat - " + config + " > /tmp/c && cat /tmp/c > " + config
}

func below(lines string) string { return "printf '%b' '" + lines + "\\n' >> " + config }

func inBlock(from, to string) string {
	return "sed -i '/# Added by aadsshlogin installer/,$ s|" + from + "|" + to + "|' " + config
}

// everybodyElse is a Match line that leaves Entra ID users out, as the next
// steps give it.
const everybodyElse = "Match User *,!*@*,!????????-????-????-????-????????????"

// Next steps that several cases have.
const (
	bind     = "sed -i '/# Added by aadsshlogin installer/a \\    AuthorizedKeysCommand /usr/sbin/aad_certhandler %u %k\\n    AuthorizedKeysCommandUser root' " + config + " && sshd -t"
	anew     = "apt-get -q -y purge aadsshlogin"
	profiles = "pam-auth-update --package; grep -q pam_aad /etc/pam.d/common-account || pam-auth-update --package --force"
)

// edit is an edit of sshd_config and what the next steps end with.
func edit(expressions ...string) string {
	script := "sed -i"
	for _, e := range expressions {
		script += " -e '" + e + "'"
	}
	return script + " " + config + " && sshd -t"
}

// moved has a directive at the end of sshd_config, below a Match line for
// everybody else.
func moved(directive string) string {
	return "line=$(grep '^" + directive + "' " + config + ") && sed -i '/^" + directive + "/d' " + config + " && printf '%s\n' '" + everybodyElse + "' \" $line\" >> " + config + " && sshd -t"
}

func changes() []change {
	broken := func(title, script string) change { return change{title: title, script: script, code: 21} }
	registered := func(title, script string) change {
		return change{title: title, script: script, code: 21, registers: true}
	}
	odd := func(title, script string) change { return change{title: title, script: script, works: true} }
	return []change{
		registered("VMAccess resets sshd_config: the block is gone", unbind).by(anew),
		registered("sshd_config is replaced by another one", "echo 'UsePAM yes' > "+config).by(anew),
		broken("the directives of the block are commented out", "sed -i '/# Added by aadsshlogin installer/,$ s/^    /#   /' "+config).by(bind),
		broken("the block names another program", inBlock("/usr/sbin/aad_certhandler %u %k", "/bin/false")).by(bind),
		broken("the program of the block runs as nobody", inBlock("CommandUser root", "CommandUser nobody")).by(inBlock("CommandUser nobody", "CommandUser root") + " && sshd -t"),
		broken("another product's Match comes before the block", above(`Match User *\n AuthorizedKeysCommand /bin/false\n AuthorizedKeysCommandUser nobody\nMatch all`)).by(edit("1s/.*/" + everybodyElse + "/")),
		broken("a Match all above switches keys off", above(`Match all\n PubkeyAuthentication no\nMatch all`)).by(edit("2s/no/yes/")),
		broken("a Match all above wants two methods", above(`Match all\n AuthenticationMethods publickey,password\nMatch all`)).by(edit("1s/.*/" + everybodyElse + "/")),
		broken("UsePAM is off", "sed -i 's/^#*UsePAM.*/UsePAM no/' "+config).by(edit("/^UsePAM no/d", "1i UsePAM yes")),
		broken("UsePAM is not set", "sed -i '/^#*UsePAM/d' "+config).by(edit("1i UsePAM yes")),
		broken("a hardening script sets AllowGroups", above("AllowGroups sudo admins")).by(moved("AllowGroups")).or("it is moved"),
		broken("AllowGroups in a drop-in", "echo 'AllowGroups sudo' > /etc/ssh/sshd_config.d/90-hardening.conf").by("sed -i /AllowGroups/d /etc/ssh/sshd_config.d/90-hardening.conf && sshd -t").or("it is removed"),
		broken("AllowGroups appended, so inside the block", below("AllowGroups sudo")).by(edit("/^AllowGroups/d")).or("it is removed"),
		broken("DenyGroups is set", above("DenyGroups games")).by(moved("DenyGroups")).or("it is moved"),
		broken("AllowUsers names local users", above("AllowUsers azureuser admin")).by(edit("1s/$/ *?example.com ????????-????-????-????-????????????/")).or("the patterns are added; whether these are all domains is for a person to say, so a warning stays").asks(),
		broken("DenyUsers shuts everybody out", above("DenyUsers *")).by(edit("1d")),
		broken("RSA certificates are not accepted", above("PubkeyAcceptedAlgorithms ssh-ed25519,ssh-ed25519-cert-v01@openssh.com")).by(edit("1s/$/,rsa-sha2-256-cert-v01@openssh.com,rsa-sha2-512-cert-v01@openssh.com/")),
		broken("RSA keys are, RSA certificates are not", above("PubkeyAcceptedAlgorithms rsa-sha2-256,rsa-sha2-512")).by(edit("1s/$/,rsa-sha2-256-cert-v01@openssh.com,rsa-sha2-512-cert-v01@openssh.com/")),
		broken("the list of revoked keys is missing", above("RevokedKeys /etc/ssh/revoked")).by("touch /etc/ssh/revoked && sshd -t").or("the file is made"),
		broken("sshd_config has an error", above("PermitRootLogn no")).by(edit("1s/PermitRootLogn/PermitRootLogin/")).or("the word is corrected"),
		broken("a drop-in has an error", "echo 'Match' > /etc/ssh/sshd_config.d/50-tool.conf").by("sed -i 1d /etc/ssh/sshd_config.d/50-tool.conf && sshd -t").or("the line is removed"),
		broken("sshd has no host keys", "rm -f /etc/ssh/ssh_host_*").by("ssh-keygen -A"),
		registered("pam-auth-update removes the package's profile", "pam-auth-update --package --remove aad").by(profiles),
		registered("the account stack loses the module", "sed -i '/pam_aad/d' /etc/pam.d/common-account").by(profiles),
		broken("sshd's stack no longer includes the common one", "sed -i '/common-account/d' /etc/pam.d/sshd && echo 'account required pam_unix.so' >> /etc/pam.d/sshd").by("sed -i 's/^account required pam_unix.so$/@include common-account/' /etc/pam.d/sshd"),
		registered("nsswitch.conf is rewritten without aad", "printf 'passwd: files\\ngroup: files\\nshadow: files\\nhosts: files dns\\n' > /etc/nsswitch.conf").by("sed -i '/^passwd:/s/$/ aad/; /^group:/s/$/ aad/' /etc/nsswitch.conf").or("and the same for group, of which it warns then"),
		broken("the search for users ends before aad", "sed -i 's/^passwd:.*/passwd: files [NOTFOUND=return] aad/' /etc/nsswitch.conf").by("sed -i '7s/files/files aad/; 7s/ aad$//' /etc/nsswitch.conf"),
		registered("the certificate handler is not executable", "chmod 644 /usr/sbin/aad_certhandler"),
		registered("the certificate handler is gone", "rm /usr/sbin/aad_certhandler"),
		registered("the certificate handler is writable for all", "chmod 777 /usr/sbin/aad_certhandler"),
		registered("the certificate handler is writable for a group of several", "chgrp users /usr/sbin/aad_certhandler && chmod 775 /usr/sbin/aad_certhandler"),
		registered("the certificate handler belongs to somebody else", "chown 1000 /usr/sbin/aad_certhandler"),
		broken("a folder above the certificate handler is writable for all", "chmod 777 /usr/sbin").by("chown root:root /usr/sbin && chmod go-w /usr/sbin"),
		registered("the PAM module is gone", "rm /lib/*/security/pam_aad.so"),
		registered("the name service library is gone", "rm -f /lib/*/libnss_aad.so.2 /usr/lib64/libnss_aad.so.2"),

		odd("AllowUsers lets everybody in", above("AllowUsers *")),
		odd("AllowUsers with the documented pattern", above("AllowUsers azureuser *?example.com")).by(edit("1s/$/ ????????-????-????-????-????????????/")).or("the patterns are added; whether these are all domains is for a person to say, so a warning stays").asks(),
		odd("DenyUsers for one local user", above("DenyUsers guest")),
		odd("AllowGroups for all but Entra ID users", below(`Match User *,!*@*,!????????-????-????-????-????????????\n AllowGroups sudo`)),
		odd("another product's command for everybody else", above("AuthorizedKeysCommand /bin/false\\nAuthorizedKeysCommandUser nobody")),
		odd("keys are off for everybody else", above("PubkeyAuthentication no")),
		odd("two methods for everybody else", above("AuthenticationMethods publickey,password")),
		odd("only SHA-512 certificates", above("PubkeyAcceptedAlgorithms rsa-sha2-512-cert-v01@openssh.com,rsa-sha2-512")),
		odd("the block moved to a drop-in", "mkdir -p /etc/ssh/sshd_config.d && sed -n '/# Added by aadsshlogin installer/,/CommandUser root/p' "+config+" > /etc/ssh/sshd_config.d/50-aad.conf && "+unbind+" && { grep -q ^Include "+config+" || sed -i '1i Include /etc/ssh/sshd_config.d/*.conf' "+config+"; }"),
		odd("sshd listens on another port", above("Port 2222")),
		odd("a directive appended to the block", below("X11Forwarding no")).by(edit("/^X11Forwarding no/d", "1i X11Forwarding no")),
		odd("the sudo rule is gone", "rm -f /etc/sudoers.d/aad_admins").by("apt-get -y install --reinstall -o Dpkg::Options::=--force-confmiss aadsshlogin"),
		odd("the module is not in the auth stack", "sed -i '/pam_aad/d' /etc/pam.d/common-auth").by("pam-auth-update --package; grep -q pam_aad /etc/pam.d/common-auth || pam-auth-update --package --force"),
		odd("the certificate handler is writable for root's own group, which Debian's sshd takes", "chmod 775 /usr/sbin/aad_certhandler"),
		odd("passwd asks aad first", "sed -i 's/^passwd:.*/passwd: aad files/' /etc/nsswitch.conf"),
		odd("a local user matches before", above(`Match User bob\n PasswordAuthentication no\nMatch all`)),
	}
}

// by adds the remedy.
func (c change) by(script string) change {
	c.remedy = script
	return c
}

// asks says that a person has to decide whether it was all.
func (c change) asks() change {
	c.open = true
	return c
}

// or adds which of several remedies it is.
func (c change) or(choice string) change {
	c.choice = choice
	return c
}
