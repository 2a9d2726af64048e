package fault

// RestartAgent starts the VM agent again, whichever of its two names its unit has
// (walinuxagent on Debian and Ubuntu, waagent elsewhere).
const RestartAgent = "sudo systemctl restart walinuxagent || sudo systemctl restart waagent"

// OrRestart is what else than setting the extension again has a handler that
// failed run once more.
const OrRestart = ", or restart the VM agent, which runs it again (" + RestartAgent + ")"
