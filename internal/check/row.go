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

// Gate is one gate of a person's way in: doctor --user shows one after the other.
type Gate string

// The gates, in the order in which a person passes them.
const (
	NoGate         Gate = "" // not about a person's way in
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

// Sight is what others than root need to be sure of an answer.
type Sight struct {
	Files    []string // these, and what is below them: nothing of it may have been refused
	Findings bool     // only a complaint is sure, for it was read; a pass hangs on what root alone can see
}

// Anybody is the sight of a check whose answer is the same whoever asks.
func Anybody(files ...string) *Sight { return &Sight{Files: files} }

// About is what is known of a check before any machine is looked at.
type About struct {
	_ [0]func() // never compared: no code for == is linked

	Name    string // stable: people query it; lower-case words joined by hyphens
	Section string // of doctor's report; "": doctor does not ask it
	Group   string // the substatus under which it is reported: few and stable; "": none
	Gate    Gate   // the gate of a person's way in that it answers for
	Sight   *Sight // nil: only root can be sure, for something that it rests on may look to others as if it were missing
	Asks    string // one question, whose answer "yes" is a pass
	Doc     string // what is looked at, and what else it may answer and why; docs/doctor.md has it
}

// Row is a check of machines, of which an M was seen. A package that has checks
// has one table of rows, and nothing else lists them.
type Row[M any] struct {
	About
	Several []About // what a row without a name answers: its results have names
	Run     func(M) []Result
}

// Run asks the checks of a table in their order.
func Run[M any](rows []*Row[M], seen M) []Result {
	var results []Result
	for _, row := range rows {
		if row.Run == nil {
			continue // a row without a function fails the build, which says so
		}
		for _, r := range row.Run(seen) {
			if row.Name != "" {
				r.Name, r.Section, r.Group, r.Gate, r.Sight = row.Name, row.Section, row.Group, row.Gate, row.Sight
			}
			results = append(results, r)
		}
	}
	return results
}

// One makes a row's function of one that has one answer.
func One[M any](ask func(M) Result) func(M) []Result {
	return func(seen M) []Result { return []Result{ask(seen)} }
}

// List is what a table is about, in its order.
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

// Find is what a check of that name is about.
func Find(all []About, name string) (About, bool) {
	for _, a := range all {
		if a.Name == name {
			return a, true
		}
	}
	return About{}, false
}
