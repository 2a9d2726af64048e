//go:build rig

package signin_test

// change is something that happens to a machine that passed, and that an ordinary package
// repairs when it is reinstalled.
type change struct{ title, script string }

const (
	config = "/etc/ssh/sshd_config"
	unbind = "sed -i '/# Added by aadsshlogin installer/,/AuthorizedKeysCommandUser root/d' " + config
)

func changes() []change {
	return []change{
		{"VMAccess resets sshd_config: the block is gone", unbind},
		{"sshd_config is replaced by another one", "echo 'UsePAM yes' > " + config},
		{"pam-auth-update removes the package's profile", "pam-auth-update --package --remove aad"},
		{"the account stack loses the module", "sed -i '/pam_aad/d' /etc/pam.d/common-account"},
		{"nsswitch.conf is rewritten without aad", "printf 'passwd: files\\ngroup: files\\nshadow: files\\nhosts: files dns\\n' > /etc/nsswitch.conf"},
		{"the certificate handler is not executable", "chmod 644 /usr/sbin/aad_certhandler"},
		{"the certificate handler is gone", "rm /usr/sbin/aad_certhandler"},
		{"the certificate handler is writable for all", "chmod 777 /usr/sbin/aad_certhandler"},
		{"the certificate handler is writable for a group of several", "chgrp users /usr/sbin/aad_certhandler && chmod 775 /usr/sbin/aad_certhandler"},
		{"the certificate handler belongs to somebody else", "chown 1000 /usr/sbin/aad_certhandler"},
		{"the PAM module is gone", "rm /lib/*/security/pam_aad.so"},
		{"the name service library is gone", "rm -f /lib/*/libnss_aad.so.2 /usr/lib64/libnss_aad.so.2"},
	}
}
