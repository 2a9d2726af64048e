package pkgmgr

// What the next steps of several messages have in common.
const (
	// setAgain has enable run once more, whatever was wrong.
	setAgain  = "set the extension again."
	thenAgain = "; then " + setAgain
	andAgain  = ", then " + setAgain
	whenEnded = "; when it has ended, " + setAgain

	trustKey        = "Update the extension to its newest version, or name the key in the setting repository.trustedKeys after you have verified it."
	newestExtension = "Update the extension to its newest version, which brings the current keys."
	leaveProxy      = "See which proxy or mirror serves it, and try again without it; do not install from it by hand."
	givePassword    = "Give the proxy with its user and password in the protected setting proxy, or allow this machine on the proxy without one."
	openFirewall    = "Allow outbound HTTPS to it in the firewall, network security group or proxy" + andAgain
	removeOne       = "Remove the one that you can do without" + andAgain

	notByHand   = "See which mirror or proxy served it; do not install it by hand."
	keyFileAnew = "Set the extension again: it writes the file anew; if it stays, see who removes it."

	tenMinutes    = "Set the extension again in ten minutes."
	ifItStays     = "Set the extension again in ten minutes; if it stays, see what answers there: "
	someMinutes   = "Set the extension again in some minutes; if it stays, "
	waitForMirror = someMinutes + "look for a caching proxy in between."
	defineAnew    = "Set the extension again: it writes the definition anew; if it stays, see who removes it."

	seeTransactionLog = "See what " + transactionLog + " says of it"
	lookAndAllow      = "Look at it from this machine: curl -sSI https://$1$2; allow it in the firewall or proxy" + andAgain
	repairConfigure   = "Repair what its messages in " + transactionLog + " name, run sudo dpkg --configure -a" + andAgain
	repairScript      = "Repair what its messages in " + transactionLog + " name" + andAgain
)
