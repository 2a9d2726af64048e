package pkgmgr

import "aadssh/internal/fault"

// Parts of next steps that several messages share.
const (
	// setAgain runs enable again.
	setAgain  = fault.Again + "."
	andAgain  = ", then " + setAgain
	whenEnded = "; when it has ended, " + setAgain

	trustKey        = fault.UpdateWhereSet + ", or name the key in the setting repository.trustedKeys after you have verified it."
	newestExtension = fault.UpdateWhereSet + ", which brings the current keys."
	leaveProxy      = "Ask whoever runs the proxy or mirror that serves it, and try again without it; do not install from it by hand."
	givePassword    = "Give the proxy with its user and password in the protected setting proxy, or ask whoever runs the proxy to let this machine through without them."
	openFirewall    = "Have whoever runs the firewall, network security group or proxy allow outbound connections to it" + andAgain

	notByHand      = "Ask whoever runs the mirror or proxy that served it; do not install it by hand."
	rewriteKeyFile = fault.AgainFirst + ": it writes the file anew; if it stays, ask whoever keeps this machine what removes it."

	tenMinutes        = fault.AgainFirst + " in ten minutes" + fault.OrRestart + "."
	ifItStays         = fault.AgainFirst + " in ten minutes; if it stays, see what answers there: "
	someMinutes       = fault.AgainFirst + " in some minutes; if it stays, "
	waitForMirror     = someMinutes + "ask whoever runs the proxy or mirror that serves it."
	rewriteDefinition = fault.AgainFirst + ": it writes the definition anew; if it stays, ask whoever keeps this machine what removes it."

	// For repositories of the distribution itself.
	noClientCertificate      = "$1$2 does not accept the certificate with which this machine shows that it may use it (RHUI's or Satellite's): it has expired, or is not there."
	anotherClientCertificate = "Renew it; on Azure's images of RHEL: sudo yum -y update --disablerepo='*' --enablerepo='*microsoft*'"
	noMirrors                = "Repository $1 has no mirror to be read from: its list of mirrors is empty or gone, as after the end of a release (CentOS 7 and 8)."
	toArchive                = "Name an archive of it as baseurl, or disable it: grep -rn mirrorlist /etc/yum.repos.d"

	readLog           = "sudo tail -n 50 " + transactionLog
	seeTransactionLog = "See what it said (" + readLog + ")"
	lookAndAllow      = "Look at it from this machine: curl -sSI https://$1$2; allow it in the firewall or proxy" + andAgain
	lastGoodCopy      = "Put the last good copy in its place (ls -l /var/lib/dpkg/status-old /var/backups/dpkg.*)" + andAgain
	repairConfigure   = "Repair what its messages name (" + readLog + "), run sudo dpkg --configure -a" + andAgain
	repairScript      = "Repair what its messages name (" + readLog + ")" + andAgain
)

// removeOne is for two packages that cannot be installed together; the one in installed is
// on the machine.
func removeOne(installed string) string {
	return "See what the installed one is for (rpm -qi " + installed + "), remove it if you can do without it (sudo rpm -e " + installed + ")" + andAgain
}

// readDefinition is for a manager that does not know our definition, which its configuration
// in where may make it look for in another folder.
func readDefinition(where string) string {
	return fault.AgainFirst + ": it writes the definition anew; if it stays, see whether another folder is set for definitions (grep -rn reposdir " + where + "), or ask whoever keeps this machine what removes it."
}

// liftExclusion is for a package that dnf's configuration in where excludes, or does not
// include.
func liftExclusion(where string) string {
	return "See what does (grep -rnE 'exclude|includepkgs' " + where + " /etc/yum.repos.d; dnf versionlock list), lift it" + andAgain
}
