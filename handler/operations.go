package handler

import (
	"context"
	"time"

	"aadssh/internal/fault"
	"aadssh/internal/identity"
)

// operation is one of the five operations that the agent runs, or one of the two that
// people run without an agent.
type operation struct {
	name string
	// standalone: people run it, not the agent, and it uses its own folders.
	standalone bool
	// budget is how long it may take. It is below the agent's limit, at which the process
	// group is killed without warning (waagent exthandlers.py: install and update 900 s,
	// disable 900 s, enable and uninstall 300 s).
	budget time.Duration
	run    func(*run, context.Context) outcome
	// identityTimeout is how long the metadata service is tried, with all retries.
	identityTimeout time.Duration
	// decides: its verdict is the one that the machine is judged by.
	decides bool
	// defers: its failures do not become the exit code. The agent reads no status of a
	// handler that is not installed yet, so install leaves the report to enable; after a
	// disable that fails the agent neither uninstalls nor upgrades.
	defers bool
	// converges: it changes the machine to the wanted state.
	converges bool
	// reports says when it writes the status file. disable and uninstall never do: in an
	// upgrade they run in the old version's folder with the new sequence number, and the
	// agent copies what they write to the new version. update may, because what it writes
	// replaces the old version's status, which was copied. install writes no success,
	// because enable, which decides, may be unable to overwrite it.
	reports reporting
	// replaces: when it begins, the status file may hold another version's status under the
	// same sequence number.
	replaces bool
	// removes: it takes away what was installed. Nobody runs it again after a failure unless
	// the extension is set first.
	removes bool
	// newest: it updates the packages to the newest allowed version.
	newest bool
	// meaning is what an operation that interrupts another one tells about itself.
	meaning string
}

// StandaloneBudget is how long setup and remove may take: as long as a person, or a boot,
// can wait. No agent kills them.
const StandaloneBudget = 30 * time.Minute

const (
	enableBudget        = 270 * time.Second
	lookIdentityTimeout = 60 * time.Second
)

// reporting says when an operation writes the status file.
type reporting int

const (
	never reporting = iota
	ofFailures
	always
)

// operations are all operations, the agent's in the order in which it runs them.
func operations() []operation {
	return []operation{
		{name: "install", budget: 840 * time.Second, run: (*run).converge, converges: true, reports: ofFailures, newest: true, defers: true, identityTimeout: identity.DefaultBudget, meaning: "a step of an upgrade of the extension"},
		{name: "enable", budget: enableBudget, run: (*run).enable, converges: true, reports: always, decides: true, identityTimeout: lookIdentityTimeout, meaning: "which does the same and more"},
		{name: "update", budget: 60 * time.Second, run: (*run).update, reports: ofFailures, replaces: true, meaning: "a step of an upgrade of the extension"},
		{name: "disable", budget: 60 * time.Second, run: (*run).disable, defers: true, meaning: "with which the agent begins an upgrade or " + fault.AnUninstall},
		{name: "uninstall", budget: 270 * time.Second, run: (*run).uninstall, removes: true, meaning: "which takes away what was installed"},
		{name: "setup", budget: StandaloneBudget, run: (*run).setup, converges: true, reports: always, standalone: true, decides: true, newest: true, identityTimeout: identity.DefaultBudget, meaning: "which does the same and more"},
		{name: "remove", budget: StandaloneBudget, run: (*run).remove, standalone: true, removes: true, meaning: "which takes away what was installed"},
	}
}

// watchOperation is the operation of the watch's service between two runs of enable: it
// does what enable does, but writes its own report.
func watchOperation() operation {
	return operation{name: "watch", budget: enableBudget, run: (*run).reconcile, identityTimeout: lookIdentityTimeout}
}

// Operations are the names of the agent's five operations.
func Operations() []string {
	var names []string
	for _, o := range operations() {
		if !o.standalone {
			names = append(names, o.name)
		}
	}
	return names
}

func findOperation(name string) (operation, bool) {
	for _, o := range operations() {
		if o.name == name {
			return o, true
		}
	}
	return operation{}, false
}
