package preflight

import (
	"slices"

	"aadssh/internal/facts"
	"aadssh/internal/fault"
)

// resources reports that not everything could be read. That is no statement about the
// machine: one that seems healthy is left alone, and none is changed.
func resources(f *facts.Facts) []Result {
	why := fault.Unread(f.Unread, "A file")
	if why == nil {
		return nil
	}
	return []Result{{Answer: Unknown, Code: why.Code, Text: "Not everything could be looked at. " + why.What, Next: why.Remedy(),
		Decides: "what could not be looked at (" + f.Unread.Error() + ")"}}
}

// seen is a failure, or why it is not to be trusted: what could not be read seems to be
// missing. Results from the metadata service and the settings do not depend on that.
func seen(failure *Result, all []Result) *Result {
	i := slices.IndexFunc(all, func(r Result) bool { return r.Name == resourcesRow().Name && r.Answer == Unknown })
	if i < 0 || failure.Code.Is(fault.Told) {
		return failure
	}
	return &all[i]
}

// Again replaces earlier results of a check by later ones.
func Again(earlier []Result, later []Result) []Result {
	var kept []Result
	for i := range earlier {
		if earlier[i].Name != resourcesRow().Name {
			kept = append(kept, earlier[i])
		}
	}
	return append(kept, later...)
}
