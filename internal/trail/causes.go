package trail

import (
	"aadssh/internal/az"
	"aadssh/internal/text"
)

// speaker is a program that a cause's lines can come from, or a set of them.
type speaker uint8

// The speakers. A PAM module writes through the program that called it, with its own name,
// the service and the type at the beginning (pam_syslog(3)).
const (
	bySSHD    speaker = 1 << iota
	byHandler         // aad_certhandler
	byAccount         // pam_aad in the account stack, which sshd calls after the certificate was accepted
	byModules         // another module of PAM
	byKernel
)

// scope says whom a cause affects, and so what shows that it is over.
type scope int

const (
	person  scope = iota // a later success of the same person
	machine              // a later success of anybody from the directory
	address              // a later success from the same address
)

// Cause is one meaning of a line.
type Cause struct {
	_ [0]func() // never compared: no code for == is linked

	Name string
	// by are the programs that can know it. Lines of others never match.
	by speaker
	// says is matched against the whole line from its beginning. Names are in groups:
	// (?P<who>) a person, (?P<from>) an address, (?P<path>) a file, (?P<why>) the rest.
	// What a stranger chose can only be in a group.
	says string
	// words is used instead of says for the vendor's programs, whose texts are not
	// published: it is matched against the line without names.
	words string
	scope scope
	// proved: such a line only follows after the person's key was accepted.
	proved bool
	// refusal: the line ends a connection, even one whose key was accepted.
	refusal bool
	// Settled are checks of doctor, separated by blanks. If all of them pass now, the cause is
	// gone.
	Settled string
	Means   string // the text, with {who}, {from}, {path}, {why} replaced
	Next    string // {who}: only a proved name, otherwise PERSON; {path}: only a plain one, otherwise PATH
}

