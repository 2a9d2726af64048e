package fault

// The common endings of next steps, in words for the person who sets an extension. Each is
// defined once, here, and internal/standalone replaces them for the person who runs setup.
const (
	Again      = "set the extension again"
	AgainFirst = "Set the extension again"
	ThenAgain  = "; then " + Again + "."
	AndAgain   = ", and " + Again + "."
	// ThisAgain is for a text about two extensions.
	ThisAgain = "set this extension again"

	// Newest and NewestFirst are for keys and programs that only a later release knows.
	Newest      = "update the extension to its newest version"
	NewestFirst = "Update the extension to its newest version"
	// WhereSet precedes what has to be changed where the extension is set.
	WhereSet = "Where the extension is set (az, portal, policy), "
	// UpdateWhereSet is Newest at the beginning of a text about another place.
	UpdateWhereSet = WhereSet + "update it to its newest version"
	// AddsItsOwn says what happens on a machine without an entry of the administrator's
	// own.
	AddsItsOwn = "the extension adds its own"
	// BetweenRuns says when something that an operation wrote was changed.
	BetweenRuns = "between two runs of the extension"
	// OrRestartAgent is the short form of OrRestart.
	OrRestartAgent = " or restart the VM agent"
	// AnUninstall is the operation that removes everything.
	AnUninstall = "an uninstall of the extension"
)

// RestartAgent restarts the VM agent, under either name of its unit (walinuxagent on Debian
// and Ubuntu, waagent elsewhere).
const RestartAgent = "sudo systemctl restart walinuxagent || sudo systemctl restart waagent"

// OrRestart is the other way to run a handler that failed once more.
const OrRestart = ", or restart the VM agent, which runs it again (" + RestartAgent + ")"
