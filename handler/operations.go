package handler

import (
	"context"
	"time"

	"aadssh/internal/fault"
	"aadssh/internal/identity"
)

// operation is one of the five things that the agent asks for, or one of the two
// that people ask for without it.
type operation struct {
	name string
	// standalone: no agent runs it, and it serves the folders of its own.
	standalone bool
	// budget is how long it may take. It lies below the agent's limit, at
	// which the process group is killed without a word (waagent
	// exthandlers.py: install and update 900 s, disable 900 s, enable and
	// uninstall 300 s).
	budget time.Duration
	run    func(*run, context.Context) outcome
	// identityTimeout is how long the metadata service is asked, with all retries.
	identityTimeout time.Duration
	// decides: the verdict is what the machine is judged by.
	decides bool
	// defers: what stops it does not become the exit code. The agent reads no
	// status of a handler that is not installed yet, so install leaves it for
	// enable to say; after a disable that fails it neither uninstalls nor upgrades.
	defers bool
	// converges: it brings the machine to the wanted state.
	converges bool
	// reports says when it writes the status file. disable and uninstall never
	// do: in an upgrade they run in the old version's folder with the new sequence
	// number, and the agent copies what they write over to the new version. What
	// update writes replaces the old version's status, which was copied. install
	// leaves no success: enable, which decides, may not be able to write any more.
	reports reporting
	// replaces: before it there is a status of another version under its number.
	replaces bool
	// newest: the packages are moved to the newest version that is allowed.
	newest bool
	// meaning is what it tells somebody whom it interrupts.
	meaning string
}

// StandaloneBudget is how long setup and remove may take: as long as a person, or a boot, may
// wait. No agent ends them.
const StandaloneBudget = 30 * time.Minute

const (
	enableBudget        = 270 * time.Second
	lookIdentityTimeout = 60 * time.Second
)

// reporting is when an operation writes the status file.
type reporting int

const (
	never reporting = iota
	ofFailures
	always
)

// operations are all of them, the agent's in the order of an extension's life.
func operations() []operation {
	return []operation{
		{name: "install", budget: 840 * time.Second, run: (*run).converge, converges: true, reports: ofFailures, newest: true, defers: true, identityTimeout: identity.DefaultBudget, meaning: "a step of an upgrade of the extension"},
		{name: "enable", budget: enableBudget, run: (*run).enable, converges: true, reports: always, decides: true, identityTimeout: lookIdentityTimeout, meaning: "which does the same and more"},
		{name: "update", budget: 60 * time.Second, run: (*run).update, reports: ofFailures, replaces: true, meaning: "a step of an upgrade of the extension"},
		{name: "disable", budget: 60 * time.Second, run: (*run).disable, defers: true, meaning: "with which the agent begins an upgrade or " + fault.AnUninstall},
		{name: "uninstall", budget: 270 * time.Second, run: (*run).uninstall, meaning: "which takes away what was installed"},
		{name: "setup", budget: StandaloneBudget, run: (*run).setup, converges: true, reports: always, standalone: true, decides: true, newest: true, identityTimeout: identity.DefaultBudget, meaning: "which does the same and more"},
		{name: "remove", budget: StandaloneBudget, run: (*run).remove, standalone: true, meaning: "which takes away what was installed"},
	}
}

// watch is what the units run between two runs of enable: it does the same, and
// writes its own report.
func watchOperation() operation {
	return operation{name: "watch", budget: enableBudget, run: (*run).reconcile, identityTimeout: lookIdentityTimeout}
}

// Operations are the names of the agent's five operations.
func Operations() []string { return operationNames(false) }

func operationNames(standalone bool) []string {
	var names []string
	for _, o := range operations() {
		if o.standalone == standalone {
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