// Causes are tried in this order. The rows of sshd have its own texts (OpenSSH auth.c,
// auth2.c, auth2-pubkey.c, auth-pam.c, misc.c, sshd.c, sshkey.c), those of modules
// Linux-PAM's.
func Causes() []Cause {
	const (
		file   = `(?P<path>/[^"]*)`
		anyone = `(?P<who>.*)`
		from   = `(?P<from>\S+)`
		// sshd.c: drop_connection
		dropped = `drop connection #\d+ from \[(?P<from>[0-9A-Fa-f.:]+)(?:%\w+)?\]:\d+ on \[[^\]]*\]:\d+ `
	)
	return []Cause{
		{Name: "other-account", by: byHandler | byAccount, says: `Found a user with the same name but different oid\b.*`,
			Means: "{who} has a local account from another account of the same name, made before a migration or a rename",
			Next:  "Look at the home folder, then: sudo aaduserdel --remove {who}; the next sign-in makes a new account."},
		{Name: "unsafe-program", by: bySSHD, scope: machine,
			says:  `Unsafe AuthorizedKeysCommand "[^"]*": bad ownership or modes for (?:file|directory) ` + file,
			Means: "sshd refuses to run the cert handler, because others may write to {path}",
			Next:  "sudo chown root:root {path} && sudo chmod go-w {path}"},
		{Name: "no-program", by: bySSHD, scope: machine, says: `(?:Could not stat|Unsafe) AuthorizedKeysCommand "` + file + `": (?P<why>.*)`,
			Means: "sshd could not run the cert handler {path}: {why}",
			Next:  "ls -l {path}; the package aadsshlogin brings it"},
		{Name: "cannot-run", by: bySSHD, scope: machine, Settled: "cert-handler",
			says:  `AuthorizedKeysCommand exec(?:ve?)? "` + `(?P<path>/usr/sbin/aad_certhandler)\b.*": (?P<why>.*)`,
			Means: "sshd could not start the cert handler {path}: {why}",
			Next:  "findmnt -T {path}; ldd {path}"},
		{Name: "groups", by: bySSHD,
			says:  `User ` + anyone + ` from ` + from + ` not allowed because (?:not listed in AllowUsers|listed in DenyUsers|none of user's groups are listed in AllowGroups|a group is listed in DenyGroups|not in any group)`,
			Means: "sshd's own lists shut {who} out",
			Next:  "See the lines sshd-groups and sshd-users above; sudo sshd -T -C {connection} | grep -i -e allow -e deny"},
		{Name: "locked", by: bySSHD, says: `User ` + anyone + ` not allowed because account is locked`,
			Means: "the local account of {who} is locked, and sshd asks for that because it does not use PAM",
			Next:  "sudo sshd -T | grep -i usepam; where it says no: sudo " + text.Edit + " '1i\\UsePAM yes' /etc/ssh/sshd_config && sudo sshd -t"},
		{Name: "prohibited", by: bySSHD, Settled: "sshd-refuse", says: `administratively prohibited connection for ` + anyone + ` from ` + from + ` port \d+`,
			Means: "RefuseConnection of sshd_config ends connections of {who}",
			Next:  "sudo grep -rniE 'refuseconnection' /etc/ssh/sshd_config /etc/ssh/sshd_config.d"},
		{Name: "shell", by: bySSHD, says: `User ` + anyone + ` from ` + from + ` not allowed because shell ` + file + ` (?:(?P<gone>does not exist)|is not executable)`,
			Means: "the shell {path} of {who} cannot be started",
			Next:  "ls -l {path}; getent passwd {who}"},
		{Name: "selinux", by: byKernel, scope: machine,
			says:  `(?:audit: type=1400 audit\([^)]*\): )?avc:  ?denied .*comm="(?:sshd|sshd-session|sshd-auth|aad_certhandler|aaduseradd)".*`,
			Means: "SELinux denied something to the sign-in programs",
			Next:  "See all: sudo ausearch -m avc -ts recent. Reinstall aadsshlogin-selinux; on RHEL 10 update it, for sshd runs in another domain there. Do not switch SELinux off."},
		{Name: "ca-algorithm", by: bySSHD, Settled: "sshd-ca-algorithms",
			says:  `(?:userauth_pubkey: )?[Cc]ertificate signature algorithm \S+: signature algorithm not supported`,
			Means: "sshd does not take the signature that the authority put on the certificate of {who} (CASignatureAlgorithms)",
			Next:  "sudo sshd -T -C {connection} | grep -i casignaturealgorithms; sudo grep -rni casignaturealgorithms /etc/ssh/sshd_config /etc/ssh/sshd_config.d"},
		{Name: "algorithm", by: bySSHD,
			says:  `(?:userauth_pubkey: )?(?:unsupported public key algorithm:|key type|(?:certificate )?signature algorithm) (?P<algorithm>[A-Za-z0-9@.-]+)(?: not in (?P<list>Pubkey|CASignature|Hostbased)[A-Za-z]*(?: for ` + anyone + `)?)?`,
			Means: "sshd and the client of {who} have no signature algorithm in common",
			Next:  "On sshd 7.4 (RHEL and Oracle Linux 7): " + az.Machine{}.SSH("-o", "PubkeyAcceptedKeyTypes=+ssh-rsa-cert-v01@openssh.com") + "; else update OpenSSH on the older side."},
		{Name: "key-length", by: bySSHD, Settled: "sshd-rsa-size", says: `(?:userauth_pubkey: |key_from_blob: )?(?:(?:refusing [A-Z0-9-]+ key|could not parse key|parse key): )?Invalid key length`,
			Means: "sshd refused the key of {who}, which is shorter than RequiredRSASize",
			Next:  "sudo sshd -T -C {connection} | grep -i requiredrsasize; lower it, or use az ssh on a client with OpenSSH 8.0 or later, whose keys have 3072 bits."},
		{Name: "certificate-time", by: bySSHD, says: `Certificate invalid: (?:expired|not yet valid)`,
			Means: "the certificate of {who} was out of its time: an old one, or a clock that is wrong",
			Next:  "On the client: az ssh vm again, which fetches a new one. On this machine: timedatectl"},
		{Name: "certificate-name", by: bySSHD, says: `Certificate (?:invalid: name is not a listed principal|does not contain an authorized principal|lacks principal list)`,
			Means: "the certificate that was shown is not for the name {who}",
			Next:  "On the client: az account show; sign in to the machine with that account, or with none given: az ssh vm"},
		{Name: "revoked", by: bySSHD, says: `Authentication key \S+ \S+ revoked by file ` + file,
			Means: "the key of {who} is revoked by {path}",
			Next:  "sudo ssh-keygen -Q -l -f {path}; who put it there must take it out"},
		{Name: "revoked-list", by: bySSHD, scope: machine, Settled: "sshd-revoked-keys",
			says:  `Error checking authentication key \S+ \S+ in revoked keys file ` + `(?P<path>/[^":]*?)(?:: (?P<why>.*))?`,
			Means: "sshd could not read the list of revoked keys {path}, and then refuses every key ({why})",
			Next:  "sudo ls -l {path}; where no key is revoked: sudo install -m 0644 /dev/null {path}"},
		{Name: "chroot", by: bySSHD, scope: machine, refusal: true, Settled: "sshd-chroot",
			says:  `bad ownership or modes for chroot directory (?:component )?"` + `(?P<path>/[^"]*)"`,
			Means: "sshd ends sessions, because others than root may write to {path} (ChrootDirectory)",
			Next:  "sudo chown root:root {path} && sudo chmod go-w {path}"},
		{Name: "chroot", by: bySSHD, scope: machine, refusal: true, Settled: "sshd-chroot",
			says:  `(?:safely_chroot: )?(?:stat|chroot|Unable to chdir to chroot path)[( ]"(?P<path>/[^"]*)"\)?: (?P<why>.*)`,
			Means: "sshd ends sessions, because it cannot use {path} (ChrootDirectory): {why}",
			Next:  "sudo sshd -T -C {connection} | grep -i chroot; ls -ld {path}"},
		{Name: "too-many-tries", by: bySSHD, says: `maximum authentication attempts exceeded for (?:invalid user )?` + anyone + ` from ` + from + ` port \d+ ssh2`,
			Means: "the client of {who} offered so many keys that sshd closed the connection before the certificate's turn",
			Next:  "On the client: " + az.Machine{}.SSH("-o", "IdentitiesOnly=yes")},
		{Name: "no-module", by: bySSHD, scope: machine, says: `PAM unable to dlopen\((?P<why>[^)]*)\): ` + `(?P<path>/[^: ]+): cannot open shared object file.*`,
			Means: "PAM is configured to ask {why}, and {path} is not there",
			Next:  "sudo grep -rn -e \"$(basename {path})\" /etc/pam.d; install the module, or remove that line"},
		{Name: "broken-module", by: bySSHD, scope: machine, Settled: "pam-account pam-session",
			says:  `PAM unable to dlopen\((?P<path>[^)]*)\): (?P<why>.*)`,
			Means: "PAM cannot load its module {path}: {why}",
			Next:  "ldd {path}; put back what it lacks, or take the module out of /etc/pam.d"},
		{Name: "account-expired", by: bySSHD, says: `Account ` + anyone + ` has expired`,
			Means: "the local account of {who} has expired", Next: "sudo chage -l {who}; sudo chage -E -1 {who}"},
		{Name: "account-expired", by: bySSHD, proved: true, says: `User account has expired`,
			Means: "the local account of {who} has expired", Next: "sudo chage -l {who}; sudo chage -E -1 {who}"},
		{Name: "account-expired", by: byModules, proved: true, says: `pam_unix\([a-z-]+:account\): (?:account ` + anyone + ` has expired \([a-z ]+\)|expired password for user .*)`,
			Means: "the local account of {who} has expired", Next: "sudo chage -l {who}; sudo chage -E -1 {who}"},
		{Name: "pam-refused", by: bySSHD, proved: true, refusal: true, says: `Access denied for user ` + anyone + ` by PAM account configuration`,
			Means: "PAM's account rules refused {who}, without saying which of them",
			Next:  "sudo grep -n ^account /etc/pam.d/sshd /etc/pam.d/common-account /etc/pam.d/password-auth"},
		{Name: "pam-session", by: bySSHD, proved: true, refusal: true, says: `PAM: pam_(?:open_session|chauthtok|setcred)\(\): (?P<why>.*)`,
			Means: "PAM's session rules refused {who}: {why}",
			Next:  "sudo grep -n ^session /etc/pam.d/sshd /etc/pam.d/common-session /etc/pam.d/password-auth"},
		{Name: "hosts-deny", by: bySSHD, scope: address, Settled: "sshd-hosts", says: `refused connect from (?P<from>.*)`,
			Means: "hosts.deny refuses connections from {from}",
			Next:  "sudo grep -n -v '^#' /etc/hosts.allow /etc/hosts.deny"},
		{Name: "throttled", by: bySSHD, scope: machine, says: `(?:beginning MaxStartups throttling|` + dropped + `past MaxStartups)`,
			Means: "so many connections wait to sign in that sshd drops new ones (MaxStartups)",
			Next:  "ss -tn state established '( sport = :ssh )' shows from whom; sudo sshd -T | grep -i -e maxstartups -e persource"},
		{Name: "source-limit", by: bySSHD, scope: address, says: dropped + `past PerSourceMaxStartups`,
			Means: "so many connections from {from} wait to sign in that sshd drops further ones of that source (PerSourceMaxStartups)",
			Next:  "ss -tn state established '( sport = :ssh )' shows from whom; sudo sshd -T | grep -i persource"},
		{Name: "penalty", by: bySSHD, scope: address, says: dropped + `penalty: (?P<why>.*)`,
			Means: "sshd drops connections from {from} for a time, as a penalty for earlier ones of that source ({why})",
			Next:  "The penalty ends by itself (after ten minutes at most, unless sshd is configured otherwise). Find what failed before: sudo journalctl -u ssh -u sshd --since -1h; sudo sshd -T | grep -i persourcepenalt"},
		{Name: "identity", by: byHandler | byAccount, scope: machine, Settled: "identity",
			words: `(?i)identity not found|(managed identity|msi|imds|169\.254\.169\.254|access token).*(fail|error|not|unable|could)|(fail|error|unable|could).*(managed identity|msi|imds|169\.254\.169\.254|access token)`,
			Means: "the machine's identity gave the sign-in program no token",
			Next:  "See the line identity above; whoever manages the machine in Azure assigns one, which takes some minutes to count."},
		{Name: "network", by: byHandler | byAccount, scope: machine, Settled: "network-role-check network-login",
			words: `(?i)could ?n.t resolve|could not resolve|failed to connect|connection (refused|timed out)|timed? ?out|ssl.*(error|fail)|curl.*(error|fail)`,
			Means: "the sign-in program could not reach a service",
			Next:  "See the lines network-role-check and network-login above; whoever runs the network lets those connections through."},
		{Name: "role", by: byAccount | byHandler, words: `(?i)role.*(not|no |missing|denied)|(denied|not authorized|unauthorized|forbidden|no permission)`,
			Means: "{who} has no role for this machine"}, // the command needs the machine's id, which doctor has
		{Name: "cert-handler", by: bySSHD, says: `AuthorizedKeysCommand /usr/sbin/aad_certhandler .*(?:failed, status \d+|exited on signal \d+)`,
			Means: "the cert handler gave up on {who} without saying why",
			Next:  "Look at the lines around it: sudo journalctl -u ssh -u sshd -t aad_certhandler --since -1h"},
	}
}

// byModule is used instead of the rows pam-refused and pam-session if a module reported its
// refusal before.
func byModule() Cause {
	return Cause{Name: "pam-module", proved: true, refusal: true,
		Means: "{module}, a module of PAM, refused {who}",
		Next:  "See its lines and options: sudo grep -rn {module} /etc/pam.d"}
}

// harmless are lines of the vendor's programs that look like errors but are none: sshd does
// not know the extensions in Entra ID's certificates (azure-cli-extensions#9800), and the
// name of every user is looked up.
const harmless = `^(?:User .* is not an? .*user; returning empty result|Login granted for|First call for|AadAuthorize, Version)`
