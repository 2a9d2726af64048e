package check

// The sections of a report, in order.
const (
	Machine    = "machine"
	Identity   = "identity"
	Repository = "repository"
	Packages   = "packages"
	SignIn     = "sign-in"
	Network    = "network"
	History    = "history"
)

// Gate is one step of a person's sign-in: doctor --user shows them one after the other.
type Gate string

// The gates, in the order in which a person passes them.
const (
	NoGate         Gate = "" // not about a person's sign-in
	GateClock      Gate = "clock"
	GatePackages   Gate = "packages"
	GateListen     Gate = "listen"
	GateDoor       Gate = "door"
	GateConnection Gate = "connection"
	GateKey        Gate = "key"
	GateCommand    Gate = "command"
	GateName       Gate = "name"
	GateAccount    Gate = "account"
	GateSession    Gate = "session"
	GateSELinux    Gate = "selinux"
	GateSudo       Gate = "sudo"
	GateRole       Gate = "role"
	GateHistory    Gate = "history"
)

// Sight says what a user other than root needs to be sure of an answer.
type Sight struct {
	Files    []string // these, and everything below them, must have been readable
	Findings bool     // only a finding is sure, because it was read; a pass depends on what root alone can read
}

// Anybody is the Sight of a check whose answer does not depend on who runs it.
func Anybody(files ...string) *Sight { return &Sight{Files: files} }

// About is what is known about a check before it runs.
type About struct {
	_ [0]func() // never compared: no code for == is linked

	Name    string // stable, because people query it; lower-case words joined by hyphens
	Section string // of doctor's report; "": not a check of doctor
	Group   string // the substatus that reports it: few and stable; "": none
	Gate    Gate   // the gate of a person's sign-in that it belongs to
	Sight   *Sight // nil: only root can be sure, because something that it depends on may seem to be missing to other users
	Asks    string // one question, whose answer "yes" is a pass
	Doc     string // what is checked, and which other answers it has and why; printed in docs/doctor.md
}

// Row is a check of a machine that was read into an M. A package with checks lists them in
// one table of rows and nowhere else.
type Row[M any] struct {
	About
	Several []About // of a row without a name: what its results are about, which have names
	Run     func(M) []Result
}

// Run runs the checks of a table in order.
func Run[M any](rows []*Row[M], seen M) []Result {
	var results []Result
	for _, row := range rows {
		if row.Run == nil {
			continue // a row without a function: a test fails because of it
		}
		for _, r := range row.Run(seen) {
			if row.Name != "" {
				r.Name, r.Row = row.Name, &row.About
			}
			results = append(results, r)
		}
	}
	return results
}

// One makes the function of a row from a check with one result.
func One[M any](ask func(M) Result) func(M) []Result {
	return func(seen M) []Result { return []Result{ask(seen)} }
}

// List returns what the checks of a table are about, in order.
func List[M any](rows []*Row[M]) []About {
	var all []About
	for _, row := range rows {
		if row.Name != "" {
			all = append(all, row.About)
		}
		all = append(all, row.Several...)
	}
	return all
}

// Find returns what the check of that name is about.
func Find(all []About, name string) (About, bool) {
	for _, a := range all {
		if a.Name == name {
			return a, true
		}
	}
	return About{}, false
}
