package preflight

import (
	"slices"

	"aadssh/internal/check"
	"aadssh/internal/facts"
	"aadssh/internal/fault"
)

// resources reports that not everything could be read. That is no statement about the
// machine: one that seems healthy is left alone, and none is changed.
func resources(f *facts.Facts) []check.Result {
	why := fault.Unread(f.Unread, "A file")
	if why == nil {
		return nil
	}
	return []check.Result{{Answer: check.Unknown, Code: why.Code, Text: "Not everything could be looked at. " + why.What, Next: why.Remedy(),
		Decides: "what could not be looked at (" + f.Unread.Error() + ")"}}
}

// seen is a failure, or why it is not to be trusted: what could not be read seems to be
// missing. Results from the metadata service and the settings do not depend on that.
func seen(failure *check.Result, all []check.Result) *check.Result {
	i := slices.IndexFunc(all, func(r check.Result) bool { return r.Name == resourcesRow().Name && r.Answer == check.Unknown })
	if i < 0 || failure.Code.Is(fault.Told) {
		return failure
	}
	return &all[i]
}

// Again replaces earlier results of a check by later ones.
func Again(earlier []check.Result, later []check.Result) []check.Result {
	var kept []check.Result
	for i := range earlier {
		if earlier[i].Name != resourcesRow().Name {
			kept = append(kept, earlier[i])
		}
	}
	return append(kept, later...)
}
