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

func changes() []change {
	broken := func(title, script string) change { return change{title: title, script: script, code: 21} }
	registered := func(title, script string) change {
		return change{title: title, script: script, code: 21, registers: true}
	}
	odd := func(title, script string) change { return change{title: title, script: script, works: true} }
	return []change{
		registered("VMAccess resets sshd_config: the block is gone", unbind),
		registered("sshd_config is replaced by another one", "echo 'UsePAM yes' > "+config),
		broken("the directives of the block are commented out", "sed -i '/# Added by aadsshlogin installer/,$ s/^    /#   /' "+config),
		broken("the block names another program", inBlock("/usr/sbin/aad_certhandler %u %k", "/bin/false")),
		broken("the program of the block runs as nobody", inBlock("CommandUser root", "CommandUser nobody")),
		broken("another product's Match comes before the block", above(`Match User *\n AuthorizedKeysCommand /bin/false\n AuthorizedKeysCommandUser nobody\nMatch all`)),
		broken("a Match all above switches keys off", above(`Match all\n PubkeyAuthentication no\nMatch all`)),
		broken("a Match all above wants two methods", above(`Match all\n AuthenticationMethods publickey,password\nMatch all`)),
		broken("UsePAM is off", "sed -i 's/^#*UsePAM.*/UsePAM no/' "+config),
		broken("UsePAM is not set", "sed -i '/^#*UsePAM/d' "+config),
		broken("a hardening script sets AllowGroups", above("AllowGroups sudo admins")),
		broken("AllowGroups in a drop-in", "echo 'AllowGroups sudo' > /etc/ssh/sshd_config.d/90-hardening.conf"),
		broken("AllowGroups appended, so inside the block", below("AllowGroups sudo")),
		broken("DenyGroups is set", above("DenyGroups games")),
		broken("AllowUsers names local users", above("AllowUsers azureuser admin")),
		broken("DenyUsers shuts everybody out", above("DenyUsers *")),
		broken("RSA certificates are not accepted", above("PubkeyAcceptedAlgorithms ssh-ed25519,ssh-ed25519-cert-v01@openssh.com")),
		broken("RSA keys are, RSA certificates are not", above("PubkeyAcceptedAlgorithms rsa-sha2-256,rsa-sha2-512")),
		broken("the list of revoked keys is missing", above("RevokedKeys /etc/ssh/revoked")),
		broken("sshd_config has an error", above("PermitRootLogn no")),
		broken("a drop-in has an error", "echo 'Match' > /etc/ssh/sshd_config.d/50-tool.conf"),
		broken("sshd has no host keys", "rm -f /etc/ssh/ssh_host_*"),
		registered("pam-auth-update removes the package's profile", "pam-auth-update --package --remove aad"),
		registered("the account stack loses the module", "sed -i '/pam_aad/d' /etc/pam.d/common-account"),
		broken("sshd's stack no longer includes the common one", "sed -i '/common-account/d' /etc/pam.d/sshd && echo 'account required pam_unix.so' >> /etc/pam.d/sshd"),
		registered("nsswitch.conf is rewritten without aad", "printf 'passwd: files\\ngroup: files\\nshadow: files\\nhosts: files dns\\n' > /etc/nsswitch.conf"),
		broken("the search for users ends before aad", "sed -i 's/^passwd:.*/passwd: files [NOTFOUND=return] aad/' /etc/nsswitch.conf"),
		registered("the certificate handler is not executable", "chmod 644 /usr/sbin/aad_certhandler"),
		registered("the certificate handler is gone", "rm /usr/sbin/aad_certhandler"),
		registered("the certificate handler is writable for all", "chmod 777 /usr/sbin/aad_certhandler"),
		registered("the certificate handler is writable for a group of several", "chgrp users /usr/sbin/aad_certhandler && chmod 775 /usr/sbin/aad_certhandler"),
		registered("the certificate handler belongs to somebody else", "chown 1000 /usr/sbin/aad_certhandler"),
		broken("a folder above the certificate handler is writable for all", "chmod 777 /usr/sbin"),
		registered("the PAM module is gone", "rm /lib/*/security/pam_aad.so"),
		registered("the name service library is gone", "rm -f /lib/*/libnss_aad.so.2 /usr/lib64/libnss_aad.so.2"),

		odd("AllowUsers lets everybody in", above("AllowUsers *")),
		odd("AllowUsers with the documented pattern", above("AllowUsers azureuser *?example.com")),
		odd("DenyUsers for one local user", above("DenyUsers guest")),
		odd("AllowGroups for all but Entra ID users", below(`Match User *,!*@*,!????????-????-????-????-????????????\n AllowGroups sudo`)),
		odd("another product's command for everybody else", above("AuthorizedKeysCommand /bin/false\\nAuthorizedKeysCommandUser nobody")),
		odd("keys are off for everybody else", above("PubkeyAuthentication no")),
		odd("two methods for everybody else", above("AuthenticationMethods publickey,password")),
		odd("only SHA-512 certificates", above("PubkeyAcceptedAlgorithms rsa-sha2-512-cert-v01@openssh.com,rsa-sha2-512")),
		odd("the block moved to a drop-in", "mkdir -p /etc/ssh/sshd_config.d && sed -n '/# Added by aadsshlogin installer/,/CommandUser root/p' "+config+" > /etc/ssh/sshd_config.d/50-aad.conf && "+unbind+" && { grep -q ^Include "+config+" || sed -i '1i Include /etc/ssh/sshd_config.d/*.conf' "+config+"; }"),
		odd("sshd listens on another port", above("Port 2222")),
		odd("a directive appended to the block", below("X11Forwarding no")),
		odd("the sudo rule is gone", "rm -f /etc/sudoers.d/aad_admins"),
		odd("the module is not in the auth stack", "sed -i '/pam_aad/d' /etc/pam.d/common-auth"),
		odd("the certificate handler is writable for root's own group, which Debian's sshd takes", "chmod 775 /usr/sbin/aad_certhandler"),
		odd("passwd asks aad first", "sed -i 's/^passwd:.*/passwd: aad files/' /etc/nsswitch.conf"),
		odd("a local user matches before", above(`Match User bob\n PasswordAuthentication no\nMatch all`)),
	}
}
