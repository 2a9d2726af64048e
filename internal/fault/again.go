package fault

// What next steps end with, in the words of who sets an extension: each stands here
// once, and internal/standalone puts its own in its place for who runs setup.
const (
	Again      = "set the extension again"
	AgainFirst = "Set the extension again"
	ThenAgain  = "; then " + Again + "."
	AndAgain   = ", and " + Again + "."
	// ThisAgain is for a text about two extensions.
	ThisAgain = "set this extension again"

	// Newest and NewestFirst bring the keys and the programs that a later release knows.
	Newest      = "update the extension to its newest version"
	NewestFirst = "Update the extension to its newest version"
	// WhereSet comes before what is to be changed there.
	WhereSet = "Where the extension is set (az, portal, policy), "
	// UpdateWhereSet is Newest at the beginning of a text about another place.
	UpdateWhereSet = WhereSet + "update it to its newest version"
	// AddsItsOwn is what becomes of a machine without an entry of the owner's.
	AddsItsOwn = "the extension adds its own"
	// BetweenRuns is when something was changed that an operation had written.
	BetweenRuns = "between two runs of the extension"
	// OrRestartAgent is the short form of OrRestart.
	OrRestartAgent = " or restart the VM agent"
	// AnUninstall is the operation that takes everything away again.
	AnUninstall = "an uninstall of the extension"
)

// RestartAgent starts the VM agent again, whichever of its two names its unit has
// (walinuxagent on Debian and Ubuntu, waagent elsewhere).
const RestartAgent = "sudo systemctl restart walinuxagent || sudo systemctl restart waagent"

// OrRestart is what else than setting the extension again has a handler that
// failed run once more.
const OrRestart = ", or restart the VM agent, which runs it again (" + RestartAgent + ")"
