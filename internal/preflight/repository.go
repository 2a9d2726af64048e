package preflight

import (
	"cmp"
	"runtime"
	"strings"

	"aadssh/internal/agent"
	"aadssh/internal/check"
	"aadssh/internal/facts"
	"aadssh/internal/fault"
	"aadssh/internal/repo"
	"aadssh/internal/text"
)

// repository warns about entries on the machine besides our own definition. Where ours
// would be written, an entry without verification is a failure of the plan; if the settings
// say that the machine's own entries are used as they are, that decides.
func repository(f *facts.Facts) []check.Result {
	if f.TargetErr != nil {
		return nil
	}
	var results []check.Result
	for _, p := range f.Problems {
		next := cmp.Or(p.Next, "Correct that file or remove it, it is not this extension's to change: less "+text.Quote(p.File))
		if p.File == repo.DefinitionPath(f.Target.Manager) {
			next = "Remove it: sudo rm " + p.File + ". The extension writes it anew when it needs the repository again."
		}
		results = append(results, check.Result{Answer: check.Warn,
			Text: p.Place() + ": " + strings.TrimSuffix(p.What, ".") + ".", Next: next})
	}
	_, err := repo.Reuse(f.Sources, f.Target, repo.Options{Base: f.PackageBase(), Mirror: f.Settings.Repository.Mode == agent.ModeMirror, GOARCH: runtime.GOARCH})
	if u := fault.Of(err); u != nil && u.Code == fault.RepositoryUntrusted {
		results = append(results, check.Result{Answer: check.Warn, Text: u.What, Next: u.Remedy()})
	}
	return results
}
