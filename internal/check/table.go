package check

// The sections of a report, in their order.
const (
	Machine    = "machine"
	Identity   = "identity"
	Repository = "repository"
	Packages   = "packages"
	SignIn     = "sign-in"
	Network    = "network"
	History    = "history"
)

// Row is what is known about a check before any machine is looked at.
type Row struct {
	Name    string // stable: people query it
	Section string // of doctor's report; "": it is not asked there
	Group   string // the substatus under which it is reported: few and stable; "": none
	Asks    string // one question, whose answer "yes" is a pass
}

// Find is the row of a check.
func Find(name string) (Row, bool) {
	for _, r := range Table() {
		if r.Name == name {
			return r, true
		}
	}
	return Row{}, false
}

// Table lists every check. A check that is not in it fails the build, and so does
// a row that no code gives.
func Table() []Row {
	return []Row{
		{"settings", Machine, "settings", "Can every setting be used?"},
		{"distro", Machine, "distro", "Is this release supported?"},
		{"memory", Machine, "memory", "Is there 1 GB of memory?"},
		{"resources", Machine, "resources", "Could everything be looked at?"},
		{"clock", Machine, "clock", "Does the clock agree with that of the endpoints?"},
		{"disk", Machine, "", "Is there room where packages and state are written?"},
		{"agent", Machine, "", "Does the agent run that runs extensions?"},
		{"monitor", "", "monitor", "Does something go on looking when enable has ended?"},
		{"legacy", Identity, "legacy", "Is the older extension gone?"},
		{"legacy-package", Identity, "", "Is the older package wholly there or wholly gone?"},
		{"identity", Identity, "identity", "Does the machine have a system-assigned identity?"},
		{"scale-set", Identity, "", "Does the scale set have the extension?"},
		{"network", Repository, "network", "Can the proxy be used, and is the metadata service excepted from it?"},
		{"repository", Repository, "repository", "Is what the machine has configured of the repository in order?"},
		{"proxy", Repository, "", "Which proxy leads to the repository?"},
		{"network-repository", Repository, "", "Does the package host answer?"},
		{"package-manager", Repository, "", "Is the package manager free?"},
		{"packages", Packages, "packages", "Are the login packages installed whole?"},
		{"package-files", Packages, "packages", "Are the files of the packages as they came?"},
		{"handler", Packages, "", "Is one handler alone responsible for this machine?"},
		{"last-run", Packages, "", "Did the last run succeed?"},
		{"plan", Packages, "", "Would enable change nothing?"},
		{"nologin", SignIn, "", "May anybody but root sign in?"},
		{"ssh-service", SignIn, "", "Does systemd start sshd?"},
		{"firewall", SignIn, "", "Does the machine's own firewall let people in?"},
		{"sshd-config", SignIn, "sshd", "Does sshd accept its configuration?"},
		{"sshd-command", SignIn, "sshd", "Does sshd ask the cert handler for the keys of Entra ID users?"},
		{"sshd-command-user", SignIn, "sshd", "Is the cert handler run as root?"},
		{"cert-handler", SignIn, "sshd", "Can sshd run the cert handler?"},
		{"sshd-public-key", SignIn, "sshd", "Does sshd take keys from Entra ID users?"},
		{"sshd-methods", SignIn, "sshd", "Is a certificate enough?"},
		{"sshd-algorithms", SignIn, "sshd", "Does sshd take RSA certificates?"},
		{"sshd-ca-algorithms", SignIn, "sshd", "Does sshd take certificates that are signed as Entra ID signs them?"},
		{"sshd-rsa-size", SignIn, "sshd", "Are the keys that az makes long enough?"},
		{"sshd-revoked-keys", SignIn, "sshd", "Can sshd read its list of revoked keys?"},
		{"sshd-pam", SignIn, "sshd", "Does sshd use PAM?"},
		{"sshd-groups", SignIn, "sshd", "Do the lists of groups let Entra ID users in?"},
		{"sshd-users", SignIn, "sshd", "Do the lists of users let Entra ID users in?"},
		{"sshd-order", SignIn, "sshd", "Does nothing stand in the package's block by accident?"},
		{"sshd-tries", SignIn, "sshd", "Does MaxAuthTries leave room for a certificate?"},
		{"sshd-refuse", SignIn, "sshd", "Does no RefuseConnection end the connection?"},
		{"sshd-kinds", SignIn, "sshd", "Is every kind of connection that the configuration tells apart let in?"},
		{"sshd-address", SignIn, "sshd", "Is no address shut out?"},
		{"sshd-transport", SignIn, "sshd", "Have sshd and the clients an algorithm in common?"},
		{"sshd-force-command", SignIn, "sshd", "Does a person get a shell?"},
		{"sshd-chroot", SignIn, "sshd", "Is there what a session needs below ChrootDirectory?"},
		{"sshd-sessions", SignIn, "sshd", "May a connection have a session?"},
		{"sshd-startups", SignIn, "sshd", "May connections begin?"},
		{"sshd-grace-time", SignIn, "sshd", "Is there time enough to sign in?"},
		{"sshd-hosts", SignIn, "sshd", "Do hosts.allow and hosts.deny let people in?"},
		{"sshd-listening", SignIn, "sshd", "Does sshd listen?"},
		{"sshd-reachable", SignIn, "sshd", "Does sshd listen where people come from?"},
		{"sshd-reload", SignIn, "sshd", "Has the running sshd read its configuration?"},
		{"pam-account", SignIn, "pam", "Does PAM's account stack let Entra ID users in?"},
		{"pam-auth", SignIn, "pam", "Does PAM's auth stack know Entra ID users?"},
		{"pam-session", SignIn, "pam", "Does PAM's session stack let a session begin?"},
		{"pam-module", SignIn, "pam", "Is the package's PAM module in place?"},
		{"user-add", SignIn, "pam", "Can accounts be made at the first sign-in?"},
		{"shell", SignIn, "pam", "Is the shell there that accounts are given?"},
		{"sudo", SignIn, "pam", "May administrators use sudo?"},
		{"nss-passwd", SignIn, "nss", "Are Entra ID users looked up?"},
		{"nss-group", SignIn, "nss", "Are their groups looked up?"},
		{"nss-shadow", SignIn, "nss", "Is the shadow database asked as the package has it asked?"},
		{"nss-library", SignIn, "nss", "Is the package's NSS library in place?"},
		{"accounts", SignIn, "nss", "Has no local account the name of an Entra ID user's?"},
		{"selinux", SignIn, "selinux", "Does SELinux know the package?"},
		{"selinux-denials", SignIn, "selinux", "Has SELinux denied the package nothing?"},
		{"network-role-check", Network, "", "Does the endpoint answer that checks roles?"},
		{"network-login", Network, "", "Does the login endpoint answer?"},
		{"sign-in-errors", History, "", "Did nobody fail to sign in lately?"},
		{"person-account", SignIn, "", "Can the account be used of the person who is asked about?"},
		{"person-role", SignIn, "", "Has the person who is asked about a role, as far as the log says?"},
	}
}
